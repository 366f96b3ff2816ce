"""Points that wait for the brand: it lets them go once the goods are delivered and kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import points
from api.graphql.outcomes import OutcomeStatus, UserError, user_error
from api.graphql.pricing import directives
from api.graphql.requests import (
    ITEMS_MAX,
    KEY,
    checked_number,
    done_once,
    instant_of,
    key_of,
    stored,
)
from api.graphql.scalars import Points
from domain.brands.rules import Brand
from domain.earning.service_release import Earning, release_points
from kit.db import Session


@strawberry.input(one_of=True, description="The one way to name what earned points.")
class EarningBy:
    """Exactly one of them."""

    purchase: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your id of a purchase."
    )
    activity: str | None = strawberry.field(
        default=strawberry.UNSET, description="Your id of an activity."
    )


@strawberry.input(description="Purchases and activities whose points wait no more.")
class ReleasePointsInput:
    """The input of releasePoints."""

    idempotency_key: str = strawberry.field(description=KEY)
    earnings: list[EarningBy] = strawberry.field(
        description=f"What earned the points, {ITEMS_MAX} at most.", directives=directives(weight=1)
    )


@strawberry.type(description="What became of the points of one purchase or activity.")
class ReleaseOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the purchase or the activity.")
    status: OutcomeStatus = attribute(
        BRAND, "Whether points were let go; `REPLAYED` if none of them waited."
    )
    points: Points = attribute(BRAND, "What is left of the points that it earned.")
    available_at: datetime | None = attribute(
        BRAND, "From when on all of them can be spent; null for none."
    )
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "The member with all that changed; null for a refused one.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def release(info: Info, given: ReleasePointsInput) -> list[ReleaseOutcome]:
    """Let points go as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.earnings), "earnings", code="TOO_MANY_EARNINGS")
    done = await done_once(info.context, "releasePoints", given, _release)
    scale = (await info.context.loaders.programmes()).scale
    return [_outcome(scale, each, str(place)) for place, each in enumerate(done)]


async def _release(
    session: Session, now: datetime, brand: Brand, given: ReleasePointsInput
) -> list[dict[str, Any]]:
    wanted = [
        Earning("purchase", each.purchase)
        if each.purchase
        else Earning("activity", each.activity or "")
        for each in given.earnings
    ]
    return [stored(each) for each in await release_points(session, now, brand, wanted)]


def _outcome(scale: int, done: dict[str, Any], place: str) -> ReleaseOutcome:
    code = done["code"]
    return ReleaseOutcome(
        member_key=key_of(done["member_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        points=points(scale, done["points"]),
        available_at=instant_of(done["available_at"]),
        error=user_error(code, done["message"], ("input", "earnings", place)) if code else None,
    )
