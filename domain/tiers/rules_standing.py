"""Where a member stands on a ladder: the tier, until when, and what is missing to more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from domain.tallies.rules import Tallies
from domain.tiers.rules_count import Counter, series
from domain.tiers.rules_course import Grant, Run, courses, walk
from domain.tiers.rules_hold import ForMonths, Hold
from domain.tiers.rules_ladder import Ladder, Ladders
from domain.tiers.section import Measure
from kit.calendar import day_start


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's tier on a ladder at an instant.

    Amounts are in the smallest unit of ``measure``. ``rank`` is 0 for the lowest tier. The
    member has the tier since ``since`` and until ``valid_until`` if nothing more is counted,
    None for good. ``granted``: less was earned. ``progress`` is the count of the window.

    ``missing`` lacks to ``next_tier`` and must come before ``missing_by`` (None: at any time);
    both tier and amount are None at the top. ``keep_missing`` must come before ``keep_by`` for
    the tier to outlast ``valid_until``, or to be earned if it is granted; 0 if it is kept
    already, None if nothing more can be done or has to be.
    """

    ladder: str
    tier: str
    rank: int
    since: datetime
    valid_until: datetime | None
    granted: bool
    measure: Measure
    progress: int
    next_tier: str | None
    missing: int | None
    missing_by: datetime | None
    keep_missing: int | None
    keep_by: datetime | None


@dataclass(frozen=True, slots=True)
class _View:
    """What a standing is made of: a ladder's count and the machine as of ``day``."""

    counter: Counter
    machine: Hold
    day: date
    zone: tzinfo
    rank: int
    granted: bool
    valid_until: datetime | None

    @property
    def ladder(self) -> Ladder:
        return self.counter.ladder

    @property
    def closes(self) -> datetime | None:
        """The instant at which the count begins anew, None if it never does."""
        day = self.counter.closes(self.day)
        return None if day == date.max else day_start(self.zone, day)

    def lacking(self, wanted: int, count: int | None = None) -> int:
        return max(0, wanted - (self.counter.count(self.day) if count is None else count))


def standings_at(
    ladders: Ladders,
    joined_at: datetime,
    tallies: Tallies,
    grants: Sequence[Grant],
    zone: tzinfo,
    at: datetime,
) -> dict[str, Standing]:
    """Return where a member stands at an instant on each ladder in force, the main one first."""
    found = {}
    course = courses(ladders, joined_at, tallies, grants, zone)
    joined, day = joined_at.astimezone(zone).date(), at.astimezone(zone).date()
    for ladder in ladders.at(at):
        runs = course[ladder.code]
        now = max(index for index, run in enumerate(runs) if run.starts_at <= at)
        passed = [each for each in ladders.stretches[ladder.code] if each.start <= at]
        _, machine = walk(passed, joined, tallies, until=day)
        assert machine is not None
        tier = runs[now].tier
        rank = ladder.ranks[tier]
        view = _View(
            Counter(ladder, joined, series(ladder, tallies)),
            machine,
            day,
            zone,
            rank,
            runs[now].granted,
            _end(runs[now:], ladder),
        )
        found[ladder.code] = _standing(view, tier, _since(runs[: now + 1]))
    return found


def _standing(view: _View, tier: str, since: datetime) -> Standing:
    rungs = view.ladder.rungs
    above = rungs[view.rank + 1] if view.rank + 1 < len(rungs) else None
    keep = _keep(view)
    return Standing(
        ladder=view.ladder.code,
        tier=tier,
        rank=view.rank,
        since=since,
        valid_until=view.valid_until,
        granted=view.granted,
        measure=view.ladder.measure,
        progress=view.counter.count(view.day),
        next_tier=above.name if above else None,
        missing=view.lacking(above.threshold) if above else None,
        missing_by=view.closes if above else None,
        keep_missing=None if keep is None else keep[0],
        keep_by=None if keep is None else keep[1],
    )


def _since(runs: Sequence[Run]) -> datetime:
    """Return since when the last run's tier is held, be it earned or granted."""
    since = runs[-1].starts_at
    for run in reversed(runs):
        if run.tier != runs[-1].tier:
            break
        since = run.starts_at
    return since


def _end(runs: Sequence[Run], ladder: Ladder) -> datetime | None:
    """Return when the first run's tier is followed by a lower one, None if it never is."""
    rank = ladder.ranks[runs[0].tier]
    later = (run for run in runs[1:] if ladder.ranks.get(run.tier, run.rank) < rank)
    return next((run.starts_at for run in later), None)


def _keep(view: _View) -> tuple[int, datetime | None] | None:
    """Return what is missing to hold the tier once more, and by when."""
    rung, holds = view.ladder.rungs[view.rank], view.ladder.holds
    if view.granted:
        return view.lacking(rung.threshold), _earlier(view.closes, view.valid_until)
    if not view.rank or view.valid_until is None:
        return None
    if holds == "months":
        return _keep_term(view)
    if holds == "while_reached":
        end = view.valid_until.astimezone(view.zone).date()
        return view.lacking(rung.threshold, view.counter.count(end)), view.valid_until
    lacking = view.lacking(rung.threshold)
    if not lacking and holds == "end_of_window":
        return None
    return lacking, _earlier(view.closes, view.valid_until)


def _keep_term(view: _View) -> tuple[int, datetime | None] | None:
    machine = view.machine
    assert isinstance(machine, ForMonths)
    term = machine.term
    assert term is not None
    brought = view.counter.over(term.first, view.day)
    lacking = view.lacking(view.ladder.rungs[view.rank].keep, brought)
    return lacking, day_start(view.zone, machine.keep_by(term))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((each for each in (one, other) if each is not None), default=None)
