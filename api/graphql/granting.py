"""How status is given and taken by hand: a partner grants Gold, staff takes it back."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.grants import KIND, StatusGrant, grant, grant_key
from api.graphql.requests import KEY, done_once, instant_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.expiry.service_status import Status, grant_status, revoke_status
from domain.programmes import queries as programmes
from domain.tiers.rules import Grant
from kit.db import Session
from kit.errors import LaurelError


@strawberry.input(description="A tier to give to a member by hand.")
class GrantStatusInput:
    """The input of grantStatus."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    ladder: str | None = strawberry.field(
        default=None,
        description="The code of the ladder, one of `programme.ladders`; the main one without it.",
    )
    tier: str = strawberry.field(description="The tier's name as members read it.")
    starts_at: datetime | None = strawberry.field(
        default=None, description="From when on it counts, not in the past; at once without it."
    )
    ends_at: datetime | None = strawberry.field(
        default=None, description="Until when it counts; for good without it."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters.")


@strawberry.input(description="A grant that is to count no more.")
class RevokeStatusInput:
    """The input of revokeStatus."""

    idempotency_key: str = strawberry.field(description=KEY)
    grant: strawberry.ID = strawberry.field(description="The grant's id in this API.")


async def give(info: Info, given: GrantStatusInput) -> tuple[UUID, StatusGrant]:
    """Give status as one transaction; return whose it is, too. Raises LaurelError if refused."""
    actor = info.context.principal.account

    async def work(
        session: Session, now: datetime, brand: Brand, given: GrantStatusInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Status(
            key=given.idempotency_key,
            member=given.member,
            tier=given.tier,
            reason=given.reason,
            actor=actor,
            ladder=given.ladder,
            starts_at=given.starts_at,
            ends_at=given.ends_at,
        )
        (done,) = await grant_status(session, now, brand, timeline, [wanted])
        return stored(done)

    return _shown(await done_once(info.context, "grantStatus", given, work))


async def take(info: Info, given: RevokeStatusInput) -> tuple[UUID, StatusGrant]:
    """Take status as one transaction; return whose it was, too. Raises LaurelError if refused."""
    return _shown(await done_once(info.context, "revokeStatus", given, _revoke))


async def _revoke(
    session: Session, now: datetime, brand: Brand, given: RevokeStatusInput
) -> dict[str, Any]:
    named = ids.decode(given.grant)
    key = grant_key(named.key) if named and named.kind == KIND else None
    timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
    (done,) = await revoke_status(session, now, brand, timeline, [key[1] if key else UUID(int=0)])
    return stored(done)


def _shown(done: dict[str, Any]) -> tuple[UUID, StatusGrant]:
    if done["code"]:
        path = ("grant",) if done["code"] == "GRANT_NOT_FOUND" else tuple(done["path"])
        raise LaurelError(done["message"], code=done["code"], path=path)
    member, kept = UUID(done["member_id"]), done["grant"]
    instants = {name: instant_of(kept[name]) for name in ("ends_at", "revoked_at")}
    starts_at = datetime.fromisoformat(kept["starts_at"])
    whole = {**kept, **instants, "id": UUID(kept["id"]), "starts_at": starts_at}
    return member, grant(member, Grant(**whole))
