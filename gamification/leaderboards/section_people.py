"""The parts of ``[leaderboards]`` that speak of closing, prizes, leagues and fair play."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from gamification.prizes.section_faults import prize_faults
from gamification.prizes.section_parts import Prize
from kit.documents import Code, ExactPositive, Flag, Part, Section, Text, Whole
from kit.words import Words

MINUTES_MAX = 10_080
LEAGUES_MAX = 50
SIZE_MAX = 1_000
WEEKS_MAX = 520
RATES_MAX = 20
PRIZES_MAX = 100
PLACE_MAX = 10_000
HOURS_MAX = 2_160
DAYS_MAX = 366

Path = tuple[str | int, ...]


class PlacePrize(Prize):
    """What the places ``from`` to ``to`` of a window win: ``[[leaderboards.board.prize]]``.

    Places are ranks of the board's kind: with competition and dense ranks all who share one get
    its prize. Who scored nothing wins nothing. What a team wins is given to each of its members
    who did something for it in the window.
    """

    period: Literal["day", "week", "month", "season"] = Field(
        description="whose windows have it; the board keeps windows of that kind"
    )
    scope: Text | None = Field(
        default=None, description="one of the board's scopes; left out: of the whole brand"
    )
    from_: Annotated[Whole, Field(ge=1, le=PLACE_MAX)] = Field(
        default=1, alias="from", description="the first place that gets it"
    )
    to: Annotated[Whole, Field(ge=1, le=PLACE_MAX)] | None = Field(
        default=None, description="the last place that gets it; left out: only the first"
    )

    @property
    def to_place(self) -> int:
        """The last place that gets it."""
        return self.from_ if self.to is None else self.to


class Closing(Part):
    """How the windows of a board end: settings of a ``[[leaderboards.board]]``.

    A window is closed ``close_after_hours`` after its end, but nobody wins one of which nothing
    was known until then. What is reported by then counts;
    what a refund takes away later changes windows that are still open, never a closed one. Prizes
    are owed when it closes and paid ``hold_days`` later, and not while a flag of the member is
    open. A place that staff disqualify loses its prize; nobody moves up, unless ``move_up``.
    """

    close_after_hours: Annotated[Whole, Field(ge=0, le=HOURS_MAX)] = Field(
        default=24, description="how long after its end late reports count in a window"
    )
    hold_days: Annotated[Whole, Field(ge=0, le=DAYS_MAX)] = Field(
        default=0, description="how long prizes wait once a window is closed"
    )
    move_up: Flag = Field(
        default=False, description="whether others move up to the prize of a disqualified place"
    )
    prize: Annotated[tuple[PlacePrize, ...], Field(max_length=PRIZES_MAX)] = Field(
        default=(), description="prizes of places, each a [[leaderboards.board.prize]]"
    )


class League(Part):
    """One league: how many of the first of each cohort rise, how many of the last fall."""

    code: Code
    name: Words
    promote: Annotated[Whole, Field(ge=0)] = Field(
        default=0, description="so many of the first of a cohort play in the next league"
    )
    relegate: Annotated[Whole, Field(ge=0)] = Field(
        default=0, description="so many of the last of a cohort play in the league before"
    )


class Leagues(Part):
    """Weekly cohorts: ``[leaderboards.leagues]``, the lowest league first.

    Whoever first scores in a week, on the board's weekly window, is seated in the cohort of the
    own league that is being filled. When the week's window is frozen, the first ``promote`` of a
    cohort rise and the last ``relegate`` fall; who rises doesn't fall, however small the cohort.
    The lowest has nobody who falls, the highest nobody who rises. Who does nothing for
    ``fall_after_weeks`` weeks falls one league for each such time; left out, nobody does. New
    members begin in the lowest.
    """

    board: Code = Field(description="the board, with weeks, whose scores decide")
    size: Annotated[Whole, Field(ge=2, le=SIZE_MAX)] = Field(
        default=30, description="members of a cohort, at most"
    )
    fall_after_weeks: Annotated[Whole, Field(ge=1, le=WEEKS_MAX)] | None = Field(
        default=None, description="so many weeks without any score cost one league"
    )
    league: Annotated[tuple[League, ...], Field(min_length=1, max_length=LEAGUES_MAX)] = Field(
        description="the leagues, the lowest first, each a [[leaderboards.leagues.league]]"
    )


class Rate(Part):
    """More happenings in a time than anybody honest has."""

    most: Annotated[Whole, Field(ge=1)] = Field(description="so many are fine")
    minutes: Annotated[Whole, Field(ge=1, le=MINUTES_MAX)] = Field(description="within so long")
    on: Text | None = Field(
        default=None, description='"purchase" or the kind of an activity; left out: any'
    )


class FairPlay(Part):
    """What looks unfair, ``[leaderboards.fair_play]``: staff look at it before any prize is paid.

    A flag is raised once for the same happenings. While it is open the member's prizes wait.
    """

    rate: Annotated[tuple[Rate, ...], Field(max_length=RATES_MAX)] = Field(
        default=(), description="impossible rates, each a [[leaderboards.fair_play.rate]]"
    )
    split_minutes: Annotated[Whole, Field(ge=1, le=MINUTES_MAX)] | None = Field(
        default=None, description="two purchases in one store within so long are one, split"
    )
    outlier_times: Annotated[Whole, Field(ge=2)] | None = Field(
        default=None, description="a purchase of more than so many times the member's own median"
    )
    outlier_floor: ExactPositive | None = Field(
        default=None, description="and of more than so much money; with outlier_times only"
    )


def closing_faults(closing: Closing, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
    """Yield prizes that end before they begin, and what is wrong with them as prizes."""
    for number, each in enumerate(closing.prize):
        path: Path = ("prize", number)
        if each.to_place < each.from_:
            yield (*path, "to"), "is before from; write the last place that gets it"
        yield from prize_faults(path, each, others)


def league_faults(leagues: Leagues) -> Iterator[tuple[Path, str]]:
    """Yield leagues of one code, and more who rise and fall than a cohort has."""
    seen: set[str] = set()
    for number, each in enumerate(leagues.league):
        path: Path = ("league", number)
        if each.code in seen:
            yield (*path, "code"), f"is {each.code!r} again; give each league its own"
        seen.add(each.code)
        if each.promote + each.relegate > leagues.size:
            yield path, f"moves more than the {leagues.size} of a cohort; lower promote or relegate"


def fair_play_faults(fair_play: FairPlay, currency_exponent: int) -> Iterator[tuple[Path, str]]:
    """Yield an outlier that is said by half, and money finer than it can be."""
    floor = fair_play.outlier_floor
    if (fair_play.outlier_times is None) != (floor is None):
        yield (("outlier_times",), "needs outlier_floor, and the other way round; write both")
    if floor is not None and floor.scaleb(currency_exponent) % 1:
        yield ("outlier_floor",), "is finer than the brand's currency can be; write fewer decimals"
