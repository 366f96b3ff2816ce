"""Pages that anybody may open: each address has the allowance of strangers, and no more."""

import asyncio
import time
from typing import Any

import pytest

from api.auth import Role
from api.caller import Caller
from api.graphql.allowances import allowance
from api.graphql.engine import Engine
from api.http.visitors import DRAWING_COST, PAGE_COST
from kit.ids import new_id
from tests.support.client import THRIFTY, Answer, Client

USUAL = allowance(Role.ANONYMOUS, THRIFTY)
PAGES = ("/boards/grocer/spend", "/boards/nobody/nothing", "/badges/grocer", "/badges/grocer/keys")


def somebody() -> str:
    """Return an address, as good as any, that was not there before."""
    return f"visitor-{new_id()}"


async def test_whoever_opens_too_many_pages_is_told_when_to_come_back(thrifty: Client) -> None:
    greedy, began = somebody(), time.monotonic()

    async def opened(path: str) -> Answer:
        return await thrifty.send("GET", path, peer=greedy)

    for path in PAGES:
        assert (await opened(path)).status in {200, 404}
    answers = await asyncio.gather(*(opened(path) for path in PAGES * 25))
    refused = [each for each in answers if each.status == 429]
    restored = USUAL.per_second * (time.monotonic() - began)
    granted = len(PAGES) + len(answers) - len(refused)
    assert refused
    assert granted * PAGE_COST <= USUAL.capacity + restored
    assert refused[0].codes == ["RATE_LIMITED"]
    assert 1 <= int(refused[0].headers["retry-after"]) <= 2
    # It is the same allowance as for what anybody may ask.
    asked = b'{"query": "{ __typename }"}'
    headers = {"content-type": "application/json"}
    codes = []
    for _ in range(20):
        answer = await thrifty.send("POST", "/graphql", asked, headers, peer=greedy)
        codes += answer.codes if answer.status == 429 else []
    assert "RATE_LIMITED" in codes
    # Others have their own, and whoever watches over the process pays nothing.
    assert (await thrifty.send("GET", PAGES[2], peer=somebody())).status == 200
    assert (await thrifty.send("GET", "/healthz", peer=greedy)).status == 200
    await asyncio.sleep(int(refused[0].headers["retry-after"]))
    assert (await opened(PAGES[2])).status == 200


async def test_drawing_costs_more_than_what_is_drawn(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[int] = []

    async def charged(_: Engine, caller: Caller, cost: int) -> dict[str, Any]:
        assert caller.account == "address:127.0.0.1"
        costs.append(cost)
        return {}

    monkeypatch.setattr(Engine, "charge", charged)
    for _ in range(2):
        assert (await client.send("GET", "/boards/grocer/spend/image.png")).status == 200
    assert costs == [PAGE_COST, DRAWING_COST, PAGE_COST]
