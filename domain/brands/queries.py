"""Which brands there are."""

from domain.brands.rules import Brand
from kit.db import Session

_BRAND = "SELECT id, code, name, time_zone, currency, currency_exponent FROM brand "


async def by_code(session: Session, code: str) -> Brand | None:
    """Return the brand ``code``, or None."""
    row = await session.one(_BRAND + "WHERE code = $1", code)
    return Brand(**dict(row)) if row else None


async def by_id(session: Session, brand_id: int) -> Brand | None:
    """Return the brand with that id, or None."""
    row = await session.one(_BRAND + "WHERE id = $1", brand_id)
    return Brand(**dict(row)) if row else None


async def every(session: Session) -> list[Brand]:
    """Return all brands, by code."""
    return [Brand(**dict(row)) for row in await session.fetch(_BRAND + "ORDER BY code")]
