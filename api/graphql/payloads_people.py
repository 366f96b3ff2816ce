"""What mutations of households, gifts and referrals answer with."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import gifts, households, members, referrals
from api.graphql.fields import SIGNED_IN, STAFF, attribute, resolver
from api.graphql.gifts import Gift
from api.graphql.households import Household, HouseholdInvitation
from api.graphql.members import Member
from api.graphql.outcomes import UserError
from api.graphql.query import Query
from api.graphql.referrals import Referral
from api.graphql.referring import ReviewOutcome

_ONE = "Why it was refused; nothing was written then."
_MEMBER = "The member in whose name it was done, with all that changed; null if it was refused."
_HOUSEHOLD = "The household that the member is in then; null for none, or if it was refused."
_WHOLE = "Why the request as a whole was refused; nothing was written then."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.type
class _Changed:
    """What all payloads of households have."""

    actor: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _HOUSEHOLD)
    async def household(self, info: Info) -> Household | None:
        return await households.of_member(info, self.actor) if self.actor else None

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.actor)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the household that was to be founded.")
class FoundHouseholdPayload(_Changed):
    """The payload of foundHousehold."""


@strawberry.type(description="What became of the invitation.")
class InviteToHouseholdPayload(_Changed):
    """The payload of inviteToHousehold."""

    invitation_key: strawberry.Private[UUID | None]

    @resolver(
        SIGNED_IN, "The invitation; null if it was refused, or is answered or over meanwhile."
    )
    async def invitation(self, info: Info) -> HouseholdInvitation | None:
        return await households.invitation_by_key(info, self.invitation_key)


@strawberry.type(description="What became of the answer to an invitation.")
class AnswerInvitationPayload(_Changed):
    """The payload of answerInvitation."""


@strawberry.type(description="What became of the wish to leave.")
class LeaveHouseholdPayload(_Changed):
    """The payload of leaveHousehold."""


@strawberry.type(description="What became of the wish to let somebody go.")
class RemoveFromHouseholdPayload(_Changed):
    """The payload of removeFromHousehold."""


@strawberry.type(description="What became of the other role.")
class ChangeHouseholdRolePayload(_Changed):
    """The payload of changeHouseholdRole."""


@strawberry.type(description="What became of the gift.")
class GivePointsPayload:
    """The payload of givePoints."""

    actor: strawberry.Private[UUID | None]
    gift_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, "The gift; null if it was refused.")
    async def gift(self, info: Info) -> Gift | None:
        return await gifts.by_key(info, self.actor, self.gift_key)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.actor)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the code that was named.")
class ClaimReferralPayload:
    """The payload of claimReferral."""

    actor: strawberry.Private[UUID | None]
    referral_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(SIGNED_IN, "Why it counts for nobody.", size=1)

    @resolver(SIGNED_IN, "What came of it; null if it was refused.")
    async def referral(self, info: Info) -> Referral | None:
        return await referrals.by_key(info, self.referral_key)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.actor)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the decisions.")
class ReviewReferralsPayload:
    """The payload of reviewReferrals."""

    outcomes: list[ReviewOutcome] = attribute(
        STAFF, "One per decision sent, in the same order; empty if `errors` is not."
    )
    errors: list[UserError] = attribute(STAFF, _WHOLE, size=1)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()
