"""Which tier a member has, worked out slowly: every day is lived, every count added up anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from domain.tallies.rules import Tallies
from domain.tiers.rules import Grant, Ladder
from kit.calendar import day_start, months_after

DAY = timedelta(days=1)

Versions = Sequence[tuple[datetime, Ladder | None]]


@dataclass
class Term:
    """The months for which a tier is held, and whether its grace has begun."""

    anchor: date
    months: int
    times: int
    first: date
    late: bool = False

    @property
    def end(self) -> date:
        return months_after(self.anchor, self.months * self.times)


class Life:
    """A member's days on one ladder, under one version after another."""

    def __init__(self, joined: date, tallies: Tallies) -> None:
        self._joined = joined
        self._tallies = tallies
        self._ladder: Ladder | None = None
        self._until: dict[str, date] = {}
        self._term: Term | None = None
        self.tier = ""

    @property
    def ladder(self) -> Ladder:
        assert self._ladder is not None
        return self._ladder

    @property
    def names(self) -> list[str]:
        return [rung.name for rung in self.ladder.rungs]

    def version(self, ladder: Ladder | None, day: date) -> None:
        """Go on under another version of the ladder, which judges ``day`` too."""
        promised, lasting = self._handed_over()
        self._ladder, self._until = ladder, {}
        if ladder is None:
            self.tier, self._term = "", None
            return
        known = self.names[1:]
        promised = {name: until for name, until in promised.items() if name in known}
        if self._term is not None and self.tier not in known:
            self._term = None
        if lasting not in known:
            lasting = ""
        if ladder.holds == "months":
            self._carry_into_months(promised, lasting, day)
        else:
            self._term = None
            self._carry_into_others(promised, lasting, day)
        self.pass_to(day)
        self.look(day)

    def _handed_over(self) -> tuple[dict[str, date], str]:
        """Return the ends of what is held, and what is held without one."""
        if self._ladder is None or self.tier in ("", self.names[0]):
            return dict(self._until), ""
        if self.ladder.holds == "forever":
            return {}, self.tier
        if self._term is not None:
            return {self.tier: self._term.end + self._grace}, ""
        return dict(self._until), ""

    def _carry_into_months(self, promised: dict[str, date], lasting: str, day: date) -> None:
        if self._term is not None:
            return
        current = {name: until for name, until in promised.items() if until >= day}
        self.tier = max(current, key=self.names.index, default=self.names[0])
        if current:
            self._term = Term(current[self.tier], self.ladder.hold_months, 0, day)
        if lasting:
            self._begin(lasting, day, day)

    def _carry_into_others(self, promised: dict[str, date], lasting: str, day: date) -> None:
        self._until = promised
        if lasting and self.ladder.holds.startswith("end_of"):
            self._hold(self.names.index(lasting), day)
        current = [name for name, until in self._until.items() if until >= day]
        self.tier = max(current, key=self.names.index, default=self.names[0])
        if self.ladder.holds == "forever":
            current = [name for name in current if self._until[name] > day] + [
                lasting or self.names[0]
            ]
            self.tier = max(current, key=self.names.index)

    def live(self, day: date) -> None:
        """Live through the start of ``day``."""
        if self._ladder is None:
            return
        self.pass_to(day)
        if any(of == day and self._matters(kind) for of, kind in self._tallies):
            self.look(day)

    def _matters(self, kind: str) -> bool:
        match self.ladder.measure:
            case "spend" | "purchases":
                return kind == "purchase"
            case "activities":
                return kind == self.ladder.activity
            case _:
                return kind != "redemption"

    def look(self, day: date) -> None:
        """Take up what ``day`` reached."""
        reached = self._rank(self._count(day))
        higher = reached > self.names.index(self.tier)
        if self.ladder.holds.startswith("end_of"):
            self._hold(reached, day)
        if higher:
            self.tier = self.names[reached]
        if self.ladder.holds != "months":
            return
        if higher:
            self._begin(self.tier, day, day + DAY)
        while self._term is not None and self._term.late and self._kept(day):
            self._again(self._term)
            self._term.late = self._term.end <= day

    def pass_to(self, day: date) -> None:
        """Let go of what is over on ``day``."""
        match self.ladder.holds:
            case "while_reached":
                kept = [self.names.index(name) for name, end in self._until.items() if end > day]
                self.tier = self.names[max([self._rank(self._count(day)), *kept])]
            case "months":
                while self._term is not None and self._pass_term(self._term, day):
                    pass
            case "end_of_window" | "end_of_next_window":
                while self.tier != self.names[0] and self._until[self.tier] <= day:
                    self._fall(day)

    def _fall(self, day: date) -> None:
        below = self.names.index(self.tier) - 1
        if self.ladder.downgrade == "one_tier" and below:
            name, end = self.names[below], self._window(day)[1] + self._grace
            self._until[name] = max(self._until.get(name, end), end)
        held = [name for name, until in self._until.items() if until > day]
        self.tier = max(held, key=self.names.index, default=self.names[0])

    def _pass_term(self, term: Term, day: date) -> bool:
        """Return whether something of the term was over on ``day``."""
        if not term.late and term.end <= day:
            if self._kept(term.end - DAY):
                self._again(term)
            else:
                term.late = True
            return True
        if term.late and term.end + self._grace <= day:
            below = self.names.index(self.tier) - 1
            if self.ladder.downgrade == "to_earned":
                below = min(below, self._rank(self._count(day)))
            self._begin(self.names[below], day, day)
            return True
        return False

    def _begin(self, tier: str, day: date, first: date) -> None:
        self.tier = tier
        lowest = tier == self.names[0]
        self._term = None if lowest else Term(day, self.ladder.hold_months, 1, first)

    def _again(self, term: Term) -> None:
        if term.months == self.ladder.hold_months:
            self._term = Term(term.anchor, term.months, term.times + 1, term.end)
        else:
            self._term = Term(term.end, self.ladder.hold_months, 1, term.end)

    def _kept(self, last: date) -> bool:
        assert self._term is not None
        first = self._term.first
        days = {day for day, _ in self._tallies if first <= day <= last}
        return self._value(days) >= self.ladder.rungs[self.names.index(self.tier)].keep

    def _hold(self, rank: int, day: date) -> None:
        end = self._window(day)[1]
        if self.ladder.holds == "end_of_next_window":
            end = self._window(end)[1]
        for name in self.names[1 : rank + 1]:
            self._until[name] = max(self._until.get(name, date.min), end + self._grace)

    @property
    def _grace(self) -> timedelta:
        return timedelta(days=self.ladder.grace_days)

    def _rank(self, count: int) -> int:
        return max([0, *(r for r, rung in enumerate(self.ladder.rungs) if rung.threshold <= count)])

    def _window(self, day: date) -> tuple[date, date]:
        """Return the first day of the window of ``day`` and the first day after it."""
        if self.ladder.window == "calendar_year":
            return date(day.year, 1, 1), date(day.year + 1, 1, 1)
        years = range(day.year - self._joined.year - 1, day.year - self._joined.year + 3)
        starts = [months_after(self._joined, 12 * year) for year in years]
        return max(s for s in starts if s <= day), min(s for s in starts if s > day)

    def _count(self, day: date) -> int:
        days = {of for of, _ in self._tallies if of <= day}
        match self.ladder.window:
            case "calendar_year" | "anniversary":
                days = {of for of in days if of >= self._window(day)[0]}
            case "rolling":
                days = {of for of in days if day < months_after(of, self.ladder.months)}
        return self._value(days)

    def _value(self, days: set[date]) -> int:
        spend = points = purchases = 0
        done = {"review": 0, "complaint": 0}
        for (day, kind), (amount, qualifying, count) in self._tallies.items():
            if day not in days or kind == "redemption":
                continue
            points += qualifying
            if kind == "purchase":
                spend, purchases = spend + amount, purchases + count
            else:
                done[kind] += count
        match self.ladder.measure:
            case "spend":
                return spend
            case "points":
                return points
            case "purchases":
                return purchases
            case "activities":
                return done[self.ladder.activity or ""]
            case "expression":  # The one expression of these tests.
                return purchases + 3 * done["review"] - 2 * done["complaint"]


