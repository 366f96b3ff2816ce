"""What mutations of challenges, streaks, badges and prizes answer with."""

from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import badges, challenges, members, prizes, redemptions, streaks
from api.graphql.badges import BadgeAward
from api.graphql.challenges import MemberChallenge
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.gaming import Done
from api.graphql.members import Member
from api.graphql.outcomes import UserError
from api.graphql.prizes import WonPrize
from api.graphql.query import Query
from api.graphql.redemptions import Redemption
from api.graphql.streaks import MemberStreak

_ONE = "Why it was refused; nothing was written then."
_MEMBER = "The member with all that changed; null if it was refused."
_CHALLENGE = "How far the member is with it then; null if it was refused or is not shown."
_STREAK = "How the streak stands then; null if it was refused."
_AWARD = "The award as it is then; null if it was refused."
_PRIZE = "The prize as it is then; null if it was refused."
_QUERY = "Everything that can be asked, as it is after the change."


@strawberry.type(description="What became of the challenge that was to be joined.")
class JoinChallengePayload:
    """The payload of joinChallenge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _CHALLENGE)
    async def challenge(self, info: Info) -> MemberChallenge | None:
        if self.done is None:
            return None
        return await challenges.one_of_member(info, self.done.member, self.done.code)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the challenge that was to be left.")
class LeaveChallengePayload:
    """The payload of leaveChallenge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _CHALLENGE)
    async def challenge(self, info: Info) -> MemberChallenge | None:
        if self.done is None:
            return None
        return await challenges.one_of_member(info, self.done.member, self.done.code)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the streak that was to be repaired.")
class RepairStreakPayload:
    """The payload of repairStreak."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _STREAK)
    async def streak(self, info: Info) -> MemberStreak | None:
        if self.done is None:
            return None
        return await streaks.one_of_member(info, self.done.member, self.done.code)

    @resolver(SIGNED_IN, "What paid for it; null if it was free or refused.")
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.done.key if self.done else None)

    @resolver(SIGNED_IN, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the award that was to be shared.")
class ShareBadgePayload:
    """The payload of shareBadge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _AWARD)
    async def award(self, info: Info) -> BadgeAward | None:
        return await badges.by_key(info, self.done.key if self.done else None)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the award that was to be shared no more.")
class UnshareBadgePayload:
    """The payload of unshareBadge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(SIGNED_IN, _ONE, size=1)

    @resolver(SIGNED_IN, _AWARD)
    async def award(self, info: Info) -> BadgeAward | None:
        return await badges.by_key(info, self.done.key if self.done else None)

    @resolver(SIGNED_IN, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the badge that was to be awarded.")
class AwardBadgePayload:
    """The payload of awardBadge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _AWARD)
    async def award(self, info: Info) -> BadgeAward | None:
        return await badges.by_key(info, self.done.key if self.done else None)

    @resolver(BRAND, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the badge that was to be revoked.")
class RevokeBadgePayload:
    """The payload of revokeBadge."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _AWARD)
    async def award(self, info: Info) -> BadgeAward | None:
        return await badges.by_key(info, self.done.key if self.done else None)

    @resolver(BRAND, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the freezes that were to be given.")
class GrantFreezesPayload:
    """The payload of grantFreezes."""

    done: strawberry.Private[Done | None]
    errors: list[UserError] = attribute(BRAND, _ONE, size=1)

    @resolver(BRAND, _STREAK)
    async def streak(self, info: Info) -> MemberStreak | None:
        if self.done is None:
            return None
        return await streaks.one_of_member(info, self.done.member, self.done.code)

    @resolver(BRAND, _MEMBER)
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.done.member if self.done else None)

    @resolver(BRAND, _QUERY)
    def query(self) -> Query:
        return Query()


@strawberry.type(description="What became of the prize that was to be paid after all.")
class RetryPrizePayload:
    """The payload of retryPrize."""

    prize_key: strawberry.Private[UUID | None]
    errors: list[UserError] = attribute(STAFF, _ONE, size=1)

    @resolver(STAFF, _PRIZE)
    async def prize(self, info: Info) -> WonPrize | None:
        return await prizes.by_key(info, self.prize_key)

    @resolver(STAFF, _QUERY)
    def query(self) -> Query:
        return Query()
