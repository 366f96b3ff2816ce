"""What games must say, computed from a list of what was done; streaks are counted by `naive`."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.gamification.leaderboards.plain_scores import ZONE, keep, ranked, visits
from tests.gamification.streaks.naive import Answer, Gain, Rules, days_between, judged, utc

DAY = timedelta(1)
FIRST, LAST = utc(2026, 2, 9), utc(2026, 4, 30)
POINTS = {"weekly": 7, "three": 3, "club": 4, "bar": 2}
WINS = {"weekly": 50, "two": 5, "three": 9, "rolling": 11, "welcome": 13, "path": 17, "vip": 29}
WINS |= {"chosen": 19, "bar": 21, "club": 20}
DAILY = Rules(
    freezes_max=2,
    freeze_every=3,
    repair_days=2,
    milestones=((2, True, None), (3, True, 2), (4, False, None)),
)
WEEKLY = Rules(every="week", milestones=((2, False, None),))
STREAKS = {"daily": (DAILY, {2: 3, 3: 5, 4: 9}), "weekly": (WEEKLY, {2: 31})}
PLACES = {"day": (41, 2), "week": (97, 1)}
"""What the first so many places of the board of spending win."""

Key = tuple[str, str, str, int]
"""A challenge, its window, its level and the round."""
Completed = dict[Key, datetime]
Place = tuple[str, int, datetime]


@dataclass
class Line:
    """A line of a basket; ``left`` is what was not given back of its ``cents``."""

    category: str
    cents: int
    left: int


@dataclass
class Done:
    """A purchase (``stars`` None) or a review."""

    name: str
    member: str
    at: datetime
    lines: list[Line] = field(default_factory=list)
    store: str = ""
    stars: int | None = None
    recorded_at: datetime = FIRST

    @property
    def day(self) -> date:
        """The brand's day."""
        return self.at.astimezone(ZONE).date()

    @property
    def monday(self) -> date:
        """The first day of its week."""
        return self.day - self.day.weekday() * DAY

    @property
    def cents(self) -> int:
        """What was not given back."""
        return sum(line.left for line in self.lines)

    @property
    def returned(self) -> bool:
        """Whether all that was paid was given back."""
        return not self.cents and any(line.cents for line in self.lines)

    @property
    def bought(self) -> bool:
        """Whether it is a purchase that counts."""
        return self.stars is None and not self.returned

    @property
    def categories(self) -> set[str]:
        """Those of the lines that are left."""
        return {line.category for line in self.lines if line.left or not line.cents} - {""}


@dataclass
class Person:
    """What is known of a member; ``gone``: into whom, or "" for nowhere."""

    id: UUID
    joined: date
    about: dict[str, object]
    spans: list[list[datetime | None]] = field(default_factory=list)
    gains: list[Gain] = field(default_factory=list)
    repairs: list[datetime] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    gone: str | None = None


@dataclass
class World:
    """Everybody and all that was done."""

    people: dict[str, Person] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)

    def mine(self, name: str) -> list[Done]:
        """Return what a member did, in order."""
        return sorted((one for one in self.done if one.member == name), key=lambda one: one.at)

    def living(self) -> list[str]:
        """Return who is somebody."""
        return [name for name, person in self.people.items() if person.gone is None]

    def vip_since(self, name: str) -> date | None:
        """Return the first day by which 350.00 were spent."""
        total = 0
        for each in self.mine(name):
            total += each.cents
            if total >= 35_000:
                return each.day
        return None

    def club(self, name: str) -> str:
        """Return a member's team."""
        return str(self.people[name].about.get("club", ""))

    def merge(self, keep: str, absorb: str) -> None:
        """Make two one."""
        one, other = self.people[keep], self.people[absorb]
        other.gone = keep
        one.joined = min(one.joined, other.joined)
        one.about = {**other.about, **one.about}
        one.gains += other.gains
        one.repairs += other.repairs
        one.away |= other.away
        spans: list[list[datetime | None]] = []
        for start, end in sorted(one.spans + other.spans, key=lambda each: each[0] or FIRST):
            if spans and start and (spans[-1][1] is None or start < spans[-1][1]):
                last = spans[-1][1]
                spans[-1][1] = max(last, end) if last and end else None
            else:
                spans.append([start, end])
        one.spans = spans
        for each in self.done:
            each.member = keep if each.member == absorb else each.member