def slow_course(
    versions: Versions,
    joined: date,
    tallies: Tallies,
    grants: Sequence[Grant],
    zone: tzinfo,
    last: date,
) -> list[tuple[datetime, str]]:
    """Return the tier at every instant at which it could change, up to the start of ``last``.

    Those are the starts of days and versions, and the starts and ends of grants.
    """
    life = Life(joined, tallies)
    found: list[tuple[datetime, str]] = []
    first = versions[0][0]
    day = first.astimezone(zone).date()
    instants = {start for start, _ in versions}
    instants |= {at for each in grants for at in (each.starts_at, each.over_at) if at}
    while day <= last:
        start = day_start(zone, day)
        today = {at for at in instants if start <= at < day_start(zone, day + DAY)} | {start}
        for at in sorted(today):
            begun = [ladder for since, ladder in versions if since == at]
            if begun:
                life.version(begun[0], day)
            elif at == start and at >= first:
                life.live(day)
            if at >= first:
                found.append((at, _higher(life, grants, at)))
        day += DAY
    return found


def _higher(life: Life, grants: Sequence[Grant], at: datetime) -> str:
    """Return the higher of the tier that was earned and all that are granted."""
    if not life.tier:
        return ""
    ends = [(each, each.ends_at or at + DAY, each.revoked_at or at + DAY) for each in grants]
    names = [each.tier for each, end, gone in ends if each.starts_at <= at < min(end, gone)]
    return max([life.tier, *(n for n in names if n in life.names)], key=life.names.index)
