"""A board's community page and its picture, and the same board over GraphQL."""

import re
from collections.abc import AsyncIterator

import pytest

from api.runtime import Runtime
from api.tokens import Tokens
from gamification.leaderboards.showing import Shower
from kit.clock import MovableClock
from kit.db import Database
from tests.support.client import Client, client_of, serving
from tests.support.coherence import assert_coherent
from tests.support.scoring import Boards, board, opened
from tests.support.shop import purchase

BOARD = """
{ board(brand: "test", code: "spend", period: WEEK) {
    name state size isFrozen startsOn endsOn periods
    places(first: 2) { nodes { key rank name score { value unit currency } }
      pageInfo { hasNextPage endCursor } } } }
"""


@pytest.fixture
async def boards(database: Database, clock: MovableClock) -> AsyncIterator[Boards]:
    week = 'periods = ["week", "all"]\nrank = "competition"\n'
    hidden = 'periods = ["week"]\npublic = false\n'
    yield await opened(database, clock, board("spend", week), board("hidden", hidden))
    await assert_coherent(database)


@pytest.fixture
async def site(runtime: Runtime, boards: Boards) -> AsyncIterator[Client]:
    async with serving(runtime) as app:
        yield await client_of(app, boards.shop, Tokens(runtime.settings))


async def shown(boards: Boards, runtime: Runtime) -> None:
    """Let the worker count and show all that was done."""
    await boards.work()
    await Shower(runtime.database, runtime.nodes).tick(boards.shop.clock.now())


async def test_the_page_is_whole_without_a_script(
    site: Client, boards: Boards, runtime: Runtime
) -> None:
    now = boards.shop.clock.now()
    await boards.shop.buy(*(purchase(str(n), f"m{n}", 1_000 * (n % 4 + 1), now) for n in range(8)))
    await shown(boards, runtime)
    answer = await site.send("GET", f"/boards/{boards.shop.brand.code}/spend")
    text = answer.body.decode()
    assert answer.status == 200
    ranks = re.findall(r'<td class="rank">(\d+)</td>', text)
    assert ranks == ["1", "1", "3", "3", "5", "5", "7", "7"]
    assert re.findall(r'<td class="score">([^<]+)</td>', text)[::2] == [
        "40.00 USD",
        "30.00 USD",
        "20.00 USD",
        "10.00 USD",
    ]
    assert "m1" not in text
    print(text)
