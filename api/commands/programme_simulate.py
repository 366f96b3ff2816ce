"""``laurel programme simulate``: what a draft would have made of history."""

import asyncio
import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.commands import figures
from api.commands.programme import app, instant, read
from api.importing.reading import Format
from api.parts import opened
from api.simulating import run
from api.simulating.asked import brand_of
from api.simulating.page import page
from api.simulating.parts import GC_THRESHOLDS
from api.simulating.report import document
from api.simulating.run import Begun, Simulated, Wish
from api.simulating.told import lines
from domain.brands.rules import Brand
from domain.programmes.rules import Document
from kit.clock import SystemClock
from kit.errors import InvalidInputError, LaurelError
from kit.settings import Settings

FROM_DATABASE = "from-database"


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="The draft: a programme file (TOML).")],
    history: Annotated[
        str,
        typer.Option(
            help=f"`{FROM_DATABASE}`: what the brand's database knows; else a file of purchases"
            " (CSV, JSONL or Parquet, as `laurel import purchases` reads them)."
        ),
    ] = FROM_DATABASE,
    brand: Annotated[
        str | None,
        typer.Option(help="Whose history and programme in force; else the draft's own brand."),
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Compare with this programme file, not with the one in force."),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", help="The draft judges what happened from then on; else everything."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="History ends then: a day, up to its end, or an instant.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="A TOML file that names the history file's columns.")
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="Of the history file; auto goes by its name.")
    ] = "auto",
    scattered: Annotated[
        bool, typer.Option("--scattered", help="A purchase's lines do not stand together.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where the report goes, one HTML file.")] = Path(
        "simulation.html"
    ),
    json_: Annotated[
        Path | None, typer.Option("--json", help="Where its numbers go; else beside the report.")
    ] = None,
    processes: Annotated[
        int,
        typer.Option(min=1, max=64, help="So many replay members of the database at a time."),
    ] = min(4, os.cpu_count() or 1),
) -> None:
    """Replay real history under a draft, beside the programme in force; write nothing but a report.

    Nothing in the database changes. Exit 1 if it can't be done.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        draft = read(file)
        wish = Wish(
            draft=draft,
            brand=brand,
            history=None if history == FROM_DATABASE else Path(history),
            mapping=mapping,
            file_format=file_format,
            scattered=scattered,
            beside=None if beside is None else read(beside),
            begins=_begins(from_, draft),
            until=_until(until, draft),
            processes=processes,
        )
        _report(wish, out, json_ or out.with_suffix(".json"))
    except LaurelError as error:
        typer.echo(error.message, err=True)
        raise typer.Exit(1) from None


def _report(wish: Wish, out: Path, target: Path) -> None:
    numbers = document(asyncio.run(_simulated(wish)))
    _write(target, orjson.dumps(numbers, option=orjson.OPT_INDENT_2) + b"\n")
    _write(out, page(numbers).encode())
    typer.echo("\n".join(lines(numbers)))
    typer.echo(f"Report: {out}; numbers: {target}")


async def _simulated(wish: Wish) -> Simulated:
    with _bar() as begun:
        if wish.history is not None and wish.brand is None:
            return run.from_file(wish, run.unknown(wish), SystemClock().now(), begun)
        async with opened(Settings()) as parts:
            if wish.history is None:
                url = parts.servers.database_url
                return await run.from_database(parts.database, url, wish, begun)
            about = await run.known(parts.database, wish)
            return run.from_file(wish, about, parts.clock.now(), begun)


@contextmanager
def _bar() -> Iterator[Begun]:
    """Show how far the replay has come and how fast it is, on a terminal's stderr."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    done, started = 0, monotonic()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:

        def begun(total: int) -> Callable[[int, int], None]:
            nonlocal started
            started = monotonic()
            task = bar.add_task("Replaying", total=total, said="")

            def show(more: int, baskets: int) -> None:
                nonlocal done
                done += baskets
                rate = done / max(monotonic() - started, 1e-3)
                bar.update(task, advance=more, said=f"{done:,} baskets, {rate:,.0f}/s")

            return show

        yield begun
    seconds = monotonic() - started
    told = f"{done:,} baskets in {seconds:,.1f} s ({done / max(seconds, 1e-3):,.0f} baskets/s)."
    console.print(told, highlight=False)


def _begins(text: str | None, draft: Document) -> datetime | None:
    return instant(text, _zone(draft)) if text else None


def _zone(draft: Document) -> ZoneInfo:
    return brand_of(draft).zone


def _until(text: str | None, draft: Document) -> datetime | None:
    if not text:
        return None
    brand: Brand = brand_of(draft)
    return figures.instant(text, brand)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}"
        raise InvalidInputError(message) from None
