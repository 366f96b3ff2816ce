"""The verbs that give a brand's servers and staff their keys, and take them away."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand, KeyRole
from kit.db import Session
from kit.errors import InvalidInputError
from kit.ids import new_id, new_secret

KEY_PREFIX = "lk_"
NAME_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. ``secret`` is known only now: the database keeps its SHA-256."""

    id: UUID
    name: str
    role: KeyRole
    secret: str


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a key. A plain hash will do: the secret is 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


async def issue_keys(
    session: Session, now: datetime, brand: Brand, wanted: Sequence[tuple[KeyRole, str]]
) -> list[IssuedKey]:
    """Make a key per role and name, in order. Raises InvalidInputError for an unusable name."""
    keys = [
        IssuedKey(new_id(), _checked(name), role, KEY_PREFIX + new_secret())
        for role, name in wanted
    ]
    await session.fetch(
        "INSERT INTO api_key (id, brand_id, name, role, secret_hash, created_at)"
        " SELECT i, $1, n, r, h, $2"
        " FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bytea[]) AS k(i, n, r, h)",
        brand.id,
        now,
        [key.id for key in keys],
        [key.name for key in keys],
        [key.role for key in keys],
        [secret_hash(key.secret) for key in keys],
    )
    return keys


async def revoke_keys(
    session: Session, now: datetime, brand: Brand, ids: Sequence[UUID]
) -> set[UUID]:
    """Make the brand's keys ``ids`` useless at once; return those that were found.

    A key that was revoked before keeps the instant at which it was.
    """
    rows = await session.fetch(
        "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2)"
        " WHERE brand_id = $1 AND id = ANY ($3) RETURNING id",
        brand.id,
        now,
        list(ids),
    )
    return {row["id"] for row in rows}


def _checked(name: str) -> str:
    if not 0 < len(name.strip()) <= NAME_LENGTH_MAX or not name.isprintable():
        message = f"A key's name has 1 to {NAME_LENGTH_MAX} printable characters."
        raise InvalidInputError(message, path=("name",))
    return name.strip()
