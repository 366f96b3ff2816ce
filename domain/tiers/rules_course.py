"""Which tier a member has: at an instant, and over all time.

The course of a member's tier follows from what the member did by the day (the tallies, refunds
taken off on the day of their purchase), the day of joining, the versions of the ladders and the
granted status. It is computed, never stored, so it always is what the history says.

- What happens on a day counts from that day's start. A window is a calendar year, a member's
  year from the day of joining (29 February: else the 28th), the months up to and including the
  day (a day leaves when months after it have come), or all days.
- A rung is reached on a day on which something is counted and the window's count is at least
  its threshold, up to but not including the next one's.
- ``end_of_window``, ``end_of_next_window``: every rung up to the reached one is held to the end
  of the window, or of the next one, and for the days of grace. Then the member falls to the
  highest rung still held, or by one rung, which is held to the end of the window of that day.
- ``months``: a rung is held for a term of so many months from the day it was reached. The days
  after that one, up to the term's end, must bring ``keep`` for another term, which all of its
  days count for. If they don't, the days of grace may still bring the rest; then the member
  falls to the rung that the window's count reaches, at most one below, or by one rung, and
  that rung's term begins. A higher rung begins its own term whenever it is reached.
- ``while_reached``: the rung of each day's count. ``forever``: the highest rung ever reached.
- A day is judged by the version in force at its start, the day on which a version starts by
  that one too, from then on. A version that changes a ladder never changes what was before. What
  is held carries over by the tiers' names with its end (what had no end is held as if reached
  on that day; under ``while_reached`` it is not held); a name that is gone is let go. The count
  under the new ladder is looked at once, and reaches rungs, when the version starts.
- Granted status counts from its start until before its end or revocation: the member has the
  higher of the tier that was earned and all that are granted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal, NamedTuple
from uuid import UUID

from domain.tallies.rules import Tallies
from domain.tiers.rules_count import Counter, Series, series
from domain.tiers.rules_hold import Handover, Hold, hold, is_at_once, rank_at_once
from domain.tiers.rules_ladder import Ladder, Ladders, Stretch
from kit.calendar import day_start

NO_TIER = ""
"""The tier of a run over which the brand has no such ladder; its rank is -1."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A tier given by hand from ``starts_at`` until before ``ends_at`` and ``revoked_at``."""

    id: UUID
    ladder: str
    tier: str
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    actor: str
    revoked_at: datetime | None = None

    @property
    def over_at(self) -> datetime | None:
        """The instant from which the grant counts no more, None for never."""
        return min((end for end in (self.ends_at, self.revoked_at) if end), default=None)

    def counts_at(self, instant: datetime) -> bool:
        """Return whether the grant is in force."""
        end = self.over_at
        return self.starts_at <= instant and (end is None or instant < end)


class Run(NamedTuple):
    """A tier from ``starts_at`` until the next run's start.

    ``rank`` is that of the version then in force, 0 for the lowest; ``granted`` says that less
    was earned.
    """

    starts_at: datetime
    tier: str
    rank: int
    granted: bool


class Step(NamedTuple):
    """A rank on a ladder from a day's start on, or from the instant at which a version starts."""

    at: date | datetime
    ladder: Ladder | None
    rank: int


class Move(NamedTuple):
    """A member's move on a ladder from one tier to another."""

    ladder: str
    before: str
    after: str
    direction: Literal["up", "down"]


def courses(
    ladders: Ladders,
    joined_at: datetime,
    tallies: Tallies,
    grants: Sequence[Grant],
    zone: tzinfo,
) -> dict[str, tuple[Run, ...]]:
    """Return the whole course of a member's tier on each ladder, by the ladder's code.

    It begins with the first version that has the ladder and goes on with what time alone will
    change if nothing more is counted: the last run never ends. Starts are strictly ascending and
    neighbours differ in the tier or in whether it is granted.
    """
    joined = joined_at.astimezone(zone).date()
    found = {}
    for code, stretches in ladders.stretches.items():
        steps, _ = walk(stretches, joined, tallies)
        starts = [
            (step.at if isinstance(step.at, datetime) else day_start(zone, step.at), step)
            for step in steps
        ]
        found[code] = tuple(_distinct(_runs(starts, [g for g in grants if g.ladder == code])))
    return found


def tiers_at(
    ladders: Ladders,
    joined_at: datetime,
    tallies: Tallies,
    grants: Sequence[Grant],
    zone: tzinfo,
    at: datetime,
    *,
    only_main: bool = False,
) -> dict[str, str]:
    """Return the tier at an instant by ladder, without the ladders that are not in force then.

    ``only_main``: on the main ladder alone.
    """
    joined = joined_at.astimezone(zone).date()
    day = at.astimezone(zone).date()
    found = {}
    main = ladders.main(at) if only_main else None
    for code, stretches in ladders.stretches.items():
        if only_main and code != main:
            continue
        passed = [each for each in stretches if each.start <= at]
        ladder = passed[-1].ladder if passed else None
        if ladder is None:
            continue
        rank = _rank(passed, joined, tallies, day)
        if grants:
            rank = max(rank, _granted([g for g in grants if g.ladder == code], ladder, at))
        found[code] = ladder.rungs[rank].name
    return found


