"""Hears of members, judges what games say of them, and pays their prizes.

What a batch costs a brand with games: the wallets of all members that it tells of are locked at
once, their history is loaded at once (three statements, five with tiers), and each concept judges
all of them in a constant number of statements: about 25 in all where something is won, however
many members there are and however many facts of each. A brand whose programme never had games
costs the look at its programme, and no history is loaded.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds, Timeline
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from gamification.badges import service as badges
from gamification.badges.section import BadgesSection
from gamification.challenges import service as challenges
from gamification.challenges.jobs import spread
from gamification.grounds import service as grounds
from gamification.grounds.queries import ground
from gamification.leaderboards import service_fairness as fairness
from gamification.leaderboards.queries_people import flagged
from gamification.prizes import service as prizes
from gamification.prizes import store as prizes_store
from gamification.streaks import service as streaks
from gamification.streaks.service_won import WonFreezes
from kit import facts
from kit.attempts import attempt
from kit.db import Session
from kit.facts import StoredFact

T = TypeVar("T")
_Game = tuple[Brand, Timeline]

SUBSCRIBER = "games"
GAMES = ("badges", "challenges", "streaks")
"""The sections of a programme that make members be judged."""
PASSED_OVER = frozenset(
    (
        "BadgeAwarded",
        "BadgeRevoked",
        "BanLifted",
        "BoardChoiceChanged",
        "ChallengeCompleted",
        "ChallengeMoved",
        "ChallengeUndone",
        "FreezeUsed",
        "LeagueChanged",
        "MemberBanned",
        "MemberFlagged",
        "MilestoneReached",
        "PointsAwarded",
        "PointsExpiring",
        "PointsReleased",
        "PrizePaid",
        "PrizeUndone",
        "RewardRedeemed",
        "StreakBroken",
        "StreakExtended",
        "VoucherUsed",
    )
)
"""What games themselves bring about, or what no game asks for."""


async def follow(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Judge the members of whom something is told; return how many facts were read.

    Each is judged once, by all that is recorded by now, so that it makes no difference how often,
    how late and in which order facts come. What fails of one brand is undone alone and comes again
    once nothing new is there. 0: all done.
    """
    if not await facts.waiting(session, SUBSCRIBER):
        await _again(session, now, sections, limit)
        return 0
    taken = await facts.take(session, SUBSCRIBER, limit=limit)
    told: dict[int, list[StoredFact]] = {}
    for fact in taken:
        if _member(fact) is not None:
            told.setdefault(fact.tenant_id, []).append(fact)
    # All programmes before any wallet: who applies a version of one brand keeps none waiting.
    games = {
        brand_id: await _attempt(session, brand_id, partial(_game, session, sections, brand_id))
        for brand_id in sorted(told)
    }
    for brand_id, mine in told.items():
        game = games[brand_id]
        work = partial(_heard, session, now, game, mine) if game else None
        if work is None or await _attempt(session, brand_id, work) is None:
            await facts.miss(session, SUBSCRIBER, mine)
    return len(taken)


async def tick(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Do what time alone brings, of up to ``limit`` members or prizes of one brand.

    Members are judged of whom something ends by now, who filled a bar that is full is told, then
    prizes are paid that are due. A brand that fails is passed over. Returns how much there was; 0:
    all done.
    """
    for brand_id in await grounds.brands_due(session, now):
        work = partial(_look, session, now, sections, brand_id, limit)
        if done := await _attempt(session, brand_id, work):
            return done
    if done := await spread(session, now, sections, limit):
        return done
    for brand_id in await prizes_store.brands_due(session, now):
        work = partial(_pay, session, now, sections, brand_id, limit)
        if done := await _attempt(session, brand_id, work):
            return done
    return 0


async def judge(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, member_ids: Collection[UUID]
) -> None:
    """Judge these members by all that they did; nothing if the programme never had games.

    The caller has the programme's versions kept (`timeline_to_write`) and no wallet locked.
    """
    if not has_games(timeline) or not member_ids:
        return
    accounts = await books(session, brand.id)
    assert accounts is not None, "a brand with a programme has its books"
    who = await members.kept(session, brand.id, list(member_ids))
    await lock_members(session, brand.id, accounts.asset_id, set(who.values()))
    tiers = _badges_ask_tiers(timeline) or challenges.asks_tiers(timeline, brand)
    found = await ground(session, now, brand, timeline, list(who), tiers=tiers)
    await badges.judge(session, now, found)
    await streaks.judge(session, now, found)
    await challenges.judge(session, now, found)
    await fairness.judge(session, now, found)


def has_games(timeline: Timeline) -> bool:
    """Whether any version of a brand's programme has games that judge members."""
    return fairness.judges(timeline) or any(
        name in programme.document.sections for programme in timeline.programmes for name in GAMES
    )


def _badges_ask_tiers(timeline: Timeline) -> bool:
    sections = (programme.document.find(BadgesSection) for programme in timeline.programmes)
    return any(
        badge.tier is not None or any(level.tier is not None for level in badge.level)
        for section in sections
        if section is not None
        for badge in section.badge
    )


async def _again(session: Session, now: datetime, sections: SectionKinds, limit: int) -> None:
    """Try once more what failed."""
    for brand_id in await facts.missing(session, SUBSCRIBER):
        work = partial(_heard_again, session, now, sections, brand_id, limit)
        await _attempt(session, brand_id, work)


async def _heard_again(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    game = await _game(session, sections, brand_id)
    told = await facts.again(session, SUBSCRIBER, brand_id, limit=limit)
    return await _heard(session, now, game, told)


async def _attempt(session: Session, brand_id: int, work: Callable[[], Awaitable[T]]) -> T | None:
    return await attempt(session, work, "a brand's games failed", brand=brand_id)


async def _game(session: Session, sections: SectionKinds, brand_id: int) -> _Game:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    return brand, await programmes.timeline_to_write(session, brand_id, sections)


async def _heard(session: Session, now: datetime, game: _Game, told: Sequence[StoredFact]) -> int:
    found = {_member(fact) for fact in told}
    people = {member_id for member_id in found if member_id is not None}
    await judge(session, now, *game, people)
    return len(people)


async def _look(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    brand, timeline = await _game(session, sections, brand_id)
    people = await grounds.due(session, now, brand_id, limit)
    await grounds.looked(session, now, brand_id, people)
    await judge(session, now, brand, timeline, people)
    return len(people)


async def _pay(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    brand, timeline = await _game(session, sections, brand_id)
    return await prizes.pay(session, now, brand, timeline, limit, flagged, WonFreezes())


def _member(fact: StoredFact) -> UUID | None:
    """Return whom a fact is about that games may have to judge, None for nobody."""
    if fact.kind in PASSED_OVER:
        return None
    try:
        return UUID(fact.subject)
    except ValueError:
        return None
