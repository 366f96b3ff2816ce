"""The verbs that give a brand a key to sign with, and another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from domain.brands.rules import Brand
from gamification.badges.queries_keys import SigningKey, keys
from kit.db import Session


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; see `SigningKey`."""

    kid: str
    public: Mapping[str, str]
    sealed: str


async def ensure(session: Session, now: datetime, brand: Brand, draft: NewKey) -> SigningKey:
    """Return the key that signs for a brand: ``draft`` if it has none yet."""
    await _insert(session, now, brand, draft)
    return (await keys(session, brand.id))[0]


async def rotate(session: Session, now: datetime, brand: Brand, draft: NewKey) -> SigningKey:
    """Let ``draft`` sign from now on. The keys before stay published: what they signed holds."""
    await session.fetch(
        "UPDATE badge_key SET retired_at = $2 WHERE brand_id = $1 AND retired_at IS NULL",
        brand.id,
        now,
    )
    return await ensure(session, now, brand, draft)


async def _insert(session: Session, now: datetime, brand: Brand, draft: NewKey) -> None:
    await session.fetch(
        "INSERT INTO badge_key (brand_id, kid, public, sealed, made_at)"
        " VALUES ($1, $2, $3::text::jsonb, $4, $5) ON CONFLICT DO NOTHING",
        brand.id,
        draft.kid,
        orjson.dumps(dict(draft.public)).decode(),
        draft.sealed,
        now,
    )
