"""Tiers given by hand: a partner grants Gold, staff takes it back."""

from datetime import datetime
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.fields import BRAND, STAFF, attribute
from api.graphql.node import Node
from domain.tiers.rules import Grant

KIND = "StatusGrant"
GRANTS_USUAL = 1
"""As how many grants a member counts."""


@strawberry.type(description="A tier that was given to a member by hand.")
class StatusGrant(Node):
    """A grant. Nothing of it changes but that it can be revoked."""

    ladder: str = attribute(BRAND, "The code of the ladder, one of `programme.ladders`.")
    name: str = attribute(BRAND, "The tier's name as members read it.")
    starts_at: datetime = attribute(BRAND, "From when on it counts.")
    ends_at: datetime | None = attribute(BRAND, "Until when it counts; null for good.")
    granted_for: str = attribute(BRAND, "Why it was given.")
    granted_by: str = attribute(STAFF, "Which key of the brand gave it.")
    revoked_at: datetime | None = attribute(
        BRAND, "From when on it counts no more, whatever `endsAt` says; null if it was not revoked."
    )


def grant(member: UUID, found: Grant) -> StatusGrant:
    """Return a member's grant as it is shown."""
    return StatusGrant(
        id=ids.encode(KIND, f"{found.id}.{member}"),
        ladder=found.ladder,
        name=found.tier,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        granted_for=found.reason,
        granted_by=found.actor,
        revoked_at=found.revoked_at,
    )


def grant_key(text: str) -> tuple[UUID, UUID] | None:
    """Return the member and the grant in the key of a grant's id, None if it is none."""
    number, _, member = text.partition(".")
    try:
        key = UUID(member), UUID(number)
    except ValueError:
        return None
    # An object has one id only.
    return key if text == f"{key[1]}.{key[0]}" else None


async def by_id(info: Info, text: str) -> StatusGrant | None:
    """Return the grant with that key, None if the brand has none."""
    key = grant_key(text)
    found = await info.context.loaders.grants.load(key[0]) if key else None
    return next((grant(key[0], each) for each in found or () if key and each.id == key[1]), None)
