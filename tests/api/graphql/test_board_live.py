"""Boards that are followed: a purchase changes ranks, over server-sent events and a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from typing import Any

import graphql
import pytest
from starlette.applications import Starlette

from api.caller import Caller
from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support.boarding import shown
from tests.support.client import Client, client_of
from tests.support.event_client import streamed
from tests.support.scoring import board, programme
from tests.support.shop import opened_shop, purchase
from tests.support.socket_client import Socket, accepted, opened

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


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return whoever an event was answered for, in order, as it goes on."""
    found: list[object] = []
    execute = graphql.execution.execute_subscription_event

    def noted(executor: Any) -> Any:
        found.append(executor.context_value.caller)
        return execute(executor)

    monkeypatch.setattr("api.graphql.following.execute_subscription_event", noted)
    return found


@asynccontextmanager
async def following(
    site: Client, number: int, token: str = "", language: str = "en"
) -> AsyncIterator[Socket]:
    """Open a socket from an address of its own."""
    headers = {"accept-language": language}
    async with opened(site.app, headers=headers, address=f"10.0.0.{number}") as socket:
        await accepted(socket)
        await socket.admitted(token)
        yield socket


async def heard(socket: Socket, count: int) -> dict[str, Any]:
    """Return so many answers by their ids, each one."""
    said = [await socket.hear() for _ in range(count)]
    assert {each["type"] for each in said} == {"next"}
    found = {each["id"]: each["payload"] for each in said}
    assert len(found) == count
    return found


async def test_two_hundred_followers_cost_one_execution(
    site: Client, runtime: Runtime, executed: list[object]
) -> None:
    document = FOLLOWED.replace("isMe", "name")
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(following(site, n)) for n in range(10)]
        for socket, n in product(sockets, range(20)):
            socket.ask(str(n), document, code="spend")
        for socket in sockets:
            await heard(socket, 20)
        # Until each has read once more what was missed before it was heard.
        await asyncio.sleep(0.6)
        for total in ("60.00", "110.00"):
            executed.clear()
            await site.shop.buy(purchase(total, "ben", 5_000, site.shop.clock.now()))
            await shown(site.shop, runtime)
            answers = [await heard(socket, 20) for socket in sockets]
            (first,) = {str(each) for found in answers for each in found.values()}
            assert total in first
            assert executed == [Caller()]
            assert all([await socket.silent(0) for socket in sockets])
            await asyncio.sleep(0.6)


OPEN = "size places(first: $n) { nodes { key rank name percent score { value } } }"
DOCUMENTS = {
    "open": OPEN,
    "less": OPEN,
    "is me": "size places { nodes { rank isMe } }",
    "mine": "size myPlace { rank isMe } around { rank isMe } friends { rank }",
    "whose": "size places { nodes { rank isDisqualified member { externalId } } }",
}
"""What is shared by many, by strangers, and by nobody."""
VARIABLES = {"open": {"n": 5}, "less": {"n": 1}}


async def test_nobody_gets_what_only_another_may_see(
    site: Client, runtime: Runtime, database: Database, clock: MovableClock, executed: list[object]
) -> None:
    text = programme(board("spend", 'periods = ["week"]\n')).replace('"shop"', '"rival"')
    rival = await client_of(site.app, await opened_shop(database, clock, text), site.tokens)
    callers = {
        "stranger": "",
        "ana": site.member("ana"),
        "ben": site.member("ben"),
        "rival": rival.member("ana"),
        "till": site.server,
        "rivals till": rival.server,
    }
    asked = list(product(DOCUMENTS, ("spend", "hidden")))

    def text_of(kind: str, what: str, code: str) -> str:
        given = "($n: Int)" if what in VARIABLES else ""
        board = f'board(brand: "shop", code: "{code}", period: WEEK)'
        return f"{kind} {given} {{ {board} {{ {DOCUMENTS[what]} }} }}"

    async def right(token: str, language: str, what: str, code: str) -> Any:
        given = {"query": text_of("query", what, code), "variables": VARIABLES.get(what, {})}
        answer = await site.post(given, token, **{"accept-language": language})
        return answer.json.get("data")

    async with AsyncExitStack() as stack:
        sockets = {}
        for n, (who, language) in enumerate(product(callers, ("en", "vi"))):
            token = callers[who]
            socket = await stack.enter_async_context(following(site, n, token, language))
            sockets[token, language] = socket
        for socket, (what, code) in product(sockets.values(), asked):
            text = text_of("subscription", what, code)
            socket.ask(f"{what} {code}", text, **VARIABLES.get(what, {}))
        everything = 0
        for round_ in range(2):
            for (token, language), socket in sockets.items():
                wanted = {f"{w} {c}": await right(token, language, w, c) for w, c in asked}
                if round_:
                    # What is not to be seen does not change.
                    wanted = {name: each for name, each in wanted.items() if each and each["board"]}
                said = [await socket.hear() for _ in wanted]
                given = {
                    each["id"]: each["payload"]["data"] if each["type"] == "next" else None
                    for each in said
                }
                assert given == wanted
                everything += len(wanted)
            if not round_:
                await asyncio.sleep(0.6)
                await bought(site, runtime)
    assert everything > 100
    assert len(executed) < everything
