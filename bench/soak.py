"""Memory of a server under a hostile client that never asks for the same thing twice.

    python -m bench soak [--minutes 10] [--per-second 150] [--connections 12]

One process of `laurel serve`, and a client that sends new documents of every size, valid and not,
registers and guesses hashes, brings tokens that hold and that don't, new names of programs and
operations, large variables, bytes that are no HTTP, and sockets and streams that it opens, follows
and cuts. Allowances are so high that everything is really worked on. Every ten seconds the memory
of the server is printed. Exit code 1 if in the last third it took more than at the end of the first
by over 5 % and 10 MB, or if an answer had a status of 500 or more: what is kept on purpose (parsed
documents, statements, series of counts) is full after some minutes, and 10 MB is what the allocator
may hold of the largest requests at once.
"""

import argparse
import asyncio
import hashlib
import os
import signal
import sys
import tempfile
import time
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson
import psutil
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from api.tokens import Tokens
from bench import report
from bench.api import filled
from bench.purchases import opened
from bench.scratch import Cluster, MeasurementError, cluster
from domain.brands.service import issue_keys
from kit.clock import SystemClock
from kit.db import Session
from kit.ids import new_secret
from kit.settings import Settings

SAMPLE_SECONDS = 10
GROWTH_MAX = 0.05
SLACK_BYTES = 10_000_000
STARTS_WITHIN_SECONDS = 60
MEMBERS = 20
MEGABYTE = 1_000_000
LEAVES = "id externalId displayName joinedAt __typename".split()  # noqa: SIM905 - a list of words
BELOW = (
    "balance { total spendable pending held }",
    "balance { expiringNext { points at } upcomingExpiries { points at } }",
    "tier { name rank progress next { name missing { value currency } } }",
    "movements(first: 5) { nodes { code points effectiveAt reference } }",
    "last: movements(last: 3) { edges { cursor node { code } } pageInfo { hasNextPage } }",
)
BROKEN = ("}", "{", "nothing", '"', "@skip", "...F", "(", "$a", "\\", "\ud7ff", "mee { id }")
FOLLOW = "subscription { me { balance { total } } }"


