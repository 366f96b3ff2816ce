"""A member's home screen over HTTP: Laurel beside Strawberry's own view, same schema, same data.

    python -m bench api [--seconds 5] [--rounds 5] [--connections 16] [--members 200] [--memory]

Two servers, one process each, on one database; the load goes to them in turns, the server on one
core and everything else on the other where there are two. Rows: the home query as its text, as the
id of a trusted document, and as a new text each time (unknown: parsed and validated anew). The
answers are compared before anything is measured. CPU is the server's own, user and system. With
``--memory`` both servers remember what they read, so that the API itself is compared.
"""

import argparse
import asyncio
import hashlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import orjson
import psutil

from api.tokens import Tokens
from bench import report
from bench.purchases import Shop, opened
from bench.scratch import Cluster, MeasurementError, cluster
from domain.earning.rules import Line, Purchase
from kit.clock import SystemClock
from kit.ids import new_secret
from kit.settings import Settings

HOME = """
query Home {
  me {
    id externalId displayName joinedAt
    balance {
      total spendable pending held expiringNext { points at } upcomingExpiries { points at }
    }
    tier {
      name rank validUntil progress counted { value unit currency }
      next { name missing { value unit currency } } keep { missing { value unit currency } }
    }
    movements(first: 20) {
      edges { cursor node { code points effectiveAt recordedAt reference } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
TRUSTED = f"sha256:{hashlib.sha256(HOME.encode()).hexdigest()}"
SECONDS_TO_START = 30
Body = Callable[[int], dict[str, object]]


@dataclass
class Served:
    """One server and what was measured of it, per row of the table."""

    name: str
    port: int
    process: asyncio.subprocess.Process
    token: str
    rates: dict[str, list[float]] = field(default_factory=dict)
    microseconds: dict[str, list[float]] = field(default_factory=dict)

    async def load(self, row: str, body: Body, seconds: float, connections: int) -> None:
        """Ask as fast as it answers for so long, and note the rate and the CPU per answer."""
        usage = psutil.Process(self.process.pid)
        before, began = sum(usage.cpu_times()[:2]), time.monotonic()
        until = began + seconds
        loads = (self._ask(body, until, start) for start in range(connections))
        count = sum(await asyncio.gather(*loads))
        took, busy = time.monotonic() - began, sum(usage.cpu_times()[:2]) - before
        self.rates.setdefault(row, []).append(count / took)
        self.microseconds.setdefault(row, []).append(busy / count * 1e6)

    async def _ask(self, body: Body, until: float, start: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        count = 0
        while time.monotonic() < until:
            status, content = await self._answer(reader, writer, body(start * 1_000_000 + count))
            if status != 200 or b'"errors"' in content:
                raise MeasurementError(f"{self.name}: {status} {content[:300]!r}")
            count += 1
        writer.close()
        return count

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: object
    ) -> tuple[int, bytes]:
        body = orjson.dumps(content)
        head = (
            "POST /graphql/ HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            if self.name == "stock"
            else "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        )
        head += f"authorization: Bearer {self.token}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return int(answer[9:12]), await reader.readexactly(length)

    async def once(self) -> object:
        """Return the data of one answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        _, content = await self._answer(reader, writer, {"query": HOME})
        writer.close()
        return orjson.loads(content)["data"]


def text(_: int) -> dict[str, object]:
    """Return a request with the text of the home query."""
    return {"query": HOME}


def named(_: int) -> dict[str, object]:
    """Return a request with the id of the home query."""
    return {"documentId": TRUSTED}


def unknown(number: int) -> dict[str, object]:
    """Return a request that nobody made before."""
    return {"query": f"{HOME}#{number}"}