class Challenges:
    """What one member completed, and how far each goal is on a day."""

    def __init__(self, world: World, name: str, now: datetime) -> None:
        self.person = world.people[name]
        self.today = now.astimezone(ZONE).date()
        self.found: Completed = {}
        self.far: dict[str, list[int]] = {}
        mine = world.mine(name)
        bought = [each for each in mine if each.bought]
        self.weekly("weekly", 2, 2, bought)
        self.weekly("keeper", 3, 1, [each for each in bought if each.cents >= 1_000])
        self.aisles(bought)
        self.rolling(bought)
        self.welcome([each for each in mine if each.stars is not None])
        self.path([each for each in mine if each.bought or each.stars is not None])
        self.either(bought)
        since = world.vip_since(name)
        self.vip([each for each in bought if since and each.day >= since])
        self.chosen(bought)

    def weekly(self, code: str, target: int, times: int, bought: list[Done]) -> None:
        weeks = defaultdict(list)
        for each in bought:
            weeks[each.monday].append(each.at)
        for monday, ats in weeks.items():
            for round_ in range(1, times + 1):
                if len(ats) >= target * round_:
                    self.found[code, f"week:{monday}", "", round_] = ats[target * round_ - 1]
        count = len(weeks[self.today - self.today.weekday() * DAY])
        self.far[code] = [target if count >= target * times else count % target]

    def aisles(self, bought: list[Done]) -> None:
        """The first month that gets anywhere is the only one."""
        seen: dict[date, set[str]] = defaultdict(set)
        only = None
        for each in bought:
            month = each.day.replace(day=1)
            if only not in (None, month) or ("aisles", f"month:{month}", "three", 1) in self.found:
                continue
            seen[month] |= each.categories
            for level, least in (("two", 2), ("three", 3)):
                if len(seen[month]) >= least:
                    only = month
                    self.found.setdefault(("aisles", f"month:{month}", level, 1), each.at)
        self.far["aisles"] = [len(seen[self.today.replace(day=1)])]

    def rolling(self, bought: list[Done]) -> None:
        gains: list[tuple[date, int]] = []
        rests, rounds, full = None, 0, 0
        for each in bought:
            if rounds == 2 or not each.cents or (rests and each.day <= rests):
                continue
            gains.append((each.day, each.cents))
            total = sum(cents for day, cents in gains if day > each.day - 3 * DAY)
            if total >= 6_000:
                rounds += 1
                self.found["rolling", "rolling", "", rounds] = each.at
                rests, gains, full = each.day + DAY, [], total
        left = sum(cents for day, cents in gains if day > self.today - 3 * DAY)
        self.far["rolling"] = [full if rounds == 2 else left]

    def welcome(self, reviews: list[Done]) -> None:
        joined = self.person.joined
        inside = [each for each in reviews if joined <= each.day <= joined + 6 * DAY]
        if inside:
            self.found["welcome", "joining", "", 1] = inside[0].at
        self.far["welcome"] = [int(bool(inside) and self.today <= joined + 6 * DAY)]

    def path(self, mine: list[Done]) -> None:
        first = [at for (code, *_), at in self.found.items() if code == "weekly"]
        step = 0
        for each in mine:
            if not first or each.at <= min(first) or step == 3:
                continue
            wanted = (each.stars is not None) if step == 1 else "ac"[step // 2] in each.categories
            step += wanted
            if step == 3:
                self.found["path", "all", "", 1] = each.at
        self.far["path"] = [step]

    def either(self, bought: list[Done]) -> None:
        """Four purchases, or three days in a row."""
        count, row, longest, last = 0, 0, 0, None
        for each in bought:
            if ("either", "all", "", 1) in self.found:
                break
            count += 1
            if each.day != last:
                row = row + 1 if last == each.day - DAY else 1
                longest, last = max(longest, row), each.day
            if count == 4 or longest == 3:
                self.found["either", "all", "", 1] = each.at
        self.far["either"] = [count, longest]

    def vip(self, bought: list[Done]) -> None:
        if len(bought) >= 2:
            self.found["vip", "all", "", 1] = bought[1].at
        self.far["vip"] = [min(2, len(bought))]

    def chosen(self, bought: list[Done]) -> None:
        """Twenty points within one stay."""
        total, last = 0, None
        for span in self.person.spans:
            start, end = span
            for each in bought:
                inside = start and start <= each.at and (end is None or each.at < end)
                if inside and each.cents >= 100 and ("chosen", "all", "", 1) not in self.found:
                    total = (total if last is span else 0) + each.cents // 100
                    last = span
                    if total >= 20:
                        self.found["chosen", "all", "", 1] = each.at
        self.far["chosen"] = [total if last is not None and last[1] is None else 0]


def shared(world: World) -> dict[str, Completed]:
    """Return what members completed of bars: the day's start on which both held."""
    found: dict[str, Completed] = defaultdict(dict)
    bars: dict[tuple[str, str, str], list[tuple[date, str, int]]] = defaultdict(list)
    for each in world.done:
        if each.bought:
            week = f"everyone week:{each.monday}"
            bars["bar", week, ""].append((each.day, each.member, each.cents))
            if club := world.club(each.member):
                bars["club", "team all", club].append((each.day, each.member, 1))
    for (code, window, _), parts in bars.items():
        target, least = (10_000, 2_000) if code == "bar" else (3, 1)
        full = _enough(target, parts)
        for name in {name for _, name, _ in parts}:
            enough = _enough(least, [part for part in parts if part[1] == name])
            if full and enough:
                start = datetime.combine(max(full, enough), datetime.min.time(), ZONE)
                found[name][code, window, "", 1] = start
    return found


def bar_now(world: World, now: datetime, code: str, club: str = "") -> int:
    """Return how full a bar is."""
    if code == "club":
        return sum(each.bought and world.club(each.member) == club for each in world.done)
    today = now.astimezone(ZONE).date()
    week = today - today.weekday() * DAY
    return sum(each.cents for each in world.done if each.bought and each.monday == week)


def _enough(least: int, parts: list[tuple[date, str, int]]) -> date | None:
    days = sorted(day for day, _, _ in parts)
    done = (day for day in days if sum(part[2] for part in parts if part[0] <= day) >= least)
    return next(done, None)


def streak(world: World, name: str, code: str, now: datetime) -> Answer:
    """Return where a streak stands: days with a purchase of 10.00, weeks with any."""
    rules, least = STREAKS[code][0], 1_000 if code == "daily" else 0
    visits_ = [one.at for one in world.mine(name) if one.bought and one.cents >= least]
    person = world.people[name]
    gains, repairs = (person.gains, person.repairs) if code == "daily" else ([], [])
    days = days_between(str(ZONE), FIRST, LAST)
    return judged(rules, days, visits_, gains, repairs, now)


def badges(world: World, name: str) -> set[tuple[str, int, date | None]]:
    """Return what a member holds by rule: visits, tea of the week, the tier."""
    bought = [each for each in world.mine(name) if each.bought]
    found: set[tuple[str, int, date | None]] = set()
    found |= {("visits", level, None) for level, n in ((1, 3), (2, 5)) if len(bought) >= n}
    tea: dict[date, int] = defaultdict(int)
    for each in bought:
        tea[each.monday] += sum(line.left for line in each.lines if line.category == "a")
    found |= {("tea", 1, monday) for monday, cents in tea.items() if cents >= 2_000}
    return found | ({("vib", 1, None)} if world.vip_since(name) else set())


@dataclass(frozen=True)
class Window:
    """A window of a board."""

    id: int
    board: str
    period: str
    scope: str
    starts_on: date
    ends_on: date | None
    state: str
    opened_at: datetime


KEPT = {"best": "best", "latest": "latest"}


def board(
    world: World, won: dict[str, Completed], window: Window, teams: dict[str, UUID]
) -> list[Place]:
    """Return who is on a window, in order; ``won`` is what members completed."""
    found = {}
    in_team: dict[str, list[Any]] = defaultdict(list)
    how = KEPT.get(window.board, "sum")
    kind, _, value = window.scope.partition(":")
    for name, person in world.people.items():
        there: list[Any] = [
            (each, score)
            for each, score in _counted(world, won, window.board, name)
            if window.starts_on <= each.day
            and (window.ends_on is None or each.day < window.ends_on)
            and (kind != "store" or value == each.store)
        ]
        if person.gone is not None or {"", window.board} & person.away:
            continue
        if window.board == "clubs":
            if club := world.club(name):
                in_team[club] += there
        elif (score := keep(how, there)) and _in_scope(world, window, name):
            found[name] = score
    found |= {club: score for club, mine in in_team.items() if (score := keep(how, mine))}
    return ranked(found, {**{name: each.id for name, each in world.people.items()}, **teams})


def _counted(world: World, won: dict[str, Completed], code: str, name: str) -> list[Any]:
    mine: list[Any] = world.mine(name)
    if code == "stars":
        points = {key: POINTS.get(key[2] or key[0], 0) for key in won.get(name, {})}
        return [(Done("", name, won[name][key]), value) for key, value in points.items() if value]
    if code in KEPT:
        return [(each, each.stars) for each in mine if each.stars is not None and each.stars > 0]
    if code == "visits":
        return visits(mine)
    return [(each, each.cents) for each in mine if each.cents > 0]


def _in_scope(world: World, window: Window, name: str) -> bool:
    kind, _, value = window.scope.partition(":")
    about = world.people[name].about
    if window.board == "visits" and about.get("staff") is True:
        return False
    if kind == "tier":
        return value == ("VIB" if world.vip_since(name) else "Insider")
    return kind in ("", "store") or about.get(kind) == value


def known_in_time(world: World, window: Window, winners: Iterable[str]) -> bool:
    """Whether anything of who won was reported before a window was to close: six hours later."""
    assert window.ends_on is not None
    midnight = datetime.combine(window.ends_on, datetime.min.time(), ZONE)
    end = midnight.astimezone(UTC) + timedelta(hours=6)
    return window.opened_at < end or any(
        each.recorded_at < end and window.starts_on <= each.day < window.ends_on
        for name in winners
        for each in world.mine(name)
    )