@dataclass
class Hostile:
    """The client: its credentials, its luck, and what it was answered."""

    port: int
    tokens: Tokens
    keys: tuple[str, str]
    random: Random
    answers: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def new(self) -> int:
        """Return a number that was not returned before."""
        self.number += 1
        return self.number

    def member(self) -> str:
        """Return a token of a member, now and then of one that nobody knows yet."""
        name = f"m{self.random.randrange(MEMBERS)}"
        if self.random.random() < 0.1:
            name = f"stranger{self.new()}"
        return self.tokens.issue("grocer", name, SystemClock().now())

    def document(self) -> str:
        """Return a document that nobody sent before: short or long, sound or broken."""
        chance = self.random
        # As often as a field may be repeated.
        parts = chance.sample([*LEAVES, *BELOW] * 8, chance.choice((3, 10, 30, 60)))
        if chance.random() < 0.3:
            plain = [part for part in parts if not part.startswith("last")][:30]
            parts = [f"a{n}: {part}" for n, part in enumerate(plain)]
        if chance.random() < 0.3:
            parts.insert(chance.randrange(len(parts)), chance.choice(BROKEN))
        if chance.random() < 0.3:
            fragments = "".join(f" fragment F{n} on Member {{ id }}" for n in range(len(parts)))
            text = " ".join(f"...F{n}" for n in range(len(parts)))
            return f"query Q{self.new()} {{ me {{ {text} }} }}{fragments}"
        padding = "#" + "x" * chance.choice((0, 10, 2_000, 15_000))
        return f"query Q{self.new()} {{ me {{ {' '.join(parts)} }} }} {padding}"

    async def one(self) -> None:
        """Do one hostile thing."""
        things: tuple[tuple[float, Callable[[], Awaitable[None]]], ...] = (
            (0.55, self.ask),
            (0.10, self.register),
            (0.07, self.guess),
            (0.08, self.pretend),
            (0.06, self.overload),
            (0.04, self.babble),
            (0.05, self.open_socket),
            (0.05, self.cut_stream),
        )
        weights = [weight for weight, _ in things]
        (_, thing), *_ = self.random.choices(things, weights)
        try:
            async with asyncio.timeout(30):
                await thing()
        except (OSError, EOFError, WebSocketException):
            self.answers["cut"] += 1

    async def ask(self) -> None:
        """Send a new document."""
        await self.post({"query": self.document()}, self.member())

    async def register(self) -> None:
        """Have a new document kept."""
        text = self.document()
        await self.post({"query": text, "extensions": _persisted(text)}, self.member())

    async def guess(self) -> None:
        """Name documents that nobody has."""
        name = f"nothing{self.new()}"
        content: dict[str, object] = {"documentId": name}
        if self.random.random() < 0.5:
            content = {"extensions": _persisted(name)}
        await self.post(content, self.member())

    async def pretend(self) -> None:
        """Bring credentials that don't hold, or look for members who don't exist."""
        made_up = f"{self.new():040}"
        token = self.random.choice((f"lk_{made_up}", f"{made_up}.{made_up}.x", self.keys[1]))
        text = "query ($by: MemberBy!) { memberBy(by: $by) { id } }"
        by = {"externalId": f"nobody{made_up}"}
        await self.post({"query": text, "variables": {"by": by}}, token)

    async def overload(self) -> None:
        """Send large variables, or record a purchase of a member who is new."""
        if self.random.random() < 0.5:
            value = ["x" * 20] * self.random.choice((100, 3_000, 30_000))
            query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
            await self.post({"query": query, "variables": {"ids": value}}, self.keys[1])
            return
        number = self.new()
        purchase = {
            "externalId": f"s{number}",
            "member": f"buyer{number}",
            "occurredAt": "2026-01-01T00:00:00Z",
            "currency": "USD",
            "lines": [{"amount": "1.00"}] * self.random.choice((1, 20)),
        }
        query = f"mutation M{number}($i: RecordPurchasesInput!)"
        query += " { recordPurchases(input: $i) { errors { code } outcomes { status } } }"
        variables = {"i": {"idempotencyKey": f"k{number}", "purchases": [purchase]}}
        await self.post({"query": query, "variables": variables}, self.keys[0])

    async def babble(self) -> None:
        """Send bytes that are no HTTP, or heads without an end."""
        head = b"GET /graphql?query=" + b"x" * self.random.choice((1, 60_000, 300_000))
        data = self.random.choice((head, self.random.randbytes(500), b"POST /graphql HTTP/1.1\r\n"))
        async with self._connected() as (reader, writer):
            writer.write(data)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    await reader.read(1_000)
            writer.transport.abort()
        self.answers["babble"] += 1

    async def open_socket(self) -> None:
        """Open a socket and do nothing, or follow a member and go."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(
            address, subprotocols=[Subprotocol("graphql-transport-ws")], ping_interval=None
        ) as socket:
            if self.random.random() < 0.7:
                payload = {"authorization": f"Bearer {self.member()}"}
                await socket.send(_text({"type": "connection_init", "payload": payload}))
                await socket.recv()
                for number in range(self.random.randrange(1, 15)):
                    query = {"query": f"{FOLLOW} # {self.new()}"}
                    message = {"type": "subscribe", "id": str(number), "payload": query}
                    await socket.send(_text(message))
                await socket.recv()
            if self.random.random() < 0.5:
                socket.transport.abort()
        self.answers["socket"] += 1

    async def cut_stream(self) -> None:
        """Follow a member over a stream and go without a word."""
        body = _body({"query": f"{FOLLOW} # {self.new()}"})
        async with self._connected() as (reader, writer):
            writer.write(self._head(self.member(), len(body), "text/event-stream") + body)
            await reader.readuntil(b"\r\n\r\n")
            if self.random.random() < 0.5:
                await reader.readuntil(b"\n\n")
            writer.transport.abort()
        self.answers["stream"] += 1

    async def post(self, content: dict[str, object], token: str) -> None:
        """Send a request and take its answer."""
        body = _body(content)
        async with self._connected() as (reader, writer):
            writer.write(self._head(token, len(body)) + body)
            head = await reader.readuntil(b"\r\n\r\n")
            self.answers[head[9:12].decode()] += 1
            await reader.read()

    def _head(self, token: str, length: int, accept: str = "application/json") -> bytes:
        number = self.new()
        return (
            "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
            "content-type: application/json\r\n"
            f"accept: {accept}\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n"
            f"x-client-name: app{number}\r\nx-client-version: {number}\r\n"
            f"accept-language: x-{number},vi;q=0.{number}\r\nx-request-id: {number}\r\n\r\n"
        ).encode()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()


def _persisted(text: str) -> dict[str, object]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


def _body(content: object) -> bytes:
    return orjson.dumps(content)


def _text(content: object) -> str:
    return orjson.dumps(content).decode()


@asynccontextmanager
async def serving(port: int, log: Path) -> AsyncIterator[psutil.Process]:
    """Run `laurel serve`, with settings from the environment, while the block runs."""
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from api.cli import main; main()"),
            *("serve", "--port", str(port)),
            stdout=said,
            stderr=said,
        )
    try:
        await _until_open(port, process)
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _until_open(port: int, process: asyncio.subprocess.Process) -> None:
    for _ in range(STARTS_WITHIN_SECONDS * 10):
        if process.returncode is not None:
            break
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise MeasurementError("the server did not start")


async def attacked(
    hostile: Hostile, server: psutil.Process, options: argparse.Namespace
) -> list[int]:
    """Attack for so long; return the server's memory in bytes, every ten seconds."""
    until = time.monotonic() + options.minutes * 60
    pause = options.connections / options.per_second

    async def attack() -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            await hostile.one()
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    samples: list[int] = []

    async def watch() -> None:
        while time.monotonic() < until:
            await asyncio.sleep(SAMPLE_SECONDS)
            samples.append(server.memory_info().rss)
            done = dict(sorted(hostile.answers.items()))
            print(f"{len(samples) * SAMPLE_SECONDS:4} s {_megabytes(samples[-1])} {done}")

    await asyncio.gather(watch(), *(attack() for _ in range(options.connections)))
    return samples


