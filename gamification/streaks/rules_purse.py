"""The freezes a member has of one streak over time: held, waiting for room, used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Freezes(NamedTuple):
    """Freezes that came from outside ``at`` an instant: given, won or bought.

    ``taken_at``: those of them not used by then are taken back.
    """

    id: UUID
    at: datetime
    units: int
    taken_at: datetime | None = None


class Move(NamedTuple):
    """Freezes that come (``units`` above 0) or are taken back (0), in the order of time."""

    at: datetime
    units: int
    source: UUID


def moves_of(freezes: Sequence[Freezes]) -> list[Move]:
    """Return what comes and goes, in an order that does not depend on that of ``freezes``."""
    coming = [(each.at, 0, each.id, each.units) for each in freezes]
    going = [(each.taken_at, 1, each.id, 0) for each in freezes if each.taken_at is not None]
    return [Move(at, units, source) for at, _, source, units in sorted([*coming, *going])]


@dataclass(slots=True)
class Purse:
    """Freezes by where each came from, the oldest first; None is an earned one."""

    held: list[UUID | None] = field(default_factory=list)
    waiting: list[UUID | None] = field(default_factory=list)

    def move(self, move: Move, most: int) -> None:
        """Put in what comes, as far as there is room for ``most``, or take out what is left.

        What there is no room for waits. What was used is not there to be taken.
        """
        if not move.units:
            self.held = [each for each in self.held if each != move.source]
            self.waiting = [each for each in self.waiting if each != move.source]
            return
        room = min(max(0, most - len(self.held)), move.units)
        self.held += [move.source] * room
        self.waiting += [move.source] * (move.units - room)

    def let_in(self, most: int) -> None:
        """Let those that wait take the room there is by now."""
        room = max(0, most - len(self.held))
        self.held += self.waiting[:room]
        del self.waiting[:room]

    def earn(self, most: int) -> None:
        """Put in an earned one; it is lost if there is no room."""
        if len(self.held) < most:
            self.held.append(None)

    def use(self) -> bool:
        """Use the oldest one that is held; whether there was one."""
        if not self.held:
            return False
        del self.held[0]
        return True
