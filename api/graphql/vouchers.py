"""Vouchers: what members show at a till, and what a till makes of them."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids, paging, rewards
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.money import Money, money
from api.graphql.node import Node
from api.graphql.paging import Connection
from api.graphql.requests import checked_number
from api.graphql.rewards import Reward
from api.graphql.spending import Wanted, read, written
from domain.programmes.rules import Timeline
from domain.vouchers import queries
from domain.vouchers.queries import Voucher as Record
from kit.texts import usable

if TYPE_CHECKING:
    from api.graphql.redemptions import Redemption

KIND = "Voucher"
USES_MAX = 100
USES_USUAL = 2
"""As how many uses a voucher counts."""
STATES_MAX = 4

Pages = tuple[int | None, str | None, int | None, str | None]
"""What was asked for: ``first``, ``after``, ``last``, ``before``."""


@strawberry.enum(description="What became of a voucher.")
class VoucherState(Enum):
    """The states of vouchers."""

    ISSUED = strawberry.enum_value("issued", description="It can be used.")
    USED = strawberry.enum_value("used", description="Nothing is left of it.")
    EXPIRED = strawberry.enum_value("expired", description="Its time was over before.")
    RETURNED = strawberry.enum_value("returned", description="It was given back unused.")


VoucherStates = Annotated[
    list[VoucherState] | None,
    strawberry.argument(
        description=f"Only those in these states, {STATES_MAX} at most; all without it."
    ),
]


@strawberry.type(description="One use of a voucher at a till.")
class VoucherUse:
    """A use as shown."""

    amount: Money | None = attribute(
        SIGNED_IN, "How much money of it was used; null for a voucher without a value.", weight=0
    )
    store: str = attribute(SIGNED_IN, "Where, in the brand's words; empty if that was not said.")
    used_at: datetime = attribute(SIGNED_IN, "When.")
    actor: str = attribute(STAFF, "Which key of the brand used it.")


@strawberry.type(description="A code to show at a till, and what became of it.")
class Voucher(Node):
    """A voucher as shown, as of the instant of the request."""

    key: strawberry.Private[UUID]
    member_key: strawberry.Private[UUID]
    redemption_key: strawberry.Private[UUID]
    code: str = attribute(
        SIGNED_IN, "What to show or to read out. Of codes made here dashes and case don't matter."
    )
    state: VoucherState = attribute(SIGNED_IN, "What became of it.")
    reward: Reward | None = attribute(
        SIGNED_IN, "What it is for; null if no version of the programme has it.", weight=0
    )
    value: Money | None = attribute(
        SIGNED_IN, "How much money was on it; null for what is used as a whole.", weight=0
    )
    left: Money | None = attribute(
        SIGNED_IN, "How much money is still on it; null for what is used as a whole.", weight=0
    )
    issued_at: datetime = attribute(SIGNED_IN, "Since when it is there.")
    expires_at: datetime | None = attribute(
        SIGNED_IN, "The first instant at which it can't be used any more; null for no end."
    )
    used_at: datetime | None = attribute(
        SIGNED_IN, "When the last of it was used; null while something is left."
    )
    returned_at: datetime | None = attribute(
        SIGNED_IN, "When it was given back; null if it was not."
    )

    @resolver(
        SIGNED_IN,
        f"Its uses, newest first; of more than {USES_MAX} the newest.",
        size=USES_USUAL,
    )
    async def uses(self, info: Info) -> list[VoucherUse]:
        brand = info.context.principal.brand
        found = await info.context.loaders.spending.uses.load(self.key) or []
        return [
            VoucherUse(
                amount=None if each.amount is None else money(brand, each.amount),
                store=each.store,
                used_at=each.used_at,
                actor=each.actor,
            )
            for each in reversed(found[-USES_MAX:])
        ]

    @resolver(BRAND, "The redemption that gave it.")
    async def redemption(
        self, info: Info
    ) -> Annotated["Redemption", strawberry.lazy("api.graphql.redemptions")] | None:
        from api.graphql import redemptions  # noqa: PLC0415 - each leads to the other

        return await redemptions.by_key(info, self.redemption_key)


def voucher(info: Info, found: Record, timeline: Timeline) -> Voucher:
    """Return a voucher of the caller's brand as it is shown."""
    brand = info.context.principal.brand
    return Voucher(
        id=ids.encode(KIND, str(found.id)),
        key=found.id,
        member_key=found.member_id,
        redemption_key=found.redemption_id,
        code=found.code,
        state=VoucherState(found.state),
        reward=rewards.reward(info, found.reward, timeline),
        value=None if found.value is None else money(brand, found.value),
        left=None if found.left is None else money(brand, found.left),
        issued_at=found.issued_at,
        expires_at=found.expires_at,
        used_at=found.used_at,
        returned_at=found.returned_at,
    )


async def vouchers(info: Info, records: Sequence[Record]) -> list[Voucher]:
    """Return vouchers of the caller's brand as they are shown."""
    timeline = (await info.context.loaders.programmes()).timeline
    return [voucher(info, each, timeline) for each in records]


async def by_key(info: Info, key: UUID | None) -> Voucher | None:
    """Return a voucher of the caller's brand, None if there is none."""
    found = await info.context.loaders.spending.vouchers.load(key) if key else None
    return (await vouchers(info, [found]))[0] if found else None


async def by_code(info: Info, code: str) -> Voucher | None:
    """Return the brand's voucher that a code means, however it is typed; None if there is none."""
    if not usable(code):
        return None
    brand = info.context.principal.brand

    async def look() -> Record | None:
        async with info.context.reads.session() as session:
            found = await queries.by_codes(session, info.context.now, brand.id, [code])
        return found.get(code)

    # Codes that a brand brought along may be easy to guess; a key must not be a list of them.
    found = await info.context.guessed(KIND, look)
    return (await vouchers(info, [found]))[0] if found else None


async def page_of(
    info: Info,
    member_id: UUID,
    pages: Pages,
    states: Sequence[VoucherState] | None,
) -> Connection[Voucher]:
    """Return a page of a member's vouchers, newest first."""
    cursors = info.context.cursors(f"Member.vouchers:{member_id}")
    asked = paging.window(cursors, *pages, read)
    checked_number(len(states or ()), "states", "TOO_MANY_STATES", STATES_MAX)
    wanted = Wanted(member_id, asked, frozenset(str(each.value) for each in states or ()))
    found = await info.context.loaders.spending.voucher_pages.load(wanted) or []
    shown = await vouchers(info, found)
    return paging.connection(
        cursors, asked, shown, lambda each: written((each.issued_at, each.key))
    )
