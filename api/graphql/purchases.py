"""What members buy: the brand's servers report it and learn what it earned."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.awards import AWARDS_USUAL, Award, award
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import points
from api.graphql.outcomes import OutcomeStatus, UserError, user_error
from api.graphql.purchase_inputs import RecordPurchasesInput, purchase_of
from api.graphql.requests import checked_number, done_once, key_of, stored
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Activity, Purchase
from domain.earning.service import record_purchases
from domain.earning.service_record import EventOutcome, refused
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from kit.db import Session
from kit.errors import LaurelError

E = TypeVar("E", Purchase, Activity)
Recording = Callable[
    [Session, datetime, Brand, Timeline, Sequence[E]], Awaitable[list[EventOutcome]]
]


@strawberry.type(description="What became of one purchase.")
class PurchaseOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the purchase.")
    status: OutcomeStatus = attribute(BRAND, "Whether it was recorded.")
    points: Points = attribute(BRAND, "The points it earned, also when it is replayed.")
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "What each rule gave; nothing for a refused purchase.", size=AWARDS_USUAL)
    async def awards(self, info: Info) -> list[Award]:
        return await awards_of(info, self.key)

    @resolver(BRAND, "The member with all that changed; null for a refused purchase.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def record(info: Info, given: RecordPurchasesInput) -> list[PurchaseOutcome]:
    """Record purchases as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.purchases), "purchases", code="TOO_MANY_PURCHASES")
    done = await done_once(info.context, "recordPurchases", given, _record)
    scale = (await info.context.loaders.programmes()).scale
    return [_outcome(scale, each, str(place)) for place, each in enumerate(done)]


async def awards_of(info: Info, key: UUID | None) -> list[Award]:
    """Return what a purchase or an activity earned, rule by rule."""
    if key is None:
        return []
    loaders = info.context.loaders
    found = await loaders.awards.load(key)
    scale = (await loaders.programmes()).scale
    return [award(scale, each) for each in found or ()]


async def recorded(
    session: Session,
    now: datetime,
    brand: Brand,
    wanted: Sequence[E | EventOutcome],
    kind: type[E],
    work: Recording[E],
) -> list[dict[str, Any]]:
    """Record the sound ones of ``wanted`` and return all outcomes, in order, as they are kept."""
    timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
    sound = [each for each in wanted if isinstance(each, kind)]
    done = iter(await work(session, now, brand, timeline, sound))
    return [stored(next(done) if isinstance(each, kind) else each) for each in wanted]


async def _record(
    session: Session, now: datetime, brand: Brand, given: RecordPurchasesInput
) -> list[dict[str, Any]]:
    wanted: list[Purchase | EventOutcome] = []
    for each in given.purchases:
        try:
            wanted.append(purchase_of(brand, each))
        except LaurelError as error:
            wanted.append(refused(each.external_id, error))
    return await recorded(session, now, brand, wanted, Purchase, record_purchases)


def _outcome(scale: int, done: dict[str, Any], place: str) -> PurchaseOutcome:
    code = done["code"]
    within = ("input", "purchases", place)
    return PurchaseOutcome(
        member_key=key_of(done["member_id"]),
        key=key_of(done["event_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        points=points(scale, done["points"]),
        error=user_error(code, done["message"], (*within, *done["path"])) if code else None,
    )
