"""What a person sees of an import: a bar with a rate while it runs, counts at its end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from api.importing.rejects import Rejects
from api.importing.run import Summary
from api.importing.shape import Measured


@contextmanager
def bar(source: Measured, console: Console) -> Iterator[Callable[[str], None]]:
    """Show how far ``source`` is read; call what is yielded with what to say beside it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[said]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("Importing", total=source.total, said="")

        def say(said: str) -> None:
            shown.update(task, completed=source.done, said=said)

        yield say


@contextmanager
def progress_bar(source: Measured, console: Console) -> Iterator[Callable[[Summary], None]]:
    """Show a bar for ``source``; call what is yielded with the growing summary."""
    with bar(source, console) as say:
        yield lambda summary: say(f"{summary.purchases:,} purchases, {summary.rate:,.0f}/s")


def show_summary(summary: Summary, rejects: Rejects, console: Console, *, dry_run: bool) -> None:
    """Print the counts, where the rejects are, and whether the file broke off."""
    if dry_run:
        console.print("Dry run: nothing was written. This is what would happen.")
    console.print(
        f"{summary.recorded:,} purchases recorded, {summary.replayed:,} already known, "
        f"{summary.lines:,} lines, in {summary.seconds:,.1f} s ({summary.rate:,.0f} purchases/s)."
    )
    if rejects.count:
        console.print(
            f"{rejects.count:,} rejected ({summary.rejected:,} could not be read, "
            f"{summary.refused:,} were refused): see {rejects.path}",
            soft_wrap=True,
        )
    if summary.failure:
        console.print(f"{summary.failure.code}: {summary.failure.message}", soft_wrap=True)
        console.print("What was recorded stands; run it again with the whole file to go on.")
