"""The load of `bench.valkey_lost`: who buys and who looks, and what they were answered."""

import asyncio
import statistics
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.tokens import Tokens
from bench import report
from kit.clock import SystemClock
from kit.tasks import ended

BOARD = "spend"
WINDOWS = ("DAY", "WEEK", "MONTH", "ALL")
PERIODS = (*WINDOWS, "ROLLING")
_BUY = """mutation Buy($input: RecordPurchasesInput!) { recordPurchases(input: $input) {
  errors { code } outcomes { status member { balance { total } } } } }"""
_LOOK = """query Look($brand: String!, $period: BoardPeriod) {
  board(brand: $brand, code: "spend", period: $period) {
    state size places(first: 10) { nodes { rank score { value } } } } }"""
_MINE = """query Mine($brand: String!) { me { balance { total } }
  board(brand: $brand, code: "spend") { state size myPlace { rank } } }"""
_PAUSE_SECONDS = 0.01


@dataclass(frozen=True)
class Site:
    """Where the load goes, and by whom. So many are on each window at least."""

    port: int
    brand: str
    tokens: Tokens
    server: str
    members: int


class Failed(Exception):  # noqa: N818 - it is not raised to anybody else
    """What was answered is not what it should be."""


@dataclass
class Load:
    """Buyers and readers, with all that they were answered."""

    site: Site
    buyers: int
    phase: str = "start"
    """What Valkey is doing."""
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    states: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    faults: Counter[str] = field(default_factory=Counter)
    spans: dict[str, list[float]] = field(default_factory=dict)

    @asynccontextmanager
    async def going(self, readers: int) -> AsyncIterator[None]:
        """Let all of them go on for the length of the block."""
        tasks = [asyncio.create_task(self._buying(n)) for n in range(self.buyers)]
        tasks += [asyncio.create_task(self._reading(n)) for n in range(readers)]
        try:
            yield
        finally:
            await ended(*tasks)
            for task in tasks:
                if not task.cancelled() and task.exception():
                    self.faults[repr(task.exception())] += 1

    async def all_live(self) -> None:
        """Wait until every window is live, asking often."""
        client = _Client(self.site.port)
        left = list(PERIODS)
        while left:
            given = {"brand": self.site.brand, "period": left[0]}
            board = (await client.ask(_LOOK, "", given))["board"]
            if board["state"] == "LIVE" and int(board["size"]) >= self.site.members:
                left.pop(0)
            else:
                report.progress(f"{self.phase}: {left[0]} is {board['state']}, {board['size']}")
                await asyncio.sleep(0.05)
        client.close()

    def table(self) -> str:
        """Return what was answered, as markdown."""
        rows = []
        for (phase, kind), seconds in self.seconds.items():
            began, until = self.spans[phase]
            ordered = sorted(seconds)
            rows.append(
                (
                    f"{phase}: {kind}",
                    f"{len(seconds):,}",
                    f"{len(seconds) / max(until - began, 0.001):,.0f}",
                    f"{statistics.median(ordered) * 1e3:,.0f}",
                    f"{ordered[len(ordered) * 99 // 100] * 1e3:,.0f}",
                    f"{ordered[-1] * 1e3:,.0f}",
                    " ".join(f"{name} {n:,}" for name, n in self.states[phase].items())
                    if kind == "boards"
                    else "-",
                )
            )
        head = ("answers", "count", "a second", "median ms", "p99 ms", "slowest ms", "states")
        failed = f"\n\nanswers that failed or were wrong: {self.faults.total():,}"
        return report.table(head, rows) + failed

    async def _buying(self, number: int) -> None:
        """Buy again and again; the balance that comes back is the exact one."""
        client, bought, count = _Client(self.site.port), 0, 0
        while True:
            count, dollars = count + 1, count % 9 + 1
            purchase = {
                "externalId": f"b{number}-{count}",
                "member": f"buyer{number}",
                "occurredAt": SystemClock().now().isoformat(),
                "currency": "USD",
                "lines": [{"amount": f"{dollars}.00"}],
            }
            given = {"idempotencyKey": f"b{number}-{count}", "purchases": [purchase]}
            bought += dollars
            data = await self._timed("purchases", client, _BUY, self.site.server, {"input": given})
            if data is not None:
                (outcome,) = data["recordPurchases"]["outcomes"]
                if int(outcome["member"]["balance"]["total"]) != bought:
                    self.faults[f"a balance is not {bought}: {outcome}"] += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _reading(self, number: int) -> None:
        """Read a page of a window, or one's own place and balance, by turns."""
        client, name = _Client(self.site.port), f"crowd{number + 2}"
        token = self.site.tokens.issue(self.site.brand, name, SystemClock().now())
        sizes: Counter[str] = Counter()
        count = number
        while True:
            count, phase = count + 1, self.phase
            period = PERIODS[count % len(PERIODS)]
            if count % 2:
                given = {"brand": self.site.brand, "period": period}
                data = await self._timed("boards", client, _LOOK, "", given)
            else:
                data = await self._timed(
                    "members", client, _MINE, token, {"brand": self.site.brand}
                )
                if data is not None and data["me"]["balance"]["total"] != "0":
                    self.faults[f"a balance is not 0: {data}"] += 1
            if data is not None and count % 2:
                self._check(data["board"], phase, period, sizes)
            await asyncio.sleep(_PAUSE_SECONDS)

    def _check(self, board: dict[str, Any], phase: str, period: str, sizes: Counter[str]) -> None:
        self.states[phase][board["state"]] += 1
        if board["state"] == "LIVE" and board["places"] is None:
            # It went away in this very moment.
            return
        places = board["places"]["nodes"]
        if board["state"] != "LIVE":
            if places:
                self.faults["places of a board that is not live"] += 1
            return
        scores = [float(each["score"]["value"]) for each in places]
        whole = int(board["size"]) >= max(sizes[period], self.site.members)
        if phase != "start" and not (whole and scores == sorted(scores, reverse=True)):
            self.faults[f"a live board of {board['size']}"] += 1
        sizes[period] = max(sizes[period], int(board["size"]))

    async def _timed(
        self, kind: str, client: "_Client", query: str, token: str, given: dict[str, Any]
    ) -> Any:
        began, phase = time.monotonic(), self.phase
        try:
            data = await client.ask(query, token, given)
        except (Failed, OSError, EOFError) as error:
            self.faults[f"{phase}, {kind}: {error!r}"[:300]] += 1
            client.close()
            data = None
        now = time.monotonic()
        self.seconds[phase, kind].append(now - began)
        self.spans.setdefault(phase, [began, now])[1] = now
        return data


class _Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[StreamReader, StreamWriter] | None = None

    async def ask(self, query: str, token: str, variables: dict[str, Any]) -> Any:
        """Return the data of an answer without errors. Raises Failed, OSError, EOFError."""
        if self._ends is None:
            self._ends = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._ends
        body = orjson.dumps({"query": query, "variables": variables})
        signed = f"authorization: Bearer {token}\r\n" if token else ""
        writer.write(
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"{signed}content-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer = orjson.loads(await reader.readexactly(length))
        if " 200 " not in head[:20] or "errors" in answer:
            raise Failed(answer)
        return answer["data"]

    def close(self) -> None:
        """Leave."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None
