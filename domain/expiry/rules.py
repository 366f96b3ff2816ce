"""When points end: what each version of a programme said, followed through time.

- Points follow the rule of the version that judged what they are for, the one in force when it
  happened as far as that was known: so many months after earning, a fixed day, never. A later
  version changes nothing about them, unless its points follow the member: by activity, or by the
  tier held.
- A rule that follows the member governs all points from when it applies: from the start of its
  version, or from when the member has its tier. It never takes back what was promised: where D
  is the end so far and s the instant from which the new rule applies, the end is the rule's own,
  or, if that is later, the earlier of D and what the rule would give points earned at s. Points
  that had ended by s stay gone. A fixed day that is over by s changes nothing.
- ``activity``: the clock begins again with whatever the member does, while the points last.
  ``monthly_activity``: only with what is done in the calendar month of the clock or in the next
  one. What happens on a day counts if the points had not ended when the day began.
- ``with_tier``: gone when the member falls from a tier to a lower one of that ladder, in the
  version then in force.
- In regions whose law forbids expiry by time alone, by the version in force when the points were
  earned, months after earning and fixed days end nothing. What the member does or is still does.
  The law holds from when the member moves there until the next move, as a rule that follows the
  member does: what had ended by then stays gone, and whoever moves away has at least as long
  as if the points were earned on the day of the move.

All of it follows from what happened and when; nothing remembers what was decided before. So the
end in a row is what it will be if nothing more happens, and any order of the same events leads
to the same ends.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TypeAlias, TypeGuard
from zoneinfo import ZoneInfo

from domain.members.rules import Move
from domain.programmes.rules import Programme, Timeline
from domain.tallies.rules import COUNT, Tallies
from domain.tiers.rules import NO_TIER, Run
from domain.tiers.section import TiersSection
from domain.wallets.section import Expiry, PointsSection, WithTier, expires_at
from kit.calendar import day_start

ADJUSTMENT = "adjustment"
"""The kind of what staff counted: nothing that the member did."""

Rule: TypeAlias = Expiry | str | None
"""When points end: by time or activity, with the tier on the ladder of that code, or never."""


@dataclass(frozen=True, eq=False)
class Policy:
    """What one version of a programme says of the ends of points.

    ``ranks`` are the tiers of each ladder by name, 0 for the lowest.
    """

    version_id: int
    starts_at: datetime
    expires: Expiry | None
    by_tier: Mapping[str, Expiry | WithTier | None]
    protected: frozenset[str]
    follows: bool
    ranks: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, eq=False)
class Policies:
    """What a brand's versions say, the earliest start first, and what must be known to judge."""

    versions: tuple[Policy, ...]
    by_tier: bool
    by_activity: bool
    by_region: bool
    # Members share the days on which their points end, and a zone's days are slow to work out.
    ends: dict[tuple[int, ZoneInfo, date], datetime] = field(default_factory=dict)

    @cached_property
    def starts(self) -> tuple[datetime, ...]:
        """From when each version is in force."""
        return tuple(each.starts_at for each in self.versions)

    @cached_property
    def places(self) -> dict[int, int]:
        """Where each version stands, by its id."""
        return {each.version_id: place for place, each in enumerate(self.versions)}

    @property
    def follow(self) -> bool:
        """Whether anything that a member does or is can move the end of points."""
        return self.by_tier or self.by_activity or self.by_region


@lru_cache(maxsize=1000)
def policies_of(timeline: Timeline) -> Policies:
    """Return what the versions of a programme say of the ends of points, once per timeline."""
    versions = tuple(_policy(each) for each in timeline.programmes)
    ends = [each for one in versions for each in (one.expires, *one.by_tier.values())]
    return Policies(
        versions,
        by_tier=any(each.by_tier for each in versions),
        by_activity=any(isinstance(each, Expiry) and each.follows_the_member for each in ends),
        by_region=any(each.protected for each in versions),
    )


def _policy(programme: Programme) -> Policy:
    points = programme.document.section(PointsSection)
    tiers = programme.document.find(TiersSection)
    return Policy(
        programme.version_id,
        programme.effective_from,
        points.expires,
        {tier: each.expires for each in points.tier_expiry for tier in each.tiers},
        frozenset(points.no_expiry_by_time_in),
        points.follows_the_member,
        {
            ladder.code: {tier.name: rank for rank, tier in enumerate(ladder.tier)}
            for ladder in (tiers.ladder if tiers else ())
        },
    )


