"""``laurel leaderboards``: the boards that Valkey shows, listed, compared and built anew."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.importing.run import EXIT_NOT_RUN
from api.parts import named_brand
from api.runtime import Runtime, opened
from api.sections import SECTIONS
from gamification.leaderboards import queries_scores, queries_showing
from gamification.leaderboards.queries_showing import Shown
from gamification.leaderboards.showing import AUDIT, Shower, ValkeyAwayError
from gamification.leaderboards.showing_dense import dense_by
from gamification.leaderboards.verifying import Verified, Verifier
from gamification.leaderboards.views import Boards
from kit.errors import LaurelError
from kit.settings import Settings

T = TypeVar("T")

EXIT_DIFFERENT = 1
_SHOWN_MAX = 10
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_AT_MOST = 10**12
_AWAY_SECONDS_MAX = 60
_PAUSE_SECONDS = 0.2

BrandOption = Annotated[str | None, typer.Option("--brand", help="Only this brand, by its code.")]
BoardOption = Annotated[str | None, typer.Option("--board", help="Only this board, by its code.")]
WindowOption = Annotated[
    list[int] | None,
    typer.Option("--window", help="Only this window, by its number, however old; repeatable."),
]

app = typer.Typer(
    name="leaderboards",
    help="Look after the boards that Valkey shows. All of them can be had from PostgreSQL.",
    no_args_is_help=True,
)


@app.command(name="list")
def list_(
    brand: BrandOption = None, board: BoardOption = None, window: WindowOption = None
) -> None:
    """List windows: their number, days and members, and whether all of them is shown."""

    async def run() -> list[str]:
        async with _windows(brand, board, window) as (parts, found):
            shown = await Boards(parts.nodes).sizes([each.id for each in found])
            async with parts.database.read() as session:
                windows = await queries_scores.windows_by_id(session, [each.id for each in found])
        lines = []
        for each, answer in zip(found, shown, strict=True):
            about = windows[each.id]
            days = f"{about.starts_on} to {about.ends_on or 'ever'}"
            behind = "" if answer.version >= each.head else ", behind"
            state = f"{about.state}, {answer.state}{behind if answer.state == 'live' else ''}"
            what = f"{each.board} {about.period} {about.scope}".rstrip()
            lines.append(f"{each.id:>6}  {what:30}  {days:24}  {answer.size:>11,}  {state}")
        return lines

    lines = _done(run())
    for line in lines:
        typer.echo(line)
    if not lines:
        typer.echo("There is no such window.", err=True)


@app.command()
def rebuild(
    brand: BrandOption = None, board: BoardOption = None, window: WindowOption = None
) -> None:
    """Build boards anew from PostgreSQL beside what is shown; exit 2 if it can't be done.

    Readers see the old board until the new one is complete. Broken off, it goes on by itself with
    the worker, or begins again with the next call. A window frozen so long ago that Valkey had
    forgotten it comes back for a day if it is named by its number.
    """
    console = Console(stderr=True)
    started = time.monotonic()

    async def run() -> tuple[int, int]:
        async with _windows(brand, board, window) as (parts, found):
            shower = Shower(parts.database, parts.nodes, dense=dense_by(SECTIONS))
            async with parts.database.read() as session:
                ids = [each.id for each in found]
                total = sum((await queries_showing.sizes(session, ids, _AT_MOST)).values())
            with _bar("Rebuilding", total, console) as say:
                await _rebuilt(parts, shower, found, say)
            return len(found), shower.rows

    windows, rows = _done(run())
    seconds = max(time.monotonic() - started, 1e-9)
    console.print(
        f"{windows:,} windows rebuilt: {rows:,} rows in {seconds:,.1f} s ({rows / seconds:,.0f}/s)."
    )


@app.command()
def verify(
    brand: BrandOption = None, board: BoardOption = None, window: WindowOption = None
) -> None:
    """Compare boards with PostgreSQL while all goes on; exit 1 if any differs, 2 if it can't run.

    Compared are scores and the moments they were reached, which together are the order. What
    differs is looked at again for a few seconds, as it may only have changed meanwhile.
    """
    console = Console(stderr=True)

    async def run() -> list[Verified]:
        async with _windows(brand, board, window) as (parts, found):
            verifier = Verifier(parts.database, parts.nodes)
            results = []
            with _bar("Comparing", len(found), console) as say:
                for n, each in enumerate(found):
                    say(n, f"{verifier.members:,} members")
                    results.append(await verifier.verify(each))
            return results

    results = _done(run())
    for each in results:
        _tell(each)
    wrong = sum(not each.equal for each in results)
    members = sum(each.members for each in results)
    if wrong:
        typer.echo(
            f"{wrong:,} of {len(results):,} windows differ: `laurel leaderboards rebuild` mends"
            " them.",
            err=True,
        )
        raise typer.Exit(EXIT_DIFFERENT)
    typer.echo(f"{len(results):,} windows with {members:,} members are equal.")


def _tell(result: Verified) -> None:
    window = result.window
    name = f"window {window.id} ({window.board})"
    if result.beyond:
        typer.echo(f"{name}: {result.beyond:,} scores beyond 2^53 are not shown", err=True)
    if result.state != "live":
        typer.echo(f"{name}: is not shown")
    if result.torn:
        typer.echo(f"{name}: has elements that belong to nobody")
    if result.dense_differs:
        typer.echo(f"{name}: its dense ranks count other scores")
    for each in result.differences[:_SHOWN_MAX]:
        wanted, shown = (
            "not listed" if one is None else f"{one.score} at {one.reached_at.isoformat()}"
            for one in (each.wanted, each.shown)
        )
        typer.echo(f"{name}: {each.entity} is {shown}, should be {wanted}")
    if len(result.differences) > _SHOWN_MAX:
        typer.echo(f"{name}: {len(result.differences):,} differences, the first are shown")


class Say:
    """Moves a bar."""

    def __init__(self, progress: Progress, task: Any) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: int, said: str) -> None:
        """Show how much is ``done`` and what to say beside it."""
        self._progress.update(self._task, completed=done, said=said)


async def _rebuilt(parts: Runtime, shower: Shower, windows: list[Shown], say: Say) -> None:
    """Begin to build ``windows`` anew and go on to the end; raise once Valkey stays away."""
    begun, silent_since = False, None
    while True:
        try:
            if not begun:
                await shower.rebuild(parts.clock.now(), windows)
                begun = True
            if not await shower.finish(parts.clock.now()):
                return
            silent_since = None
            say(shower.rows, f"{shower.rows:,} rows")
        except ValkeyAwayError:
            now = time.monotonic()
            silent_since = now if silent_since is None else silent_since
            if now - silent_since > _AWAY_SECONDS_MAX:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)


@contextmanager
def _bar(title: str, total: int, console: Console) -> Iterator[Say]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Say(progress, progress.add_task(title, total=total, said=""))


@asynccontextmanager
async def _windows(
    brand: str | None, board: str | None, ids: list[int] | None
) -> AsyncIterator[tuple[Runtime, list[Shown]]]:
    async with opened(Settings()) as parts:
        async with parts.database.read() as session:
            found = None if brand is None else await named_brand(session, brand)
            windows = await queries_showing.shown(
                session,
                _EVER if ids else parts.clock.now() - AUDIT,
                ids=ids or None,
                brand_id=found.id if found else None,
                board=board,
            )
        yield parts, windows


def _done(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except ValkeyAwayError as error:
        typer.echo(f"VALKEY_AWAY: Valkey does not answer: {error}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error
