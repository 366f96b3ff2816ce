"""What can be done with challenges, streaks, badges and prizes."""

from typing import Annotated

import strawberry

from api.context import Info
from api.graphql import gaming, prizing
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, mutation
from api.graphql.gaming import (
    JoinChallengeInput,
    LeaveChallengeInput,
    RepairStreakInput,
    ShareBadgeInput,
    UnshareBadgeInput,
)
from api.graphql.outcomes import of_error
from api.graphql.payloads_games import (
    AwardBadgePayload,
    GrantFreezesPayload,
    JoinChallengePayload,
    LeaveChallengePayload,
    RepairStreakPayload,
    RetryPrizePayload,
    RevokeBadgePayload,
    ShareBadgePayload,
    UnshareBadgePayload,
)
from api.graphql.prizing import (
    AwardBadgeInput,
    GrantFreezesInput,
    RetryPrizeInput,
    RevokeBadgeInput,
)
from kit.errors import LaurelError


@strawberry.type
class GameMutations:
    """The part of the root of mutations that is about games."""

    @mutation(
        SIGNED_IN,
        "Take on a challenge that members must choose: from now on what the member does"
        " counts. Members join by themselves.",
    )
    async def join_challenge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            JoinChallengeInput, strawberry.argument(description="The challenge.")
        ],
    ) -> JoinChallengePayload | None:
        try:
            done = await gaming.enter(info, input)
        except LaurelError as error:
            return JoinChallengePayload(done=None, errors=[of_error(error, "input")])
        return JoinChallengePayload(done=done, errors=[])

    @mutation(
        SIGNED_IN,
        "Give up a challenge that was joined: what is not completed is lost. Members leave by"
        " themselves.",
    )
    async def leave_challenge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            LeaveChallengeInput, strawberry.argument(description="The challenge.")
        ],
    ) -> LeaveChallengePayload | None:
        try:
            done = await gaming.give_up(info, input)
        except LaurelError as error:
            return LeaveChallengePayload(done=None, errors=[of_error(error, "input")])
        return LeaveChallengePayload(done=done, errors=[])

    @mutation(
        SIGNED_IN,
        "Repair a streak that broke, in the days that the programme allows: a free repair is"
        " used first, else a reward bought for it.",
    )
    async def repair_streak(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RepairStreakInput, strawberry.argument(description="The streak.")
        ],
    ) -> RepairStreakPayload | None:
        try:
            done = await gaming.mend(info, input)
        except LaurelError as error:
            return RepairStreakPayload(done=None, errors=[of_error(error, "input")])
        return RepairStreakPayload(done=done, errors=[])

    @mutation(
        SIGNED_IN,
        "Let everybody see an award, as a page and as a signed credential. Members share"
        " their own.",
    )
    async def share_badge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            ShareBadgeInput, strawberry.argument(description="The award.")
        ],
    ) -> ShareBadgePayload | None:
        try:
            done = await gaming.show(info, input)
        except LaurelError as error:
            return ShareBadgePayload(done=None, errors=[of_error(error, "input")])
        return ShareBadgePayload(done=done, errors=[])

    @mutation(
        SIGNED_IN,
        "Let nobody else see an award any more. Copies of its credential that others kept"
        " stay true.",
    )
    async def unshare_badge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            UnshareBadgeInput, strawberry.argument(description="The award.")
        ],
    ) -> UnshareBadgePayload | None:
        try:
            done = await gaming.hide(info, input)
        except LaurelError as error:
            return UnshareBadgePayload(done=None, errors=[of_error(error, "input")])
        return UnshareBadgePayload(done=done, errors=[])

    @mutation(
        BRAND,
        "Award a badge to a member by hand.",
    )
    async def award_badge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            AwardBadgeInput, strawberry.argument(description="The badge.")
        ],
    ) -> AwardBadgePayload | None:
        try:
            done = await prizing.give_badge(info, input)
        except LaurelError as error:
            return AwardBadgePayload(done=None, errors=[of_error(error, "input")])
        return AwardBadgePayload(done=done, errors=[])

    @mutation(
        BRAND,
        "Revoke an award for good: its credential says so from then on.",
    )
    async def revoke_badge(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RevokeBadgeInput, strawberry.argument(description="The award.")
        ],
    ) -> RevokeBadgePayload | None:
        try:
            done = await prizing.take_badge(info, input)
        except LaurelError as error:
            return RevokeBadgePayload(done=None, errors=[of_error(error, "input")])
        return RevokeBadgePayload(done=done, errors=[])

    @mutation(
        BRAND,
        "Give a member freezes, which bridge periods of a streak that are missed.",
    )
    async def grant_freezes(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            GrantFreezesInput, strawberry.argument(description="The freezes.")
        ],
    ) -> GrantFreezesPayload | None:
        try:
            done = await prizing.give_freezes(info, input)
        except LaurelError as error:
            return GrantFreezesPayload(done=None, errors=[of_error(error, "input")])
        return GrantFreezesPayload(done=done, errors=[])

    @mutation(
        STAFF,
        "Let a prize be paid that was refused, also where its budget is spent.",
    )
    async def retry_prize(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the usual name
            RetryPrizeInput, strawberry.argument(description="The prize.")
        ],
    ) -> RetryPrizePayload | None:
        try:
            done = await prizing.pay_again(info, input)
        except LaurelError as error:
            return RetryPrizePayload(prize_key=None, errors=[of_error(error, "input")])
        return RetryPrizePayload(prize_key=done, errors=[])
