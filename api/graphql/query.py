"""The root of queries: everything that can be asked."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import (
    boards,
    brands,
    fair_play,
    figures,
    members,
    nodes,
    previews,
    redemptions,
    referrals,
    supply,
    versions,
    vouchers,
)
from api.graphql import programme as programmes
from api.graphql.boards import BOARDS_USUAL, Board, BoardCode, BrandCode, InPeriod, InScope, OnDay
from api.graphql.brands import Brand
from api.graphql.catalogue import InCategory
from api.graphql.fair_play import Flag, FlagStates
from api.graphql.fields import (
    BRAND,
    EVERYONE,
    MEMBERS,
    SIGNED_IN,
    STAFF,
    resolver,
)
from api.graphql.figures import Figures
from api.graphql.members import Member, MemberBy
from api.graphql.node import Node
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.previews import PurchasePreview
from api.graphql.programme import Programme
from api.graphql.purchase_inputs import PreviewPurchaseInput
from api.graphql.redemptions import Redemption, RedemptionStates
from api.graphql.referrals import Referral, ReferralStates
from api.graphql.supply import CodePool, RewardSupply
from api.graphql.versions import ProgrammeVersion
from api.graphql.vouchers import Voucher

PREVIEW_WEIGHT = 5


@strawberry.type(description="Everything that can be asked. Nothing here changes anything.")
class Query:
    """The root of queries."""

    @resolver(
        MEMBERS, "The member who calls: a home screen. Null until the brand has enrolled them."
    )
    async def me(self, info: Info) -> Member | None:
        return await members.own(info)

    @resolver(SIGNED_IN, "The caller's brand.")
    async def brand(self, info: Info) -> Brand:
        return brands.brand(info.context.principal.brand)

    @resolver(
        EVERYONE,
        "The terms of a brand's programme as they are in force now; null if there is none.",
    )
    async def programme(
        self,
        info: Info,
        brand: Annotated[str, strawberry.argument(description="The brand's code.")],
    ) -> Programme | None:
        return await programmes.programme(info, brand)

    @resolver(
        EVERYONE,
        "A board of a brand; null if there is none, or it is not public and the caller not of the"
        " brand. One that is over is answered from its results.",
    )
    async def board(
        self,
        info: Info,
        brand: BrandCode,
        code: BoardCode,
        period: InPeriod = None,
        scope: InScope = None,
        on: OnDay = None,
    ) -> Board | None:
        return await boards.board(info, boards.asked_for(brand, code, period, scope, on))

    @resolver(
        EVERYONE,
        "A brand's boards, each with the window that its first period has now; those that are not"
        " public for callers of the brand alone.",
        size=BOARDS_USUAL,
    )
    async def boards(self, info: Info, brand: BrandCode) -> list[Board] | None:
        return await boards.boards(info, brand)

    @resolver(BRAND, "One member of the brand; null if the brand has no such member.")
    async def member(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="The member's id in this API.")
        ],
    ) -> Member | None:
        return await members.by(info, MemberBy(id=id))

    @resolver(BRAND, "One member, named in one of several ways; null if the brand has none such.")
    async def member_by(
        self,
        info: Info,
        by: Annotated[MemberBy, strawberry.argument(description="Which member.")],
    ) -> Member | None:
        return await members.by(info, by)

    @paged(STAFF, "The brand's members, in an order that never changes.")
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Member] | None:
        return await members.page(info, first, after, last, before)

    @resolver(STAFF, "The brand's key figures.", weight=200)
    async def figures(
        self,
        info: Info,
        as_of: Annotated[
            datetime | None,
            strawberry.argument(
                description="Count only what took effect up to this instant; else up to now."
            ),
        ] = None,
    ) -> Figures | None:
        return await figures.figures(info, as_of)

    @paged(STAFF, "The versions of the brand's programme, the newest first.")
    async def programme_versions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ProgrammeVersion] | None:
        return await versions.page(info, first, after, last, before)

    @paged(
        BRAND,
        "All rewards of the programme in force, in its order, also those that members don't see,"
        " with what is left of them.",
    )
    async def rewards(
        self,
        info: Info,
        category: InCategory = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[RewardSupply] | None:
        return await supply.page(info, (first, after, last, before), category)

    @paged(BRAND, "What the brand's members asked for, newest first.")
    async def redemptions(
        self,
        info: Info,
        states: RedemptionStates = None,
        reward: Annotated[
            str | None,
            strawberry.argument(description="Only of the reward with this code; all without it."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Redemption] | None:
        return await redemptions.page(info, (first, after, last, before), states, reward)

    @paged(STAFF, "What looks unfair of what the brand's members did, newest first.")
    async def flags(
        self,
        info: Info,
        states: FlagStates = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Flag] | None:
        return await fair_play.page(info, (first, after, last, before), states)

    @paged(STAFF, "Whom the brand's members brought, newest first.")
    async def referrals(
        self,
        info: Info,
        states: ReferralStates = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Referral] | None:
        return await referrals.page(info, (first, after, last, before), states)

    @resolver(
        BRAND,
        "The voucher that a code means, however it is typed; null if the brand has none such."
        " `burnVoucher` finds and uses it in one call.",
    )
    async def voucher_by_code(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="What was read or typed.")],
    ) -> Voucher | None:
        return await vouchers.by_code(info, code)

    @paged(BRAND, "The pools of codes that the brand brought along, by name.")
    async def pools(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CodePool] | None:
        return await supply.pools(info, (first, after, last, before))

    @resolver(
        SIGNED_IN,
        "What a purchase would earn: exactly what recording it now would give, and nothing is"
        " written. Members ask for their own baskets.",
        weight=PREVIEW_WEIGHT,
    )
    async def preview_purchase(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            PreviewPurchaseInput, strawberry.argument(description="The purchase.")
        ],
    ) -> PurchasePreview | None:
        return await previews.preview(info, input)

    @resolver(SIGNED_IN, "The object with this id; null if there is none that the caller may see.")
    async def node(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="The object's id.")
        ],
    ) -> Node | None:
        return await nodes.node(info, id)

    @resolver(
        SIGNED_IN,
        "The objects with these ids, in order; null where `node` gives null.",
        sized_by=["ids"],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"The objects' ids, {nodes.NODES_MAX} at most."),
        ],
    ) -> list[Node | None] | None:
        return await nodes.nodes(info, ids)