async def filled(shop: Shop, members: int) -> None:
    """Record thirty purchases for each member."""
    now = SystemClock().now()
    for start in range(0, members, 10):
        await shop.record(
            [
                Purchase(
                    external_id=f"p{member}-{number}",
                    member=f"m{member}",
                    occurred_at=now - timedelta(days=number),
                    currency="USD",
                    channel="",
                    store="",
                    lines=(Line(amount=1_000 + number),),
                )
                for member in range(start, min(members, start + 10))
                for number in range(30)
            ]
        )
        report.progress(f"{start} members")


@asynccontextmanager
async def serving(
    name: str, port: int, environment: dict[str, str], token: str
) -> AsyncIterator[Served]:
    """Run one of the servers while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.api_server", name, str(port)),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, {0})
    served = Served(name, port, process, token)
    try:
        for _ in range(SECONDS_TO_START * 10):
            try:
                await served.once()
                break
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def measured(options: argparse.Namespace, scratch: Cluster, folder: Path) -> str:
    """Return the table."""
    async with opened(scratch, "api") as shop:
        await filled(shop, options.members)
        manifest = folder / "manifest.json"
        manifest.write_bytes(orjson.dumps({"home": HOME}))
        servers = scratch.at("api")
        environment = {
            "LAUREL_DATABASE_URL": servers.database_url,
            "LAUREL_OWNER_DATABASE_URL": servers.owner_database_url,
            "LAUREL_VALKEY_URL": servers.valkey_url,
            "LAUREL_DATA_DIR": str(folder),
            "LAUREL_JWT_KEY": new_secret(),
            "LAUREL_DOCUMENTS": str(manifest),
            "LAUREL_ALLOWANCE": "10000",
            "LAUREL_LOG_LEVEL": options.log_level,
        }
        if options.memory:
            environment["BENCH_MEMORY"] = "1"
        os.environ.update(environment)
        token = Tokens(Settings()).issue("grocer", "m1", SystemClock().now())
        async with (
            serving("laurel", options.port, environment, token) as ours,
            serving("stock", options.port + 1, environment, token) as stock,
        ):
            if (os.cpu_count() or 1) > 1:
                os.sched_setaffinity(0, {1})
            if await ours.once() != await stock.once():
                raise MeasurementError("the two servers answer differently")
            for number in range(options.rounds + 1):
                report.progress(f"round {number} of {options.rounds}")
                for served, row, body in (
                    (ours, "text", text),
                    (stock, "text", text),
                    (ours, "trusted id", named),
                    (ours, "unknown", unknown),
                    (stock, "unknown", unknown),
                ):
                    await served.load(row, body, options.seconds, options.connections)
                    if number == 0:
                        served.rates.clear()
                        served.microseconds.clear()
            return table(ours, stock)


def table(ours: Served, stock: Served) -> str:
    """Return what was measured as markdown."""
    rows = []
    for served in (ours, stock):
        for row, rates in served.rates.items():
            against = report.ratio(rates, stock.rates.get(row, stock.rates["text"]))
            cpu = served.microseconds[row]
            rows.append(
                [
                    f"{served.name}, {row}",
                    report.spread(rates),
                    f"{against:.2f}" if against else "-",
                    report.spread(cpu),
                ]
            )
    return report.table(["home query", "answers/s", "ratio to stock", "CPU µs an answer"], rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench api", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="how long each load takes")
    parser.add_argument("--rounds", type=int, default=5, help="after a first that does not count")
    parser.add_argument("--connections", type=int, default=16, help="how many ask at once")
    parser.add_argument("--members", type=int, default=200, help="how many members there are")
    parser.add_argument("--memory", action="store_true", help="leave the database out")
    parser.add_argument("--port", type=int, default=18_000, help="it and the next are taken")
    parser.add_argument("--log-level", default="warning", help="of both servers")
    options = parser.parse_args()
    with (
        cluster(fast_commit=True) as scratch,
        tempfile.TemporaryDirectory(prefix="laurel-bench-") as folder,
    ):
        print(asyncio.run(measured(options, scratch, Path(folder))))
    print(f"\n{report.load()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
