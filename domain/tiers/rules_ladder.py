"""Ladders of tiers as plain integers, and how they follow each other in a brand's versions."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Literal

from domain.brands.rules import Brand
from domain.programmes.rules import Document, Timeline
from domain.tiers import section
from domain.tiers.section import Measure, TiersSection, Window, progress_language
from domain.wallets.section import PointsSection
from kit.expressions import Expression

Holds = Literal["end_of_window", "end_of_next_window", "months", "while_reached", "forever"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier. ``threshold`` and ``keep`` are in the smallest unit of what is counted."""

    name: str
    threshold: int
    keep: int


@dataclass(frozen=True)
class Ladder:
    """One ladder, its rungs lowest first. ``months`` is 0 without a rolling window.

    ``hold_months`` is 0 unless ``holds`` is "months". ``units`` divide spend and points into
    what an expression reads: dollars, not cents.
    """

    code: str
    measure: Measure
    window: Window
    holds: Holds
    rungs: tuple[Rung, ...]
    activity: str | None = None
    expression: Expression | None = None
    units: tuple[int, int] = (1, 1)
    months: int = 0
    hold_months: int = 0
    grace_days: int = 0
    downgrade: Literal["to_earned", "one_tier"] = "to_earned"
    name: str | None = field(default=None, compare=False)

    @cached_property
    def thresholds(self) -> tuple[int, ...]:
        """What reaches each rung, lowest first."""
        return tuple(rung.threshold for rung in self.rungs)

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The place of each rung by its name, 0 for the lowest."""
        return {rung.name: rank for rank, rung in enumerate(self.rungs)}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time over which one ladder of a code is in force; ``ladder`` None: there is none.

    It judges the days from ``first`` (from the instant ``start`` on) up to and including
    ``last``: a day belongs to the version in force at its start. None: it has no end yet.
    """

    start: datetime
    first: date
    last: date | None
    ladder: Ladder | None


@dataclass(frozen=True)
class Ladders:
    """A brand's ladders over time. False if no version has any.

    ``versions`` are the ladders of each programme, the main one first; ``stretches`` those of
    each code one after another, where a version that changes nothing makes no new one.
    """

    versions: tuple[tuple[datetime, tuple[Ladder, ...]], ...]
    stretches: dict[str, tuple[Stretch, ...]]

    def __bool__(self) -> bool:
        return bool(self.stretches)

    def at(self, instant: datetime) -> tuple[Ladder, ...]:
        """Return the ladders in force at ``instant``, the main one first."""
        return next((found for start, found in reversed(self.versions) if start <= instant), ())

    def main(self, instant: datetime) -> str | None:
        """Return the code of the main ladder at ``instant``, None if there is none."""
        found = self.at(instant)
        return found[0].code if found else None


@lru_cache(maxsize=1000)
def ladders_of(timeline: Timeline, brand: Brand) -> Ladders:
    """Return a brand's ladders over time, made once per timeline."""
    versions = tuple(
        (each.effective_from, _ladders(each.document, brand.currency_exponent))
        for each in timeline.programmes
    )
    return ladders_over_time(versions, brand)


def ladders_over_time(
    versions: tuple[tuple[datetime, tuple[Ladder, ...]], ...], brand: Brand
) -> Ladders:
    """Return ``versions``, each with the instant from which it is in force, by ladder."""
    codes = dict.fromkeys(ladder.code for _, ladders in versions for ladder in ladders)
    return Ladders(versions, {code: tuple(_stretches(code, versions, brand)) for code in codes})


def _stretches(
    code: str, versions: tuple[tuple[datetime, tuple[Ladder, ...]], ...], brand: Brand
) -> Iterator[Stretch]:
    changes: list[tuple[datetime, Ladder | None]] = []
    for start, ladders in versions:
        ladder = next((each for each in ladders if each.code == code), None)
        if ladder != (changes[-1][1] if changes else None):
            changes.append((start, ladder))
    for index, (start, ladder) in enumerate(changes):
        last = None
        if index + 1 < len(changes):
            last = _day_before(changes[index + 1][0], brand)
        yield Stretch(start, brand.day(start), last, ladder)


def _day_before(end: datetime, brand: Brand) -> date:
    """Return the last day whose start lies before ``end``."""
    return brand.day(end - timedelta(microseconds=1))


def _ladders(document: Document, exponent: int) -> tuple[Ladder, ...]:
    found = document.find(TiersSection)
    if found is None:
        return ()
    points = document.section(PointsSection)
    return tuple(compile_ladder(ladder, exponent, points.scale) for ladder in found.ladder)


def compile_ladder(ladder: section.Ladder, exponent: int, scale: int) -> Ladder:
    """Return a ladder of a file as plain integers.

    ``exponent`` is the number of decimals of the brand's currency, ``scale`` of its points.
    """
    decimals = {"spend": exponent, "points": scale}.get(ladder.qualify_by, 0)
    rungs = tuple(
        Rung(
            tier.name,
            int(tier.threshold.scaleb(decimals)),
            int((tier.threshold if tier.keep is None else tier.keep).scaleb(decimals)),
        )
        for tier in ladder.tier
    )
    holds = ladder.holds
    return Ladder(
        code=ladder.code,
        name=ladder.name,
        measure=ladder.qualify_by,
        activity=ladder.activity,
        expression=None if ladder.expression is None else _compiled(ladder.expression),
        units=(10**exponent, 10**scale),
        window=ladder.window,
        months=ladder.months or 0,
        holds="months" if isinstance(holds, section.Period) else holds,
        hold_months=holds.months if isinstance(holds, section.Period) else 0,
        grace_days=ladder.grace_days,
        downgrade=ladder.downgrade,
        rungs=rungs,
    )


# Equal texts are one object, so that ladders of two versions compare equal.
@lru_cache(maxsize=1000)
def _compiled(text: str) -> Expression:
    return progress_language().expression(text, "int")
