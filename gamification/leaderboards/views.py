"""Boards as Valkey shows them: pages, ranks, who is around; never an error when it is away.

Every answer is of one instant, read by one script; of a split window, whose shards are read one
after another, it says how far a rank can be off. Questions that come at the same time go to the
server together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import structlog

from gamification.leaderboards.rules_keys import read_element, root_key
from gamification.leaderboards.rules_places import Answer, Page, Place, placed
from gamification.leaderboards.scripts import READ
from gamification.leaderboards.views_split import MovedError, SplitReading, elements_of
from kit.valkey import AWAY, Call, Nodes

PLACES_MAX = 1_000
"""How many places one answer may have."""

_TRIES = 3
_HEAD = 4
_SPLIT = 1
_SPLITS_MAX = 10_000

Reading = Callable[[SplitReading], Awaitable[Answer]]

_log = structlog.get_logger("laurel.boards")


class Boards:
    """The boards of one Valkey. Make one per process and event loop."""

    def __init__(self, valkey: Nodes) -> None:
        self._valkey = valkey
        self._splits: dict[int, int] = {}
        self._away = False

    async def page(self, pages: Sequence[Page]) -> list[Answer]:
        """Return each page's places, `PLACES_MAX` at most, in the order of the board."""
        return await self._answers(
            [
                (
                    page.window_id,
                    ("page", page.first, min(page.count, PLACES_MAX)),
                    _page(page.first, min(page.count, PLACES_MAX)),
                )
                for page in pages
            ]
        )

    async def around(self, window_id: int, entity: UUID, n: int) -> Answer:
        """Return the place of ``entity`` and ``n`` on each side; no place if it is not listed."""
        n = min(n, PLACES_MAX // 2)

        async def split(reading: SplitReading) -> Answer:
            return await reading.around(entity, n)

        return (await self._answers([(window_id, ("around", entity.bytes, n), split)]))[0]

    async def ranks(self, window_id: int, entities: Sequence[UUID]) -> Answer:
        """Return the places of the first `PLACES_MAX` of ``entities`` that are listed, in order."""
        some = list(dict.fromkeys(entities))[:PLACES_MAX]
        if not some:
            return (await self.sizes([window_id]))[0]

        async def split(reading: SplitReading) -> Answer:
            return await reading.among(some)

        words = ("among", *(entity.bytes for entity in some))
        return (await self._answers([(window_id, words, split)]))[0]

    async def among(self, window_id: int, entities: Sequence[UUID]) -> Answer:
        """Return as `ranks` does, in the order of the board: friends, a cohort, a team."""
        answer = await self.ranks(window_id, entities)
        places = sorted(answer.places, key=lambda place: place.ordinal)
        return Answer(answer.state, answer.version, answer.size, tuple(places), answer.off_by)

    async def sizes(self, window_ids: Sequence[int]) -> list[Answer]:
        """Return of each window no place, but version and size."""
        return await self.page([Page(window_id, 0, 0) for window_id in window_ids])

    async def _answers(self, asked: Sequence[tuple[int, tuple[Any, ...], Reading]]) -> list[Answer]:
        answers: list[Answer | None] = [None] * len(asked)
        whole = [n for n, (window_id, _, _) in enumerate(asked) if window_id not in self._splits]
        calls = [Call(root_key(asked[n][0]), asked[n][1], READ) for n in whole]
        for n, reply in zip(whole, await self._valkey.soon(calls), strict=True):
            if isinstance(reply, list) and len(reply) == _SPLIT:
                if len(self._splits) > _SPLITS_MAX:
                    self._splits.clear()
                self._splits[asked[n][0]] = int(reply[0])
            else:
                answers[n] = self._read(reply, asked[n][1][0])
        left = [n for n, answer in enumerate(answers) if answer is None]
        split = await asyncio.gather(*(self._split(asked[n][0], asked[n][2]) for n in left))
        for n, answer in zip(left, split, strict=True):
            answers[n] = answer
        return [answer for answer in answers if answer is not None]

    def _read(self, reply: Any, what: str) -> Answer:
        if isinstance(reply, Exception):
            return self._lost(reply)
        self._away = False
        if not reply:
            return Answer("rebuilding")
        version, _, _, size, *rest = reply
        places: Sequence[Place] = ()
        if what == "among":
            places = [_place(row) for row in rest if row]
        elif rest:
            first, higher, denser, flat = rest
            places = placed(elements_of(flat), first, higher, None if denser < 0 else denser)
        return Answer("live", int(version), size, tuple(places))

    async def _split(self, window_id: int, read: Reading) -> Answer:
        """Read a split window; look at its root again if it is not as it was."""
        for _ in range(_TRIES):
            shards = self._splits.get(window_id)
            try:
                if shards is None:
                    (reply,) = await self._valkey.soon(
                        [Call(root_key(window_id), ("page", 0, 0), READ)]
                    )
                    if isinstance(reply, Exception):
                        return self._lost(reply)
                    if len(reply) != _SPLIT:
                        break
                    shards = self._splits[window_id] = int(reply[0])
                answer = await read(SplitReading(self._valkey, window_id, shards))
            except MovedError:
                self._splits.pop(window_id, None)
            except AWAY as error:
                return self._lost(error)
            else:
                self._away = False
                return answer
        return Answer("rebuilding")

    def _lost(self, error: Exception) -> Answer:
        if not self._away:
            self._away = True
            _log.warning("boards can't be read: Valkey fails", error=repr(error))
        return Answer("away")


def _page(first: int, count: int) -> Reading:
    async def read(reading: SplitReading) -> Answer:
        return await reading.page(first, count)

    return read


def _place(row: Sequence[Any]) -> Place:
    member, score, before, higher, denser = row
    dense = None if denser < 0 else denser
    return placed([read_element(member, score)], before, higher, dense)[0]
