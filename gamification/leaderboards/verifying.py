"""What Valkey shows is compared with PostgreSQL, window by window, while everything goes on.

Both sides are walked in batches. What differs may only have changed in between, so it is looked
at again until both agree or have stood still for several looks: only that is a difference.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gamification.leaderboards import queries_showing
from gamification.leaderboards.queries_showing import Shown
from gamification.leaderboards.rules_keys import (
    Element,
    member_of,
    moment_bytes,
    read_element,
    root_key,
    shard_key,
    shard_of,
)
from gamification.leaderboards.scripts import LOOK, READ
from gamification.leaderboards.showing import ValkeyAwayError
from kit.db import Database
from kit.valkey import Call, Nodes

BATCH = 2_000
LOOKS = 5
LOOK_SECONDS = 0.5

_FIRST = UUID(int=0)
_HEAD = 4


@dataclass(frozen=True, slots=True)
class Difference:
    """An entity whose place in Valkey is not that of PostgreSQL; None: it is not listed there."""

    entity: UUID
    wanted: Element | None
    shown: Element | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of comparing a window. ``state`` is "rebuilding" if it is not shown at all."""

    window: Shown
    state: str
    members: int
    differences: tuple[Difference, ...]
    torn: bool
    """Whether there are elements that nothing finds any more, or the reverse."""
    dense_differs: bool
    beyond: int
    """How many scores are too large to be shown."""

    @property
    def equal(self) -> bool:
        """Whether the window is shown as it should be."""
        wrong = self.differences or self.torn or self.dense_differs
        return self.state == "live" and not wrong


@dataclass(frozen=True, slots=True)
class _Shard:
    key: bytes
    gen: bytes
    seq: int
    dense: bool

    def name(self, kind: bytes) -> bytes:
        return self.key + b":" + self.gen + b":" + kind


@dataclass(frozen=True, slots=True)
class _Found:
    entity: bytes
    moment: bytes
    score: bytes | None

    def is_of(self, wanted: Element) -> bool:
        right = self.score is None or float(self.score) == wanted.score
        return right and self.moment == moment_bytes(wanted.reached_at)


