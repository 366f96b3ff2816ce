"""The parts of the ``[leaderboards]`` section: boards and seasons."""

from typing import Annotated, Literal

from pydantic import Field

from domain.earning.section_parts import Count
from gamification.grounds.section_parts import Filter, Path, speaking_of
from gamification.leaderboards.section_people import Closing
from kit.documents import Code, Day, Flag, Part, Text, Whole
from kit.words import LongWords, Words

__all__ = ["Board", "Path", "Season"]

BOARDS_MAX = 50
SEASONS_MAX = 200
SCOPES_MAX = 10
EXCLUDE_MAX = 20
ROLLING_MAX = 366
MINUTES_MAX = 1_440
TIMES_MAX = 1_000_000

BRAND, STORE, TIER = "brand", "store", "tier"
"""Scopes that are no attribute of members."""

Period = Literal["day", "week", "month", "season", "all"]
Kept = Literal["sum", "best", "latest"]
Ranking = Literal["ordinal", "competition", "dense"]
Of = Literal["members", "teams"]
Score = Literal["points", "spend", "visits", "challenge_points", "value"]


class Board(Filter, Closing):
    """Who did most, over what the filter speaks of.

    What one purchase or activity gives is its ``score``: the ``points`` that it gave; the
    ``spend``, money of the lines that fit; one for each of the ``visits``, those less than
    ``apart_minutes`` after the one counted before on the same day left out; or the ``value`` that
    an expression says. ``challenge_points`` are those of challenges that were completed. What
    gives nothing, or less, does not count. ``per_hour`` and ``per_day``: so many count at most,
    the earliest, in an hour and a day of the brand's clock. Refunds are taken off.

    A board keeps the ``sum``, the ``best`` or the ``latest`` of each window. Windows are days,
    weeks from Monday on, months, the seasons, all time, and the last ``rolling_days`` days with
    today. Each is there for the whole brand and for every scope: each store of what was done, the
    tier that members have now, or an attribute of members by its name. Who scores the same is
    ordered by who was first; what is shown as the rank is another matter: 1, 2, 3, 4
    (``ordinal``), 1, 2, 2, 4 (``competition``) or 1, 2, 2, 3 (``dense``).

    How a window ends and what its places win is said in the same table.
    """

    code: Code = Field(description="the board's short name, which never means another one")
    name: Words = Field(description="what members read: text, or a table by language")
    description: LongWords | None = Field(default=None, description="what members read below it")
    score: Score = Field(description="what is counted")
    value: Annotated[Count, speaking_of(("event", "now"), "a board can't count")] | None = Field(
        default=None, description='a whole number (CEL) for score = "value"'
    )
    keep: Kept = Field(default="sum", description="what of a window's scores counts")
    periods: Annotated[tuple[Period, ...], Field(max_length=5)] = Field(
        default=(), description="the windows there are"
    )
    rolling_days: Annotated[Whole, Field(ge=2, le=ROLLING_MAX)] | None = Field(
        default=None, description="a window of so many last days besides"
    )
    scopes: Annotated[tuple[Text, ...], Field(max_length=SCOPES_MAX)] = Field(
        default=(BRAND,),
        description='"brand", which is always there, "store", "tier", or a member\'s attribute',
    )
    of: Of = Field(default="members", description="who is listed")
    team: Text | None = Field(
        default=None, description='the attribute that names a member\'s team, for of = "teams"'
    )
    rank: Ranking = Field(default="ordinal", description="which rank is shown")
    apart_minutes: Annotated[Whole, Field(ge=1, le=MINUTES_MAX)] | None = Field(
        default=None, description="visits nearer to each other are one visit"
    )
    per_hour: Annotated[Whole, Field(ge=1, le=TIMES_MAX)] | None = Field(
        default=None, description="so many count at most in an hour"
    )
    per_day: Annotated[Whole, Field(ge=1, le=TIMES_MAX)] | None = Field(
        default=None, description="so many count at most in a day"
    )
    public: Flag = Field(default=True, description="whether anybody may see it")
    exclude: Annotated[tuple[Text, ...], Field(max_length=EXCLUDE_MAX)] = Field(
        default=(), description='members with one of these attributes true are left out: "staff"'
    )


class Season(Part):
    """Days over which boards with seasons count."""

    code: Code = Field(description="the season's short name, which never means another one")
    name: Words = Field(description="what members read")
    from_: Day = Field(alias="from", description="the first day")
    until: Day = Field(description="the first day after it")
