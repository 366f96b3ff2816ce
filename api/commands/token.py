"""``laurel token``: a member's token for trying things out."""

import asyncio
import re
from datetime import timedelta
from typing import Annotated

import typer

from api.parts import named_brand, opened
from api.tokens import Tokens
from kit.errors import InvalidInputError, LaurelError
from kit.settings import Settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def token(
    brand: Annotated[str, typer.Option(help="The brand's code.")],
    member: Annotated[str, typer.Option(help="The id by which the brand knows the member.")],
    expires_in: Annotated[str, typer.Option(help="How long it holds: 30m, 24h, 7d.")] = "24h",
) -> None:
    """Print a token with which a member signs in. In development only."""
    try:
        typer.echo(asyncio.run(_issue(brand, member, duration(expires_in))))
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None


def duration(text: str) -> timedelta:
    """Return the length of time that ``text`` means. Raises InvalidInputError."""
    found = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", text)
    if found is None:
        message = f"{text!r} is no length of time; write 30m, 24h or 7d."
        raise InvalidInputError(message, path=("expires_in",))
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


async def _issue(code: str, member: str, lasts: timedelta) -> str:
    settings = Settings()
    tokens = Tokens(settings)
    async with opened(settings) as parts:
        async with parts.database.read() as session:
            brand = await named_brand(session, code)
        return tokens.issue(brand.code, member, parts.clock.now(), lasts)