class Verifier:
    """Compares windows."""

    def __init__(
        self, database: Database, valkey: Nodes, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._database = database
        self._valkey = valkey
        self._look_seconds = look_seconds
        self.members = 0
        """How many members were compared so far."""

    async def verify(self, window: Shown) -> Verified:
        """Compare a window; raises ValkeyAwayError.

        What has a memory of as many bytes as the window has different scores is only used for
        boards with dense ranks.
        """
        before = self.members
        shards = await self._shards(window.id)
        if shards is None:
            return Verified(window, "rebuilding", 0, (), torn=False, dense_differs=False, beyond=0)
        suspects: set[UUID] = set()
        async for batch in self._wanted(window.id):
            suspects |= await self._differing(shards, batch)
        for shard in shards:
            async for found in self._shown(shard):
                suspects |= await self._strange(window.id, found)
        differences = await self._settled(window.id, suspects)
        torn = await self._torn(window.id)
        dense_differs = await self._dense_differs(window.id, shards)
        async with self._database.read() as session:
            beyond = await queries_showing.beyond(session, window.id)
        return Verified(
            window,
            "live",
            self.members - before,
            tuple(differences),
            torn=torn,
            dense_differs=dense_differs,
            beyond=beyond,
        )

    async def _wanted(self, window_id: int) -> AsyncIterator[list[Element]]:
        after = _FIRST
        while True:
            async with self._database.read() as session:
                batch = await queries_showing.listed(session, window_id, after, BATCH)
            if not batch:
                return
            yield batch
            self.members += len(batch)
            after = batch[-1].entity

    async def _shards(self, window_id: int) -> list[_Shard] | None:
        """Return the window's shards as they are now, or None if it is not shown whole."""
        (root,) = await self._ask([Call(root_key(window_id), (), LOOK)])
        count = int(root[6] or 1)
        keys = [shard_key(window_id, count, n) for n in range(count)]
        replies = await self._ask([Call(key, (), LOOK) for key in keys])
        if not all(reply[0] for reply in replies):
            return None
        pairs = zip(keys, replies, strict=True)
        return [
            _Shard(key, reply[0], int(reply[1]), dense=reply[2] == b"1") for key, reply in pairs
        ]

    async def _differing(self, shards: Sequence[_Shard], wanted: Iterable[Element]) -> set[UUID]:
        """Return those of ``wanted`` that are not shown just so."""
        parts: list[list[Element]] = [[] for _ in shards]
        for each in wanted:
            parts[shard_of(each.entity, len(shards))].append(each)
        calls = []
        for shard, part in zip(shards, parts, strict=True):
            if part:
                entities = (each.entity.bytes for each in part)
                scores, moments = shard.name(b"z"), shard.name(b"h")
                calls.append(Call(shard.key, ("ZMSCORE", scores, *map(member_of, part))))
                calls.append(Call(shard.key, ("HMGET", moments, *entities)))
        replies = iter(await self._ask(calls))
        found = set()
        for part in filter(None, parts):
            rows = zip(part, next(replies), next(replies), strict=True)
            for each, score, moment in rows:
                right = score is not None and float(score) == each.score
                if not right or moment != moment_bytes(each.reached_at):
                    found.add(each.entity)
        return found

    async def _shown(self, shard: _Shard) -> AsyncIterator[list[_Found]]:
        """Walk all elements of a shard, and then all that find them."""
        for command, kind in (("ZSCAN", b"z"), ("HSCAN", b"h")):
            cursor = b"0"
            while True:
                words = (command, shard.name(kind), cursor, "COUNT", BATCH)
                ((cursor, flat),) = await self._ask([Call(shard.key, words)])
                pairs = zip(flat[::2], flat[1::2], strict=True)
                if kind == b"z":
                    yield [_Found(member[8:], member[:8], score) for member, score in pairs]
                else:
                    yield [_Found(entity, moment, None) for entity, moment in pairs]
                if int(cursor) == 0:
                    break

    async def _strange(self, window_id: int, shown: Sequence[_Found]) -> set[UUID]:
        """Return those shown that PostgreSQL does not have just so."""
        entities = [UUID(bytes=each.entity) for each in shown]
        async with self._database.read() as session:
            rows = await queries_showing.rows_of(session, window_id, entities)
        strange = set()
        for entity, each in zip(entities, shown, strict=True):
            wanted = rows[entity].element if entity in rows else None
            if wanted is None or not each.is_of(wanted):
                strange.add(entity)
        return strange

    async def _settled(self, window_id: int, suspects: set[UUID]) -> list[Difference]:
        """Look at ``suspects`` again and again; return those that go on to differ."""
        first = None
        differences: list[Difference] = []
        for look in range(LOOKS if suspects else 0):
            if look:
                await asyncio.sleep(self._look_seconds)
            shards = await self._shards(window_id)
            if shards is None:
                continue
            position = min(shard.seq for shard in shards)
            first = position if first is None else first
            shown = await self._elements(shards, list(suspects))
            async with self._database.read() as session:
                rows = await queries_showing.rows_of(session, window_id, list(suspects))
            differences = []
            for entity in sorted(suspects):
                row = rows.get(entity)
                wanted = row.element if row else None
                # What is further than the position is on its way, if the position moves at all.
                waits = row is not None and row.seq > position > first
                if shown.get(entity) != wanted and not waits:
                    differences.append(Difference(entity, wanted, shown.get(entity)))
            suspects = {each.entity for each in differences}
            if not suspects:
                break
        return differences

    async def _elements(
        self, shards: Sequence[_Shard], entities: Sequence[UUID]
    ) -> dict[UUID, Element]:
        """Return the elements of ``entities`` that readers find."""
        found = {}
        for start in range(0, len(entities), BATCH):
            some = entities[start : start + BATCH]
            calls = []
            for entity in some:
                shard = shards[shard_of(entity, len(shards))]
                calls.append(Call(shard.key, ("among", entity.bytes), READ))
            for reply in await self._ask(calls):
                if len(reply) > _HEAD and reply[_HEAD] and reply[_HEAD][1] is not None:
                    element = read_element(*reply[_HEAD][:2])
                    found[element.entity] = element
        return found

    async def _torn(self, window_id: int) -> bool:
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(self._look_seconds)
            shards = await self._shards(window_id) or []
            cards = await self._ask([Call(s.key, ("ZCARD", s.name(b"z"))) for s in shards])
            lengths = await self._ask([Call(s.key, ("HLEN", s.name(b"h"))) for s in shards])
            if cards == lengths:
                return False
        return True

    async def _dense_differs(self, window_id: int, shards: Sequence[_Shard]) -> bool:
        """Tell whether the scores that dense ranks count are others than those there are."""
        (shard, *others) = shards
        if others or not shard.dense:
            return False
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(self._look_seconds)
            async with self._database.read() as session:
                wanted = await queries_showing.scores(session, window_id)
            counts, ranks = await self._ask(
                [
                    Call(shard.key, ("HGETALL", shard.name(b"c"))),
                    Call(shard.key, ("ZRANGE", shard.name(b"d"), 0, -1)),
                ]
            )
            pairs = (
                counts.items()
                if isinstance(counts, dict)
                else zip(counts[::2], counts[1::2], strict=True)
            )
            if {int(score): int(count) for score, count in pairs} == wanted and {
                int(score) for score in ranks
            } == wanted.keys():
                return False
        return True

    async def _ask(self, calls: Sequence[Call]) -> list[Any]:
        replies = await self._valkey.ask(calls) if calls else []
        for reply in replies:
            if isinstance(reply, Exception):
                raise ValkeyAwayError(repr(reply)) from reply
        return replies
