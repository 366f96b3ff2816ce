"""How the brand lets pass, declines and fulfils what members asked for."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import redemptions
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.outcomes import OutcomeStatus, UserError, of_error
from api.graphql.pricing import directives
from api.graphql.redeeming import redemption_key, refusal, resolved
from api.graphql.redemptions import Redemption
from api.graphql.requests import (
    ITEMS_MAX,
    KEY,
    brands_key,
    checked_number,
    checked_text,
    done_once,
    key_of,
    stored,
)
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.rewards import queries
from domain.rewards.service_cancel import Cancel, cancel
from domain.rewards.service_fulfil import Approve, Fulfil, approve, fulfil
from domain.rewards.service_steps import Resolved
from kit.db import Session


@strawberry.input(description="A redemption that the brand has done.")
class FulfilmentInput:
    """A fulfilment as told."""

    redemption: strawberry.ID = strawberry.field(description="The redemption's id in this API.")
    reference: str | None = strawberry.field(
        default=None,
        description="What you know it by, such as a booking's number, 1 to 200 characters; the"
        " member reads it.",
    )


@strawberry.input(description="Redemptions that the brand has done, many at once.")
class FulfilRedemptionsInput:
    """The input of fulfilRedemptions."""

    idempotency_key: str = strawberry.field(description=KEY)
    redemptions: list[FulfilmentInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} redemptions; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.input(description="A redemption that may pass.")
class ApproveRedemptionInput:
    """The input of approveRedemption."""

    idempotency_key: str = strawberry.field(description=KEY)
    redemption: strawberry.ID = strawberry.field(description="The redemption's id in this API.")


@strawberry.input(description="A redemption that may not pass.")
class DeclineRedemptionInput:
    """The input of declineRedemption."""

    idempotency_key: str = strawberry.field(description=KEY)
    redemption: strawberry.ID = strawberry.field(description="The redemption's id in this API.")
    reason: str = strawberry.field(description="Why, 1 to 200 characters; the member reads it.")


@strawberry.type(description="What became of one redemption that was to be fulfilled.")
class FulfilmentOutcome:
    """An outcome as shown."""

    redemption_key: strawberry.Private[UUID | None]
    status: OutcomeStatus = attribute(
        BRAND, "Whether it was written down; `REPLAYED` if it was before."
    )
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "The redemption as it is then; null for a refused one.")
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)


async def fulfil_many(info: Info, given: FulfilRedemptionsInput) -> list[FulfilmentOutcome]:
    """Fulfil redemptions as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.redemptions), "redemptions", code="TOO_MANY_REDEMPTIONS")
    context = info.context

    async def work(
        session: Session, now: datetime, brand: Brand, given: FulfilRedemptionsInput
    ) -> list[dict[str, Any]]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = [
            Fulfil(
                key=brands_key(context, given.idempotency_key, place),
                redemption_id=redemption_key(each.redemption),
                actor=context.principal.account,
                reference=each.reference,
            )
            for place, each in enumerate(given.redemptions)
        ]
        return [stored(each) for each in await fulfil(session, now, brand, timeline, wanted)]

    done = await done_once(context, "fulfilRedemptions", given, work)
    return [_outcome(each, str(place)) for place, each in enumerate(done)]


async def let_pass(info: Info, given: ApproveRedemptionInput) -> tuple[UUID | None, UUID | None]:
    """Approve as one transaction; return the redemption and the member. Raises LaurelError."""
    context = info.context

    async def work(
        session: Session, now: datetime, brand: Brand, given: ApproveRedemptionInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Approve(
            key=brands_key(context, given.idempotency_key),
            redemption_id=redemption_key(given.redemption),
            actor=context.principal.account,
        )
        (done,) = await approve(session, now, brand, timeline, [wanted])
        return stored(done)

    return resolved(await done_once(context, "approveRedemption", given, work))


async def decline(info: Info, given: DeclineRedemptionInput) -> tuple[UUID | None, UUID | None]:
    """Decline as one transaction; return the redemption and the member. Raises LaurelError."""
    context, reason = info.context, checked_text(given.reason, "reason")

    async def work(
        session: Session, now: datetime, brand: Brand, given: DeclineRedemptionInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        key = redemption_key(given.redemption)
        found = (await queries.redemptions(session, now, brand.id, [key])).get(key)
        if found is not None and found.state != "waiting":
            message = "It does not wait for approval; cancel or return it."
            return stored(Resolved(key, code="NOT_WAITING", message=message))
        wanted = Cancel(
            key=brands_key(context, given.idempotency_key),
            redemption_id=key,
            actor=context.principal.account,
            reason=reason,
        )
        (done,) = await cancel(session, now, brand, timeline, [wanted])
        return stored(done)

    return resolved(await done_once(context, "declineRedemption", given, work))


def _outcome(done: dict[str, Any], place: str) -> FulfilmentOutcome:
    status = "refused" if done["code"] else "replayed" if done["replayed"] else "recorded"
    within = ("input", "redemptions", place)
    return FulfilmentOutcome(
        redemption_key=None if done["code"] else key_of(done["redemption_id"]),
        status=OutcomeStatus(status),
        error=of_error(refusal(done, "reference"), *within) if done["code"] else None,
    )
