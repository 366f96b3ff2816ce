"""What mutations of rewards, redemptions, vouchers and stock answer with."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import members, redemptions, supply, vouchers
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.fulfilment import FulfilmentOutcome
from api.graphql.members import Member
from api.graphql.money import Money
from api.graphql.outcomes import UserError
from api.graphql.query import Query
from api.graphql.redemptions import Redemption
from api.graphql.scalars import BigInt
from api.graphql.supply import RewardSupply
from api.graphql.vouchers import Voucher

_WHOLE = "Why the request as a whole was refused; nothing was written then."
_ONE = "Why it was refused; nothing was written then."
_MEMBER = "The member with all that changed; null if it was refused."
_REDEMPTION = "The redemption as it is then; null if it was refused."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.type(description="What became of the wish for a reward.")
class RedeemRewardPayload:
    """The payload of redeemReward."""

    redemption_key: strawberry.Private[UUID | None]
    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _REDEMPTION)
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the redemption that was to be called off.")
class CancelRedemptionPayload:
    """The payload of cancelRedemption."""

    redemption_key: strawberry.Private[UUID | None]
    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _REDEMPTION)
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the redemption that was to be given back.")
class ReturnRedemptionPayload:
    """The payload of returnRedemption."""

    redemption_key: strawberry.Private[UUID | None]
    member_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _REDEMPTION)
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the redemptions that were done.")
class FulfilRedemptionsPayload:
    """The payload of fulfilRedemptions."""

    outcomes: list[FulfilmentOutcome] = attribute(
        BRAND, "One per redemption sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the redemption that was to pass.")
class ApproveRedemptionPayload:
    """The payload of approveRedemption."""

    redemption_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(STAFF, _ONE, size=1)

    @resolver(STAFF, _REDEMPTION)
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the redemption that was not to pass.")
class DeclineRedemptionPayload:
    """The payload of declineRedemption."""

    redemption_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(STAFF, _ONE, size=1)

    @resolver(STAFF, _REDEMPTION)
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.redemption_key)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the stock that was to change.")
class ChangeStockPayload:
    """The payload of changeStock."""

    reward_code: strawberry.Private[str | None]
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, "What there is of the reward then; null if it was refused.")
    async def supply(self, info: Info) -> RewardSupply | None:
        return await supply.supply(info, self.reward_code) if self.reward_code else None

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of codes that were to be added to a pool.")
class AddPoolCodesPayload:
    """The payload of addPoolCodes."""

    added: BigInt | None = attribute(BRAND, "How many are new; null if all were refused as one.")
    known: BigInt | None = attribute(
        BRAND,
        "How many the brand had already, in this pool or another, or sent twice; null if all were"
        " refused as one.",
    )
    refused: list[UserError] = attribute(
        BRAND, "Why some of them can't be codes, in order; the others were added."
    )
    errors: list[UserError] = attribute(BRAND, _WHOLE, size=1)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the voucher at a till.")
class BurnVoucherPayload:
    """The payload of burnVoucher."""

    voucher_key: strawberry.Private[UUID | None]
    amount: Money | None = attribute(
        BRAND, "How much money of it was used; null for one without a value, or if it was refused."
    )
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(
        BRAND, "The voucher as it is then, also if it could not be used; null if there is none."
    )
    async def voucher(self, info: Info) -> Voucher | None:
        return await vouchers.by_key(info, self.voucher_key)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()
