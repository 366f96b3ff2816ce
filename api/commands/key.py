"""``laurel key``: the API keys of a brand's servers and staff."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from api.parts import named_brand, opened
from domain.brands import queries, service
from domain.brands.queries import ApiKey
from domain.brands.rules import Brand, KeyRole
from domain.brands.service import IssuedKey
from kit.db import Session
from kit.errors import LaurelError, NotFoundError
from kit.settings import Settings

T = TypeVar("T")
BrandOption = Annotated[str, typer.Option("--brand", help="The brand's code.")]

app = typer.Typer(name="key", help="Create, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    brand: BrandOption,
    role: Annotated[KeyRole, typer.Option(help="Who holds it.")],
    name: Annotated[str, typer.Option(help="What to call it, such as the till system.")],
) -> None:
    """Make a key and print it: it is shown this once and stored only as a hash."""

    async def work(session: Session, now: datetime, found: Brand) -> IssuedKey:
        (key,) = await service.issue_keys(session, now, found, [(role, name)])
        return key

    key = _done(brand, work)
    typer.echo(f"{key.id}  {key.role}  {key.name}", err=True)
    typer.echo(key.secret)


@app.command(name="list")
def list_(brand: BrandOption) -> None:
    """List a brand's keys, the revoked ones included."""

    async def work(session: Session, _: datetime, found: Brand) -> list[ApiKey]:
        return await queries.keys(session, found.id)

    for key in _done(brand, work):
        state = f"revoked {key.revoked_at.isoformat()}" if key.revoked_at else "in use"
        typer.echo(f"{key.id}  {key.role:6}  {key.created_at.isoformat()}  {state}  {key.name}")


@app.command()
def revoke(
    brand: BrandOption, key: Annotated[UUID, typer.Argument(help="The key's id from the list.")]
) -> None:
    """Make a key useless at once."""

    async def work(session: Session, now: datetime, found: Brand) -> None:
        if not await service.revoke_keys(session, now, found, [key]):
            raise NotFoundError(f"{found.code} has no key {key}.", code="UNKNOWN_KEY")

    _done(brand, work)
    typer.echo(f"revoked {key}")


def _done(code: str, work: Callable[[Session, datetime, Brand], Awaitable[T]]) -> T:
    async def run() -> T:
        async with opened(Settings()) as parts:
            now = parts.clock.now()

            async def inside(session: Session) -> T:
                return await work(session, now, await named_brand(session, code))

            return await parts.database.write(inside)

    try:
        return asyncio.run(run())
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None
