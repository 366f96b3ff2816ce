"""What members do besides buying: reviews, visits, surveys, whatever the programme speaks of."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.attributes import ATTRIBUTES_MAX, AttributeInput, said
from api.graphql.awards import AWARDS_USUAL, Award
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import minor, points
from api.graphql.outcomes import OutcomeStatus, UserError, user_error
from api.graphql.pricing import directives
from api.graphql.purchases import awards_of, recorded
from api.graphql.requests import ITEMS_MAX, KEY, checked_number, done_once, key_of
from api.graphql.scalars import Points
from domain.brands.rules import Brand
from domain.earning.rules import Activity
from domain.earning.service import record_activities
from domain.earning.service_record import EventOutcome, refused
from kit.db import Session
from kit.errors import LaurelError


@strawberry.input(description="Something that a member did and that is no purchase.")
class ActivityInput:
    """An activity as reported."""

    external_id: str = strawberry.field(
        description="Your id of the activity, 1 to 200 characters. Known by it, it counts once."
    )
    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    kind: str = strawberry.field(
        description="What was done, as the programme names it: `review`, for example. One that the"
        " programme does not speak of is kept and earns nothing."
    )
    occurred_at: datetime = strawberry.field(
        description="When it was done: since 1970, at most 24 hours ahead."
    )
    amount: Decimal = strawberry.field(
        default=Decimal(0),
        description="Money that goes with it, in the main unit of the brand's currency.",
    )
    channel: str = strawberry.field(default="", description="Where: as the programme names it.")
    store: str = strawberry.field(default="", description="Your name of the shop.")
    attributes: list[AttributeInput] = strawberry.field(
        default_factory=list,
        description=f"What the programme's rules may ask of it, {ATTRIBUTES_MAX} at most.",
        directives=directives(weight=0.1),
    )


@strawberry.input(description="Activities to record, many at once.")
class RecordActivitiesInput:
    """The input of recordActivities."""

    idempotency_key: str = strawberry.field(description=KEY)
    activities: list[ActivityInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} activities; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.type(description="What became of one activity.")
class ActivityOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the activity.")
    status: OutcomeStatus = attribute(BRAND, "Whether it was recorded.")
    points: Points = attribute(BRAND, "The points it earned, also when it is replayed.")
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "What each rule gave; nothing for a refused activity.", size=AWARDS_USUAL)
    async def awards(self, info: Info) -> list[Award]:
        return await awards_of(info, self.key)

    @resolver(BRAND, "The member with all that changed; null for a refused activity.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def record(info: Info, given: RecordActivitiesInput) -> list[ActivityOutcome]:
    """Record activities as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.activities), "activities", code="TOO_MANY_ACTIVITIES")
    done = await done_once(info.context, "recordActivities", given, _record)
    scale = (await info.context.loaders.programmes()).scale
    return [_outcome(scale, each, str(place)) for place, each in enumerate(done)]


async def _record(
    session: Session, now: datetime, brand: Brand, given: RecordActivitiesInput
) -> list[dict[str, Any]]:
    wanted: list[Activity | EventOutcome] = []
    for each in given.activities:
        try:
            wanted.append(_activity(brand, each))
        except LaurelError as error:
            wanted.append(refused(each.external_id, error))
    return await recorded(session, now, brand, wanted, Activity, record_activities)


def _activity(brand: Brand, given: ActivityInput) -> Activity:
    return Activity(
        external_id=given.external_id,
        member=given.member,
        kind=given.kind,
        occurred_at=given.occurred_at,
        amount=minor(given.amount, brand.currency_exponent, "amount"),
        channel=given.channel,
        store=given.store,
        attributes=said(given.attributes),
    )


def _outcome(scale: int, done: dict[str, Any], place: str) -> ActivityOutcome:
    code = done["code"]
    within = ("input", "activities", place)
    return ActivityOutcome(
        member_key=key_of(done["member_id"]),
        key=key_of(done["event_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        points=points(scale, done["points"]),
        error=user_error(code, done["message"], (*within, *done["path"])) if code else None,
    )
