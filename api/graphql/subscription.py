"""What can be followed: each change is announced by mark only, and everything is read again."""

import asyncio
from collections.abc import AsyncGenerator

import strawberry

from api.context import Info
from api.graphql import members
from api.graphql.fields import MEMBERS, resolver
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


async def _enrolled(info: Info) -> Member:
    while True:
        await asyncio.sleep(_ENROLMENT_SECONDS)
        await info.context.refresh()
        found = await members.own(info)
        await info.context.close()
        if found is not None:
            return found
