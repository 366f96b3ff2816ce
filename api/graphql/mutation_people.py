"""What members can do with each other: households, gifts, referrals."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import giving, housekeeping, referring
from api.graphql.fields import SIGNED_IN, STAFF, mutation
from api.graphql.giving import GivePointsInput
from api.graphql.housekeeping import (
    AnswerInvitationInput,
    ChangeHouseholdRoleInput,
    FoundHouseholdInput,
    InviteToHouseholdInput,
    LeaveHouseholdInput,
    RemoveFromHouseholdInput,
)
from api.graphql.outcomes import of_error
from api.graphql.payloads_people import (
    AnswerInvitationPayload,
    ChangeHouseholdRolePayload,
    ClaimReferralPayload,
    FoundHouseholdPayload,
    GivePointsPayload,
    InviteToHouseholdPayload,
    LeaveHouseholdPayload,
    RemoveFromHouseholdPayload,
    ReviewReferralsPayload,
)
from api.graphql.referring import ClaimReferralInput, ReviewReferralsInput
from kit.errors import LaurelError


@strawberry.type
class PeopleMutations:
    """The part of the root of mutations that is about members together."""

    @mutation(SIGNED_IN, "Found a household, whose owner the member is.")
    async def found_household(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            FoundHouseholdInput, strawberry.argument(description="The household.")
        ],
    ) -> FoundHouseholdPayload | None:
        try:
            done = await housekeeping.found(info, input)
        except LaurelError as error:
            return FoundHouseholdPayload(actor=None, errors=[of_error(error, "input")])
        return FoundHouseholdPayload(actor=done.actor, errors=[])

    @mutation(SIGNED_IN, "Ask a member into the household whose owner one is.")
    async def invite_to_household(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            InviteToHouseholdInput, strawberry.argument(description="The invitation.")
        ],
    ) -> InviteToHouseholdPayload | None:
        try:
            done = await housekeeping.invite(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return InviteToHouseholdPayload(actor=None, invitation_key=None, errors=refused)
        return InviteToHouseholdPayload(actor=done.actor, invitation_key=done.invitation, errors=[])

    @mutation(SIGNED_IN, "Accept or decline an invitation into a household.")
    async def answer_invitation(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            AnswerInvitationInput, strawberry.argument(description="The answer.")
        ],
    ) -> AnswerInvitationPayload | None:
        try:
            done = await housekeeping.answer(info, input)
        except LaurelError as error:
            return AnswerInvitationPayload(actor=None, errors=[of_error(error, "input")])
        return AnswerInvitationPayload(actor=done.actor, errors=[])

    @mutation(SIGNED_IN, "Leave the household that one is in. Where the owner leaves, it ends.")
    async def leave_household(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            LeaveHouseholdInput, strawberry.argument(description="Who leaves.")
        ],
    ) -> LeaveHouseholdPayload | None:
        try:
            done = await housekeeping.leave(info, input)
        except LaurelError as error:
            return LeaveHouseholdPayload(actor=None, errors=[of_error(error, "input")])
        return LeaveHouseholdPayload(actor=done.actor, errors=[])

    @mutation(SIGNED_IN, "Let somebody go from the household whose owner one is.")
    async def remove_from_household(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RemoveFromHouseholdInput, strawberry.argument(description="Who is to go.")
        ],
    ) -> RemoveFromHouseholdPayload | None:
        try:
            done = await housekeeping.remove(info, input)
        except LaurelError as error:
            return RemoveFromHouseholdPayload(actor=None, errors=[of_error(error, "input")])
        return RemoveFromHouseholdPayload(actor=done.actor, errors=[])

    @mutation(SIGNED_IN, "Give somebody another role in the household whose owner one is.")
    async def change_household_role(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ChangeHouseholdRoleInput, strawberry.argument(description="Who is to be what.")
        ],
    ) -> ChangeHouseholdRolePayload | None:
        try:
            done = await housekeeping.change_role(info, input)
        except LaurelError as error:
            return ChangeHouseholdRolePayload(actor=None, errors=[of_error(error, "input")])
        return ChangeHouseholdRolePayload(actor=done.actor, errors=[])

    @mutation(
        SIGNED_IN,
        "Give points to another member, as the programme allows: who gives has them no more, and"
        " they keep their ends. Members give their own.",
    )
    async def give_points(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            GivePointsInput, strawberry.argument(description="The gift.")
        ],
    ) -> GivePointsPayload | None:
        try:
            done = await giving.give_points(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return GivePointsPayload(actor=None, gift_key=None, errors=refused)
        return GivePointsPayload(actor=done.giver, gift_key=done.gift, errors=[])

    @mutation(SIGNED_IN, "Say by whose code the member came; once it counts, both get theirs.")
    async def claim_referral(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ClaimReferralInput, strawberry.argument(description="The code.")
        ],
    ) -> ClaimReferralPayload | None:
        try:
            friend, referral = await referring.name_code(info, input)
        except LaurelError as error:
            refused = [of_error(error, "input")]
            return ClaimReferralPayload(actor=None, referral_key=None, errors=refused)
        return ClaimReferralPayload(actor=friend, referral_key=referral, errors=[])

    @mutation(
        STAFF,
        "Accept or refuse referrals that wait for somebody to look at them. Each is taken or"
        " refused by itself.",
        sized_by=["input.reviews"],
        sizes=["outcomes"],
    )
    async def review_referrals(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ReviewReferralsInput, strawberry.argument(description="The decisions.")
        ],
    ) -> ReviewReferralsPayload | None:
        try:
            outcomes = await referring.decide(info, input)
        except LaurelError as error:
            return ReviewReferralsPayload(outcomes=[], errors=[of_error(error, "input")])
        return ReviewReferralsPayload(outcomes=outcomes, errors=[])
