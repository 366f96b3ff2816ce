"""What is given by itself: which news give what to whom, and which moves up are undone again.

- Points: whoever has the price of a reward gets it, as often as the points buy it.
- A move up into a tier gives once. If history, as it is known now, says that the member has had
  the tier all the time since an earlier move gave the same, it gives nothing: there was no fall.
- What a move up gave stands as long as history as known now says that the member had the tier at
  that instant, or came up into it later with no other move to give for that. It makes no
  difference in which order what is told, nor whether the tier has ended since. A tier that was
  had and renewed stays had when what renewed it is refunded. Status that was revoked counts as
  never granted.
- A birthday gives once a year, an activity once.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple
from uuid import UUID

from domain.programmes.rules import Programme, Timeline
from domain.rewards.section import Automatic, RewardsSection
from domain.tiers.rules import Run
from kit.calendar import day_end, yearly

TIERS = "TierChanged"
ACTIVITIES = "ActivityRecorded"
UNDOING = frozenset({TIERS, "PointsAdjusted", "PurchaseRefunded", "StatusRevoked"})
"""What may make that a member never had a tier; moves are judged anew."""

TIER_KEPT = "TIER_KEPT"
"""Why a move up gives nothing: as is known now, the member has had the tier since an earlier."""

POINTS_BACK = frozenset({"RedemptionCancelled", "RedemptionLapsed", "RedemptionReturned"})
LOOK_BACK_DAYS = 7
"""So many days late a birthday is still given, if nobody worked for so long."""

AT_ONCE_MAX = 50
"""So many of one reward are bought at a time; what is bought is news, so more come after it."""

_MONTH = 100
_FEBRUARY, _LEAP_DAY = 2, 29
_INSTANT = timedelta(microseconds=1)


class Heard(NamedTuple):
    """A fact about a member that may give something. ``number`` orders those of one member."""

    number: int
    kind: str
    member_id: UUID
    payload: Mapping[str, Any]
    recorded_at: datetime

    @property
    def judged_at(self) -> datetime:
        """The instant whose programme judges it: that of an activity is when it happened."""
        if self.kind == ACTIVITIES:
            return datetime.fromisoformat(self.payload["occurredAt"])
        return self.recorded_at


class Entry(NamedTuple):
    """A move up from ``before`` into ``tier``, heard of as ``number``."""

    number: int
    ladder: str
    before: str
    tier: str
    at: datetime


class Given(NamedTuple):
    """What is given to a member on an ``occasion``, which comes once for a reward.

    ``redemption_id`` None: nothing, or nothing yet; ``refusal`` is why not. Moves up have their
    ``ladder``, ``tier`` and the one ``before``, and ``given_at`` is when they were heard of.
    """

    member_id: UUID
    reward: str
    occasion: str
    given_at: datetime
    redemption_id: UUID | None = None
    refusal: str | None = None
    ladder: str | None = None
    tier: str | None = None
    before: str | None = None
    undone_at: datetime | None = None

    @property
    def entry(self) -> Entry:
        """The move up that it is for, which it must be for."""
        assert self.ladder is not None
        assert self.tier is not None
        assert self.before is not None
        number = int(self.occasion.rpartition(" ")[2])
        return Entry(number, self.ladder, self.before, self.tier, self.given_at)


class Climb(NamedTuple):
    """Says which moves belong together: those of a member on a ladder, for one reward."""

    member_id: UUID
    reward: str
    ladder: str


@dataclass(slots=True)
class Step:
    """A move up and what it gives. ``is_new``: nothing was decided of it before.

    ``undone``: it counts no more. ``is_kept``: the tier was there since an earlier move gave.
    """

    given: Given
    undone: bool = False
    is_new: bool = False
    is_kept: bool = False

    @classmethod
    def decided(cls, given: Given) -> "Step":
        """Return a move of which something was decided before."""
        return cls(given, undone=given.undone_at is not None, is_kept=given.refusal == TIER_KEPT)

    @property
    def entry(self) -> Entry:
        """The move up."""
        return self.given.entry

    @property
    def gives(self) -> bool:
        """Whether it gave something, or is to."""
        return self.given.refusal is None


def automatic_of(programme: Programme | None) -> tuple[Automatic, ...]:
    """Return what a programme gives by itself."""
    section = programme and programme.document.find(RewardsSection)
    return section.automatic if section else ()


def automatic_at(timeline: Timeline, at: datetime) -> tuple[Automatic, ...]:
    """Return what the programme in force at an instant gives by itself."""
    return automatic_of(timeline.at(at))


def affordable(spendable: int, price: int) -> int:
    """Return how many of a reward so many points buy at a time."""
    return min(max(0, spendable) // price, AT_ONCE_MAX)


def for_activity(heard: Heard, automatic: Iterable[Automatic]) -> Iterator[Given]:
    """Yield what an activity gives."""
    occasion = f"activity {heard.payload['activity']}"
    for reward in given_for(automatic, "activity", activity=heard.payload["kind"]):
        yield Given(heard.member_id, reward, occasion, heard.recorded_at)


def for_move(heard: Heard, automatic: Iterable[Automatic]) -> Iterator[tuple[Climb, Given]]:
    """Yield what a move up gives; nothing for one down."""
    move = heard.payload
    if move["direction"] != "up":
        return
    occasion = f"tier {heard.number}"
    for reward in given_for(automatic, "tier", tier=move["after"]):
        yield (
            Climb(heard.member_id, reward, move["ladder"]),
            Given(
                heard.member_id,
                reward,
                occasion,
                heard.recorded_at,
                ladder=move["ladder"],
                tier=move["after"],
                before=move["before"],
            ),
        )


def given_for(
    automatic: Iterable[Automatic],
    reason: Literal["points", "tier", "birthday", "activity"],
    *,
    tier: str | None = None,
    activity: str | None = None,
) -> list[str]:
    """Return the rewards that are given for a reason, in the order of the file, none twice."""
    return list(
        dict.fromkeys(
            each.reward
            for each in automatic
            if each.on == reason
            and (tier is None or tier in each.tiers)
            and (activity is None or activity == each.activity)
        )
    )


def tiers_giving(automatic: Iterable[Automatic], reward: str) -> frozenset[str]:
    """Return the tiers that give a reward to who comes up into them."""
    mine = (each for each in automatic if each.on == "tier" and each.reward == reward)
    return frozenset(tier for each in mine for tier in each.tiers)


def judge(
    steps: Sequence[Step],
    now: datetime,
    ranks: Mapping[str, int],
    runs: Sequence[Run],
    tiers: Collection[str],
) -> None:
    """Decide the moves of one climb: mark those of ``steps`` that are undone or only kept a tier.

    ``steps`` are all moves up by number; ``runs`` is the course of the member's tier as known
    ``now``, ``ranks`` its ladder, ``tiers`` those that give the reward.
    """
    course = _Course(ranks, [run for run in runs if run.starts_at <= now], tiers)
    left = [step for step in steps if not step.undone and step.entry.tier in ranks]
    gone = [step for step in left if not course.had(step.entry)]
    giving = [step.entry for step in left if step.gives and step not in gone]
    taken: set[datetime] = set()
    for step in gone:
        later = course.came_later(step.entry)
        if later is None or later in taken or course.is_given(later, giving):
            step.undone = True
        elif step.gives:
            taken.add(later)
    for place, step in enumerate(steps):
        if step.is_new and not step.undone:
            step.is_kept = any(
                not each.undone
                and each.entry.tier == step.entry.tier
                and _has_stayed(each.entry, step.entry.at, ranks, runs)
                for each in steps[:place]
            )


class _Course(NamedTuple):
    """Which tiers a member had, up to now, and what they mean for what moves up gave."""

    ranks: Mapping[str, int]
    runs: Sequence[Run]
    tiers: Collection[str]

    def had(self, entry: Entry) -> bool:
        """Whether the member had the tier then, or another one that gives the same."""
        had = next((run.tier for run in reversed(self.runs) if run.starts_at <= entry.at), "")
        return self._is_enough(entry, had)

    def came_later(self, entry: Entry) -> datetime | None:
        """Return when the member first came into such a tier after ``entry``."""
        later = (run for run in self.runs if run.starts_at > entry.at)
        return next((run.starts_at for run in later if self._is_enough(entry, run.tier)), None)

    def is_given(self, at: datetime, entries: Iterable[Entry]) -> bool:
        """Whether one of ``entries`` gave for coming into a tier at ``at``, told since."""
        return any(
            entry.at >= at
            and all(self._is_enough(entry, tier) for tier in _met(self.runs, at, entry.at))
            for entry in entries
        )

    def _is_enough(self, entry: Entry, tier: str) -> bool:
        rank = self.ranks.get(tier, -1)
        if rank >= self.ranks[entry.tier]:
            return True
        return tier in self.tiers and rank > self.ranks.get(entry.before, -1)


def _met(runs: Sequence[Run], since: datetime, until: datetime) -> list[str]:
    """Return the tiers from one instant until another, both included."""
    ends = [run.starts_at for run in runs[1:]]
    return [
        run.tier
        for run, end in zip(runs, [*ends, None], strict=True)
        if run.starts_at <= until and (end is None or end > since)
    ]


def _has_stayed(
    entry: Entry, until: datetime, ranks: Mapping[str, int], runs: Sequence[Run]
) -> bool:
    """Whether the member has had the tier from an entry until ``until``."""
    wanted = ranks.get(entry.tier)
    met = _met(runs, entry.at, until)
    return wanted is not None and all(ranks.get(tier, -1) >= wanted for tier in met)


class BirthdaysOn(NamedTuple):
    """Who has a birthday on ``day``, by the month times a hundred and the day of birth."""

    day: date
    keys: tuple[int, ...]

    @property
    def occasion(self) -> str:
        """What it is called in that year."""
        return f"birthday {self.day.year}"

    def judged_at(self, zone: tzinfo, now: datetime) -> datetime:
        """Return the instant whose programme judges it: the day's last, or ``now``."""
        return min(now, day_end(zone, self.day) - _INSTANT)


def birthdays_until(today: date) -> list[BirthdaysOn]:
    """Return the birthdays to look at on ``today``, that of the longest ago first."""
    found = []
    for late in reversed(range(LOOK_BACK_DAYS + 1)):
        day = today - timedelta(days=late)
        keys = [day.month * _MONTH + day.day]
        if yearly(_FEBRUARY, _LEAP_DAY, day.year) == day and day.day != _LEAP_DAY:
            keys.append(_FEBRUARY * _MONTH + _LEAP_DAY)
        found.append(BirthdaysOn(day, tuple(keys)))
    return found
