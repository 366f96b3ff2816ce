"""Which keys sign a brand's credentials, and signed them before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from kit.db import Session


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of a brand. ``public`` is a JWK; ``sealed`` is the private one, for who made it."""

    kid: str
    public: Mapping[str, str]
    sealed: str
    made_at: datetime
    retired_at: datetime | None


async def keys(session: Session, brand_id: int) -> list[SigningKey]:
    """Return all keys that a brand ever had, the one that signs first, then the latest."""
    rows = await session.fetch(
        "SELECT kid, public, sealed, made_at, retired_at FROM badge_key WHERE brand_id = $1"
        " ORDER BY retired_at DESC NULLS FIRST, kid",
        brand_id,
    )
    return [_key(row) for row in rows]


def _key(row: asyncpg.Record) -> SigningKey:
    return SigningKey(*row)
