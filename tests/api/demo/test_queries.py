"""The queries to paste: each is one request that is allowed, and costs the same for everybody."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.demo import queries
from api.runtime import Runtime
from tests.support.client import Client
from tests.support.games import Games
from tests.support.shop import purchase
from tests.support.statements import watched

# What the driver asks on a connection when it first meets a type belongs to no query.
LEARNING = re.compile(r"typeinfo_tree|current_setting\('jit'\)|set_config\('jit'")
HOME_STATEMENTS = 28


@pytest.fixture(autouse=True)
def statements() -> Iterator[list[str]]:
    """Every statement of the test; it must begin before the first connection."""
    with watched() as seen:
        yield seen


async def test_the_home_screen_is_one_request_of_so_many_statements(
    statements: list[str], client: Client, runtime: Runtime
) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("p1", "ben", 1_000, now))
    await client.shop.buy(
        *(
            purchase(f"a{n}", "ana", 2_000, now - timedelta(days=5 * n), category=f"c{n}")
            for n in range(12)
        )
    )
    await Games(client.shop).heard()
    home = (await queries.prepared(runtime, client.shop.brand))[0]
    counts = []
    # The process has read the programme before.
    assert (await client.ask(home.query, client.member("ben"))).data
    for name in ("ana", "ben", "ana"):
        token = client.member(name)
        statements.clear()
        me = (await client.ask(home.query, token)).data["me"]
        counts.append(len([each for each in statements if not LEARNING.search(each)]))
        if name == "ana":
            assert [each["challenge"]["name"] for each in me["challenges"]] == [
                "Five aisles",
                "A month of plenty",
                "A million together",
            ]
            badges = [each["badge"]["name"] for each in me["badges"]["nodes"]]
            assert badges == ["Regular", "Explorer"]
            assert me["streaks"][0]["longest"] == 9
    assert counts == [HOME_STATEMENTS] * 3
