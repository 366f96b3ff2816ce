"""What a programme made of history, month by month and for each member: sums that add up."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from domain.simulation.rules_pocket import Way
from kit.calendar import day_start, period_next, period_start

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Calendar:
    """The months that are told, by the instants at which each begins; ``ends`` are their last.

    The last month may be a part of one.
    """

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]

    def place(self, at: datetime) -> int:
        """Return the number of an instant's month: 0 if it is earlier, one too many if later."""
        if at > self.ends[-1]:
            return len(self.starts)
        return max(0, bisect_right(self.starts, at) - 1)


def calendar(zone: ZoneInfo, first: datetime, last: datetime) -> Calendar:
    """Return the months of a brand's clock from that of ``first`` up to ``last``, included."""
    day = period_start("month", first.astimezone(zone).date())
    starts = []
    while (start := day_start(zone, day)) <= last:
        starts.append(start)
        day = period_next("month", day)
    ends = [*(start - INSTANT for start in starts[1:]), last]
    return Calendar(tuple(starts), tuple(ends))


def narrowed(calendar: Calendar, last: datetime) -> Calendar:
    """Return the same months up to ``last``, which the last of them ends with."""
    months = bisect_right(calendar.starts, last)
    return Calendar(calendar.starts[:months], (*calendar.ends[: months - 1], last))


def last_instant(zone: ZoneInfo, day: date) -> datetime:
    """Return the last instant of a brand's day."""
    return day_start(zone, day + timedelta(days=1)) - INSTANT


@dataclass(slots=True)
class Sums:
    """What came and went, a number for each month; members as of each month's end.

    ``tiers`` counts members by ladder and tier. ``cost`` is money that redeemed rewards cost.
    """

    months: int
    joined: list[int] = field(init=False)
    purchases: list[int] = field(init=False)
    spend: list[int] = field(init=False)
    refunded: list[int] = field(init=False)
    issued: list[int] = field(init=False)
    spent: list[int] = field(init=False)
    expired: list[int] = field(init=False)
    reversed: list[int] = field(init=False)
    redemptions: list[int] = field(init=False)
    cost: list[int] = field(init=False)
    tiers: list[dict[tuple[str, str], int]] = field(init=False)

    def __post_init__(self) -> None:
        for name in NUMBERS:
            setattr(self, name, [0] * self.months)
        self.tiers = [{} for _ in range(self.months)]

    def add(self, other: "Sums") -> None:
        """Add what another part of the members did."""
        for name in NUMBERS:
            mine, theirs = getattr(self, name), getattr(other, name)
            for place, value in enumerate(theirs):
                mine[place] += value
        for counts, more in zip(self.tiers, other.tiers, strict=True):
            for key, members in more.items():
                counts[key] = counts.get(key, 0) + members

    def part(self, first: int, months: int) -> "Sums":
        """Return so many months from the ``first`` on, before which nothing happened."""
        found = Sums(months)
        for name in NUMBERS:
            setattr(found, name, getattr(self, name)[first : first + months])
        found.tiers = self.tiers[first : first + months]
        return found

    def outstanding(self) -> list[int]:
        """Return the points that members have at each month's end."""
        left, found = 0, []
        for place in range(self.months):
            left += self.issued[place] - self.spent[place]
            left -= self.expired[place] + self.reversed[place]
            found.append(left)
        return found


NUMBERS = (
    "joined",
    "purchases",
    "spend",
    "refunded",
    "issued",
    "spent",
    "expired",
    "reversed",
    "redemptions",
    "cost",
)


@dataclass(slots=True)
class Mine:
    """What one programme made of one member, up to the last month's end."""

    external_id: str = ""
    issued: int = 0
    spent: int = 0
    expired: int = 0
    reversed: int = 0
    tier: str = ""

    @property
    def worth(self) -> int:
        """Points that the member could use: those spent and those left."""
        return self.issued - self.expired - self.reversed


@dataclass(slots=True)
class Failures:
    """What history had and this programme would not have let happen."""

    events: int = 0
    redemptions: int = 0
    redeemed_points: int = 0
    gone_rewards: int = 0
    corrections: int = 0
    gifts: int = 0

    def add(self, other: "Failures") -> None:
        """Add what another part of the members would have met."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Ledger:
    """Notes what happens to one member after another in the months of ``calendar``."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.sums = Sums(len(calendar.starts))
        self.mine = Mine()
        self._at: datetime | None = None
        self._place = 0
        self._by_way = {
            "issued": self.sums.issued,
            "spent": self.sums.spent,
            "expired": self.sums.expired,
            "reversed": self.sums.reversed,
        }

    def narrow(self, calendar: Calendar) -> None:
        """Let history end earlier than was thought."""
        self.calendar, self._at = calendar, None

    def book(self, way: Way, at: datetime, amount: int) -> None:
        """Note that points of the member came or went."""
        place = self._place_of(at)
        if place < len(self.calendar.starts):
            self._by_way[way][place] += amount
            mine = self.mine
            setattr(mine, way, getattr(mine, way) + amount)

    def _place_of(self, at: datetime) -> int:
        # What happens at one instant is noted several times, one after another.
        if at is not self._at:
            self._at, self._place = at, self.calendar.place(at)
        return self._place

    def count(self, name: Literal["purchases", "spend", "refunded"], at: datetime, by: int) -> None:
        """Note what members did; see `Sums`."""
        place = self._place_of(at)
        if place < len(self.calendar.starts):
            getattr(self.sums, name)[place] += by

    def redeem(self, at: datetime, cost: int, count: int = 1) -> None:
        """Note that a reward was had, or came back (-1), and what it cost the brand."""
        place = self._place_of(at)
        if place < len(self.calendar.starts):
            self.sums.redemptions[place] += count
            self.sums.cost[place] += cost


@dataclass(slots=True)
class Comparison:
    """How members fare with one programme beside another, points in the finer unit of the two.

    ``differences`` has a number for each member. ``best`` and ``worst`` are those whose points
    changed most, each with both sides; ``moves`` counts members by their tier with either.
    """

    factors: tuple[int, int]
    differences: array = field(default_factory=lambda: array("q"))  # type: ignore[type-arg]
    best: list[tuple[int, Mine, Mine]] = field(default_factory=list)
    worst: list[tuple[int, Mine, Mine]] = field(default_factory=list)
    moves: dict[tuple[str, str], int] = field(default_factory=dict)

    SHOWN = 10

    def add(self, draft: Mine, beside: Mine) -> None:
        """Compare what became of one member."""
        difference = draft.worth * self.factors[0] - beside.worth * self.factors[1]
        self.differences.append(difference)
        key = beside.tier, draft.tier
        self.moves[key] = self.moves.get(key, 0) + 1
        each = difference, draft, beside
        if difference > 0:
            self.best = _most([*self.best, each])
        elif difference < 0:
            self.worst = _most([*self.worst, each])

    def merge(self, other: "Comparison") -> None:
        """Add the members of another part."""
        self.differences.extend(other.differences)
        for key, members in other.moves.items():
            self.moves[key] = self.moves.get(key, 0) + members
        self.best = _most([*self.best, *other.best])
        self.worst = _most([*self.worst, *other.worst])


def _most(found: Sequence[tuple[int, Mine, Mine]]) -> list[tuple[int, Mine, Mine]]:
    ordered = sorted(found, key=lambda each: (-abs(each[0]), each[1].external_id))
    return ordered[: Comparison.SHOWN]


def running(changes: Sequence[int]) -> Iterator[int]:
    """Yield the sum of all changes up to each month's end."""
    total = 0
    for change in changes:
        total += change
        yield total
