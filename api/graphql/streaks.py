"""Streaks: which there are, for anybody, and how members' own stand."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql.badges import origin_of
from api.graphql.fields import EVERYONE, SIGNED_IN, attribute
from api.graphql.periods import GamePeriod, period
from api.graphql.prizes import Prize, Terms, prizes, terms_of
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from gamification.streaks import queries
from gamification.streaks import section_parts as parts
from gamification.streaks.section import StreaksSection
from kit.words import in_language

STREAKS_USUAL = 2
"""As how many streaks a programme counts."""
MILESTONES_USUAL = 3


@strawberry.enum(description="How a member's streak stands.")
class StreakState(Enum):
    """The states of streaks."""

    NONE = strawberry.enum_value("none", description="It has never begun.")
    ALIVE = strawberry.enum_value("alive", description="There is nothing to do now.")
    AT_RISK = strawberry.enum_value(
        "at_risk", description="It goes on if the period under way is kept, or frozen."
    )
    REPAIRABLE = strawberry.enum_value(
        "repairable", description="It is broken, and can still be repaired."
    )
    BROKEN = strawberry.enum_value("broken", description="It is broken; a new one can begin.")


@strawberry.type(description="A length of a streak that wins a prize.")
class StreakMilestone:
    """A milestone."""

    length: int = attribute(EVERYONE, "When so many periods are kept.")
    name: str | None = attribute(
        EVERYONE,
        "What members read, in the language that `Accept-Language` asks for; null for no name.",
    )
    prize: Prize = attribute(EVERYONE, "What it wins.", weight=0)
    is_repeated: bool = attribute(
        EVERYONE, "Whether each streak that gets so far wins it; else the first one alone."
    )


@strawberry.type(
    description="Something that members do period after period. Texts are in the language that"
    " `Accept-Language` asks for, if the brand wrote them in it."
)
class Streak:
    """A streak as the programme says."""

    code: str = attribute(EVERYONE, "The streak's short name, which never means another one.")
    name: str = attribute(EVERYONE, "What members read.")
    description: str | None = attribute(EVERYONE, "More of it; null for no more.")
    every: GamePeriod = attribute(EVERYONE, "How long a period is.")
    counts: str = attribute(EVERYONE, 'What counts: "purchase", "any", or the kind of an activity.')
    times: int = attribute(EVERYONE, "How often it must be done in a period.")
    weekdays: list[str] = attribute(
        EVERYONE, "The days of a daily streak, such as `mon`; empty for all."
    )
    freezes_max: int = attribute(
        EVERYONE, "How many freezes, which bridge a period that is missed, a member can hold."
    )
    freeze_every: int | None = attribute(
        EVERYONE, "So many periods kept earn a freeze; null if they don't."
    )
    freeze_reward: str | None = attribute(
        EVERYONE, "The code of the reward that is a freeze; null if none can be bought."
    )
    repair_days: int | None = attribute(
        EVERYONE, "How many days after a break it can be repaired; null if it can't."
    )
    repairs_free: int | None = attribute(EVERYONE, "How many repairs cost nothing; null for none.")
    repairs_per: GamePeriod | None = attribute(
        EVERYONE, "In which period free repairs are counted; null for all time."
    )
    repair_reward: str | None = attribute(
        EVERYONE, "The code of the reward that pays for a repair; null for none."
    )
    milestones: list[StreakMilestone] = attribute(
        EVERYONE, "The lengths that win something, in order.", weight=0, size=MILESTONES_USUAL
    )


@strawberry.type(
    description="How a member's streak stands at the instant of the request. Periods are named by"
    " their first day."
)
class MemberStreak:
    """A streak of a member."""

    streak: Streak = attribute(SIGNED_IN, "What it is about.", weight=0)
    state: StreakState = attribute(SIGNED_IN, "How it stands.")
    length: int = attribute(SIGNED_IN, "How many periods are kept; 0 if there is no streak.")
    longest: int = attribute(SIGNED_IN, "The longest one ever.")
    since: date | None = attribute(SIGNED_IN, "The first period of the one under way.")
    last: date | None = attribute(SIGNED_IN, "The last period that is kept of it.")
    ends_at: datetime | None = attribute(
        SIGNED_IN,
        "When it breaks or needs a freeze if nothing is done; null if there is no streak.",
    )
    freezes: int = attribute(SIGNED_IN, "How many freezes the member holds.")
    freezes_waiting: int = attribute(
        SIGNED_IN, "How many more the member has for which there is no room yet."
    )
    frozen_on: list[date] = attribute(SIGNED_IN, "Periods that a freeze has bridged.")
    repaired_on: list[date] = attribute(SIGNED_IN, "Periods that a repair has bridged.")
    next: StreakMilestone | None = attribute(
        SIGNED_IN, "The next milestone that can be won; null for none.", weight=0
    )
    remaining: int | None = attribute(
        SIGNED_IN, "How many periods are to be kept until then; null for none."
    )
    lost_at: datetime | None = attribute(
        SIGNED_IN, "When the one broke that can be repaired, or else the latest; null for none."
    )
    lost_length: int | None = attribute(SIGNED_IN, "How long that one was; null for none.")
    repair_until: datetime | None = attribute(
        SIGNED_IN, "The first instant at which it is too late to repair it; null if it can't be."
    )


# A version never changes, and streaks are read with each home screen.
@lru_cache(maxsize=64)
def shown(brand: Brand, programme: Programme, origin: str, language: str) -> Mapping[str, Streak]:
    """Return all of a programme's streaks by code, as they are shown in a language."""
    section = programme.document.find(StreaksSection)
    terms = terms_of(brand, programme, origin, language)
    return {
        each.code: _shown(terms, each, language) for each in (section.streak if section else ())
    }


