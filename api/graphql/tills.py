"""A shop's till: one call that finds a voucher by its code and uses it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql.money import minor
from api.graphql.redeeming import refusal
from api.graphql.requests import KEY, brands_key, done_once, key_of, stored
from api.graphql.vouchers import KIND
from domain.brands.rules import Brand
from domain.vouchers.service import Burn, burn
from kit.db import Session
from kit.errors import LaurelError


@strawberry.input(description="A voucher to use at a till.")
class BurnVoucherInput:
    """The input of burnVoucher."""

    idempotency_key: str = strawberry.field(description=KEY)
    code: str = strawberry.field(
        description="What was read or typed. Of codes made here dashes and case don't matter."
    )
    store: str = strawberry.field(
        default="", description="Where, in your words, up to 200 characters."
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="How much money to use of a voucher with a value, in the brand's currency; all"
        " that is left without it.",
    )


@dataclass(frozen=True, slots=True)
class Burnt:
    """What became of a use: the voucher, if there is one, how much of it, or why it was refused."""

    voucher_key: UUID | None = None
    amount: int | None = None
    error: LaurelError | None = None


async def use(info: Info, given: BurnVoucherInput) -> Burnt:
    """Use a voucher as one transaction. Raises LaurelError if nothing is looked for at all."""
    context = info.context
    exponent = context.principal.brand.currency_exponent
    amount = None if given.amount is None else minor(given.amount, exponent, "amount")

    async def work(
        session: Session, now: datetime, brand: Brand, given: BurnVoucherInput
    ) -> dict[str, Any]:
        wanted = Burn(
            key=brands_key(context, given.idempotency_key),
            code=given.code,
            store=given.store,
            actor=context.principal.account,
            amount=amount,
        )
        (done,) = await burn(session, now, brand, [wanted])
        return stored(done)

    refused: list[dict[str, Any]] = []

    async def look() -> dict[str, Any] | None:
        done: dict[str, Any] = await done_once(context, "burnVoucher", given, work)
        if done["code"] != "VOUCHER_NOT_FOUND":
            return done
        refused.append(done)
        return None

    # Codes that a brand brought along may be easy to guess; a till must not try them all.
    done = await context.guessed(KIND, look) or refused[0]
    path = ["code"] if (done["code"] or "").startswith("VOUCHER_") else done["path"]
    error = refusal(done | {"path": path}, "store") if done["code"] else None
    return Burnt(key_of(done["voucher_id"]), done["amount"], error)
