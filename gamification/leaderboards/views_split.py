"""Reads of windows that are split into shards: exact pages, ranks as sums over the shards.

Shards are read at different moments. Each reading begins with the positions of all shards and
ends with those of its last step: at the moment between the first two steps each shard was as read
but for the changes counted in between. Their sum is how far a rank can be off.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gamification.leaderboards.rules_keys import (
    Element,
    element_key,
    member_of,
    read_element,
    shard_key,
    shard_of,
)
from gamification.leaderboards.rules_places import Answer, Place, merged, placed
from gamification.leaderboards.scripts import READ
from kit.valkey import Call, Nodes

MERGED_MAX = 1_000
"""Up to this place a page is merged from the first of each shard; further down it is looked for."""

_HEAD = 4


class MovedError(Exception):
    """The shards are not, or not all, what they were at the beginning."""


def elements_of(flat: Sequence[Any]) -> list[Element]:
    """Return the elements of a reply of members and scores by turns."""
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return [read_element(member, score) for member, score in pairs]


class SplitReading:
    """One reading of a window in ``shards`` shards. Every method may raise `MovedError`.

    Also what Valkey being away leads to.
    """

    def __init__(self, nodes: Nodes, window_id: int, shards: int) -> None:
        self._nodes = nodes
        self._keys = [shard_key(window_id, shards, n) for n in range(shards)]
        self._shards = shards
        self._first: list[Any] = []
        self._last: list[Any] = []

    async def page(self, first: int, count: int) -> Answer:
        """Return ``count`` places after the first ``first``."""
        await self._begin()
        if first >= self._size() or not count:
            return self._answer(())
        if first + count <= MERGED_MAX:
            replies = await self._ask([("page", 0, first + count)] * self._shards)
            parts = [elements_of(reply[_HEAD + 3]) for reply in replies]
            return self._answer(placed(merged(parts, 0, first + count), 0, 0, None)[first:])
        start = await self._at(first)
        below = await self._stretch(start, count)
        found = [each for each in below if element_key(each) <= element_key(start)][:count]
        return self._answer(await self._placed(found))

    async def around(self, entity: UUID, n: int) -> Answer:
        """Return the place of ``entity`` with ``n`` on each side; no place if it has none."""
        await self._begin()
        mine = (await self._find([entity])).get(entity)
        if mine is None:
            return self._answer(())
        together = await self._stretch(mine, n)
        at = next(k for k, each in enumerate(together) if each.entity == entity)
        return self._answer(await self._placed(together[max(at - n, 0) : at + n + 1]))

    async def among(self, entities: Sequence[UUID]) -> Answer:
        """Return the places of ``entities``, in their order; who has none is left out."""
        await self._begin()
        found = await self._find(entities)
        elements = [found[entity] for entity in entities if entity in found]
        return self._answer(await self._counted(elements))

    async def size(self) -> Answer:
        """Return no place, but the size."""
        await self._begin()
        return self._answer(())

    async def _begin(self) -> None:
        self._first = await self._ask([("page", 0, 0)] * self._shards)

    async def _ask(self, words: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Ask each shard; ``words`` has one question for each."""
        calls = [Call(key, each, READ) for key, each in zip(self._keys, words, strict=True)]
        replies = await self._nodes.soon(calls)
        for number, reply in enumerate(replies):
            if isinstance(reply, Exception):
                raise reply
            if len(reply) < _HEAD or (self._first and reply[2] != self._first[number][2]):
                raise MovedError
        self._last = replies
        return replies

    def _size(self) -> int:
        return sum(reply[3] for reply in self._last)

    def _answer(self, places: Sequence[Place]) -> Answer:
        version = min(int(reply[0]) for reply in self._last)
        steps = zip(self._first, self._last, strict=True)
        off_by = sum(int(last[1]) - int(first[1]) for first, last in steps)
        return Answer("live", version, self._size(), tuple(places), off_by)

    async def _find(self, entities: Sequence[UUID]) -> dict[UUID, Element]:
        asked: list[list[bytes]] = [[] for _ in self._keys]
        for entity in entities:
            asked[shard_of(entity, self._shards)].append(entity.bytes)
        words = [("among", *some) if some else ("page", 0, 0) for some in asked]
        found = {}
        for some, reply in zip(asked, await self._ask(words), strict=True):
            for row in reply[_HEAD:] if some else ():
                if row:
                    element = read_element(row[0], row[1])
                    found[element.entity] = element
        return found

    async def _above(self, elements: Sequence[Element], n: int) -> list[list[Any]]:
        """Return for each element what each shard has above it, and its neighbours there."""
        words = ["above", n]
        for each in elements:
            words += [str(each.score), member_of(each)]
        replies = await self._ask([tuple(words)] * self._shards)
        return [[reply[_HEAD + k] for reply in replies] for k in range(len(elements))]

    async def _stretch(self, element: Element, n: int) -> list[Element]:
        """Return ``n`` elements before and behind one, if there are so many, and some more."""
        (shards,) = await self._above([element], n)
        parts = [elements_of(found) for _, _, found in shards]
        # It may have moved since it was found: what was found of it is what counts.
        own = shard_of(element.entity, self._shards)
        parts[own] = [each for each in parts[own] if each.entity != element.entity]
        return merged([*parts, [element]], 0, None)

    async def _placed(self, elements: Sequence[Element]) -> tuple[Place, ...]:
        if not elements:
            return ()
        (first,) = await self._counted(elements[:1])
        return placed(elements, first.ordinal - 1, first.competition - 1, None)

    async def _counted(self, elements: Sequence[Element]) -> list[Place]:
        if not elements:
            return []
        places: list[Place] = []
        for each, shards in zip(elements, await self._above(elements, 0), strict=True):
            before, higher = (sum(shard[k] for shard in shards) for k in (0, 1))
            places += placed([each], before, higher, None)
        return places

    async def _at(self, rank: int) -> Element:
        """Return the element before which ``rank`` others stand, by halving what may be it."""
        low = [0] * self._shards
        high = [reply[3] for reply in self._last]
        while True:
            widths = [max(end - start, 0) for start, end in zip(low, high, strict=True)]
            widest = max(range(self._shards), key=widths.__getitem__)
            if not widths[widest]:
                raise MovedError
            middle = low[widest] + widths[widest] // 2
            words: list[tuple[Any, ...]] = [("page", 0, 0)] * self._shards
            words[widest] = ("page", middle, 1)
            found = elements_of((await self._ask(words))[widest][_HEAD + 3])
            if not found:
                raise MovedError
            (shards,) = await self._above(found, 0)
            before = [shard[0] for shard in shards]
            if sum(before) == rank:
                return found[0]
            if sum(before) > rank:
                high = [min(end, count) for end, count in zip(high, before, strict=True)]
                high[widest] = min(high[widest], middle)
            else:
                low = [max(start, count) for start, count in zip(low, before, strict=True)]
                low[widest] = max(low[widest], middle + 1)