def listed(info: Info, brand: Brand, programme: Programme) -> list[Streak]:
    """Return a programme's streaks, in the order of the file."""
    return list(shown(brand, programme, origin_of(info), info.context.language).values())


def _shown(terms: Terms, each: parts.Streak, language: str) -> Streak:
    return Streak(
        code=each.code,
        name=in_language(each.name, language),
        description=in_language(each.description, language) if each.description else None,
        every=GamePeriod(each.every),
        counts=each.goal.on,
        times=each.times,
        weekdays=list(each.weekdays),
        freezes_max=each.freezes_max,
        freeze_every=each.freeze_every,
        freeze_reward=each.freeze_reward,
        repair_days=each.repair_days,
        repairs_free=each.repairs_free,
        repairs_per=period(each.repairs_per),
        repair_reward=each.repair_reward,
        milestones=[_milestone(terms, part, language) for part in each.milestone],
    )


def _milestone(terms: Terms, part: parts.Milestone, language: str) -> StreakMilestone:
    return StreakMilestone(
        length=part.at,
        name=in_language(part.name, language) if part.name else None,
        prize=prizes(terms, [part.prize])[0],
        is_repeated=part.again,
    )


async def of_member(info: Info, member_id: UUID) -> list[MemberStreak]:
    """Return a member's streaks, in the order of the file."""
    found = await info.context.loaders.playing.streaks.load(member_id)
    timeline = (await info.context.loaders.programmes()).timeline
    programme = timeline.at(info.context.now)
    if not found or programme is None:
        return []
    brand, language = info.context.principal.brand, info.context.language
    known = shown(brand, programme, origin_of(info), language)
    terms = terms_of(brand, programme, origin_of(info), language)
    return [_of_member(known[each.code], terms, each, language) for each in found]


async def one_of_member(info: Info, member_id: UUID | None, code: str) -> MemberStreak | None:
    """Return one streak of a member, None if there is none."""
    every = await of_member(info, member_id) if member_id else []
    return next((each for each in every if each.streak.code == code), None)


def _of_member(streak: Streak, terms: Terms, each: queries.Streak, language: str) -> MemberStreak:
    upcoming = each.next_milestone
    return MemberStreak(
        streak=streak,
        state=StreakState(each.state),
        length=each.length,
        longest=each.longest,
        since=each.since,
        last=each.last,
        ends_at=each.ends_at,
        freezes=each.freezes,
        freezes_waiting=each.waiting,
        frozen_on=list(each.frozen),
        repaired_on=list(each.repaired),
        next=None if upcoming is None else _milestone(terms, upcoming, language),
        remaining=each.remaining,
        lost_at=each.lost_at,
        lost_length=each.lost_length if each.lost_at else None,
        repair_until=each.repair_until,
    )
