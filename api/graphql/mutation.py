"""The root of mutations: everything that can be done."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import activities, corrections, enrolment, granting, purchases, refunds, releases
from api.graphql.activities import RecordActivitiesInput
from api.graphql.corrections import AdjustPointsInput
from api.graphql.enrolment import AmendMembersInput, EnrolMembersInput
from api.graphql.fields import BRAND, SERVERS, STAFF, mutation
from api.graphql.granting import GrantStatusInput, RevokeStatusInput
from api.graphql.mutation_boards import BoardMutations
from api.graphql.mutation_games import GameMutations
from api.graphql.mutation_members import MemberMutations
from api.graphql.mutation_people import PeopleMutations
from api.graphql.mutation_rewards import RewardMutations
from api.graphql.outcomes import of_error
from api.graphql.payloads import (
    AdjustPointsPayload,
    AmendMembersPayload,
    EnrolMembersPayload,
    GrantStatusPayload,
    RecordActivitiesPayload,
    RecordPurchasesPayload,
    RefundPurchasePayload,
    ReleasePointsPayload,
    RevokeStatusPayload,
)
from api.graphql.purchase_inputs import RecordPurchasesInput
from api.graphql.refunds import RefundPurchaseInput
from api.graphql.releases import ReleasePointsInput
from kit.errors import LaurelError


@strawberry.type(description="Everything that can be done. Each field is one transaction.")
class Mutation(MemberMutations, RewardMutations, PeopleMutations, GameMutations, BoardMutations):
    """The root of mutations."""

    @mutation(
        SERVERS,
        "Record purchases and give what they earn. Each is taken or refused by itself, and sent"
        " again it changes nothing.",
        sized_by=["input.purchases"],
        sizes=["outcomes"],
    )
    async def record_purchases(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RecordPurchasesInput, strawberry.argument(description="The purchases.")
        ],
    ) -> RecordPurchasesPayload | None:
        try:
            outcomes = await purchases.record(info, input)
        except LaurelError as error:
            return RecordPurchasesPayload(outcomes=[], errors=[of_error(error, "input")])
        return RecordPurchasesPayload(outcomes=outcomes, errors=[])

    @mutation(
        BRAND,
        "Record what members did besides buying and give what it earns. Each is taken or refused"
        " by itself, and sent again it changes nothing.",
        sized_by=["input.activities"],
        sizes=["outcomes"],
    )
    async def record_activities(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RecordActivitiesInput, strawberry.argument(description="The activities.")
        ],
    ) -> RecordActivitiesPayload | None:
        try:
            outcomes = await activities.record(info, input)
        except LaurelError as error:
            return RecordActivitiesPayload(outcomes=[], errors=[of_error(error, "input")])
        return RecordActivitiesPayload(outcomes=outcomes, errors=[])

    @mutation(BRAND, "Refund a purchase, in whole or in part, and take back what it earned.")
    async def refund_purchase(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RefundPurchaseInput, strawberry.argument(description="The refund.")
        ],
    ) -> RefundPurchasePayload | None:
        try:
            done = await refunds.refund(info, input)
        except LaurelError as error:
            return RefundPurchasePayload(refund=None, errors=[of_error(error, "input")])
        return RefundPurchasePayload(refund=done, errors=[])

    @mutation(
        BRAND,
        "Enrol people. Each is taken or refused by itself; who is a member already stays as they"
        " are.",
        sized_by=["input.members"],
        sizes=["outcomes"],
    )
    async def enrol_members(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            EnrolMembersInput, strawberry.argument(description="The people.")
        ],
    ) -> EnrolMembersPayload | None:
        try:
            outcomes = await enrolment.enrol(info, input)
        except LaurelError as error:
            return EnrolMembersPayload(outcomes=[], errors=[of_error(error, "input")])
        return EnrolMembersPayload(outcomes=outcomes, errors=[])

    @mutation(
        BRAND,
        "Change what is known of members. Each is taken or refused by itself.",
        sized_by=["input.members"],
        sizes=["outcomes"],
    )
    async def amend_members(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            AmendMembersInput, strawberry.argument(description="What is to be known.")
        ],
    ) -> AmendMembersPayload | None:
        try:
            outcomes = await enrolment.amend(info, input)
        except LaurelError as error:
            return AmendMembersPayload(outcomes=[], errors=[of_error(error, "input")])
        return AmendMembersPayload(outcomes=outcomes, errors=[])

    @mutation(
        BRAND,
        "Let points go that wait for the brand: from now on, or so many days later as the"
        " programme says, they can be spent.",
        sized_by=["input.earnings"],
        sizes=["outcomes"],
    )
    async def release_points(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ReleasePointsInput, strawberry.argument(description="What earned them.")
        ],
    ) -> ReleasePointsPayload | None:
        try:
            outcomes = await releases.release(info, input)
        except LaurelError as error:
            return ReleasePointsPayload(outcomes=[], errors=[of_error(error, "input")])
        return ReleasePointsPayload(outcomes=outcomes, errors=[])

    @mutation(STAFF, "Give a member points or take some by hand, with a reason.")
    async def adjust_points(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            AdjustPointsInput, strawberry.argument(description="The correction.")
        ],
    ) -> AdjustPointsPayload | None:
        try:
            done = await corrections.adjust(info, input)
        except LaurelError as error:
            return AdjustPointsPayload(adjustment=None, errors=[of_error(error, "input")])
        return AdjustPointsPayload(adjustment=done, errors=[])

    @mutation(BRAND, "Give a member a tier by hand, for a time or for good.")
    async def grant_status(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            GrantStatusInput, strawberry.argument(description="The grant.")
        ],
    ) -> GrantStatusPayload | None:
        try:
            member, grant = await granting.give(info, input)
        except LaurelError as error:
            return GrantStatusPayload(
                member_key=None, grant=None, errors=[of_error(error, "input")]
            )
        return GrantStatusPayload(member_key=member, grant=grant, errors=[])

    @mutation(BRAND, "Let a tier that was given by hand count no more.")
    async def revoke_status(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RevokeStatusInput, strawberry.argument(description="The grant.")
        ],
    ) -> RevokeStatusPayload | None:
        try:
            member, grant = await granting.take(info, input)
        except LaurelError as error:
            return RevokeStatusPayload(
                member_key=None, grant=None, errors=[of_error(error, "input")]
            )
        return RevokeStatusPayload(member_key=member, grant=grant, errors=[])
