"""How members give points to each other, by themselves or in their names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql.acting import MEMBER, acting, known
from api.graphql.money import smallest
from api.graphql.requests import KEY, brands_key, done_once, key_of, stored
from api.graphql.scalars import Points
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.gifts.rules import MESSAGE_LENGTH_MAX, NewGift
from domain.gifts.service import give
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import IdempotencyConflictError, LaurelError

_PATHS = {
    "SAME_MEMBER": ("receiver",),
    "INVALID_MESSAGE": ("message",),
    "TOO_FEW_POINTS": ("points",),
    "TOO_MANY_POINTS": ("points",),
    "INSUFFICIENT_POINTS": ("points",),
}


@strawberry.input(description="Points for another member.")
class GivePointsInput:
    """The input of givePoints."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    receiver: str = strawberry.field(
        description="The brand's id of whoever gets them, such as the number on the card."
    )
    points: Points = strawberry.field(description="How many. They keep the ends they have.")
    message: str | None = strawberry.field(
        default=None,
        description=f"What is said with it, up to {MESSAGE_LENGTH_MAX} characters; both read it.",
    )


@dataclass(frozen=True, slots=True)
class Given:
    """A gift that was made, and who gave it."""

    giver: UUID
    gift: UUID | None


async def give_points(info: Info, given: GivePointsInput) -> Given:
    """Give points as one transaction. Raises LaurelError if it is refused."""
    context = info.context
    giver = await acting(info, given.member)
    receiver = await known(info, given.receiver, "receiver")
    scale = (await context.loaders.programmes()).scale
    wanted = NewGift(
        key=brands_key(context, given.idempotency_key),
        giver=giver.external_id,
        receiver=receiver.external_id,
        points=smallest(scale, given.points, "points"),
        message=given.message or "",
    )

    async def work(
        session: Session, now: datetime, brand: Brand, _: GivePointsInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (outcome,) = await give(session, now, brand, timeline, [wanted])
        return stored(outcome)

    done = await done_once(context, "givePoints", given, work)
    code = done["code"]
    if code == "KEY_CONFLICT":
        raise IdempotencyConflictError(done["message"], path=("idempotency_key",))
    if code:
        raise LaurelError(done["message"], code=code, path=_PATHS.get(code, ()))
    return Given(giver.id, key_of(done["gift_id"]))
