"""What members play, as fields of each of them, and what there is to play, of a programme."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import badges, challenges, prizes, streaks
from api.graphql.badges import BADGES_USUAL, Badge, BadgeAward
from api.graphql.challenge_terms import CHALLENGES_USUAL, Challenge
from api.graphql.challenges import ChallengeBar, ChallengeStates, MemberChallenge
from api.graphql.fields import EVERYONE, SIGNED_IN, resolver
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.prizes import WonPrize
from api.graphql.streaks import STREAKS_USUAL, MemberStreak, Streak
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline

BARS_USUAL = 1


@strawberry.type
class Plays:
    """The part of a member that is about games."""

    key: strawberry.Private[UUID]

    @resolver(
        SIGNED_IN,
        "How far the member is with each challenge, in the order of the programme; what is hidden"
        " is left out until it is found.",
        size=CHALLENGES_USUAL,
    )
    async def challenges(
        self, info: Info, states: ChallengeStates = None
    ) -> list[MemberChallenge] | None:
        return await challenges.of_member(info, self.key, states)

    @resolver(
        SIGNED_IN,
        "How the member's streaks stand, in the order of the programme.",
        size=STREAKS_USUAL,
    )
    async def streaks(self, info: Info) -> list[MemberStreak]:
        return await streaks.of_member(info, self.key)

    @paged(SIGNED_IN, "The badges that the member was awarded and has, the latest first.")
    async def badges(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[BadgeAward] | None:
        return await badges.page_of(info, self.key, (first, after, last, before))

    @paged(SIGNED_IN, "What the member has won in games, the latest first.")
    async def prizes(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[WonPrize] | None:
        return await prizes.page_of(info, self.key, (first, after, last, before))


@strawberry.type
class Playground:
    """The part of a programme that is about games."""

    record: strawberry.Private[Brand]
    version: strawberry.Private[Programme]
    timeline: strawberry.Private[Timeline]

    @resolver(
        EVERYONE,
        "What members can take on, in order; what is hidden is left out.",
        size=CHALLENGES_USUAL,
    )
    def challenges(self, info: Info) -> list[Challenge]:
        return challenges.listed(info, self.record, self.timeline)

    @resolver(
        EVERYONE,
        "The bars that all members fill together and that are open now; none that is hidden.",
        size=BARS_USUAL,
    )
    async def bars(self, info: Info) -> list[ChallengeBar]:
        return await challenges.bars(info, self.record, self.timeline)

    @resolver(EVERYONE, "What members can do period after period, in order.", size=STREAKS_USUAL)
    def streaks(self, info: Info) -> list[Streak]:
        return streaks.listed(info, self.record, self.version)

    @resolver(EVERYONE, "The badges that there are, in order.", size=BADGES_USUAL)
    def badges(self, info: Info) -> list[Badge]:
        return badges.listed(info, self.record, self.version)
