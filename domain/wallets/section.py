"""The ``[points]`` section of a programme file: the unit, when it is spendable, when it ends."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from kit.calendar import day_end, day_start, months_after, period_last
from kit.documents import Code, Day, Exact, Part, Section, Text, Whole, fault

SCALE_MAX = 9
PENDING_DAYS_MAX = 3650
MONTHS_MAX = 1200
REGIONS_MAX = 500
POLICIES_MAX = 50
WARNINGS_MAX = 10
_SHORTEST_MONTH_DAYS = 28

Path = tuple[str | int, ...]

AWAITING_RELEASE = datetime(9999, 1, 1, tzinfo=UTC)
"""From when points can be spent that wait for the brand to release them: not yet."""


class Expiry(Part):
    """When points end: after some months, or on a fixed day; give one of ``months`` and ``on``.

    Months are calendar months, then to the end of the day, month, quarter or year: 31 January
    and one month is the end of 28 (or 29) February. The clock starts with earning, or with the
    member's latest activity (``after = "activity"``), or with the latest activity of the unbroken
    row of active calendar months that began with earning (``after = "monthly_activity"``).
    """

    months: Annotated[Whole, Field(ge=0, le=MONTHS_MAX)] | None = Field(
        default=None, description="how many calendar months points last; 0 is the same day"
    )
    round: Literal["day", "month", "quarter", "year"] = Field(
        default="day", description="the day, month, quarter or year at whose end they expire"
    )
    after: Literal["earning", "activity", "monthly_activity"] = Field(
        default="earning", description="from when the months count"
    )
    on: Day | None = Field(default=None, description="the first day on which they are gone")

    @property
    def follows_the_member(self) -> bool:
        """Whether what the member does later moves the date."""
        return self.after != "earning"


class WithTier(Part):
    """Points end when the member falls from the tier."""


def _expires(value: object) -> object:
    if value == "never":
        return None
    if isinstance(value, dict | Expiry):
        return value
    raise fault('must be "never" or a table such as { months = 12 }')


def _tier_expires(value: object) -> object:
    if value == "with_tier" or isinstance(value, WithTier):
        return WithTier()
    if value == "never":
        return None
    if isinstance(value, dict | Expiry):
        return value
    raise fault('must be "never", "with_tier" or a table such as { months = 12 }')


class TierExpiry(Part):
    """When the points of members of these tiers end, judged by the tier they have then."""

    tiers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=POLICIES_MAX)] = Field(
        description="the tiers it is for"
    )
    expires: Annotated[
        Expiry | WithTier | None,
        BeforeValidator(
            _tier_expires, json_schema_input_type=Expiry | Literal["never", "with_tier"]
        ),
    ] = Field(description="when their points end")


class NegativeLimit(Part):
    """How far below zero a balance may fall."""

    limit: Exact = Field(description="so many points below zero at most")


NegativeBalance: TypeAlias = Literal["refuse", "collect"] | NegativeLimit
"""What happens when a refund takes back more than is there."""


def _negative(value: object) -> object:
    if value in ("refuse", "collect") or isinstance(value, dict | NegativeLimit):
        return value
    raise fault('must be "refuse", "collect" or a table such as { limit = "500" }')


class PointsSection(Section):
    """What the brand's points are, when they can be spent and how long they live.

    ``negative_balance`` says what happens when a refund takes back more than is there:
    ``refuse`` takes what is there and forgives the rest, ``collect`` takes the rest from what
    is earned next, a limit does so too and shows the balance below zero, down to the limit.
    """

    code: Code = Field(description="the unit's short name: a letter a-z, then a-z, 0-9, - or _")
    name: Text = Field(description="the unit's name as members read it")
    scale: Annotated[Whole, Field(ge=0, le=SCALE_MAX)] = Field(
        default=0, description="how many decimals a balance has; never changes once applied"
    )
    pending_days: Annotated[Whole, Field(ge=0, le=PENDING_DAYS_MAX)] = Field(
        default=0,
        description="points are spendable from the start of the day this many days later",
    )
    pending_from: Literal["earning", "release"] = Field(
        default="earning",
        description="whether the days count from earning, or from when the brand releases them",
    )
    expires: Annotated[
        Expiry | None,
        BeforeValidator(_expires, json_schema_input_type=Expiry | Literal["never"]),
    ] = Field(description="when points end")
    tier_expiry: Annotated[tuple[TierExpiry, ...], Field(max_length=POLICIES_MAX)] = Field(
        default=(), description="other ends for members of some tiers, a [[points.tier_expiry]]"
    )
    no_expiry_by_time_in: Annotated[tuple[Text, ...], Field(max_length=REGIONS_MAX)] = Field(
        default=(),
        description="members' regions whose law forbids expiry by time alone, such as CA-ON",
    )
    warn_days: Annotated[
        tuple[Annotated[Whole, Field(ge=1, le=366)], ...], Field(max_length=WARNINGS_MAX)
    ] = Field(default=(), description="how many days before they end members are warned")
    negative_balance: Annotated[NegativeBalance, BeforeValidator(_negative)] = Field(
        default="refuse", description="what happens to points taken back that are spent"
    )

    @property
    def follows_the_member(self) -> bool:
        """Whether points already earned can change their end: by activity or by tier."""
        plain = self.expires is None or not self.expires.follows_the_member
        return bool(self.tier_expiry) or not plain

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield points that end before they can be spent, and ends that say nothing or too much."""
        del others
        if (
            self.expires
            and self.expires.months is not None
            and self.pending_days > self.expires.months * _SHORTEST_MONTH_DAYS
        ):
            yield ("pending_days",), "points could expire while pending; shorten it"
        for path, expiry in self._ends():
            yield from ((path, message) for message in _contradictions(expiry))
        limit = self.negative_balance
        if isinstance(limit, NegativeLimit) and limit.limit.scaleb(self.scale) % 1:
            yield (
                ("negative_balance", "limit"),
                f"has more decimals than points.scale, {self.scale}; write fewer",
            )
        named: set[str] = set()
        for index, each in enumerate(self.tier_expiry):
            for tier in each.tiers:
                if tier in named:
                    yield ("tier_expiry", index, "tiers"), f"{tier!r} has another end above"
            named.update(each.tiers)

    def _ends(self) -> Iterator[tuple[Path, Expiry]]:
        if self.expires is not None:
            yield ("expires",), self.expires
        for index, each in enumerate(self.tier_expiry):
            if isinstance(each.expires, Expiry):
                yield ("tier_expiry", index, "expires"), each.expires


