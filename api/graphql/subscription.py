"""What can be followed: each change is announced by mark only, and everything is read again."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry

from api.context import Info
from api.graphql import boards, members
from api.graphql.boards import Board, BoardCode, BrandCode, InPeriod, InScope
from api.graphql.fields import EVERYONE, MEMBERS, resolver
from api.graphql.members import Member

# Nobody announces the enrolment of a member whose id is not known yet.
_ENROLMENT_SECONDS = 3


@strawberry.type(description="Everything that can be followed: an answer now, then new ones.")
class Subscription:
    """The root of subscriptions."""

    @resolver(
        MEMBERS,
        "The member who calls, at once and then after each purchase, activity, refund, correction,"
        " release, change of tier or of what is known of them, and warning of points that end, in"
        " a second or so; changes that come close together make one answer. Null until the brand"
        " has enrolled them. What the clock alone changes, such as points that expire, is right in"
        " each answer, but makes none.",
        is_subscription=True,
    )
    async def me(self, info: Info) -> AsyncGenerator[Member | None, None]:
        context = info.context
        found = await members.own(info)
        # Nothing is held while nothing happens; what an answer reads is closed after it.
        await context.close()
        if found is None:
            yield None
            found = await _enrolled(info)
        with context.runtime.live.changes(context.principal.brand.id, found.key) as changes:
            async for _ in changes:
                await context.refresh()
                yield await members.own(info)

    @resolver(
        EVERYONE,
        "A board of a brand, at once and then whenever it has changed, in a second or so;"
        " changes that come close together make one answer, and whoever lost the connection gets"
        " all that was missed with the first one. When a window is over the next one is shown."
        " Null while there is none, or it is not public and the caller not of the brand.",
        is_subscription=True,
    )
    async def board(
        self,
        info: Info,
        brand: BrandCode,
        code: BoardCode,
        period: InPeriod = None,
        scope: InScope = None,
    ) -> AsyncGenerator[Board | None, None]:
        asked = boards.asked_for(brand, code, period, scope)
        async for shown in boards.followed(info, asked):
            yield shown


async def _enrolled(info: Info) -> Member:
    while True:
        await asyncio.sleep(_ENROLMENT_SECONDS)
        await info.context.refresh()
        found = await members.own(info)
        await info.context.close()
        if found is not None:
            return found