def active_days(tallies: Tallies) -> list[date]:
    """Return the days on which a member did something, in order."""
    return sorted(
        {day for (day, kind), sums in tallies.items() if sums[COUNT] > 0 and kind != ADJUSTMENT}
    )


@dataclass(frozen=True, slots=True)
class _Spell:
    """A rule from ``starts_at`` until before ``until`` (None: for ever)."""

    starts_at: datetime
    rule: Rule
    until: datetime | None


@dataclass(eq=False)
class Ends:
    """When one member's points end.

    ``courses`` are the member's tiers over time by ladder, ``days`` those on which the member
    did something, in order, ``region`` where the law applies that protects the member, ``moves``
    where it applied before, the earliest first.
    """

    policies: Policies
    zone: ZoneInfo
    region: str | None = None
    courses: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    days: Sequence[date] = ()
    moves: Sequence[Move] = ()
    _spells: dict[int, tuple[list[datetime], list[_Spell]]] = field(
        default_factory=dict, init=False
    )
    _known: dict[tuple[int, int, date], datetime | None] = field(default_factory=dict, init=False)
    _turned: dict[tuple[int, date, datetime | None], datetime] = field(
        default_factory=dict, init=False
    )
    _clocks: dict[tuple[int, datetime | None, date], date] = field(default_factory=dict, init=False)

    def of(self, earned_at: datetime, version_id: int | None = None) -> datetime | None:
        """Return the instant from which points earned then are gone, None for never.

        ``version_id`` is the version that gave them, None for the one in force then.
        """
        first = self.policies.places.get(version_id or 0)
        if first is None:
            first = bisect_right(self.policies.starts, earned_at) - 1
        if first < 0:
            return None
        starts, spells = self._spells_from(first)
        place = bisect_right(starts, earned_at) - 1
        day = earned_at.astimezone(self.zone).date()
        # Under one rule it is the day that counts, but for a tier, which may be lost at noon.
        key = first, place, day
        if isinstance(spells[place].rule, str) or key not in self._known:
            self._known[key] = self._worked_out(spells[place:], earned_at, day)
        return self._known[key]

    def _worked_out(
        self, spells: Sequence[_Spell], earned_at: datetime, day: date
    ) -> datetime | None:
        end = self._first_end(spells[0], earned_at, day)
        for spell in spells[1:]:
            if end is not None and end <= spell.starts_at:
                break
            end = self._next_end(spell, day, end)
        return end

    def _spells_from(self, first: int) -> tuple[list[datetime], list[_Spell]]:
        """Return the rules, one after another, for points earned under the version ``first``."""
        found = self._spells.get(first)
        if found is None:
            spells = self._follow(first)
            found = self._spells[first] = [each.starts_at for each in spells], spells
        return found

    def _follow(self, first: int) -> list[_Spell]:
        versions = self.policies.versions
        starts = {each.starts_at for each in versions[first:]}
        if self.policies.by_tier:
            runs = [run for course in self.courses.values() for run in course]
            starts.update(run.starts_at for run in runs if run.starts_at > min(starts))
        if versions[first].protected:
            starts.update(move.at for move in self.moves if move.at > min(starts))
        rules: list[tuple[datetime, Rule]] = []
        source, reached = versions[first], first
        for start in sorted(starts):
            while reached + 1 < len(versions) and versions[reached + 1].starts_at <= start:
                reached += 1
                if versions[reached].follows:
                    source = versions[reached]
            rule = self._rule(source, start)
            if ends_by_time(rule) and self._region(start) in versions[first].protected:
                rule = None
            if not rules or rules[-1][1] != rule:
                rules.append((start, rule))
        untils: list[datetime | None] = [start for start, _ in rules[1:]]
        return [
            _Spell(start, rule, until)
            for (start, rule), until in zip(rules, [*untils, None], strict=True)
        ]

    def _region(self, instant: datetime) -> str | None:
        """Return where the law applied at an instant."""
        place = bisect_right(self.moves, instant, key=lambda move: move.at)
        return self.moves[place].region if place < len(self.moves) else self.region

    def _rule(self, policy: Policy, instant: datetime) -> Rule:
        for code, course in self.courses.items() if policy.by_tier else ():
            place = bisect_right(course, instant, key=lambda run: run.starts_at) - 1
            tier = course[place].tier if place >= 0 else NO_TIER
            if tier in policy.by_tier:
                found = policy.by_tier[tier]
                return code if isinstance(found, WithTier) else found
        return policy.expires

    def _first_end(self, spell: _Spell, earned_at: datetime, day: date) -> datetime | None:
        rule = spell.rule
        if rule is None:
            return None
        if isinstance(rule, str):
            return self._next_fall(rule, earned_at)
        if rule.on is not None:
            return expires_at(rule, self.zone, earned_at)
        if not rule.follows_the_member:
            return self._end(rule, day)
        return self._end(rule, self._clock(rule, day, spell.until))

    def _next_end(self, spell: _Spell, own: date, before: datetime | None) -> datetime | None:
        rule = spell.rule
        if rule is None:
            return None
        if isinstance(rule, str):
            return self._next_fall(rule, spell.starts_at)
        if rule.on is not None:
            return expires_at(rule, self.zone, spell.starts_at) or before
        since = spell.starts_at.astimezone(self.zone).date()
        if not rule.follows_the_member:
            return self._promised(rule, own, since, before)
        key = id(spell), self._row(rule, own, since), before
        if key not in self._turned:
            self._turned[key] = self._from_now_on(spell, rule, since, *key[1:])
        return self._turned[key]

    def _from_now_on(
        self, spell: _Spell, rule: Expiry, since: date, own: date, before: datetime | None
    ) -> datetime:
        """Return the end by a rule that began on ``since`` and follows what the member does."""
        for day in self.days[bisect_right(self.days, since) :]:
            starts = _start(self.zone, day)
            if spell.until is not None and starts >= spell.until:
                break
            if starts >= self._promised(rule, own, since, before):
                break
            own = day if _goes_on(rule, own, day) else own
            since = day if _goes_on(rule, since, day) else since
        return self._promised(rule, own, since, before)

    def _promised(self, rule: Expiry, own: date, since: date, before: datetime | None) -> datetime:
        """Return the rule's own end, or, if later, the earlier of the old one and from now on."""
        anew = self._end(rule, since)
        return max(self._end(rule, own), anew if before is None else min(before, anew))

    def _clock(self, rule: Expiry, clock: date, until: datetime | None) -> date:
        """Return the day on which the clock of points stands that began on ``clock``."""
        passed = []
        key = id(rule), until, clock
        for day in self.days[bisect_right(self.days, clock) :]:
            if key in self._clocks:
                break
            passed.append(key)
            starts = _start(self.zone, day)
            if until is not None and starts >= until:
                break
            if starts >= self._end(rule, clock) or not _goes_on(rule, clock, day):
                break
            clock = day
            key = id(rule), until, clock
        clock = self._clocks.get(key, clock)
        # All who come by here go on together.
        self._clocks.update((each, clock) for each in passed)
        return clock

    def _row(self, rule: Expiry, clock: date, last: date) -> date:
        """Return the latest day up to ``last`` that goes on from ``clock`` without a gap."""
        if rule.after == "activity":
            place = bisect_right(self.days, last)
            return max(clock, self.days[place - 1]) if place else clock
        for day in self.days[bisect_right(self.days, clock) : bisect_right(self.days, last)]:
            if not _goes_on(rule, clock, day):
                break
            clock = day
        return clock

    def _next_fall(self, ladder: str, after: datetime) -> datetime | None:
        """Return the next instant at which the member falls on this ladder, None for never."""
        course = self.courses.get(ladder, ())
        for before, run in pairwise(course):
            if run.starts_at > after and self._rank(ladder, before.tier, run) > run.rank:
                return run.starts_at
        return None

    def _rank(self, ladder: str, tier: str, run: Run) -> int:
        """Return the rank of a tier in the version in which ``run`` starts; -1: it has none."""
        place = bisect_right(self.policies.starts, run.starts_at) - 1
        return self.policies.versions[place].ranks.get(ladder, {}).get(tier, -1)

    def _end(self, rule: Expiry, clock: date) -> datetime:
        key = id(rule), self.zone, clock
        end = self.policies.ends.get(key)
        if end is None:
            found = expires_at(rule, self.zone, _start(self.zone, clock))
            assert found is not None, "a rule of months ends"
            end = self.policies.ends[key] = found
        return end


@lru_cache(maxsize=50_000)
def _start(zone: ZoneInfo, day: date) -> datetime:
    return day_start(zone, day)


def _goes_on(rule: Expiry, clock: date, day: date) -> bool:
    """Whether what is done on ``day`` begins the clock again that stands on ``clock``."""
    if rule.after != "monthly_activity":
        return True
    return (day.year * 12 + day.month) - (clock.year * 12 + clock.month) <= 1


def ends_by_time(rule: Rule) -> TypeGuard[Expiry]:
    """Whether it is time alone by which points end, which the law of a region may forbid."""
    return isinstance(rule, Expiry) and not rule.follows_the_member
