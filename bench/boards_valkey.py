"""The parts of `bench.boards`: a board in Valkey, other forms of one, and rebuilding it."""

import asyncio
import random
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import redis.asyncio

from bench import report
from gamification.leaderboards.rules_keys import Element, pack, root_key
from gamification.leaderboards.rules_places import placed
from gamification.leaderboards.scripts import BEGIN, PUSH, READ
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import Boards
from kit.db import Database
from kit.valkey import Call, Nodes, Script

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLIENTS = 50
NEIGHBOURS = 5
BATCH = 1_000
SCORES = 1_000_000
# The form of research: points * 2^k + what is left of the window, for a year in seconds.
SECONDS_BITS = 25

# Calls of several connections overtake one another, which the script would not have.
LOOSE = Script(PUSH.text.replace("if position ~= from then", "if false then"))

Step = Callable[[int], Awaitable[object]]


def entity(number: int) -> UUID:
    """Return the entity of a number: as random as a real one's bytes."""
    return UUID(bytes=struct.pack(">QQ", number * 0x9E3779B97F4A7C15 % 2**64, number))


@dataclass(frozen=True)
class Valkey:
    """The server that is measured."""

    home: redis.asyncio.Redis
    nodes: Nodes
    path: str

    async def memory(self) -> int:
        """Return the bytes that its data take, as it counts them."""
        return int((await self.home.info("memory"))["used_memory"])

    async def empty(self) -> None:
        """Remove all, and have it done."""
        await self.home.execute_command("FLUSHALL", "SYNC")
        while int((await self.home.info("memory"))["lazyfree_pending_objects"]):
            await asyncio.sleep(0.1)


async def rate(step: Step, seconds: float, clients: int = CLIENTS) -> float:
    """Run ``step`` in ``clients`` tasks, each with random numbers; return steps per second."""
    end = time.monotonic() + seconds
    done = 0

    async def run(seed: int) -> None:
        nonlocal done
        random_ = random.Random(seed)
        while time.monotonic() < end:
            await step(random_.randrange(2**31))
            done += 1

    started = time.monotonic()
    await asyncio.gather(*(run(seed) for seed in range(clients)))
    return done / (time.monotonic() - started)


class Board:
    """A board of ours with so many members, written and read as the worker and the API do it."""

    def __init__(self, valkey: Valkey, members: int) -> None:
        self._valkey = valkey
        self._members = members
        self._key = root_key(1)
        self._seq = 0
        self._boards = Boards(valkey.nodes)
        self._scores: dict[int, int] = {}

    async def fill(self) -> float:
        """Write all members; return the seconds."""
        random_ = random.Random(1)
        started = time.monotonic()
        await self._valkey.nodes.ask([Call(self._key, (0, 0), BEGIN)])
        for start in range(0, self._members, BATCH):
            upto = min(start + BATCH, self._members)
            rows = [
                (Element(entity(n), random_.randrange(SCORES), _moment(n)), True)
                for n in range(start, upto)
            ]
            whole = int(upto == self._members)
            words = (b"1", start, upto, whole, 0, pack(rows))
            (reply,) = await self._valkey.nodes.ask([Call(self._key, words, PUSH)])
            assert reply == 1 + whole, reply
        self._seq = self._members
        for script in (LOOSE, READ):
            await self._valkey.home.script_load(script.text)
        return time.monotonic() - started

    def _change(self, number: int) -> tuple[bytes | int, ...]:
        """Return the step that gives a member another score; steps are sent in this order."""
        seq, self._seq = self._seq, self._seq + 1
        score = self._scores.get(number, number % SCORES) + 1
        self._scores[number] = score
        row = Element(entity(number), score, _moment(seq))
        return (b"1", seq, seq + 1, 0, 0, pack([(row, True)]))

    async def ours(self, number: int) -> None:
        """Change a score, and read the rank and the neighbours, as all of it is read."""
        who = number % self._members
        (reply,) = await self._valkey.nodes.soon([Call(self._key, self._change(who), PUSH)])
        assert reply == 1, reply
        answer = await self._boards.around(1, entity(who), NEIGHBOURS)
        assert len(answer.places) > NEIGHBOURS

    async def read(self, number: int) -> None:
        """Read the rank and the neighbours."""
        answer = await self._boards.around(1, entity(number % self._members), NEIGHBOURS)
        assert len(answer.places) > NEIGHBOURS

    async def raw_scripts(self, number: int) -> None:
        """Send the same two scripts by redis-py, each in a call, nothing made of the answers."""
        who, home = number % self._members, self._valkey.home
        reply = await home.evalsha(LOOSE.digest, 1, self._key, *self._change(who))
        assert reply == 1, reply
        args = ("around", entity(who).bytes, NEIGHBOURS)
        assert len(await home.evalsha(READ.digest, 1, self._key, *args)) > 1

    async def caught_up(self) -> None:
        """Go on from where the board is."""
        self._seq = int(await self._valkey.home.hget(self._key, "seq"))

    async def raw_commands(self, number: int) -> None:
        """Do the same on a plain sorted set with redis-py: three commands, two ways."""
        who, home = entity(number % self._members).bytes, self._valkey.home
        pipeline = home.pipeline(transaction=False)
        pipeline.zincrby("plain", 1, who)
        pipeline.zrevrank("plain", who)
        _, rank = await pipeline.execute()
        first = max(rank - NEIGHBOURS, 0)
        found = await home.zrevrange("plain", first, rank + NEIGHBOURS, withscores=True)
        assert len(found) > NEIGHBOURS


