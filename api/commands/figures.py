"""``laurel figures``: a brand's key figures."""

import asyncio
from dataclasses import asdict
from datetime import datetime, time
from decimal import Decimal
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Column, Table

from api.parts import named_brand, opened
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.metrics import queries as metrics
from domain.metrics.queries import Figures
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError, NotFoundError
from kit.settings import Settings


def figures(
    brand: Annotated[
        str | None, typer.Option(help="The brand's code; may be left out if there is one only.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="An instant (ISO 8601), or a day: up to its end on the brand's clock."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a brand's members, purchases, spend, points and tiers as of now or an instant."""
    try:
        found, answer = asyncio.run(_figures(brand, as_of))
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        document = {"brand": found.code, **asdict(answer)}
        typer.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
    else:
        show(found, answer)


async def _figures(code: str | None, as_of: str | None) -> tuple[Brand, Figures]:
    async with opened(Settings()) as parts, parts.database.read() as session:
        brand = await _brand(session, code)
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        at = parts.clock.now() if as_of is None else instant(as_of, brand)
        return brand, await metrics.figures(session, brand, timeline, at)


async def _brand(session: Session, code: str | None) -> Brand:
    if code is not None:
        return await named_brand(session, code)
    every = await brands.every(session)
    if len(every) != 1:
        known = ", ".join(each.code for each in every) or "none yet: apply a programme first"
        message = f"Say which brand with --brand. Known brands: {known}."
        raise NotFoundError(message, code="UNKNOWN_BRAND", path=("brand",))
    return every[0]


def instant(text: str, brand: Brand) -> datetime:
    """Return the instant that ``text`` means: a bare day is the last instant of that brand day.

    Raises InvalidInputError.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is neither a day such as 2017-12-31 nor an instant in ISO 8601."
        raise InvalidInputError(message, path=("as_of",)) from None
    if len(text) == len("2017-12-31"):
        at = datetime.combine(at.date(), time.max)
    return at if at.tzinfo is not None else at.replace(tzinfo=brand.zone)


def show(brand: Brand, answer: Figures) -> None:
    """Print the figures for people."""
    at = brand.local(answer.as_of)
    table = Table("figure", Column("value", justify="right"))
    rows = {
        "members": f"{answer.members:,}",
        "purchases": f"{answer.purchases:,}",
        f"spend ({brand.currency})": _money(answer.spend_minor, brand),
        f"refunded ({brand.currency})": _money(answer.refunded_minor, brand),
        "points issued": f"{answer.points_issued:,}",
        "points spent": f"{answer.points_spent:,}",
        "points expired": f"{answer.points_expired:,}",
        "points reversed": f"{answer.points_reversed:,}",
        "points outstanding": f"{answer.points_outstanding:,}",
        **{
            f"{'tier' if len(answer.tiers) == 1 else ladder} {name}": f"{count:,}"
            for ladder, members in answer.tiers.items()
            for name, count in members.items()
        },
    }
    for name, value in rows.items():
        table.add_row(name, value)
    console = Console()
    console.print(f"{brand.name} as of {at:%Y-%m-%d %H:%M %Z}", highlight=False)
    console.print(table)


def _money(amount: int, brand: Brand) -> str:
    return f"{Decimal(amount).scaleb(-brand.currency_exponent):,}"
