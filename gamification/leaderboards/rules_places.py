"""Places on a board: what a reader is told, and how places follow from elements in order."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal, NamedTuple
from uuid import UUID

from gamification.leaderboards.rules_keys import Element, element_key

State = Literal["live", "rebuilding", "away"]


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a window's places: ``count`` of them after the first ``first``."""

    window_id: int
    first: int
    count: int


class Place(NamedTuple):
    """One place: ranks count from 1. ``dense`` is None where the board keeps none."""

    entity: UUID
    score: int
    reached_at: datetime
    ordinal: int
    competition: int
    dense: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a board says; nothing but its state unless that is ``live``.

    ``version`` is the position (`seq`) of the scores that are shown. ``off_by`` is how many changes
    came while a split window was read: so far may ranks be off; 0: all is of one instant.
    """

    state: State
    version: int = 0
    size: int = 0
    places: tuple[Place, ...] = ()
    off_by: int = 0

    def place(self, entity: UUID) -> Place | None:
        """Return the place of ``entity``, if it is among those answered."""
        return next((place for place in self.places if place.entity == entity), None)

    def percent(self, place: Place) -> int:
        """Return among the first how many percent a place is: 1 for the best hundredth."""
        return percent(place.competition, self.size)


def percent(higher: int, size: int) -> int:
    """Return among the first how many percent of ``size`` the ``higher``-th by score is."""
    return max(1, -(-100 * higher // max(size, higher)))


def placed(
    elements: Sequence[Element], first: int, higher: int, denser: int | None
) -> tuple[Place, ...]:
    """Return the places of ``elements``, which stand on a board one behind another.

    Before the first of them stand ``first`` others, ``higher`` of which have another score than
    it has, ``denser`` different ones (None: not known).
    """
    places: list[Place] = []
    for ordinal, each in enumerate(elements, start=first + 1):
        if not places:
            competition, dense = higher + 1, None if denser is None else denser + 1
        elif each.score == places[-1].score:
            competition, dense = places[-1].competition, places[-1].dense
        else:
            before = places[-1].dense
            competition, dense = ordinal, None if before is None else before + 1
        place = Place(each.entity, each.score, each.reached_at, ordinal, competition, dense)
        places.append(place)
    return tuple(places)


def merged(parts: Iterable[Sequence[Element]], first: int, count: int | None) -> list[Element]:
    """Return ``count`` elements after the first ``first`` of several ordered parts together."""
    together = heapq.merge(*parts, key=element_key, reverse=True)
    return list(islice(together, first, None if count is None else first + count))
