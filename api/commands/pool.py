"""``laurel pool``: the codes that a brand brings along for its vouchers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from api.importing.codes import CodeFile, CodeSummary, carry
from api.importing.rejects import Rejects
from api.importing.run import EXIT_NOT_RUN
from api.importing.show import bar
from api.parts import Parts, named_brand, opened
from domain.brands.rules import Brand
from domain.vouchers import queries
from domain.vouchers.service_pools import AddedCodes, add_codes
from kit.db import Session
from kit.errors import LaurelError
from kit.settings import Settings

T = TypeVar("T")


def _one_character(text: str) -> str:
    if len(text) != 1 or text in "\r\n":
        message = f"{text!r} is not one character, such as ';'."
        raise typer.BadParameter(message)
    return text


BrandOption = Annotated[str, typer.Option("--brand", help="The brand's code.")]

app = typer.Typer(name="pool", help="Bring codes for vouchers along.", no_args_is_help=True)


@app.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="One code a line; of a file named .csv the first column. Both also .gz, in UTF-8."
        ),
    ],
    brand: BrandOption,
    pool: Annotated[str, typer.Option(help="The pool's name, as `codes` of a reward has it.")],
    header: Annotated[
        bool,
        typer.Option(
            "--header",
            help="The first line is no code. One whose first field is `code` or `codes` never is.",
        ),
    ] = False,
    delimiter: Annotated[
        str, typer.Option(callback=_one_character, help="What parts the fields of a .csv.")
    ] = ",",
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejects go; else beside the file.")
    ] = None,
) -> None:
    """Add codes to a pool; exit 0: all fine, 1: some were rejected, 2: the file can't be read.

    Codes count as they are, with capitals and dashes; only blanks around them are dropped. One
    that the brand has already, in any pool, is not added again: repeat it at will.
    """
    console = Console(stderr=True)
    target = rejects or file.with_name(file.name + ".rejects.csv")

    async def run() -> CodeSummary:
        async with _brand(brand) as (found, parts):

            async def add(codes: Sequence[str]) -> AddedCodes:
                async def work(session: Session) -> AddedCodes:
                    return await add_codes(session, parts.clock.now(), found.id, pool, codes)

                return await parts.database.write(work)

            source = CodeFile(file, delimiter=delimiter, header=header)
            with closing(source), Rejects(target, source=file) as kept, bar(source, console) as say:
                summary = await carry(
                    source, add, reject=kept.write, progress=lambda done: say(_progress(done))
                )
        _show(summary, target, console)
        return summary

    raise typer.Exit(_done(run()).exit_code)


@app.command()
def show(brand: BrandOption) -> None:
    """List a brand's pools, with how many codes they have and how many of them are free."""

    async def run() -> list[queries.Pool]:
        async with _brand(brand) as (found, parts), parts.database.read() as session:
            return await queries.pools(session, found.id)

    pools = _done(run())
    width = max([len(pool.name) for pool in pools], default=0)
    for pool in pools:
        typer.echo(f"{pool.name:{width}}  {pool.codes:>13,} codes  {pool.free:>13,} free")
    if not pools:
        typer.echo("There is no pool yet; `laurel pool import` begins one.", err=True)


def _progress(summary: CodeSummary) -> str:
    return f"{summary.added + summary.known:,} codes, {summary.rate:,.0f}/s"


def _show(summary: CodeSummary, rejects: Path, console: Console) -> None:
    console.print(
        f"{summary.added:,} codes added, {summary.known:,} already known, "
        f"in {summary.seconds:,.1f} s ({summary.rate:,.0f} codes/s)."
    )
    if summary.rejected:
        console.print(f"{summary.rejected:,} rejected: see {rejects}", soft_wrap=True)
    if summary.failure:
        console.print(f"{summary.failure.code}: {summary.failure.message}", soft_wrap=True)
        console.print("What was added stands; run it again with the whole file to go on.")


@asynccontextmanager
async def _brand(code: str) -> AsyncIterator[tuple[Brand, Parts]]:
    async with opened(Settings()) as parts:
        async with parts.database.read() as session:
            found = await named_brand(session, code)
        yield found, parts


def _done(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(EXIT_NOT_RUN) from error