def _rank(stretches: Sequence[Stretch], joined: date, tallies: Tallies, day: date) -> int:
    """Return the rank that is earned on ``day``, which the last of ``stretches`` judges."""
    ladder = stretches[0].ladder
    if len(stretches) == 1 and ladder is not None and is_at_once(ladder):
        counter = Counter(ladder, joined, series(ladder, tallies))
        rank = rank_at_once(counter, stretches[0].first, day)
        if rank is not None:
            return rank
    _, machine = walk(stretches, joined, tallies, until=day)
    assert machine is not None
    return machine.rank


def moves(
    ladders: Ladders, before: Mapping[str, str], after: Mapping[str, str], at: datetime
) -> tuple[Move, ...]:
    """Return the moves between two sets of tiers of one member, both as of ``at``."""
    return tuple(
        Move(ladder.code, old, new, "up" if ladder.ranks[new] > ladder.ranks[old] else "down")
        for ladder in ladders.at(at)
        if (old := before[ladder.code]) != (new := after[ladder.code])
    )


def walk(
    stretches: Sequence[Stretch], joined: date, tallies: Tallies, until: date = date.max
) -> tuple[list[Step], Hold | None]:
    """Return the steps of what is earned up to ``until``, and the machine as it stands then.

    The machine is None if the ladder is not in force any more. Steps of one day may follow each
    other: the last one counts. ``stretches`` start on ``until`` at the latest.
    """
    steps: list[Step] = []
    machine: Hold | None = None
    last = date.min
    counted: dict[tuple[object, ...], Series] = {}
    for stretch in stretches:
        held = machine.handover(last) if machine else Handover()
        if stretch.ladder is None:
            machine = None
            steps.append(Step(stretch.start, None, -1))
            continue
        measure = _measure(stretch.ladder)
        if measure not in counted:
            counted[measure] = series(stretch.ladder, tallies)
        counter = Counter(stretch.ladder, joined, counted[measure])
        machine = hold(counter, held, stretch.first)
        while (due := machine.due()) is not None and due <= stretch.first:
            machine.lapse(stretch.first)
        machine.look(stretch.first)
        steps.append(Step(stretch.start, stretch.ladder, machine.rank))
        last = until if stretch.last is None else min(until, stretch.last)
        steps.extend(
            Step(day, stretch.ladder, rank)
            for day, rank in _changes(machine, counter.days, stretch.first, last)
        )
    return steps, machine


def _measure(ladder: Ladder) -> tuple[object, ...]:
    text = ladder.expression.text if ladder.expression else None
    return ladder.measure, ladder.activity, text


def _changes(
    machine: Hold, days: Sequence[date], first: date, last: date
) -> Iterator[tuple[date, int]]:
    """Yield each change of rank after ``first`` up to and including ``last``."""
    index = bisect_right(days, first)
    rank = machine.rank
    while True:
        index = machine.next_look(index)
        due = machine.due()
        if index < len(days) and (due is None or days[index] < due):
            day = days[index]
            if day > last:
                return
            machine.look(day)
            index += 1
        elif due is None or due > last:
            return
        else:
            day = due
            machine.lapse(day)
            # Days that meant nothing to the higher tier may mean something to the lower one.
            index = bisect_left(days, day)
        if machine.rank != rank:
            rank = machine.rank
            yield day, rank


def _runs(starts: Sequence[tuple[datetime, Step]], grants: Sequence[Grant]) -> Iterator[Run]:
    """Yield a run for each instant at which what is earned or granted changes."""
    instants = {start for start, _ in starts}
    for grant in grants:
        instants.update(at for at in (grant.starts_at, grant.over_at) if at and at >= starts[0][0])
    for instant in sorted(instants):
        place = bisect_right(starts, instant, key=lambda each: each[0]) - 1
        _, ladder, rank = starts[place][1]
        if ladder is None:
            yield Run(instant, NO_TIER, -1, granted=False)
            continue
        granted = _granted(grants, ladder, instant)
        best = max(rank, granted)
        yield Run(instant, ladder.rungs[best].name, best, granted=granted > rank)


def _granted(grants: Sequence[Grant], ladder: Ladder, instant: datetime) -> int:
    """Return the highest rank granted at ``instant``, -1 for none."""
    ranks = (ladder.ranks.get(each.tier, -1) for each in grants if each.counts_at(instant))
    return max(ranks, default=-1)


def _distinct(runs: Iterator[Run]) -> Iterator[Run]:
    before: Run | None = None
    for run in runs:
        if before is None or (run.tier, run.granted) != (before.tier, before.granted):
            yield run
        before = run
