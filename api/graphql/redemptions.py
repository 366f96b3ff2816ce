"""Redemptions: what members asked for, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids, paging, rewards, vouchers
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.money import Money, money, points
from api.graphql.node import Node
from api.graphql.paging import Connection
from api.graphql.requests import checked_number
from api.graphql.rewards import Reward
from api.graphql.scalars import Points
from api.graphql.spending import Wanted, asked_at, id_at, read, within, written
from api.graphql.vouchers import Pages, Voucher
from domain.rewards import queries
from domain.rewards.rules_steps import Redemption as Record

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "Redemption"
VOUCHERS_USUAL = 1
"""As how many vouchers a redemption counts."""
STATES_MAX = 6


@strawberry.enum(description="What became of a redemption.")
class RedemptionState(Enum):
    """The states of redemptions."""

    WAITING = strawberry.enum_value(
        "waiting", description="It waits for somebody of the brand's staff to approve it."
    )
    HELD = strawberry.enum_value(
        "held", description="Its points are reserved until the brand fulfils it."
    )
    FULFILLED = strawberry.enum_value(
        "fulfilled", description="The member has it, and its points are spent."
    )
    RETURNED = strawberry.enum_value(
        "returned", description="It was given back after that, and so were its points."
    )
    CANCELLED = strawberry.enum_value(
        "cancelled", description="It was called off before, and its points are free again."
    )
    LAPSED = strawberry.enum_value(
        "lapsed", description="Its deadline passed before, and its points are free again."
    )


RedemptionStates = Annotated[
    list[RedemptionState] | None,
    strawberry.argument(
        description=f"Only those in these states, {STATES_MAX} at most; all without it."
    ),
]


@strawberry.type(description="Some of a reward that a member asked for, and what became of it.")
class Redemption(Node):
    """A redemption as shown, as of the instant of the request."""

    key: strawberry.Private[UUID]
    member_key: strawberry.Private[UUID]
    reward: Reward | None = attribute(
        SIGNED_IN, "What was asked for; null if no version of the programme has it.", weight=0
    )
    quantity: int = attribute(SIGNED_IN, "How many of it, 100 at most.")
    points: Points = attribute(SIGNED_IN, "What all of it costs in points.")
    money: Money | None = attribute(
        SIGNED_IN, "What all of it costs in money besides; null for none.", weight=0
    )
    value: Money | None = attribute(
        SIGNED_IN, "What all of it is worth at the till; null if nothing says.", weight=0
    )
    state: RedemptionState = attribute(SIGNED_IN, "What became of it.")
    is_automatic: bool = attribute(
        SIGNED_IN, "Whether the programme gave it without anybody's asking."
    )
    from_household: bool = attribute(SIGNED_IN, "Whether all of the member's household pay for it.")
    requested_at: datetime = attribute(SIGNED_IN, "When it was asked for.")
    requested_by: str = attribute(STAFF, "Who asked for it: a member's app, or a key of the brand.")
    deadline: datetime | None = attribute(
        SIGNED_IN, "The instant at which it lapses; null if it neither waits nor is held."
    )
    approved_at: datetime | None = attribute(
        SIGNED_IN, "When a second person approved it; null if nobody did."
    )
    approved_by: str | None = attribute(STAFF, "Which key of the brand approved it, if one did.")
    fulfilled_at: datetime | None = attribute(
        SIGNED_IN, "When it was fulfilled; null if it was not."
    )
    fulfilled_by: str | None = attribute(STAFF, "Who fulfilled it, if somebody did.")
    reference: str | None = attribute(
        SIGNED_IN, "What the brand knows it by, such as a booking's number; null if it says none."
    )
    ended_at: datetime | None = attribute(
        SIGNED_IN, "When it was cancelled, lapsed or was returned; null if it was not."
    )
    ended_by: str | None = attribute(STAFF, "Who cancelled or returned it, if somebody did.")
    reason: str | None = attribute(SIGNED_IN, "Why it ended, if somebody said so.")

    @resolver(SIGNED_IN, "The vouchers that it gave; none before it is fulfilled.", size=1)
    async def vouchers(self, info: Info) -> list[Voucher]:
        found = await info.context.loaders.spending.vouchers_of.load(self.key)
        return await vouchers.vouchers(info, found or ())

    @resolver(BRAND, "Who asked for it, or for whom it was asked.")
    async def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return await members.changed(info, self.member_key)


async def redemptions(info: Info, records: Sequence[Record]) -> list[Redemption]:
    """Return redemptions of the caller's brand as they are shown."""
    known = await info.context.loaders.programmes()
    brand = info.context.principal.brand
    return [
        Redemption(
            id=ids.encode(KIND, str(each.id)),
            key=each.id,
            member_key=each.member_id,
            reward=rewards.reward(info, each.reward, known.timeline),
            quantity=each.quantity,
            points=points(known.scale, each.points),
            money=money(brand, each.money) if each.money else None,
            value=money(brand, each.value) if each.value else None,
            state=RedemptionState(each.state),
            is_automatic=each.automatic is not None,
            from_household=each.household_id is not None,
            requested_at=each.requested_at,
            requested_by=each.requested_by,
            deadline=each.deadline,
            approved_at=each.approved_at,
            approved_by=each.approved_by,
            fulfilled_at=each.fulfilled_at,
            fulfilled_by=each.fulfilled_by,
            reference=each.reference,
            ended_at=each.ended_at,
            ended_by=each.ended_by,
            reason=each.reason,
        )
        for each in records
    ]


async def by_key(info: Info, key: UUID | None) -> Redemption | None:
    """Return a redemption of the caller's brand, None if there is none."""
    found = await info.context.loaders.spending.redemptions.load(key) if key else None
    return (await redemptions(info, [found]))[0] if found else None


async def page_of(
    info: Info, member_id: UUID, pages: Pages, states: Sequence[RedemptionState] | None
) -> Connection[Redemption]:
    """Return a page of a member's redemptions, newest first."""
    cursors = info.context.cursors(f"Member.redemptions:{member_id}")
    asked = paging.window(cursors, *pages, read)
    wanted = Wanted(member_id, asked, _named(states))
    found = await info.context.loaders.spending.redemption_pages.load(wanted) or []
    return paging.connection(cursors, asked, await redemptions(info, found), _written)


async def page(
    info: Info,
    pages: Pages,
    states: Sequence[RedemptionState] | None,
    reward: str | None,
) -> Connection[Redemption]:
    """Return a page of the brand's redemptions, newest first."""
    cursors = info.context.cursors("Query.redemptions")
    asked = paging.window(cursors, *pages, read)
    brand, now = info.context.principal.brand, info.context.now
    only: dict[str, Any] = {
        "first": asked.size + 1,
        "states": _named(states) or None,
        "reward": reward,
    }
    async with info.context.reads.session() as session:
        if asked.backwards:
            found = await queries.oldest_of_brand(
                session, now, brand.id, after=id_at(asked.before), **only
            )
        else:
            found = await queries.of_brand(
                session, now, brand.id, before=id_at(asked.after), **only
            )
    shown = await redemptions(info, within(asked, found, asked_at))
    return paging.connection(cursors, asked, shown, _written)


def _named(states: Sequence[RedemptionState] | None) -> frozenset[str]:
    checked_number(len(states or ()), "states", "TOO_MANY_STATES", STATES_MAX)
    return frozenset(str(each.value) for each in states or ())


def _written(each: Redemption) -> str:
    return written((each.requested_at, each.key))
