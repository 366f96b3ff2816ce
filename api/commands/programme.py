"""``laurel programme``: check programme files, plan and apply them, and list what was applied."""

import asyncio
import getpass
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import orjson
import typer

from api import planning
from api.commands.programme_told import asked, changes, member_bar, plan_lines
from api.parts import Parts, named_brand, opened
from api.programmes import apply_programme, rehearse
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.section import BrandSection
from domain.members import queries as members
from domain.programmes import queries
from domain.programmes.rules import Document, Version, in_force, load
from domain.programmes.rules_difference import Difference, differences
from domain.programmes.rules_reference import reference
from domain.programmes.rules_schema import json_schema
from domain.programmes.service import Applied
from kit.calendar import day_start
from kit.documents import FaultyDocumentError, Problem
from kit.errors import InvalidInputError, LaurelError, NotFoundError
from kit.settings import Settings

app = typer.Typer(
    name="programme", help="Check, plan, apply and list programme files.", no_args_is_help=True
)

YEARS = (1970, 2999)
"""In which a version may start."""

File = Annotated[Path, typer.Argument(help="A programme file (TOML).")]
EffectiveFrom = Annotated[
    str | None,
    typer.Option(help="When it begins to count: a day of the brand or an instant; else now."),
]
BrandCode = Annotated[str, typer.Argument(help="The brand's code.")]


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
def plan(
    file: File,
    effective_from: EffectiveFrom = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a programme would change, and for how many members; write nothing.

    Exit 1 if it would be refused.
    """
    try:
        found = asyncio.run(_plan(*_asked_for(file, effective_from)))
    except LaurelError as error:
        _refuse(error)
    if as_json:
        typer.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo("\n".join(plan_lines(found)))


@app.command()
def apply(
    file: File,
    effective_from: EffectiveFrom = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Put a programme in force as a new version; the same content again changes nothing.

    Shows what it changes and, on a terminal, asks first.
    """
    try:
        document, begins = _asked_for(file, effective_from)
        applied = asyncio.run(_apply(document, begins, _user(), ask=not yes))
    except LaurelError as error:
        _refuse(error)
    if applied is None:
        typer.echo("Nothing was applied.", err=True)
        raise typer.Exit(1)
    done = "applied as" if applied.created else "unchanged, already"
    typer.echo(
        f"{document.section(BrandSection).code}: {done} version {applied.version_id},"
        f" in force from {applied.effective_from.isoformat()}"
    )


@app.command()
def history(brand: BrandCode) -> None:
    """List the versions of a brand's programme with what each changed; * is in force."""
    try:
        versions, now = asyncio.run(_history(brand))
    except LaurelError as error:
        _refuse(error)
    present = in_force(versions, now)
    before: Version | None = None
    for version in versions:
        mark = "*" if version is present else " "
        typer.echo(
            f"{mark} {version.id}  from {version.effective_from.isoformat()}"
            f"  applied {version.applied_at.isoformat()} by {version.applied_by}"
            f"  {version.content_hash.hex()[:12]}"
        )
        for line in changed(before, version):
            typer.echo(f"  {line}")
        before = version


@app.command()
def show(
    brand: BrandCode,
    version: Annotated[
        int | None, typer.Option(help="A version's number, as `history` lists it; else in force.")
    ] = None,
) -> None:
    """Print the file of a version as it was applied."""
    try:
        versions, now = asyncio.run(_history(brand))
        present = in_force(versions, now)
        if version is not None:
            present = next((each for each in versions if each.id == version), None)
        if present is None:
            known = ", ".join(str(each.id) for each in versions)
            message = f"There is no such version of {brand!r}. Its versions: {known}."
            raise NotFoundError(message, path=("version",))
    except LaurelError as error:
        _refuse(error)
    typer.echo(present.document, nl=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of programme files: what `docs/programme.schema.json` must hold."""
    typer.echo(json.dumps(json_schema(SECTIONS), indent=2, ensure_ascii=False))


@app.command(name="reference")
def reference_() -> None:
    """Print every setting of programme files: what `docs/programmes.md` must hold."""
    typer.echo(reference(SECTIONS), nl=False)


def instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant that ``text`` means: ISO 8601, or a day, which begins in ``zone``."""
    try:
        found = datetime.fromisoformat(text)
        if len(text) == len("2026-05-01"):
            found = day_start(zone, found.date())
    except (ValueError, OverflowError):
        message = f"{text!r} is no date; write 2026-05-01 or 2026-05-01T00:00:00Z"
        raise InvalidInputError(message, path=("effective_from",)) from None
    if not YEARS[0] <= found.year <= YEARS[1]:
        message = f"{text!r} is out of reach; write a year from {YEARS[0]} to {YEARS[1]}"
        raise InvalidInputError(message, path=("effective_from",))
    return found


def _asked_for(file: Path, effective_from: str | None) -> tuple[Document, datetime | None]:
    document = read(file)
    zone = ZoneInfo(document.section(BrandSection).time_zone)
    return document, instant(effective_from, zone) if effective_from else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A user without a name, as in a container.
        return "unknown"


async def _plan(document: Document, effective_from: datetime | None) -> planning.Plan:
    async with opened(Settings()) as parts:
        now = parts.clock.now()
        with member_bar("Members") as begun:
            return await planning.plan(parts.database, now, document, effective_from or now, begun)


async def _apply(
    document: Document, effective_from: datetime | None, applied_by: str, *, ask: bool
) -> Applied | None:
    async with opened(Settings()) as parts:
        now = parts.clock.now()
        start = effective_from or now
        known, told = await _told(parts, now, document, start)
        for line in changes(told):
            typer.echo(line, err=True)
        if told and ask and not asked("Apply it?"):
            return None
        with member_bar("Dating points") as begun:
            progress = begun(known)
            return await parts.database.write(
                lambda session: apply_programme(session, now, document, start, applied_by, progress)
            )


async def _told(
    parts: Parts, now: datetime, document: Document, start: datetime
) -> tuple[int, list[Difference]]:
    """Return how many members the brand has and what would change, nothing for a new brand."""
    same = await rehearse(parts.database, now, document, start)
    async with parts.database.read() as session:
        brand = await brands.by_code(session, document.section(BrandSection).code)
        if brand is None or same is not None:
            return 0, []
        timeline = await queries.timeline(session, brand.id, SECTIONS)
        known = await members.count(session, brand.id)
    latest = timeline.programmes[-1].document if timeline.programmes else None
    return known, differences(latest, document)


async def _history(code: str) -> tuple[list[Version], datetime]:
    async with opened(Settings()) as parts, parts.database.read() as session:
        brand = await named_brand(session, code)
        return await queries.versions(session, brand.id), parts.clock.now()


def changed(before: Version | None, version: Version) -> list[str]:
    """Return what a version changed, line by line."""
    if before is None:
        return ["  the first version"]
    try:
        old, new = (load(each.document, SECTIONS, str(each.id)) for each in (before, version))
    except FaultyDocumentError:
        return ["  it can't be compared: one of the two files is of another release of Laurel"]
    return list(changes(differences(old, new)))


def _refuse(error: LaurelError) -> NoReturn:
    typer.echo(error.message, err=True)
    raise typer.Exit(1)
