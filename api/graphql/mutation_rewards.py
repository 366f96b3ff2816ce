"""What can be done with rewards, redemptions, vouchers and stock."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import fulfilment, redeeming, supply, tills
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, mutation
from api.graphql.fulfilment import (
    ApproveRedemptionInput,
    DeclineRedemptionInput,
    FulfilRedemptionsInput,
)
from api.graphql.money import money
from api.graphql.outcomes import of_error
from api.graphql.payloads_rewards import (
    AddPoolCodesPayload,
    ApproveRedemptionPayload,
    BurnVoucherPayload,
    CancelRedemptionPayload,
    ChangeStockPayload,
    DeclineRedemptionPayload,
    FulfilRedemptionsPayload,
    RedeemRewardPayload,
    ReturnRedemptionPayload,
)
from api.graphql.redeeming import (
    CancelRedemptionInput,
    RedeemRewardInput,
    ReturnRedemptionInput,
)
from api.graphql.supply import AddPoolCodesInput, ChangeStockInput
from api.graphql.tills import BurnVoucherInput
from kit.errors import LaurelError


@strawberry.type
class RewardMutations:
    """The part of the root of mutations that is about spending."""

    @mutation(
        SIGNED_IN,
        "Ask for a reward: it is the member's at once, or its points are reserved until the brand"
        " has done it. Members ask for themselves.",
    )
    async def redeem_reward(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RedeemRewardInput, strawberry.argument(description="The wish.")
        ],
    ) -> RedeemRewardPayload | None:
        try:
            redemption, member = await redeeming.ask(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return RedeemRewardPayload(redemption_key=None, member_key=None, errors=refused)
        return RedeemRewardPayload(redemption_key=redemption, member_key=member, errors=[])

    @mutation(
        SIGNED_IN,
        "Call off a redemption before it is fulfilled: its points are back, with the ends they"
        " had. Members call off their own.",
    )
    async def cancel_redemption(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            CancelRedemptionInput, strawberry.argument(description="The redemption.")
        ],
    ) -> CancelRedemptionPayload | None:
        try:
            redemption, member = await redeeming.call_off(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return CancelRedemptionPayload(redemption_key=None, member_key=None, errors=refused)
        return CancelRedemptionPayload(redemption_key=redemption, member_key=member, errors=[])

    @mutation(
        SIGNED_IN,
        "Give back what a redemption gave, all of it and unused, in the days that the reward"
        " allows: its points are back, with the ends they had. Members give back their own.",
    )
    async def return_redemption(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ReturnRedemptionInput, strawberry.argument(description="The redemption.")
        ],
    ) -> ReturnRedemptionPayload | None:
        try:
            redemption, member = await redeeming.give_back(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return ReturnRedemptionPayload(redemption_key=None, member_key=None, errors=refused)
        return ReturnRedemptionPayload(redemption_key=redemption, member_key=member, errors=[])

    @mutation(
        BRAND,
        "Say that the brand has done what members asked for: the points are spent and vouchers"
        " issued. Each is taken or refused by itself.",
        sized_by=["input.redemptions"],
        sizes=["outcomes"],
    )
    async def fulfil_redemptions(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            FulfilRedemptionsInput, strawberry.argument(description="The redemptions.")
        ],
    ) -> FulfilRedemptionsPayload | None:
        try:
            outcomes = await fulfilment.fulfil_many(info, input)
        except LaurelError as error:
            return FulfilRedemptionsPayload(outcomes=[], errors=[of_error(error, "input")])
        return FulfilRedemptionsPayload(outcomes=outcomes, errors=[])

    @mutation(
        STAFF,
        "Let a redemption pass that waits for a second person: with another key than asked for it.",
    )
    async def approve_redemption(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ApproveRedemptionInput, strawberry.argument(description="The redemption.")
        ],
    ) -> ApproveRedemptionPayload | None:
        try:
            redemption, _ = await fulfilment.let_pass(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return ApproveRedemptionPayload(redemption_key=None, errors=refused)
        return ApproveRedemptionPayload(redemption_key=redemption, errors=[])

    @mutation(STAFF, "End a redemption that waits for a second person: its points are back.")
    async def decline_redemption(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            DeclineRedemptionInput, strawberry.argument(description="The redemption.")
        ],
    ) -> DeclineRedemptionPayload | None:
        try:
            redemption, _ = await fulfilment.decline(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return DeclineRedemptionPayload(redemption_key=None, errors=refused)
        return DeclineRedemptionPayload(redemption_key=redemption, errors=[])

    @mutation(BRAND, "Say that some of a reward came, or went.")
    async def change_stock(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ChangeStockInput, strawberry.argument(description="The change.")
        ],
    ) -> ChangeStockPayload | None:
        try:
            code = await supply.change(info, input)
        except LaurelError as error:
            return ChangeStockPayload(reward_code=None, errors=[of_error(error, "input")])
        return ChangeStockPayload(reward_code=code, errors=[])

    @mutation(
        BRAND,
        "Add codes that the brand brought along to a pool. Each is given once, however often it is"
        " added.",
        sized_by=["input.codes"],
        sizes=["refused"],
    )
    async def add_pool_codes(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            AddPoolCodesInput, strawberry.argument(description="The codes.")
        ],
    ) -> AddPoolCodesPayload | None:
        try:
            added, known, refused = await supply.add(info, input)
        except LaurelError as error:
            wrong = [of_error(error, "input")]
            return AddPoolCodesPayload(added=None, known=None, refused=[], errors=wrong)
        return AddPoolCodesPayload(added=added, known=known, refused=refused, errors=[])

    @mutation(
        BRAND,
        "Use a voucher at a till: one call that finds it by its code and uses it, wholly or some of"
        " its money. Of two tills one succeeds.",
    )
    async def burn_voucher(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            BurnVoucherInput, strawberry.argument(description="The use.")
        ],
    ) -> BurnVoucherPayload | None:
        try:
            done = await tills.use(info, input)
        except LaurelError as error:
            return BurnVoucherPayload(
                voucher_key=None, amount=None, errors=[of_error(error, "input")]
            )
        brand = info.context.principal.brand
        return BurnVoucherPayload(
            voucher_key=done.voucher_key,
            amount=None if done.amount is None else money(brand, done.amount),
            errors=[of_error(done.error, "input")] if done.error else [],
        )
