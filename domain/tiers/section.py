"""The ``[tiers]`` section of a programme file: ladders, what counts on them, what they give."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from domain.brands.section import BrandSection
from domain.wallets.section import PointsSection
from kit.documents import (
    ROOT,
    Code,
    Day,
    Exact,
    Part,
    Section,
    Text,
    Whole,
    fault,
    find_section,
    no_such,
)
from kit.expressions import LENGTH_MAX, Language, Vocabulary

LADDERS_MAX = 10
TIERS_MAX = 50
BENEFITS_MAX = 200
MONTHS_MAX = 120
GRACE_DAYS_MAX = 366

Path = tuple[str | int, ...]
Measure = Literal["spend", "points", "purchases", "activities", "expression"]
Window = Literal["calendar_year", "anniversary", "rolling", "lifetime"]

PROGRESS: Vocabulary = {
    "spend": "double",
    "points": "double",
    "purchases": "int",
    "activities": "counts",
}
"""What an expression that measures progress may speak about, each summed over the window."""


@cache
def progress_language() -> Language:
    """Return the language of expressions that measure progress."""
    return Language(PROGRESS)


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise fault("is not text; put the expression in quotes")
    try:
        progress_language().expression(value, "int")
    except ValueError as error:
        raise fault(str(error)) from None
    return value


class Period(Part):
    """A span of calendar months."""

    months: Annotated[Whole, Field(ge=1, le=MONTHS_MAX)] = Field(description="how many months")


def _holds(value: object) -> object:
    if isinstance(value, str | dict | Period):
        return value
    raise fault('must be text such as "end_of_next_window" or a table such as { months = 12 }')


class Tier(Part):
    """One tier: reached at ``threshold`` exactly, up to but not including the next one's.

    ``keep`` is what the time of holding it must bring for one more such time; else the threshold.
    """

    name: Text = Field(description="the tier's name as members read it")
    threshold: Exact = Field(description="from how much on")
    keep: Exact | None = Field(default=None, description="how much holds it once more")


class Ladder(Part):
    """Tiers by one measure, counted in one window, held for a time.

    ``window``: a calendar year of the brand's clock; a member's year, from the day of joining
    (``anniversary``); the ``months`` up to now (``rolling``); or all time (``lifetime``).

    ``holds`` says how long a tier once reached lasts. ``end_of_window`` and
    ``end_of_next_window`` are for windows that begin anew: the tier lasts to the end of the
    window in which it was last reached, or of the one after. ``{ months = 12 }`` lasts so long
    from the day it was reached, and again if the days after that one brought ``keep``: what
    reached a tier doesn't keep it as well. ``while_reached`` is for a rolling window: as soon as
    it holds less, the tier is gone. ``forever`` never ends.

    A tier that was not held again lasts ``grace_days`` more; then the member falls to the tier
    the window's count has earned, or by one tier at a time.
    """

    code: Code = Field(default="status", description="the ladder's short name")
    name: Text | None = Field(default=None, description="the ladder's name as members read it")
    qualify_by: Measure = Field(description="what is counted")
    activity: Text | None = Field(
        default=None, description='the kind counted, for qualify_by = "activities"'
    )
    expression: Annotated[str, BeforeValidator(_expression)] | None = Field(
        default=None,
        max_length=LENGTH_MAX,
        description='a whole number of spend, points, purchases and activities["kind"] (CEL)',
    )
    window: Window = Field(description="over which time it is counted")
    months: Annotated[Whole, Field(ge=1, le=MONTHS_MAX)] | None = Field(
        default=None, description="how long a rolling window is"
    )
    holds: Annotated[
        Literal["end_of_window", "end_of_next_window", "while_reached", "forever"] | Period,
        BeforeValidator(_holds),
    ] = Field(description="how long a tier lasts once reached")
    grace_days: Annotated[Whole, Field(ge=0, le=GRACE_DAYS_MAX)] = Field(
        default=0, description="how many days a tier outlasts its end"
    )
    downgrade: Literal["to_earned", "one_tier"] = Field(
        default="to_earned", description="how far a member falls at once"
    )
    tier: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=TIERS_MAX)] = Field(
        description="the tiers, lowest first, each a [[tiers.ladder.tier]]"
    )


class Benefit(Part):
    """Something the members of some tiers have: shown to them, and asked for by the shop."""

    name: Text = Field(description="what members read")
    kind: Literal[
        "early_access", "event", "free_shipping", "discount", "gift", "service", "other"
    ] = Field(description="what it is, for apps to draw")
    tiers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=TIERS_MAX)] = Field(
        description="the tiers that have it"
    )
    value: Exact | None = Field(
        default=None, description="its number: hours of early access, percent of a discount"
    )
    minimum: Exact | None = Field(
        default=None, description="for purchases from this amount on, in the brand's currency"
    )
    from_: Day | None = Field(default=None, alias="from", description="its first day")
    until: Day | None = Field(default=None, description="the first day without it")


class TiersSection(Section):
    """The ladders of tiers, the main one first, and what the tiers give besides points."""

    optional: ClassVar[bool] = True

    ladder: Annotated[tuple[Ladder, ...], Field(min_length=1, max_length=LADDERS_MAX)] = Field(
        description="the ladders, the main one first, each a [[tiers.ladder]]"
    )
    benefit: Annotated[tuple[Benefit, ...], Field(max_length=BENEFITS_MAX)] = Field(
        default=(), description="what tiers give, each a [[tiers.benefit]]"
    )

    @property
    def names(self) -> frozenset[str]:
        """The names of all tiers of all ladders."""
        return frozenset(tier.name for ladder in self.ladder for tier in ladder.tier)

    def faults(self, others: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
        """Yield tiers that overlap, ladders that contradict themselves, unknown tiers."""
        codes: set[str] = set()
        names: set[str] = set()
        for index, ladder in enumerate(self.ladder):
            if ladder.code in codes:
                yield ("ladder", index, "code"), f"{ladder.code!r} is taken by a ladder before"
            codes.add(ladder.code)
            for path, message in _ladder_faults(ladder, names, others):
                yield ("ladder", index, *path), message
        for index, benefit in enumerate(self.benefit):
            yield from _unknown(("benefit", index, "tiers"), benefit.tiers, self.names)
            if _is_empty(benefit.from_, benefit.until):
                yield ("benefit", index, "until"), "is not after from; choose a later day"
        points = find_section(others, PointsSection)
        for index, each in enumerate(points.tier_expiry if points else ()):
            path = (*ROOT, "points", "tier_expiry", index, "tiers")
            yield from _unknown(path, each.tiers, self.names)


def _unknown(
    path: Path, tiers: tuple[str, ...], known: frozenset[str]
) -> Iterator[tuple[Path, str]]:
    for index, tier in enumerate(tiers):
        if tier not in known:
            yield (*path, index), f"names {no_such(tier, 'tier', known)}"


def _ladder_faults(
    ladder: Ladder, names: set[str], others: Mapping[str, Section]
) -> Iterator[tuple[Path, str]]:
    yield from _contradictions(ladder)
    decimals = _decimals(ladder.qualify_by, others)
    below: Decimal | None = None
    for index, tier in enumerate(ladder.tier):
        place = ("tier", index, "threshold")
        if below is None and tier.threshold:
            yield place, 'of the lowest tier must be "0": every member has a tier'
        if below is not None and tier.threshold <= below:
            yield (
                place,
                f"must be above {below}, the threshold of the tier before: tiers must not overlap",
            )
        for name, value in (("threshold", tier.threshold), ("keep", tier.keep)):
            if value is not None and decimals is not None and value.scaleb(decimals) % 1:
                yield ("tier", index, name), "has more decimals than what it counts; write fewer"
        if tier.name in names:
            yield ("tier", index, "name"), f"{tier.name!r} is taken by a tier before"
        names.add(tier.name)
        below = tier.threshold


def _contradictions(ladder: Ladder) -> Iterator[tuple[Path, str]]:
    for name, wanted in (("activity", "activities"), ("expression", "expression")):
        given = getattr(ladder, name) is not None
        if given != (ladder.qualify_by == wanted):
            yield (name,), f'goes with qualify_by = "{wanted}", and only with it'
    if (ladder.months is not None) != (ladder.window == "rolling"):
        yield ("months",), 'goes with window = "rolling", and only with it'
    fitting = {
        "calendar_year": ("end_of_window", "end_of_next_window", "months", "forever"),
        "anniversary": ("end_of_window", "end_of_next_window", "months", "forever"),
        "rolling": ("while_reached", "months", "forever"),
        "lifetime": ("forever",),
    }[ladder.window]
    holds = "months" if isinstance(ladder.holds, Period) else ladder.holds
    if holds not in fitting:
        choices = ", ".join("{ months = 12 }" if each == "months" else each for each in fitting)
        yield ("holds",), f'does not go with window = "{ladder.window}"; choose of: {choices}'
    if holds in ("while_reached", "forever") and ladder.grace_days:
        yield ("grace_days",), f'has no meaning with holds = "{holds}"; leave it out'
    if holds in ("while_reached", "forever") and ladder.downgrade != "to_earned":
        yield ("downgrade",), f'has no meaning with holds = "{holds}"; leave it out'
    if holds != "months" and any(tier.keep is not None for tier in ladder.tier):
        yield ("holds",), "must be { months = ... } for tiers with keep"


def _decimals(measure: Measure, others: Mapping[str, Section]) -> int | None:
    brand, points = find_section(others, BrandSection), find_section(others, PointsSection)
    if measure == "spend":
        return brand.currency_exponent if brand else None
    if measure == "points":
        return points.scale if points else None
    return 0


def _is_empty(start: date | None, end: date | None) -> bool:
    return start is not None and end is not None and end <= start
