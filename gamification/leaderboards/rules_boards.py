"""A brand's boards made ready, per version: what gives how much, and which windows there are."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

from domain.brands.rules import Brand
from domain.earning.rules_conditions import Situation
from domain.earning.rules_history import Happening
from domain.earning.section_parts import rule_language
from domain.programmes.rules import Programme, Timeline
from gamification.grounds.rules_filter import Filter, compile_filter, event_of
from gamification.grounds.section_parts import Filter as FilterPart
from gamification.leaderboards.rules_windows import SeasonDays, Spans
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.section_parts import BRAND, STORE, TIER, Board, Kept, Score
from kit.expressions import Expression

CHALLENGES = "challenge_points"
VALUE_MAX = 10**12
"""What one purchase or activity gives at most; more counts as this."""

_KEPT_MAX = 1_000


@dataclass(frozen=True)
class Scoring:
    """What a board gives for one purchase, activity or completed challenge, under one version."""

    code: str
    score: Score
    filter: Filter
    value: Expression | None
    apart_minutes: int
    per_hour: int | None
    per_day: int | None

    @property
    def limited(self) -> bool:
        """Whether some of what a member does on a day may not count."""
        return bool(self.apart_minutes) or self.per_hour is not None or self.per_day is not None

    @property
    def asks_lines(self) -> bool:
        """Whether it may look into baskets."""
        asks = self.value is not None or self.filter.condition.when is not None
        return asks or self.filter.of_lines

    def of(self, happening: Happening) -> int:
        """Return what ``happening`` gives: points, money in smallest units or times; 0: nothing."""
        return max(0, min(self._of(happening), VALUE_MAX))

    def _of(self, happening: Happening) -> int:
        if self.score == "spend":
            return self.filter.amount(happening)
        if self.score == CHALLENGES or not self.filter.met(happening):
            return 0
        if self.score == "points":
            return happening.points
        if self.value is None:
            return 1
        return self.value.value(self._activation(happening, self.value)) or 0

    def _activation(self, happening: Happening, value: Expression) -> object:
        brand = self.filter.brand
        local, speaks = brand.local(happening.occurred_at), value.uses
        event = event_of(brand, happening)
        return Situation(event, local, {}, brand.currency_exponent, speaks).activation()


@dataclass(frozen=True)
class Shape:
    """How a board counts and whom it lists: what is worked out anew if it changes.

    ``attributes`` are the scopes that are attributes of members; ``team`` is None unless teams
    are listed.
    """

    code: str
    keep: Kept
    spans: Spans
    stores: bool
    tiers: bool
    attributes: tuple[str, ...]
    team: str | None
    exclude: tuple[str, ...]

    @property
    def asks(self) -> frozenset[str]:
        """Which attributes of members it must know."""
        team = () if self.team is None else (self.team,)
        return frozenset((*self.attributes, *self.exclude, *team))

    @property
    def said(self) -> str:
        """All of it as text, which is another one whenever anything changes."""
        return repr(self)


@dataclass(frozen=True, eq=False)
class Boards:
    """A brand's boards over time. False if no version has any."""

    programmes: tuple[Programme, ...]
    scorings: tuple[tuple[Scoring, ...], ...]
    shapes: tuple[Mapping[str, Shape], ...]
    """By version: the boards that it or an earlier one has, as the latest one has them."""

    def __bool__(self) -> bool:
        return any(self.scorings)

    def scorings_at(self, instant: datetime) -> tuple[Scoring, ...]:
        """Return the boards that count what happened at ``instant``."""
        place = self._place(instant)
        return self.scorings[place] if place >= 0 else ()

    def shapes_at(self, now: datetime) -> Mapping[str, Shape]:
        """Return how boards are by ``now``, also those that only an earlier version has."""
        place = self._place(now)
        return self.shapes[place] if place >= 0 else {}

    def version_at(self, now: datetime) -> Programme | None:
        """Return the programme in force at ``now``, None before the first."""
        place = self._place(now)
        return self.programmes[place] if place >= 0 else None

    @cached_property
    def challenges(self) -> frozenset[str]:
        """The boards that count challenge points in any version."""
        return frozenset(
            each.code for mine in self.scorings for each in mine if each.score == CHALLENGES
        )

    @cached_property
    def challenges_only(self) -> bool:
        """Whether those count nothing else in any other version."""
        every = (each for mine in self.scorings for each in mine)
        return all(each.score == CHALLENGES for each in every if each.code in self.challenges)

    @cached_property
    def asks_lines(self) -> bool:
        """Whether any version may look into baskets."""
        return any(each.asks_lines for mine in self.scorings for each in mine)

    @cached_property
    def teams(self) -> bool:
        """Whether any version lists teams."""
        return any(each.team is not None for shapes in self.shapes for each in shapes.values())

    @cached_property
    def rolling(self) -> tuple[int, ...]:
        """The lengths that rolling windows ever had, in days."""
        found = {each.spans.rolling_days for shapes in self.shapes for each in shapes.values()}
        return tuple(sorted(days for days in found if days is not None))

    @cached_property
    def seasons(self) -> tuple[SeasonDays, ...]:
        """Every season of every version, as each has it."""
        found = (
            season
            for shapes in self.shapes
            for each in shapes.values()
            for season in each.spans.seasons
        )
        return tuple(dict.fromkeys(found))

    def _place(self, instant: datetime) -> int:
        return bisect_right(self.programmes, instant, key=lambda each: each.effective_from) - 1


@lru_cache(maxsize=_KEPT_MAX)
def boards_of(timeline: Timeline, brand: Brand) -> Boards:
    """Return a brand's boards over time, made ready once per timeline."""
    scorings: list[tuple[Scoring, ...]] = []
    shapes: list[Mapping[str, Shape]] = []
    latest: Mapping[str, Shape] = {}
    for programme in timeline.programmes:
        section = programme.document.find(LeaderboardsSection) or LeaderboardsSection()
        scorings.append(tuple(compile_scoring(each, brand) for each in section.board))
        latest = {**latest, **{each.code: shape_of(each, section) for each in section.board}}
        shapes.append(latest)
    return Boards(timeline.programmes, tuple(scorings), tuple(shapes))


def compile_scoring(board: Board, brand: Brand) -> Scoring:
    """Return what a board of a programme file gives, made ready."""
    part = FilterPart.model_construct(
        **{name: getattr(board, name) for name in FilterPart.model_fields}
    )
    return Scoring(
        code=board.code,
        score=board.score,
        filter=compile_filter(part, brand),
        value=rule_language().expression(board.value, "int") if board.value else None,
        apart_minutes=board.apart_minutes or 0,
        per_hour=board.per_hour,
        per_day=board.per_day,
    )


def shape_of(board: Board, section: LeaderboardsSection) -> Shape:
    """Return how a board of a programme file counts."""
    seasons = section.season if "season" in board.periods else ()
    days = tuple(SeasonDays(each.code, each.from_, each.until) for each in seasons)
    return Shape(
        code=board.code,
        keep=board.keep,
        spans=Spans(board.periods, board.rolling_days, days),
        stores=STORE in board.scopes,
        tiers=TIER in board.scopes,
        attributes=tuple(each for each in board.scopes if each not in (BRAND, STORE, TIER)),
        team=board.team,
        exclude=board.exclude,
    )
