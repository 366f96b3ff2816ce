"""What members have with others, as fields of each of them."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import gifts, households, referrals
from api.graphql.fields import SIGNED_IN, resolver
from api.graphql.gifts import Gift
from api.graphql.households import (
    INVITATIONS_MAX,
    INVITATIONS_USUAL,
    Household,
    HouseholdInvitation,
)
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.referrals import Referral


@strawberry.type
class Together:
    """The part of a member that is about others."""

    key: strawberry.Private[UUID]

    @resolver(SIGNED_IN, "The household that the member is in; null for none.")
    async def household(self, info: Info) -> Household | None:
        return await households.of_member(info, self.key)

    @resolver(
        SIGNED_IN,
        "Into which households the member was asked and can still enter, the newest first; of more"
        f" than {INVITATIONS_MAX} the newest.",
        size=INVITATIONS_USUAL,
    )
    async def invitations(self, info: Info) -> list[HouseholdInvitation]:
        return await households.asked(info, self.key)

    @paged(SIGNED_IN, "Points that the member gave to others or got from them, newest first.")
    async def gifts(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Gift] | None:
        return await gifts.page_of(info, self.key, (first, after, last, before))

    @resolver(
        SIGNED_IN,
        "The code by which the member brings friends, made when it is first asked for; null while"
        " the programme has no referrals.",
    )
    async def referral_code(self, info: Info) -> str | None:
        return await referrals.code(info, self.key)

    @resolver(
        SIGNED_IN,
        "The address with that code, to be shared; null if the programme has none.",
    )
    async def referral_link(self, info: Info) -> str | None:
        return await referrals.link(info, self.key)

    @resolver(SIGNED_IN, "By whom the member was brought; null if nobody's code was named.")
    async def brought_by(self, info: Info) -> Referral | None:
        return await referrals.of_friend(info, self.key)

    @paged(SIGNED_IN, "The friends who named the member's code, newest first; not refused ones.")
    async def referrals(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Referral] | None:
        return await referrals.page_of(info, self.key, (first, after, last, before))
