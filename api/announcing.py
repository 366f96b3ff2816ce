"""The worker's part of live changes: every fact about a member is announced, at least once."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime

import redis.asyncio
import structlog

from api.live import channel
from kit import facts
from kit.db import Database, Session
from kit.facts import StoredFact
from kit.valkey import AWAY

SUBSCRIBER = "live"
# The subject of each is the member's id.
KINDS = frozenset(
    {
        "ActivityRecorded",
        "BadgeAwarded",
        "BadgeRevoked",
        "BanLifted",
        "BoardChoiceChanged",
        "ChallengeCompleted",
        "ChallengeMoved",
        "ChallengeJoined",
        "ChallengeLeft",
        "ChallengeUndone",
        "FreezeGranted",
        "FreezeUsed",
        "GiftGiven",
        "GiftReceived",
        "HouseholdEntered",
        "HouseholdInvited",
        "HouseholdLeft",
        "LeagueChanged",
        "MemberAmended",
        "MemberBanned",
        "MemberErased",
        "MemberFlagged",
        "MemberMerged",
        "MilestoneReached",
        "PointsAdjusted",
        "PointsAwarded",
        "PointsExpiring",
        "PointsReleased",
        "PrizePaid",
        "PrizeUndone",
        "PurchaseRecorded",
        "PurchaseRefunded",
        "RedemptionCancelled",
        "RedemptionFulfilled",
        "RedemptionLapsed",
        "RedemptionReturned",
        "ReferralClaimed",
        "ReferralFlagged",
        "ReferralQualified",
        "ReferralRewarded",
        "RewardRedeemed",
        "StatusRevoked",
        "StreakBroken",
        "StreakExtended",
        "StreakRepaired",
        "TierChanged",
        "VoucherUsed",
    }
)

_BATCH = 1_000
_PUBLISH_SECONDS_MAX = 2
_AWAY_SECONDS = 1

_log = structlog.get_logger("laurel.live")


class Announcer:
    """Reads the facts as a subscriber and publishes on each member's channel."""

    def __init__(self, database: Database, valkey: redis.asyncio.Redis) -> None:
        self._database = database
        self._valkey = valkey
        self._away = False
        self._silent_until = 0.0

    async def tick(self, _: datetime) -> None:
        """Announce what has happened since; while Valkey is away it all waits."""
        if time.monotonic() < self._silent_until:
            return
        try:
            if self._away:
                # Not in a transaction: all who read facts would wait for it.
                await _taken(self._valkey.ping())
            while await self._waiting():
                await self._database.write(self._batch)
        except _ValkeyAwayError as error:
            self._silent_until = time.monotonic() + _AWAY_SECONDS
            if not self._away:
                _log.warning("valkey is away: changes are announced later", error=str(error))
            self._away = True

    async def _waiting(self) -> bool:
        async with self._database.alone() as session:
            return await facts.waiting(session, SUBSCRIBER)

    async def _batch(self, session: Session) -> None:
        # The cursor moves in this transaction, so only once Valkey has taken the messages.
        taken = await facts.take(session, SUBSCRIBER, limit=_BATCH)
        await _taken(_publish(self._valkey, taken))
        self._away = False


class _ValkeyAwayError(Exception):
    """The messages were not taken."""


async def _taken(sent: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(_PUBLISH_SECONDS_MAX):
            await sent
    except AWAY as error:
        raise _ValkeyAwayError(repr(error)) from error


async def _publish(valkey: redis.asyncio.Redis, taken: Sequence[StoredFact]) -> None:
    names = {channel(fact.tenant_id, fact.subject) for fact in taken if fact.kind in KINDS}
    if not names:
        return
    pipeline = valkey.pipeline(transaction=False)
    for name in names:
        pipeline.publish(name, b"")
    await pipeline.execute()
