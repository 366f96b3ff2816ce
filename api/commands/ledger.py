"""``laurel ledger``: recompute the books from their rows."""

import asyncio

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.checking import INVARIANTS, SHOWN_MAX, Violation, violations
from api.parts import opened
from kit.errors import LaurelError
from kit.settings import Settings

app = typer.Typer(name="ledger", help="Examine the books.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Examine the books."""


@app.command()
def check() -> None:
    """Recompute everything from rows and compare; exit 1 if anything differs, 2 if it can't run."""
    try:
        found = asyncio.run(_check())
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(2) from None
    for violation in found:
        fields = " ".join(f"{name}={value}" for name, value in violation.row.items())
        typer.echo(f"{violation.code} {fields}")
    codes = {violation.code: violation.count for violation in found}
    if codes:
        for code, count in codes.items():
            more = f" (the first {SHOWN_MAX} are shown)" if count > SHOWN_MAX else ""
            typer.echo(f"{code}: {count} found{more}", err=True)
        raise typer.Exit(1)
    typer.echo(f"The books are sound: {len(INVARIANTS)} invariants hold.")


async def _check() -> list[Violation]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    found: list[Violation] = []
    async with opened(Settings()) as parts, parts.database.read() as session:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=len(INVARIANTS))
            async for code, bad in violations(session):
                progress.update(task, advance=1, description=code)
                found += bad
    return found
