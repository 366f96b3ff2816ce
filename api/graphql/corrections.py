"""What staff correct by hand, with a reason that the member can read."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.fields import STAFF, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import points, smallest
from api.graphql.outcomes import OutcomeStatus
from api.graphql.requests import KEY, done_once, key_of, stored
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.service_adjust import Correction, adjust_points
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import LaurelError


@strawberry.input(description="Points to give or to take by hand.")
class AdjustPointsInput:
    """The input of adjustPoints."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    points: Points = strawberry.field(
        description="How many to give; negative to take: only what is there, and only all of it."
    )
    reason: str = strawberry.field(
        description="Why, 1 to 200 characters; the member reads it in the history."
    )
    expires_at: datetime | None = strawberry.field(
        default=None,
        description="The first instant at which points that are given are gone; as the programme"
        " says of points earned now without it.",
    )
    qualifies: bool = strawberry.field(
        default=False, description="Whether they count towards tiers measured in points."
    )


@strawberry.type(description="What became of a correction.")
class AdjustmentOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    status: OutcomeStatus = attribute(STAFF, "Whether it was written down.")
    points: Points = attribute(STAFF, "How many points were given; negative if they were taken.")

    @resolver(STAFF, "The member with all that changed.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def adjust(info: Info, given: AdjustPointsInput) -> AdjustmentOutcome:
    """Correct what a member has as one transaction. Raises LaurelError if it is refused."""
    actor = info.context.principal.account
    scale = (await info.context.loaders.programmes()).scale
    amount = smallest(scale, given.points, "points")

    async def work(
        session: Session, now: datetime, brand: Brand, given: AdjustPointsInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Correction(
            key=given.idempotency_key,
            member=given.member,
            points=amount,
            reason=given.reason,
            actor=actor,
            expires_at=given.expires_at,
            qualifies=given.qualifies,
        )
        (done,) = await adjust_points(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(info.context, "adjustPoints", given, work)
    if done["code"]:
        raise LaurelError(done["message"], code=done["code"], path=tuple(done["path"]))
    return AdjustmentOutcome(
        member_key=key_of(done["member_id"]),
        status=OutcomeStatus(done["status"]),
        points=points(scale, done["points"]),
    )
