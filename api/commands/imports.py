"""``laurel import``: carry a file of purchases into a brand."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.importing.mapping import Mapping, load_mapping
from api.importing.reading import Format, Purchases, open_purchases
from api.importing.rejects import Rejects
from api.importing.run import BATCH, EXIT_NOT_RUN, Outcome, Record, Summary, run
from api.importing.show import progress_bar, show_summary
from api.parts import Parts, named_brand, opened
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning import service
from domain.earning.rules import Purchase
from domain.programmes import queries as programmes
from kit.clock import Clock
from kit.db import Database, Session
from kit.errors import LaurelError
from kit.settings import Settings

app = typer.Typer(name="import", help="Import files into a brand.", no_args_is_help=True)

# Reading makes millions of small tuples that hold no cycles; by default a tenth of the time of
# an import goes into looking for some.
GC_THRESHOLDS = (100_000, 50, 50)


@app.callback()
def group() -> None:
    """Import files into a brand."""


@app.command()
def purchases(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL (both also .gz) or Parquet.")],
    brand: Annotated[str, typer.Option(help="The brand's code.")],
    mapping: Annotated[
        Path | None, typer.Option(help="A TOML file that names the file's columns.")
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="auto goes by the name's ending.")
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")
    ] = False,
    scattered: Annotated[
        bool, typer.Option("--scattered", help="A purchase's lines do not stand together.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Per transaction.")] = BATCH,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejects go; else beside the file.")
    ] = None,
) -> None:
    """Import purchases; exit 0: all fine, 1: some were rejected, 2: the file can't be read."""
    gc.set_threshold(*GC_THRESHOLDS)
    console = Console(stderr=True)
    target = rejects or file.with_name(file.name + ".rejects.csv")

    async def carry() -> Summary:
        described = load_mapping(mapping) if mapping else Mapping()
        async with _brand(brand) as (found, parts):
            source = open_purchases(
                file,
                file_format,
                described,
                found.currency,
                found.currency_exponent,
                scattered=scattered,
            )
            record = recorder(parts.database, parts.clock, found, dry_run=dry_run)
            with Rejects(target, source=file) as kept:
                summary = await _shown(source, record, kept, console, batch, limit)
            show_summary(summary, kept, console, dry_run=dry_run)
        return summary

    try:
        summary = asyncio.run(carry())
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error
    raise typer.Exit(summary.exit_code)


class _UndoError(Exception):
    """Leaves a dry run's transaction, taking the outcomes along."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def recorder(database: Database, clock: Clock, brand: Brand, *, dry_run: bool) -> Record:
    """Return what records one batch in one transaction, which a dry run rolls back."""

    async def record(some: list[Purchase]) -> Sequence[Outcome]:
        async def work(session: Session) -> Sequence[Outcome]:
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            outcomes = await service.record_purchases(session, clock.now(), brand, timeline, some)
            if dry_run:
                raise _UndoError(outcomes)
            return outcomes

        try:
            return await database.write(work)
        except _UndoError as undone:
            return undone.outcomes

    return record


@asynccontextmanager
async def _brand(code: str) -> AsyncIterator[tuple[Brand, Parts]]:
    async with opened(Settings()) as parts:
        async with parts.database.read() as session:
            found = await named_brand(session, code)
        yield found, parts


async def _shown(
    source: Purchases,
    record: Record,
    rejects: Rejects,
    console: Console,
    batch: int,
    limit: int | None,
) -> Summary:
    with progress_bar(source, console) as progress:
        return await run(
            source, record, batch=batch, limit=limit, reject=rejects.write, progress=progress
        )