def flat(samples: list[int]) -> bool:
    """Say how the memory went; return whether it stayed as it was."""
    third = max(1, len(samples) // 3)
    before, after = max(samples[:third][-3:]), max(samples[-third:])
    limit = round(before * (1 + GROWTH_MAX)) + SLACK_BYTES
    print(f"\nat the end of the first third {_megabytes(before)}, at most {_megabytes(after)}")
    print(
        f"in the last third: {'flat' if after <= limit else 'IT GROWS'} (bar {_megabytes(limit)})"
    )
    return after <= limit


def _megabytes(count: int) -> str:
    return f"{count / MEGABYTE:.1f} MB"


async def soaked(options: argparse.Namespace, scratch: Cluster, folder: Path) -> bool:
    """Run it all; return whether everything held."""
    async with opened(scratch, "soak") as shop:
        await filled(shop, MEMBERS)

        async def work(session: Session) -> list[str]:
            wanted = [("server", "till"), ("staff", "office")]
            keys = await issue_keys(session, SystemClock().now(), shop.brand, wanted)
            return [key.secret for key in keys]

        server_key, staff_key = await shop.database.write(work)
        servers = scratch.at("soak")
        os.environ.update(
            LAUREL_DATABASE_URL=servers.database_url,
            LAUREL_OWNER_DATABASE_URL=servers.owner_database_url,
            LAUREL_DATA_DIR=str(folder),
            LAUREL_JWT_KEY=new_secret(),
            LAUREL_ALLOWANCE="10000",
            LAUREL_LOG_LEVEL="warning",
        )
        log = folder / "server.log"
        random = Random(options.seed)
        async with serving(options.port, log) as server:
            keys = (server_key, staff_key)
            hostile = Hostile(options.port, Tokens(Settings()), keys, random)
            samples = await attacked(hostile, server, options)
        held = flat(samples)
        faults = sum(count for name, count in hostile.answers.items() if name.startswith("5"))
        said = log.read_text(errors="replace")
        print(f"{hostile.number} new things; answers of 500 or more: {faults}")
        if faults or "Traceback" in said:
            print(said[-4_000:])
            return False
        return held


def main() -> int:
    """Soak and print."""
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long")
    parser.add_argument("--per-second", type=float, default=150, help="hostile things at most")
    parser.add_argument("--connections", type=int, default=12, help="how many at once")
    parser.add_argument("--port", type=int, default=18_010, help="where the server listens")
    parser.add_argument("--seed", type=int, default=1, help="of the client's luck")
    options = parser.parse_args()
    with (
        cluster(fast_commit=True) as scratch,
        tempfile.TemporaryDirectory(prefix="laurel-soak-") as folder,
    ):
        held = asyncio.run(soaked(options, scratch, Path(folder)))
    print(f"\n{report.load()}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