def _contradictions(expiry: Expiry) -> Iterator[str]:
    if expiry.months is None and expiry.on is None:
        yield "says nothing; write months, such as { months = 12 }, or on"
    if expiry.months is not None and expiry.on is not None:
        yield "has both months and on; write one of them"
    if expiry.on is not None and expiry.follows_the_member:
        yield "has a fixed day, which no activity moves; leave out after"


def available_at(pending_days: int, zone: ZoneInfo, since: datetime) -> datetime:
    """Return the instant from which points can be spent that wait so many days from ``since`` on.

    That is when they were earned, or, by the brand's choice, when it released them. No days:
    at once; else from the start of the day that many days later.
    """
    if not pending_days:
        return since
    day = since.astimezone(zone).date()
    return day_start(zone, day + timedelta(days=pending_days))


def expires_at(expires: Expiry | None, zone: ZoneInfo, since: datetime) -> datetime | None:
    """Return the instant at which points are gone whose clock began at ``since``, None for never.

    The instant itself is already too late: points live while ``now < expires_at``. A fixed day
    that is over by then says nothing about them: they never expire.
    """
    if expires is None:
        return None
    if expires.on is not None:
        end = day_start(zone, expires.on)
        return end if end > since else None
    assert expires.months is not None  # A checked section has one of the two.
    day = months_after(since.astimezone(zone).date(), expires.months)
    return day_end(zone, period_last(expires.round, day))
