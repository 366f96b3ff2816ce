"""What is to be simulated, in values that another process can be handed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.brands.section import BrandSection
from domain.programmes.rules import Document, Programme, Timeline, load
from domain.simulation.rules_months import Calendar
from domain.simulation.rules_replay import Replay
from domain.simulation.rules_simulation import Simulation
from domain.wallets.section import PointsSection
from kit.errors import InvalidInputError

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
DRAFT = -1
"""The number of the draft among versions: no row has it."""


class Version(NamedTuple):
    """One file, from when it is in force, and since when that was known."""

    id: int
    effective_from: datetime
    text: str
    known_at: datetime


@dataclass(frozen=True)
class Asked:
    """A draft over time, what it is compared with (if anything), and over which months.

    ``scale`` is the number of decimals of the points that history names.
    """

    brand: Brand
    draft: tuple[Version, ...]
    beside: tuple[Version, ...] | None
    months: Calendar
    scale: int

    def simulation(self) -> Simulation:
        """Return a simulation of it, of which nothing is told yet."""
        draft = self._replay(self.draft, reprices=True)
        if self.beside is None:
            return Simulation(draft)
        return Simulation(draft, self._replay(self.beside, reprices=False))

    def _replay(self, versions: tuple[Version, ...], *, reprices: bool) -> Replay:
        timeline = timeline_of(versions)
        scale = timeline.programmes[-1].document.section(PointsSection).scale
        return Replay(
            self.brand,
            timeline,
            self.months,
            known_at={each.id: each.known_at for each in versions},
            rescale=(10 ** max(0, scale - self.scale), 10 ** max(0, self.scale - scale)),
            reprices=reprices,
        )


@dataclass(frozen=True)
class Part:
    """What one process replays: members by pages, of the database at ``url`` as of a snapshot."""

    asked: Asked
    url: str
    snapshot: str
    until: datetime
    pages: tuple[tuple[UUID | None, UUID | None], ...]


def timeline_of(versions: tuple[Version, ...]) -> Timeline:
    """Return versions read."""
    return Timeline(
        tuple(
            Programme(each.id, each.effective_from, load(each.text, SECTIONS, f"version {each.id}"))
            for each in versions
        )
    )


def drafted(
    versions: tuple[Version, ...], document: Document, begins: datetime | None
) -> tuple[Version, ...]:
    """Return the versions over time if ``document`` had been in force from ``begins`` on.

    None: it judges everything that happened.
    """
    if begins is None:
        return (Version(DRAFT, BEGINNING, document.text, BEGINNING),)
    before = (each for each in versions if each.effective_from < begins)
    return (*before, Version(DRAFT, begins, document.text, begins))


def brand_of(document: Document) -> Brand:
    """Return the brand that a file speaks of, which need not be in any database."""
    section = document.section(BrandSection)
    return Brand(
        0,
        section.code,
        section.name,
        section.time_zone,
        section.currency,
        section.currency_exponent,
    )


def fitting(brand: Brand, scale: int, document: Document) -> None:
    """Raise InvalidInputError if ``document`` could never become this brand's own programme.

    One that was written for another brand is taken as if it were this one's: its days are those of
    the brand's clock, and its money is the brand's.
    """
    section = document.section(BrandSection)
    if section.code != brand.code:
        return
    for field in ("time_zone", "currency"):
        old, new = getattr(brand, field), getattr(section, field)
        if old != new:
            message = f"brand {brand.code} has the {field} {old}, which can't become {new}"
            raise InvalidInputError(message, code=f"BRAND_{field.upper()}_FIXED")
    points = document.section(PointsSection)
    if points.scale != scale:
        message = (
            f"points.scale of brand {brand.code} is {scale}, which can't become {points.scale}"
        )
        raise InvalidInputError(message, code="ASSET_SCALE")
