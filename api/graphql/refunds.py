"""What members bring back: money given back on a purchase takes back what it earned."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import Money, minor, money, points
from api.graphql.outcomes import OutcomeStatus, camel
from api.graphql.pricing import directives
from api.graphql.requests import KEY, done_once, key_of, stored
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules_refund_request import Refund
from domain.earning.service_refund import RefundOutcome as Refunded
from domain.earning.service_refund import refund_purchases
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.texts import TEXT_LENGTH_MAX, usable

LINES_MAX = 2_000


@strawberry.input(description="What is given back on one line of a purchase.")
class RefundLineInput:
    """A line as refunded."""

    line: int = strawberry.field(description="The line's position in the purchase, from 0.")
    amount: Decimal = strawberry.field(
        description="What is given back on it, in the currency's main unit."
    )


@strawberry.input(
    description="Money given back on a purchase: by line, as one amount, or all that is left."
)
class RefundPurchaseInput:
    """The input of refundPurchase."""

    idempotency_key: str = strawberry.field(description=KEY)
    external_id: str = strawberry.field(
        description="Your id of the refund, 1 to 200 characters. Known by it, it counts once."
    )
    purchase: str = strawberry.field(description="Your id of the purchase.")
    occurred_at: datetime = strawberry.field(description="When the money was given back.")
    amount: Decimal | None = strawberry.field(
        default=None,
        description="One amount, divided over what is left of each line; not with `lines`.",
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None,
        description=f"What is given back on each line, {LINES_MAX:,} at most; not with `amount`.",
        directives=directives(weight=0.5),
    )


@strawberry.type(description="What became of a refund.")
class RefundOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the refund.")
    status: OutcomeStatus = attribute(BRAND, "Whether it was recorded.")
    amount: Money = attribute(BRAND, "The money given back.")
    points_due: Points = attribute(BRAND, "The points that should go with it.")
    points_reversed: Points = attribute(
        BRAND, "The points that went: less than due if the member had spent them already."
    )
    points_owed: Points = attribute(
        BRAND,
        "The points that the member owes for it, if the programme collects them; what neither went"
        " nor is owed is forgiven.",
    )

    @resolver(BRAND, "The member with all that changed.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def refund(info: Info, given: RefundPurchaseInput) -> RefundOutcome:
    """Refund a purchase as one transaction. Raises LaurelError if it is refused."""
    done = await done_once(info.context, "refundPurchase", given, _refund)
    if done["status"] == "refused":
        raise LaurelError(done["message"], code=done["code"], path=tuple(done["path"]))
    brand = info.context.principal.brand
    scale = (await info.context.loaders.programmes()).scale
    return RefundOutcome(
        member_key=key_of(done["member_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        amount=money(brand, done["amount"]),
        points_due=points(scale, done["points_due"]),
        points_reversed=points(scale, done["points_reversed"]),
        points_owed=points(scale, done["points_owed"]),
    )


async def _refund(
    session: Session, now: datetime, brand: Brand, given: RefundPurchaseInput
) -> dict[str, Any]:
    try:
        wanted = refund_of(brand, given)
    except LaurelError as error:
        return stored(
            Refunded(
                given.external_id,
                "refused",
                code=error.code,
                message=error.message,
                path=error.path,
            )
        )
    timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
    (done,) = await refund_purchases(session, now, brand, timeline, [wanted])
    return stored(done)


def refund_of(brand: Brand, given: RefundPurchaseInput) -> Refund:
    """Return a refund in smallest units. Raises InvalidInputError."""
    for name, text in (("external_id", given.external_id), ("purchase", given.purchase)):
        if not usable(text):
            message = f"{camel(name)} must be 1 to {TEXT_LENGTH_MAX} printable characters"
            raise InvalidInputError(message, path=(name,))
    if len(given.lines or ()) > LINES_MAX:
        message = f"lines are more than {LINES_MAX}"
        raise InvalidInputError(message, code="TOO_MANY_LINES", path=("lines",))
    if given.amount is not None and given.lines is not None:
        message = "amount and lines are both given; give one of them"
        raise InvalidInputError(message, code="REFUND_AMBIGUOUS", path=("amount",))
    if given.lines is not None and not given.lines:
        message = "lines is an empty list; leave it out to refund all that is left"
        raise InvalidInputError(message, code="REFUND_LINES_EMPTY", path=("lines",))
    exponent = brand.currency_exponent
    return Refund(
        external_id=given.external_id,
        purchase=given.purchase,
        occurred_at=given.occurred_at,
        amount=None if given.amount is None else minor(given.amount, exponent, "amount"),
        lines=tuple(
            (each.line, minor(each.amount, exponent, "lines", str(place), "amount"))
            for place, each in enumerate(given.lines or ())
        ),
    )
