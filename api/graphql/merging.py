"""Members who turn out to be one person, and members who want to be forgotten."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.fields import BRAND, STAFF, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import points
from api.graphql.outcomes import OutcomeStatus, UserError
from api.graphql.query import Query
from api.graphql.requests import KEY, done_once, key_of, stored
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.memberships.service_erase import Erasure, erase
from domain.memberships.service_merge import Merge, merge
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import LaurelError

_REASON = "Why, 1 to 200 characters."
_WHY_NOT = "Why it was refused; nothing was written then."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.input(description="Two members who are one person. It can't be undone.")
class MergeMembersInput:
    """The input of mergeMembers."""

    idempotency_key: str = strawberry.field(description=KEY)
    keep: str = strawberry.field(description="Your id of the member who is left.")
    absorb: str = strawberry.field(
        description="Your id of the member who is the same person. It names the one who is left"
        " from then on: purchases on the old card are that one's."
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="A member to be forgotten. It can't be undone.")
class EraseMemberInput:
    """The input of eraseMember."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What became of an erasure.")
class ErasureOutcome:
    """An outcome as shown."""

    status: OutcomeStatus = attribute(STAFF, "Whether it was done; `REPLAYED` if it was before.")
    points: Points = attribute(STAFF, "How many points were left and are forfeited.")


@strawberry.type(description="What became of two members who are one person.")
class MergeMembersPayload:
    """The payload of mergeMembers."""

    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(BRAND, _WHY_NOT, size=1)

    @resolver(BRAND, "The member who is left, with all that was of both; null if it was refused.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the member who was to be forgotten.")
class EraseMemberPayload:
    """The payload of eraseMember."""

    erasure: ErasureOutcome | None = attribute(STAFF, "The erasure; null if it was refused.")
    errors: list[UserError] = attribute(STAFF, _WHY_NOT, size=1)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()


async def join(info: Info, given: MergeMembersInput) -> UUID | None:
    """Make two members one as one transaction; return who is left. Raises LaurelError if not."""
    actor = info.context.principal.account

    async def work(
        session: Session, now: datetime, brand: Brand, given: MergeMembersInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Merge(given.idempotency_key, given.keep, given.absorb, actor, given.reason)
        (done,) = await merge(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(info.context, "mergeMembers", given, work)
    _check(done)
    return key_of(done["kept_id"])


async def forget(info: Info, given: EraseMemberInput) -> ErasureOutcome:
    """Forget a member as one transaction. Raises LaurelError if it is refused."""
    actor = info.context.principal.account
    scale = (await info.context.loaders.programmes()).scale

    async def work(
        session: Session, now: datetime, brand: Brand, given: EraseMemberInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Erasure(given.idempotency_key, given.member, actor, given.reason)
        (done,) = await erase(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(info.context, "eraseMember", given, work)
    _check(done)
    return ErasureOutcome(
        status=OutcomeStatus("replayed" if done["replayed"] else "recorded"),
        points=points(scale, done["points"]),
    )


def _check(done: dict[str, Any]) -> None:
    if done["code"]:
        raise LaurelError(done["message"], code=done["code"], path=tuple(done["path"]))
