"""How rewards are asked for, called off and given back: by members, or in their name."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.auth import Role
from api.context import Context, Info
from api.graphql import ids
from api.graphql.redemptions import KIND
from api.graphql.requests import KEY, brands_key, done_once, key_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes import queries as programmes
from domain.rewards.section_parts import QUANTITY_MAX
from domain.rewards.service_cancel import Cancel, Return, cancel, take_return
from domain.rewards.service_redeem import Redeem, redeem
from kit.db import Session
from kit.errors import IdempotencyConflictError, InvalidInputError, LaurelError

NOBODY = UUID(int=0)
_PATHS = {
    "UNKNOWN_MEMBER": ("member",),
    "NO_SUCH_REWARD": ("reward",),
    "NOT_LISTED": ("reward",),
    "INVALID_QUANTITY": ("quantity",),
    "NOT_IN_HOUSEHOLD": ("from_household",),
    "MAY_NOT_SPEND": ("from_household",),
    "REDEMPTION_NOT_FOUND": ("redemption",),
    "INVALID_UNITS": ("units",),
}


@strawberry.input(description="A reward that a member asks for.")
class RedeemRewardInput:
    """The input of redeemReward."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(
        default=None,
        description="Your id of the member, 1 to 200 characters. Members leave it out: they ask for"
        " themselves alone.",
    )
    reward: str = strawberry.field(description="The reward's code, as the catalogue has it.")
    quantity: int = strawberry.field(default=1, description=f"How many of it, 1 to {QUANTITY_MAX}.")
    from_household: bool = strawberry.field(
        default=False, description="Whether all of the member's household pay for it together."
    )


@strawberry.input(description="A redemption to call off before it is fulfilled.")
class CancelRedemptionInput:
    """The input of cancelRedemption."""

    idempotency_key: str = strawberry.field(description=KEY)
    redemption: strawberry.ID = strawberry.field(description="The redemption's id in this API.")
    reason: str | None = strawberry.field(
        default=None, description="Why, up to 200 characters; members and staff read it."
    )


@strawberry.input(description="A fulfilled redemption to give back: all of it, unused.")
class ReturnRedemptionInput:
    """The input of returnRedemption."""

    idempotency_key: str = strawberry.field(description=KEY)
    redemption: strawberry.ID = strawberry.field(description="The redemption's id in this API.")
    reason: str | None = strawberry.field(
        default=None, description="Why, up to 200 characters; members and staff read it."
    )


async def ask(info: Info, given: RedeemRewardInput) -> tuple[UUID | None, UUID | None]:
    """Redeem as one transaction; return the redemption and the member. Raises LaurelError."""
    context = info.context
    wanted = Redeem(
        key=brands_key(context, given.idempotency_key),
        member=_member(context, given.member),
        reward=given.reward,
        requested_by=context.principal.account,
        quantity=given.quantity,
        from_household=given.from_household,
        is_staff=context.principal.role is Role.STAFF,
    )

    async def work(
        session: Session, now: datetime, brand: Brand, _: RedeemRewardInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (done,) = await redeem(session, now, brand, timeline, [wanted])
        return stored(done)

    return resolved(await done_once(context, "redeemReward", given, work))


async def call_off(info: Info, given: CancelRedemptionInput) -> tuple[UUID | None, UUID | None]:
    """Cancel as one transaction; return the redemption and the member. Raises LaurelError."""
    context = info.context

    async def work(
        session: Session, now: datetime, brand: Brand, given: CancelRedemptionInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Cancel(
            key=brands_key(context, given.idempotency_key),
            redemption_id=redemption_key(given.redemption),
            actor=context.principal.account,
            reason=given.reason or "",
            member_id=await caller(session, context),
        )
        (done,) = await cancel(session, now, brand, timeline, [wanted])
        return stored(done)

    return resolved(await done_once(context, "cancelRedemption", given, work))


async def give_back(info: Info, given: ReturnRedemptionInput) -> tuple[UUID | None, UUID | None]:
    """Return as one transaction; return the redemption and the member. Raises LaurelError."""
    context = info.context

    async def work(
        session: Session, now: datetime, brand: Brand, given: ReturnRedemptionInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Return(
            key=brands_key(context, given.idempotency_key),
            redemption_id=redemption_key(given.redemption),
            actor=context.principal.account,
            reason=given.reason or "",
            member_id=await caller(session, context),
        )
        (done,) = await take_return(session, now, brand, timeline, [wanted])
        return stored(done)

    return resolved(await done_once(context, "returnRedemption", given, work))


def redemption_key(text: str) -> UUID:
    """Return the key of the redemption that an id names, one that nothing has if it names none."""
    return ids.uuid_in(text, KIND) or NOBODY


async def caller(session: Session, context: Context) -> UUID | None:
    """Return the member who calls, None if somebody of the brand does."""
    principal = context.principal
    if principal.role is not Role.MEMBER:
        return None
    name = principal.external_id
    found = await members.by_external_ids(session, principal.brand.id, [name])
    return found[name].id if name in found else NOBODY


def resolved(done: dict[str, Any]) -> tuple[UUID | None, UUID | None]:
    """Return the redemption and the member of an outcome. Raises LaurelError if it is refused."""
    if done["code"]:
        raise refusal(done, "reason")
    return key_of(done["redemption_id"]), key_of(done["member_id"])


def refusal(done: dict[str, Any], text: str) -> LaurelError:
    """Return the refusal that an outcome is; ``text`` names the input that can be unusable."""
    code, message = done["code"], done["message"]
    if code == "KEY_CONFLICT":
        return IdempotencyConflictError(message, path=("idempotency_key",))
    known = (text,) if code == "INVALID_INPUT" else _PATHS.get(code, ())
    path: list[str] = done.get("path") or []
    return LaurelError(message, code=code, path=tuple(path) or known)


def _member(context: Context, named: str | None) -> str:
    if context.principal.role is not Role.MEMBER:
        return named or ""
    if named is not None:
        raise InvalidInputError("member is for the brand; leave it out", path=("member",))
    return context.principal.external_id
