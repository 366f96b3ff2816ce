"""What members and teams score: of what they did to days, and from days to windows.

A day's score follows from what was done on that day of the brand's clock, in order of
(occurred_at, id), and from nothing else. Limits begin anew with every day. What gives nothing
does not count. An order of a board is score, who was first, entity: see `order`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from gamification.leaderboards.rules_boards import CHALLENGES, Boards, Scoring, Shape
from gamification.leaderboards.section_parts import Kept
from kit.ids import derived_id

WHOLE_BRAND = ""
"""The scope of a whole brand."""

Attribute = str | int | float | bool


class Counted(NamedTuple):
    """Something that a board counts: ``value`` on ``day``, at ``at``, in ``store`` if anywhere."""

    day: date
    at: datetime
    store: str
    value: int


class Completed(NamedTuple):
    """A completed challenge: so many challenge points on a brand's day."""

    at: datetime
    points: int


class DayScore(NamedTuple):
    """What was scored on a day: see the table of days."""

    score: int
    reached_at: datetime
    events: int


class Total(NamedTuple):
    """The score of a window, and when the last happening that is in it was."""

    score: int
    reached_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """What decides in which scopes and teams a member is. ``listed`` False: in none at all."""

    listed: bool = True
    tier: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def counted(
    boards: Boards,
    brand: Brand,
    happenings: Iterable[Happening],
    completed: Iterable[Completed] = (),
) -> dict[str, list[Counted]]:
    """Return what each board counts of what one member did, by the board's code, in order.

    Whole days of the brand's clock must be given. Each is judged by the version in force when it
    happened.
    """
    found: dict[str, list[Counted]] = {}
    limits: dict[tuple[str, date], _Limits] = {}

    def count(scoring: Scoring, local: datetime, at: datetime, store: str, value: int) -> None:
        if value <= 0:
            return
        day = local.date()
        of_day = limits.setdefault((scoring.code, day), _Limits()) if scoring.limited else None
        if of_day is None or of_day.admit(scoring, local, at):
            found.setdefault(scoring.code, []).append(Counted(day, at, store, value))

    for each in happenings:
        scorings = boards.scorings_at(each.occurred_at) if each.counts else ()
        if scorings:
            local = brand.local(each.occurred_at)
            for scoring in scorings:
                count(scoring, local, each.occurred_at, each.store, scoring.of(each))
    for done in completed:
        for scoring in boards.scorings_at(done.at):
            if scoring.score == CHALLENGES:
                count(scoring, brand.local(done.at), done.at, "", done.points)
    return found


class _Limits:
    """What a board has counted of one member so far on one day."""

    def __init__(self) -> None:
        self._of_day = 0
        self._of_hour: dict[tuple[int, int], int] = {}
        self._last: datetime | None = None

    def admit(self, scoring: Scoring, local: datetime, at: datetime) -> bool:
        """Return whether one more counts, and remember it if so."""
        # Where the clock is put back an hour comes twice, and is two.
        hour = local.hour, local.fold
        of_hour = self._of_hour.get(hour, 0)
        if self._last is not None and at - self._last < timedelta(minutes=scoring.apart_minutes):
            return False
        if scoring.per_day is not None and self._of_day >= scoring.per_day:
            return False
        if scoring.per_hour is not None and of_hour >= scoring.per_hour:
            return False
        self._last = at
        self._of_day += 1
        self._of_hour[hour] = of_hour + 1
        return True


def day_scores(
    shape: Shape, counts: Sequence[Counted], days: Iterable[date] | None = None
) -> dict[tuple[date, str], DayScore]:
    """Return what one member scored by day and scope: the whole brand, and stores if it has them.

    ``days``: on these days only.
    """
    wanted = None if days is None else set(days)
    grouped: dict[tuple[date, str], list[Counted]] = {}
    for each in counts:
        if wanted is None or each.day in wanted:
            grouped.setdefault((each.day, WHOLE_BRAND), []).append(each)
            if shape.stores and each.store:
                grouped.setdefault((each.day, store_scope(each.store)), []).append(each)
    found = {}
    for key, group in grouped.items():
        total = kept(shape.keep, [Total(each.value, each.at) for each in group])
        found[key] = DayScore(*total, len(group))
    return found


def kept(keep: Kept, scores: Sequence[Total]) -> Total:
    """Return what is kept of ``scores``, at least one, be they of happenings or of days.

    A sum was reached with its last part, a best score when it came first.
    """
    if len(scores) == 1:
        return scores[0]
    if keep == "sum":
        return Total(sum(each.score for each in scores), max(each.reached_at for each in scores))
    if keep == "best":
        best = max(each.score for each in scores)
        return Total(best, min(each.reached_at for each in scores if each.score == best))
    # What comes later in order counts, of one instant too.
    return max(enumerate(scores), key=lambda each: (each[1].reached_at, each[0]))[1]


def order(entity: UUID, total: Total) -> tuple[int, datetime, int]:
    """Return by what a board is sorted: score, then who was first, then the highest entity."""
    return -total.score, total.reached_at, -entity.int


def store_scope(store: str) -> str:
    """Return the scope of a store."""
    return f"store:{store}"


def is_store(scope: str) -> bool:
    """Whether a scope is a store's."""
    return scope.startswith("store:")


def base_scope(scope: str) -> str:
    """Return the scope of the days from which a window of ``scope`` is counted."""
    return scope if is_store(scope) else WHOLE_BRAND


def scopes_of(shape: Shape, person: Person) -> list[str]:
    """Return in which scopes besides stores a member is: none if he is left out of the board."""
    if not person.listed or any(person.attributes.get(name) is True for name in shape.exclude):
        return []
    found = [WHOLE_BRAND]
    if shape.tiers and person.tier is not None:
        found.append(f"tier:{person.tier}")
    for name in shape.attributes:
        value = person.attributes.get(name)
        if value is not None:
            found.append(f"{name}:{_text(value)}")
    return found


def team_of(shape: Shape, person: Person) -> str | None:
    """Return for which team of a board a member counts, None for none."""
    if shape.team is None or not scopes_of(shape, person):
        return None
    value = person.attributes.get(shape.team)
    return None if value is None else _text(value)


def team_id(brand_id: int, name: str) -> UUID:
    """Return the entity of a team."""
    return derived_id("team", str(brand_id), name)


def _text(value: Attribute) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
