"""Valkey is killed in the middle of business and comes back empty: all goes on, boards return."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.boards import KEPT_SECONDS
from api.runtime import Runtime
from api.tokens import Tokens
from api.worker import work
from gamification.leaderboards import queries_showing
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.verifying import Verifier
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers, running
from kit.settings import Settings
from kit.valkey import Nodes, opened
from tests.support.client import Client, client_of, serving
from tests.support.coherence import assert_coherent
from tests.support.scoring import board
from tests.support.scoring import opened as opened_boards

MEMBERS = [f"m{n}" for n in range(20)]
SECONDS_MAX = 30
BUY = """mutation Buy($input: RecordPurchasesInput!) { recordPurchases(input: $input) {
  errors { code } outcomes { status member { balance { total } } } } }"""
LOOK = """query Look { board(brand: "shop", code: "spend") {
  state size places(first: 50) { nodes { rank score { value } } } } }"""
MINE = """query Mine { me { externalId balance { total } } board(brand: "shop", code: "visits") {
  state myPlace { rank score { value } } } }"""


class Business:
    """Members buy one after the other, and look at boards; whatever they are told must be true."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.bought = dict.fromkeys(MEMBERS, 0)
        self.sent = 0
        self.states: list[str] = []
        self.moments = 0
        """How often a board was not to be read any more behind what was said of it."""
        self._least = 0

    async def buy(self) -> None:
        """Buy for whole dollars, which give a point each; see the exact balance."""
        number = self.sent
        self.sent += 1
        member, dollars = MEMBERS[number * 7 % len(MEMBERS)], number % 9 + 1
        self.bought[member] += dollars
        purchase = {
            "externalId": f"p{number}",
            "member": member,
            "occurredAt": self._client.shop.clock.now().isoformat(),
            "currency": "USD",
            "lines": [{"amount": f"{dollars}.00"}],
        }
        given = {"idempotencyKey": f"k{number}", "purchases": [purchase]}
        payload = (await self.asked(BUY, self._client.server, input=given))["recordPurchases"]
        assert payload["errors"] == []
        (outcome,) = payload["outcomes"]
        assert outcome["status"] == "RECORDED"
        assert int(outcome["member"]["balance"]["total"]) == self.bought[member]

    async def look(self) -> None:
        """Look at a board: what is shown as live is whole, in order and never older than before."""
        found = (await self.asked(LOOK))["board"]
        self.states.append(found["state"])
        if found["state"] == "LIVE" and found["places"] is None:
            # It went away in this very moment.
            self.moments += 1
            return
        places = found["places"]["nodes"]
        if found["state"] != "LIVE":
            assert places == []
            return
        scores = [int(float(each["score"]["value"])) for each in places]
        assert (int(found["size"]), len(scores)) == (len(MEMBERS), len(MEMBERS))
        assert scores == sorted(scores, reverse=True)
        assert [each["rank"] for each in places] == list(range(1, len(MEMBERS) + 1))
        assert self._least <= sum(scores) <= sum(self.bought.values())
        self._least = sum(scores)

    async def mine(self, number: int) -> None:
        """Look at one's own balance and place."""
        member = MEMBERS[number % len(MEMBERS)]
        least = self.bought[member]
        found = await self.asked(MINE, self._client.member(member))
        # A purchase may be under way.
        assert 0 <= int(found["me"]["balance"]["total"]) - least + 9 <= 18
        assert found["board"]["state"] in {"LIVE", "REBUILDING", "AWAY"}
        if found["board"]["myPlace"] is None:
            self.moments += found["board"]["state"] == "LIVE"
        else:
            assert found["board"]["state"] == "LIVE"

    async def asked(self, query: str, token: str = "", **variables: Any) -> Any:
        """Ask; nothing may fail, nor take long."""
        began = time.monotonic()
        answer = await self._client.ask(query, token, **variables)
        assert answer.status == 200, answer.body
        assert time.monotonic() - began < SECONDS_MAX / 6
        return answer.data

    async def goes_on(self, stop: asyncio.Event) -> None:
        """Buy and look until told to stop."""

        async def shopping() -> None:
            while not stop.is_set():
                await self.buy()

        async def looking() -> None:
            number = 0
            while not stop.is_set():
                await self.look()
                await self.mine(number := number + 1)
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            group.create_task(shopping())
            group.create_task(looking())

    async def until(self, state: str) -> None:
        """Wait until a board is seen in a state."""
        known = len(self.states)
        async with asyncio.timeout(SECONDS_MAX):
            while state not in self.states[known:]:
                await asyncio.sleep(0.01)


@pytest.fixture
async def runtime(
    servers: Servers, database: Database, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Runtime]:
    """The parts of a process whose Valkey is this test's own."""
    settings = Settings(environment="development", data_dir=tmp_path, allowance=1_000)
    with running(tmp_path, postgres=False) as own:
        valkey = opened(own.valkey_url)
        runtime = Runtime(
            settings=settings, servers=servers, database=database, clock=clock, valkey=valkey
        )
        yield runtime
        await runtime.nodes.aclose()
        await valkey.aclose()


@asynccontextmanager
async def in_business(runtime: Runtime, business: Business) -> AsyncIterator[None]:
    """Let the worker work and members buy for the length of the block."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(work(runtime, stop))
        group.create_task(business.goes_on(stop))
        try:
            yield
        finally:
            stop.set()


async def test_valkey_killed_and_emptied_during_business(
    runtime: Runtime, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    boards = await opened_boards(
        database,
        clock,
        board("spend", 'periods = ["all", "day"]'),
        board("visits", 'periods = ["all"]\nrank = "dense"', "visits"),
    )
    async with serving(runtime) as app:
        business = Business(await client_of(app, boards.shop, Tokens(runtime.settings)))
        for _ in MEMBERS:
            await business.buy()
        await boards.work()
        await Shower(database, runtime.nodes).tick(clock.now())
        pid = (await runtime.valkey.info("server"))["process_id"]
        with ExitStack() as again:
            async with in_business(runtime, business):
                await business.until("LIVE")
                before = business.sent
                psutil.Process(pid).kill()
                await business.until("AWAY")
                during = business.sent
                await asyncio.sleep(0.5)
                assert business.sent > during >= before
                (tmp_path / "valkey" / "dump.rdb").unlink(missing_ok=True)
                again.enter_context(running(tmp_path, postgres=False))
                await business.until("LIVE")
                await asyncio.sleep(0.3)
            assert set(business.states) <= {"LIVE", "AWAY", "REBUILDING"}
            # Valkey was lost once, and what is said of a board is kept for a quarter of a second.
            assert business.moments <= KEPT_SECONDS / 0.01
            await boards.work()
            await Shower(database, runtime.nodes).tick(clock.now())
            await assert_all_equal(database, runtime.nodes)
            shown = await boards.top("spend", "all")
            assert dict(shown) == {name: 100 * sum_ for name, sum_ in business.bought.items()}
    await assert_coherent(database)


async def assert_all_equal(database: Database, nodes: Nodes) -> None:
    """Fail if any window is not shown as it should be."""
    async with database.read() as session:
        windows = await queries_showing.shown(session, datetime(1970, 1, 1, tzinfo=UTC))
    assert len(windows) == 3
    verifier = Verifier(database, nodes, look_seconds=0.1)
    for window in windows:
        found = await verifier.verify(window)
        assert found.equal, found
        assert found.members == len(MEMBERS)