async def filled_plain(valkey: Valkey, members: int, kind: str) -> float:
    """Write a sorted set of another form; return the seconds. Kinds: plain, composite, text."""
    random_ = random.Random(1)
    started = time.monotonic()
    for start in range(0, members, BATCH):
        pairs: list[object] = []
        for n in range(start, min(start + BATCH, members)):
            score = random_.randrange(SCORES)
            if kind == "composite":
                score = score << SECONDS_BITS | (2**SECONDS_BITS - 1 - n % 2**SECONDS_BITS)
            pairs += [score, str(entity(n)) if kind == "text" else entity(n).bytes]
        await valkey.home.execute_command("ZADD", kind, *pairs)
    return time.monotonic() - started


_COMPOSITE_CHANGE = Script("""
local old = redis.call('ZSCORE', KEYS[1], ARGV[1])
local points = math.floor(tonumber(old) / 33554432) + 1
local score = string.format('%.0f', points * 33554432 + tonumber(ARGV[2]))
redis.call('ZADD', KEYS[1], score, ARGV[1])
return 1
""")
_COMPOSITE_READ = Script("""
local z, who, n = KEYS[1], ARGV[1], tonumber(ARGV[2])
local rank = redis.call('ZREVRANK', z, who)
local first = math.max(rank - n, 0)
local found = redis.call('ZRANGE', z, first, rank + n, 'REV', 'WITHSCORES')
local points = math.floor(tonumber(found[2]) / 33554432)
local higher = redis.call('ZCOUNT', z, string.format('(%.0f', points * 33554432 + 33554431), '+inf')
return {redis.call('ZCARD', z), first, higher, found}
""")


def composite(valkey: Valkey, members: int) -> Step:
    """Return the same step in the composite form: two scripts, and places made of the answer."""

    async def step(number: int) -> None:
        who = entity(number % members).bytes
        words = (who, number % 2**SECONDS_BITS)
        await valkey.nodes.soon([Call(b"composite", words, _COMPOSITE_CHANGE)])
        words = (who, NEIGHBOURS)
        (reply,) = await valkey.nodes.soon([Call(b"composite", words, _COMPOSITE_READ)])
        _, first, higher, flat = reply
        elements = []
        for one, score in zip(flat[::2], flat[1::2], strict=True):
            points, left = divmod(int(float(score)), 2**SECONDS_BITS)
            reached = NOON + timedelta(seconds=2**SECONDS_BITS - 1 - left)
            elements.append(Element(UUID(bytes=one), points, reached))
        assert len(placed(elements, first, higher, None)) > NEIGHBOURS

    return step


def rival(folder: Path, path: str, members: int, seconds: float) -> float:
    """Return what the package `leaderboard` reaches, in a process of its own."""
    command = [sys.executable, str(Path(__file__).parent / "rival_leaderboard.py")]
    done = subprocess.run(
        [*command, path, str(members), str(seconds)],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


async def filled_rows(owner: Any, rows: int) -> int:
    """Make a window of so many rows in PostgreSQL; return its id."""
    await owner.execute(
        "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
        " VALUES ('b', 'B', 'UTC', 'USD', 2, now())"
    )
    window = await owner.fetchval(
        "INSERT INTO board_window (brand_id, board, period, scope, starts_on, state, opened_at,"
        " head) SELECT max(id), 'spend', 'all', '', DATE '2026-01-01', 'open', now(), $1"
        " FROM brand RETURNING id",
        rows,
    )
    for start in range(0, rows, 1_000_000):
        report.progress(f"rows in PostgreSQL: {start:,} of {rows:,}")
        await owner.execute(
            "INSERT INTO board_score (window_id, entity, score, reached_at, listed, seq)"
            " SELECT $1, gen_random_uuid(), (random() * 1000000)::bigint,"
            " TIMESTAMPTZ '2026-01-01' + n * INTERVAL '1 ms', true, n"
            " FROM generate_series($2::bigint, $3::bigint) AS n",
            window,
            start + 1,
            min(start + 1_000_000, rows),
            timeout=600,
        )
    await owner.execute("ANALYZE board_score")
    return int(window)


async def rebuilt(database: Database, valkey: Valkey, window: int, rows: int) -> float:
    """Show all of a window that Valkey does not know; return the seconds."""
    shower = Shower(database, valkey.nodes)
    started = time.monotonic()
    while await shower.round(NOON):
        report.progress(f"rebuilt: {shower.rows:,} of {rows:,}")
    seconds = time.monotonic() - started
    (answer,) = await Boards(valkey.nodes).sizes([window])
    assert (answer.state, answer.size) == ("live", rows), answer
    return seconds


async def visible(
    boards: Boards,
    changes: Sequence[Callable[[], Awaitable[tuple[int, UUID, int]]]],
    per_second: float,
    seconds_max: float = 10,
) -> list[float]:
    """Make ``changes`` at a steady rate; return after how many seconds each was to be seen.

    A change returns, once it is committed, the window, the entity and the score that it leads
    to at least. What is not seen within ``seconds_max`` counts as that.
    """
    waits: list[float] = []

    async def one(make: Callable[[], Awaitable[tuple[int, UUID, int]]]) -> None:
        window, who, score = await make()
        started = time.monotonic()
        while time.monotonic() < started + seconds_max:
            answer = await boards.ranks(window, [who])
            place = answer.place(who)
            if place is not None and place.score >= score:
                break
            await asyncio.sleep(0.02)
        waits.append(time.monotonic() - started)

    started = time.monotonic()
    tasks = []
    for n, make in enumerate(changes):
        await asyncio.sleep(max(started + n / per_second - time.monotonic(), 0))
        tasks.append(asyncio.create_task(one(make)))
    await asyncio.gather(*tasks)
    return waits


def _moment(number: int) -> datetime:
    return NOON + timedelta(milliseconds=number)
