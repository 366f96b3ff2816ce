"""What members buy and bring back: the brand's servers report it and learn what it earned."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from api.context import Context, Info
from api.graphql import members
from api.graphql.earning_inputs import (
    PURCHASES_MAX,
    PurchaseInput,
    RecordPurchasesInput,
    RefundPurchaseInput,
    purchase_of,
    refund_of,
)
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.money import Money, money, points
from api.graphql.outcomes import OutcomeStatus, UserError, user_error
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.service import PurchaseOutcome as Recorded
from domain.earning.service import record_purchases, refused
from domain.earning.service_refund import RefundOutcome as Refunded
from domain.earning.service_refund import refund_purchases
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.idempotency import once
from kit.texts import TEXT_LENGTH_MAX


@strawberry.type(description="What became of one purchase.")
class PurchaseOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the purchase.")
    status: OutcomeStatus = attribute(BRAND, "Whether it was recorded.")
    points: Points = attribute(BRAND, "The points it earned, also when it is replayed.")
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "The member with all that changed; null for a refused purchase.")
    async def member(self, info: Info) -> Member | None:
        return await _member(info, self.member_key)


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

    @resolver(BRAND, "The member with all that changed.")
    async def member(self, info: Info) -> Member | None:
        return await _member(info, self.member_key)


async def record(info: Info, given: RecordPurchasesInput) -> list[PurchaseOutcome]:
    """Record purchases as one transaction. Raises LaurelError if the request as a whole fails."""
    if len(given.purchases) > PURCHASES_MAX:
        raise InvalidInputError(
            f"purchases are more than {PURCHASES_MAX}; send them in several requests",
            code="TOO_MANY_PURCHASES",
            path=("purchases",),
        )
    done = await _once(info.context, "recordPurchases", given.idempotency_key, given, _record)
    scale = (await info.context.loaders.programmes()).scale
    return [_purchase_outcome(scale, each, str(place)) for place, each in enumerate(done)]


async def refund(info: Info, given: RefundPurchaseInput) -> RefundOutcome:
    """Refund a purchase as one transaction. Raises LaurelError if it is refused."""
    done = await _once(info.context, "refundPurchase", given.idempotency_key, given, _refund)
    if done["status"] == "refused":
        raise LaurelError(done["message"], code=done["code"], path=tuple(done["path"]))
    brand = info.context.principal.brand
    scale = (await info.context.loaders.programmes()).scale
    return RefundOutcome(
        member_key=_uuid(done["member_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        amount=money(brand, done["amount"]),
        points_due=points(scale, done["points_due"]),
        points_reversed=points(scale, done["points_reversed"]),
    )


async def _once(
    context: Context,
    verb: str,
    key: str,
    given: RecordPurchasesInput | RefundPurchaseInput,
    work: Callable[[Session, datetime, Brand, Any], Awaitable[Any]],
) -> Any:
    if not (0 < len(key) <= TEXT_LENGTH_MAX and key.isprintable()):
        message = f"idempotencyKey must be 1 to {TEXT_LENGTH_MAX} printable characters"
        raise InvalidInputError(message, path=("idempotency_key",))
    brand = context.principal.brand
    request = _comparable(asdict(given))

    async def write(session: Session, now: datetime) -> Any:
        return await once(
            session,
            now,
            tenant_id=brand.id,
            scope=verb,
            key=key,
            request=request,
            work=lambda: work(session, now, brand, given),
        )

    return await context.write(write)


async def _record(
    session: Session, now: datetime, brand: Brand, given: RecordPurchasesInput
) -> list[dict[str, Any]]:
    timeline = await programmes.timeline(session, brand.id, SECTIONS)
    wanted = [_wanted(brand, item) for item in given.purchases]
    sound = [each for each in wanted if isinstance(each, Purchase)]
    done = iter(await record_purchases(session, now, brand, timeline, sound))
    return [_stored(next(done) if isinstance(each, Purchase) else each) for each in wanted]


def _wanted(brand: Brand, given: PurchaseInput) -> Purchase | Recorded:
    try:
        return purchase_of(brand, given)
    except LaurelError as error:
        return refused(given.external_id, error)


async def _refund(
    session: Session, now: datetime, brand: Brand, given: RefundPurchaseInput
) -> dict[str, Any]:
    try:
        wanted = refund_of(brand, given)
    except LaurelError as error:
        return _stored(
            Refunded(
                given.external_id,
                "refused",
                code=error.code,
                message=error.message,
                path=error.path,
            )
        )
    timeline = await programmes.timeline(session, brand.id, SECTIONS)
    (done,) = await refund_purchases(session, now, brand, timeline, [wanted])
    return _stored(done)


def _stored(outcome: Recorded | Refunded) -> dict[str, Any]:
    stored: dict[str, Any] = _comparable(asdict(outcome))
    return stored


def _comparable(value: Any) -> Any:
    """Return ``value`` as JSON holds it, the same for two ways to write the same."""
    if isinstance(value, dict):
        return {key: _comparable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(held) for held in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value) if isinstance(value, datetime | UUID) else value


def _purchase_outcome(scale: int, done: dict[str, Any], place: str) -> PurchaseOutcome:
    code = done["code"]
    within = ("input", "purchases", place)
    return PurchaseOutcome(
        member_key=_uuid(done["member_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        points=points(scale, done["points"]),
        error=user_error(code, done["message"], (*within, *done["path"])) if code else None,
    )


async def _member(info: Info, key: UUID | None) -> Member | None:
    record = await info.context.loaders.members.load(key) if key else None
    return members.member(record) if record else None


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
