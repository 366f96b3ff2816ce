"""Boards that are followed: a purchase changes ranks, over server-sent events and a socket."""

from typing import Any

import pytest
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support.boarding import shown
from tests.support.client import Client, client_of
from tests.support.event_client import streamed
from tests.support.scoring import board, programme
from tests.support.shop import opened_shop, purchase
from tests.support.socket_client import accepted, opened

FOLLOWED = """
subscription ($code: String!) { board(brand: "shop", code: $code, period: WEEK) {
  size version places(first: 3) { nodes { rank isMe score { value } } } } }
"""


@pytest.fixture
async def site(app: Starlette, runtime: Runtime, database: Database, clock: MovableClock) -> Client:
    """A client of a shop on whose boards ana and ben are."""
    week = 'periods = ["week"]\n'
    text = programme(board("spend", week), board("hidden", week + "public = false\n"))
    shop = await opened_shop(database, clock, text)
    now = clock.now()
    await shop.buy(purchase("p1", "ana", 2_000, now), purchase("p2", "ben", 1_000, now))
    await shown(shop, runtime)
    return await client_of(app, shop, Tokens(runtime.settings))


async def bought(site: Client, runtime: Runtime) -> None:
    """Let ben pass ana."""
    await site.shop.buy(purchase("p3", "ben", 5_000, site.shop.clock.now()))
    await shown(site.shop, runtime)


def scores(answer: Any) -> list[tuple[int, str, bool]]:
    nodes = answer["data"]["board"]["places"]["nodes"]
    return [(each["rank"], each["score"]["value"], each["isMe"]) for each in nodes]


async def test_anybody_sees_a_purchase_move_the_board(site: Client, runtime: Runtime) -> None:
    given = {"query": FOLLOWED, "variables": {"code": "spend"}}
    async with streamed(site.app, given) as stream:
        await stream.head()
        first = await stream.next()
        assert scores(first) == [(1, "20.00", False), (2, "10.00", False)]
        await bought(site, runtime)
        second = await stream.next()
        assert scores(second) == [(1, "60.00", False), (2, "20.00", False)]
        assert int(second["data"]["board"]["version"]) > int(first["data"]["board"]["version"])


async def test_a_member_sees_the_own_rank_change(site: Client, runtime: Runtime) -> None:
    async with opened(site.app) as socket:
        await accepted(socket)
        await socket.admitted(site.member("ana"))
        for code in ("spend", "hidden"):
            socket.ask(code, FOLLOWED, code=code)
            answer = await socket.hear()
            assert scores(answer["payload"]) == [(1, "20.00", True), (2, "10.00", False)]
        await bought(site, runtime)
        answers = [await socket.hear() for _ in range(2)]
        assert {each["id"] for each in answers} == {"spend", "hidden"}
        for each in answers:
            assert scores(each["payload"]) == [(1, "60.00", False), (2, "20.00", True)]
        socket.leave()


async def test_strangers_follow_no_board_that_is_not_public(site: Client) -> None:
    given = {"query": FOLLOWED, "variables": {"code": "hidden"}}
    async with streamed(site.app, given) as stream:
        await stream.head()
        assert (await stream.next())["data"] == {"board": None}
