"""Simulates a draft over a brand's own history, or over a file of purchases."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from api.importing.mapping import Mapping, load_mapping
from api.importing.reading import Format, open_purchases
from api.parts import named_brand
from api.simulating.asked import (
    BEGINNING,
    Asked,
    Version,
    brand_of,
    drafted,
    fitting,
)
from api.simulating.from_file import Taken, replay_blocks
from api.simulating.parts import replayed
from domain.brands.rules import Brand
from domain.brands.section import BrandSection
from domain.programmes import queries as programmes
from domain.programmes.rules import Document
from domain.simulation import queries
from domain.simulation.rules_months import Calendar, calendar, last_instant, narrowed
from domain.simulation.rules_simulation import Found, Side
from domain.wallets.queries import books
from domain.wallets.section import PointsSection
from kit.db import Database
from kit.errors import InvalidInputError


@dataclass(frozen=True)
class Wish:
    """What somebody wants simulated. Instants and days are already read; None is the default.

    ``history`` None is the brand's own; ``beside`` is a programme file to compare with, else it
    is the brand's programme in force.
    """

    draft: Document
    brand: str | None = None
    history: Path | None = None
    mapping: Path | None = None
    file_format: Format = "auto"
    scattered: bool = False
    beside: Document | None = None
    begins: datetime | None = None
    until: datetime | None = None
    processes: int = 1


@dataclass(frozen=True)
class Known:
    """A brand, how many decimals the points of its history have, and its versions so far."""

    brand: Brand
    scale: int
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Simulated:
    """What was simulated and what was found. ``taken`` tells of a file that was read."""

    wish: Wish
    asked: Asked
    found: Found
    taken: Taken | None = None


Show = Callable[[int, int], None]


Begun = Callable[[int], Show]
"""Told how much is to be replayed; returns what is told how much of it more was, and baskets."""


async def known(database: Database, wish: Wish) -> Known:
    """Return the brand that a draft is for, and what was in force there.

    Raises NotFoundError for a brand that is not there and InvalidInputError for a draft that could
    never become its programme.
    """
    code = wish.brand or wish.draft.section(BrandSection).code
    async with database.read() as session:
        brand = await named_brand(session, code)
        accounts = await books(session, brand.id)
        assert accounts is not None, "whoever applies a programme opens its books"
        fitting(brand, accounts.scale, wish.draft)
        applied = await programmes.versions(session, brand.id)
    versions = tuple(
        Version(each.id, each.effective_from, each.document, each.applied_at) for each in applied
    )
    return Known(brand, accounts.scale, versions)


def unknown(wish: Wish) -> Known:
    """Return the brand that a draft speaks of, without any database."""
    scale = wish.draft.section(PointsSection).scale
    return Known(brand_of(wish.draft), scale, ())


async def from_database(database: Database, url: str, wish: Wish, begun: Begun) -> Simulated:
    """Simulate a draft over what the database at ``url`` knows of a brand. Nothing is written.

    Raises what `known` does, and InvalidInputError (NO_HISTORY) where nothing happened.
    """
    about = await known(database, wish)
    brand = about.brand
    async with database.read() as session:
        span = await queries.span(session, brand.id)
    if span.first is None or span.last is None:
        message = f"brand {brand.code} has no history yet; import some, or name a file"
        raise InvalidInputError(message, code="NO_HISTORY")
    until = wish.until or last_instant(brand.zone, brand.day(span.last))
    if until < span.first:
        message = f"nothing had happened by {until.isoformat()}; choose a later day"
        raise InvalidInputError(message, code="NO_HISTORY", path=("until",))
    asked = _asked(wish, about, calendar(brand.zone, span.first, until))
    show = begun(span.baskets)
    found = await replayed(
        database, url, asked, wish.processes, lambda baskets: show(baskets, baskets)
    )
    return Simulated(wish, asked, found)


def from_file(wish: Wish, about: Known, now: datetime, begun: Begun) -> Simulated:
    """Simulate a draft over a file of purchases, beside what ``about`` says was in force, if any.

    Raises SourceError if the file can't be read, InvalidInputError if it has no purchases.
    """
    assert wish.history is not None, "a file is named"
    brand = about.brand
    source = open_purchases(
        wish.history,
        wish.file_format,
        load_mapping(wish.mapping) if wish.mapping else Mapping(),
        brand.currency,
        brand.currency_exponent,
        scattered=wish.scattered,
    )
    last = wish.until or now + timedelta(days=1)
    asked = _asked(wish, about, calendar(brand.zone, BEGINNING, last))
    simulation = asked.simulation()
    show = begun(source.total)
    shown = 0

    def progress(baskets: int) -> None:
        nonlocal shown
        shown, before = source.done, shown
        show(shown - before, baskets)

    taken = replay_blocks(source, brand, simulation, now, wish.until, progress)
    if taken.first is None or taken.last is None:
        message = f"{wish.history} has no purchase that could be replayed"
        raise InvalidInputError(message, code="NO_HISTORY")
    until = wish.until or last_instant(brand.zone, brand.day(taken.last))
    narrow = narrowed(asked.months, until)
    first = narrow.place(taken.first)
    months = Calendar(narrow.starts[first:], narrow.ends[first:])
    found = _from(simulation.found(), first, months)
    return Simulated(wish, replace(asked, months=months), found, taken)


def _asked(wish: Wish, about: Known, months: Calendar) -> Asked:
    versions = about.versions
    if wish.beside is not None:
        versions = (Version(0, BEGINNING, wish.beside.text, BEGINNING),)
    if wish.begins is not None and not versions:
        message = "--from needs to know what was in force before; say --beside or --brand"
        raise InvalidInputError(message, path=("from",))
    drafts = drafted(versions, wish.draft, wish.begins)
    return Asked(about.brand, drafts, versions or None, months, about.scale)


def _from(found: Found, first: int, months: Calendar) -> Found:
    def part(side: Side) -> Side:
        return Side(side.sums.part(first, len(months.starts)), side.failures)

    beside = None if found.beside is None else part(found.beside)
    return Found(part(found.draft), beside, found.comparison)
