"""``laurel programme``: check programme files, apply them, and list what was applied."""

import asyncio
import getpass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from api.programmes import apply_programme
from api.runtime import named_brand, opened
from api.sections import SECTIONS
from domain.brands.section import BrandSection
from domain.programmes import queries, service
from domain.programmes.rules import Document, Version, in_force, load
from kit.calendar import day_start
from kit.documents import FaultyDocumentError, Problem
from kit.errors import InvalidInputError, LaurelError
from kit.settings import Settings

app = typer.Typer(
    name="programme", help="Check, apply and list programme files.", no_args_is_help=True
)


def read(file: Path) -> Document:
    """Return the programme in ``file``. Raises `FaultyDocumentError`."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}; save it as UTF-8"
        raise FaultyDocumentError(str(file), [Problem((), message)]) from None
    except OSError as error:
        message = f"can't be read: {error.strerror}"
        raise FaultyDocumentError(str(file), [Problem((), message)]) from None
    return load(text, SECTIONS, str(file))


@app.command()
def check(files: Annotated[list[Path], typer.Argument(help="Programme files (TOML).")]) -> None:
    """Say what is wrong with programme files, line by line; exit 1 if anything is."""
    faulty = False
    for file in files:
        try:
            read(file)
        except LaurelError as error:
            faulty = True
            typer.echo(error.message, err=True)
        else:
            typer.echo(f"{file}: good")
    if faulty:
        raise typer.Exit(1)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A programme file (TOML).")],
    effective_from: Annotated[
        str | None,
        typer.Option(help="When it begins to count: a day of the brand or an instant; else now."),
    ] = None,
) -> None:
    """Put a programme in force as a new version; the same content again changes nothing."""
    try:
        document = read(file)
        section = document.section(BrandSection)
        begins = effective_from and instant(effective_from, ZoneInfo(section.time_zone))
        applied = asyncio.run(_apply(document, begins or None, _user()))
    except LaurelError as error:
        _refuse(error)
    done = "applied as" if applied.created else "unchanged, already"
    typer.echo(
        f"{section.code}: {done} version {applied.version_id},"
        f" in force from {applied.effective_from.isoformat()}"
    )


@app.command()
def history(brand: Annotated[str, typer.Argument(help="The brand's code.")]) -> None:
    """List the versions of a brand's programme, the one in force marked with *."""
    try:
        versions, now = asyncio.run(_history(brand))
    except LaurelError as error:
        _refuse(error)
    present = in_force(versions, now)
    for version in versions:
        mark = "*" if version is present else " "
        typer.echo(
            f"{mark} {version.id}  from {version.effective_from.isoformat()}"
            f"  applied {version.applied_at.isoformat()} by {version.applied_by}"
            f"  {version.content_hash.hex()[:12]}"
        )


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant that ``text`` means: ISO 8601, or a day, which begins in ``zone``."""
    try:
        return day_start(zone, date.fromisoformat(text))
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no date; write 2026-05-01 or 2026-05-01T00:00:00Z"
        raise InvalidInputError(message, path=("effective_from",)) from None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A user without a name, as in a container.
        return "unknown"


async def _apply(
    document: Document, effective_from: datetime | None, applied_by: str
) -> service.Applied:
    async with opened(Settings()) as runtime:
        now = runtime.clock.now()
        return await runtime.database.write(
            lambda session: apply_programme(
                session, now, document, effective_from or now, applied_by
            )
        )


async def _history(code: str) -> tuple[list[Version], datetime]:
    async with opened(Settings()) as runtime, runtime.database.read() as session:
        brand = await named_brand(session, code)
        return await queries.versions(session, brand.id), runtime.clock.now()


def _refuse(error: LaurelError) -> NoReturn:
    typer.echo(error.message, err=True)
    raise typer.Exit(1)
