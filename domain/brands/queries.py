"""Which brands there are, and which keys they have."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand, KeyRole
from kit.db import Session

_BRAND = "SELECT id, code, name, time_zone, currency, currency_exponent FROM brand "


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a brand's server or staff, without its secret."""

    id: UUID
    name: str
    role: KeyRole
    created_at: datetime
    revoked_at: datetime | None


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


async def keys(session: Session, brand_id: int) -> list[ApiKey]:
    """Return a brand's keys, the revoked ones included, oldest first."""
    rows = await session.fetch(
        "SELECT id, name, role, created_at, revoked_at FROM api_key"
        " WHERE brand_id = $1 ORDER BY created_at, id",
        brand_id,
    )
    return [ApiKey(**dict(row)) for row in rows]


async def by_key(session: Session, secret_hash: bytes) -> tuple[UUID, KeyRole, Brand] | None:
    """Return the id, the role and the brand of a key that is not revoked, or None."""
    row = await session.one(
        "SELECT k.id AS key_id, k.role,"
        " b.id, b.code, b.name, b.time_zone, b.currency, b.currency_exponent"
        " FROM api_key k JOIN brand b ON b.id = k.brand_id"
        " WHERE k.secret_hash = $1 AND k.revoked_at IS NULL",
        secret_hash,
    )
    if row is None:
        return None
    key_id, role, *brand = row
    return key_id, role, Brand(*brand)
