"""A draft and what it is compared with, replayed side by side over the same history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.simulation.rules import Happening, Past
from domain.simulation.rules_life import Life
from domain.simulation.rules_months import Comparison, Failures, Sums, narrowed
from domain.simulation.rules_replay import Replay


@dataclass(slots=True)
class Side:
    """What one programme made of history, and what it would not have let happen."""

    sums: Sums
    failures: Failures

    def add(self, other: "Side") -> None:
        """Add what it made of other members."""
        self.sums.add(other.sums)
        self.failures.add(other.failures)


@dataclass(slots=True)
class Found:
    """What a simulation found; parts of it, over different members, add up.

    ``beside`` and ``comparison`` are None if the draft stands alone.
    """

    draft: Side
    beside: Side | None
    comparison: Comparison | None

    def add(self, other: "Found") -> None:
        """Add what was found of other members."""
        self.draft.add(other.draft)
        if self.beside is not None and other.beside is not None:
            self.beside.add(other.beside)
        if self.comparison is not None and other.comparison is not None:
            self.comparison.merge(other.comparison)


class Simulation:
    """Replays members under a draft and, if there is one, the programme ``beside`` it."""

    def __init__(self, draft: Replay, beside: Replay | None = None) -> None:
        self._replays = [draft] if beside is None else [draft, beside]
        self._comparison: Comparison | None = None
        if beside is not None:
            finer = max(draft.scale, beside.scale)
            factors = (10 ** (finer - draft.scale), 10 ** (finer - beside.scale))
            self._comparison = Comparison(factors)

    @property
    def shares(self) -> bool:
        """Whether members depend on each other, by a budget of which one takes another's share."""
        return any(replay.shares for replay in self._replays)

    def narrow(self, last: datetime) -> None:
        """Let history end at ``last``, earlier than was thought."""
        for replay in self._replays:
            replay.narrow(narrowed(replay.ledger.calendar, last))

    def begin(self, past: Past) -> list[Life]:
        """Return a member's lives, one a programme, to be told what happened in order."""
        return [Life(replay, past) for replay in self._replays]

    def finish(self, lives: list[Life]) -> None:
        """Count what became of a member, of whom nothing more will be told."""
        done = [life.end() for life in lives]
        if self._comparison is not None and any(life.joined_at for life in lives):
            self._comparison.add(*done)

    def tell(self, past: Past, happenings: Iterable[Happening]) -> None:
        """Replay one member's whole history."""
        lives = self.begin(past)
        for each in happenings:
            for life in lives:
                life.meet(each)
        self.finish(lives)

    def found(self) -> Found:
        """Return what was found so far."""
        sides = [Side(replay.ledger.sums, replay.failures) for replay in self._replays]
        return Found(sides[0], sides[1] if len(sides) > 1 else None, self._comparison)
