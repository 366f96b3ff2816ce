"""What challenges are, for anybody: goals, levels, windows and prizes as the programme says."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache

import strawberry

from api.graphql.badges import LEVELS_USUAL
from api.graphql.fields import EVERYONE, attribute
from api.graphql.periods import GamePeriod, period
from api.graphql.prizes import PRIZES_USUAL, Prize, Terms, prizes, terms_of
from api.graphql.quantities import Quantity, quantity
from api.graphql.scalars import BigInt
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline
from gamification.challenges import section_parts as parts
from gamification.challenges.rules_compile import Level, plan_of, scale_of
from gamification.challenges.rules_view import Current, current
from kit.words import in_language

CHALLENGES_USUAL = 4
"""As how many challenges a programme counts."""
GOALS_USUAL = 2
_MEASURES = {"amount": "spend", "points": "points"}


@strawberry.enum(description="How a goal is counted.")
class GoalKind(Enum):
    """The kinds of goals."""

    COUNT = strawberry.enum_value("count", description="How often it is done.")
    SUM = strawberry.enum_value("sum", description="How much it comes to, all together.")
    DISTINCT = strawberry.enum_value("distinct", description="How many different ones.")
    STREAK = strawberry.enum_value("streak", description="How many periods in a row.")
    SEQUENCE = strawberry.enum_value("sequence", description="Steps, one after the other.")


@strawberry.enum(description="What of it is counted.")
class GoalMeasure(Enum):
    """What is summed, told apart or in a row."""

    AMOUNT = strawberry.enum_value("amount", description="Money.")
    QUANTITY = strawberry.enum_value("quantity", description="How many articles.")
    POINTS = strawberry.enum_value("points", description="Points that it gave.")
    VALUE = strawberry.enum_value("value", description="A number that the programme says.")
    CATEGORIES = strawberry.enum_value("categories", description="Categories of articles.")
    SKUS = strawberry.enum_value("skus", description="Articles.")
    STORES = strawberry.enum_value("stores", description="Stores.")
    CHANNELS = strawberry.enum_value("channels", description="Channels.")
    DAYS = strawberry.enum_value("days", description="Days.")
    WEEKS = strawberry.enum_value("weeks", description="Weeks.")
    MONTHS = strawberry.enum_value("months", description="Months.")


@strawberry.enum(description="Who fills the bar of a challenge.")
class ChallengeCrowd(Enum):
    """Who plays together."""

    MEMBER = strawberry.enum_value("member", description="Everyone for themselves.")
    TEAM = strawberry.enum_value("team", description="The members of a team together.")
    EVERYONE = strawberry.enum_value("everyone", description="All members together.")


@strawberry.type(description="Something to be done for a challenge.")
class ChallengeGoal:
    """A goal as the programme says."""

    name: str | None = attribute(EVERYONE, "What members read; null for no name.")
    kind: GoalKind = attribute(EVERYONE, "How it is counted.")
    measure: GoalMeasure | None = attribute(
        EVERYONE, "What of it is counted; null where it is how often alone."
    )
    counts: str = attribute(
        EVERYONE,
        'What counts: "purchase", "any", or the kind of an activity; of a sequence its first step.',
    )
    steps: list[str] = attribute(
        EVERYONE, "What the steps of a sequence are called, an empty name for none; else none."
    )


@strawberry.type(description="One level of a challenge; a challenge without levels has one alone.")
class ChallengeLevel:
    """A level as the programme says."""

    code: str | None = attribute(
        EVERYONE, "The level's short name; null for a challenge without levels."
    )
    name: str | None = attribute(EVERYONE, "What members read; null for no name.")
    targets: list[Quantity] = attribute(
        EVERYONE, "How much of each goal is enough, in order.", weight=0, size=GOALS_USUAL
    )
    prizes: list[Prize] = attribute(EVERYONE, "What it wins.", weight=0, size=PRIZES_USUAL)
    challenge_points: BigInt = attribute(EVERYONE, "What boards count for it; they can't be spent.")


@strawberry.type(
    description="Something that members can take on. Texts are in the language that"
    " `Accept-Language` asks for, if the brand wrote them in it."
)
class Challenge:
    """A challenge as the programme says."""

    hidden: strawberry.Private[bool]
    code: str = attribute(EVERYONE, "Its short name, which never means another one.")
    name: str = attribute(EVERYONE, "What members read.")
    description: str | None = attribute(EVERYONE, "More of it; null for no more.")
    picture: str | None = attribute(
        EVERYONE, "The address of a picture, with `https`; null for none."
    )
    goals: list[ChallengeGoal] = attribute(
        EVERYONE, "What is to be done.", weight=0, size=GOALS_USUAL
    )
    any_goal: bool = attribute(EVERYONE, "Whether one of its goals is enough.")
    levels: list[ChallengeLevel] = attribute(
        EVERYONE, "Its levels, the lowest first.", weight=0, size=LEVELS_USUAL
    )
    filled_by: ChallengeCrowd = attribute(EVERYONE, "Who fills its bar.")
    team: str | None = attribute(
        EVERYONE, "The attribute of members that names their team; null for no teams."
    )
    is_opt_in: bool = attribute(
        EVERYONE, "Whether members must join it; what they did before does not count."
    )
    from_: datetime | None = attribute(
        EVERYONE, "The first instant that counts; null for no beginning.", name="from"
    )
    until: datetime | None = attribute(
        EVERYONE, "The first instant that does not count any more; null for no end."
    )
    every: GamePeriod | None = attribute(
        EVERYONE, "It begins anew in each one of these; null if it does not."
    )
    rolling_days: int | None = attribute(
        EVERYONE, "Within how many days, whichever they are; null for another window."
    )
    joining_days: int | None = attribute(
        EVERYONE, "Up to how many days after joining the programme; null for another window."
    )
    times_max: int = attribute(EVERYONE, "How often it can be completed in one window.")
    windows_max: int | None = attribute(
        EVERYONE, "In how many windows it can be completed; null for any."
    )
    cool_off_days: int = attribute(EVERYONE, "How many days after a completion nothing counts.")
    after: list[str] = attribute(
        EVERYONE, "The codes of challenges to complete before; what was done before does not count."
    )
    tiers: list[str] = attribute(
        EVERYONE, "In which tiers things count, by their names; empty for all."
    )
    hold_days: int = attribute(
        EVERYONE, "How many whole days after that of completion a prize waits."
    )

    @property
    def fills_together(self) -> bool:
        """Whether all members fill its bar."""
        return self.filled_by is ChallengeCrowd.EVERYONE


# A version never changes, and challenges are read with each home screen.
@lru_cache(maxsize=64)
def shown(
    brand: Brand, timeline: Timeline, programme: Programme, origin: str, language: str
) -> Mapping[str, Challenge]:
    """Return all challenges of one of a brand's programmes by code, as shown in a language."""
    plan = plan_of(timeline, brand)
    terms = terms_of(brand, programme, origin, language)
    return {
        each.part.code: _shown(brand, terms, each, language)
        for each in current(plan, timeline, programme.effective_from)
    }


def measured(brand: Brand, goal: parts.Goal, scale: int, smallest: int) -> Quantity:
    """Return how much of a goal something is; ``scale`` is that of the goal's units."""
    measure = _MEASURES.get(goal.of or "", "") if goal.kind == "sum" else ""
    return quantity(brand, scale, measure, smallest)


def _shown(brand: Brand, terms: Terms, each: Current, language: str) -> Challenge:
    part, said = each.part, each.stretch.challenge
    return Challenge(
        hidden=part.hidden,
        code=part.code,
        name=in_language(part.name, language),
        description=in_language(part.description, language) if part.description else None,
        picture=part.picture,
        goals=[_goal(goal, language) for goal in part.goal],
        any_goal=said.any_goal,
        levels=_levels(brand, terms, each, language),
        filled_by=ChallengeCrowd(part.who),
        team=part.team,
        is_opt_in=part.opt_in,
        from_=said.start,
        until=said.end,
        every=period(part.period),
        rolling_days=part.rolling_days,
        joining_days=part.joining_days,
        times_max=part.times,
        windows_max=part.windows,
        cool_off_days=part.cool_off_days,
        after=list(part.after),
        tiers=list(part.tiers),
        hold_days=part.hold_days,
    )


def _goal(part: parts.Goal, language: str) -> ChallengeGoal:
    return ChallengeGoal(
        name=in_language(part.name, language) if part.name else None,
        kind=GoalKind(part.kind),
        measure=GoalMeasure(part.of) if part.of else None,
        counts=(part.step or (part,))[0].on,
        steps=[in_language(step.name, language) if step.name else "" for step in part.step],
    )


def _levels(brand: Brand, terms: Terms, each: Current, language: str) -> list[ChallengeLevel]:
    said = each.part.level or (None,)
    return [
        ChallengeLevel(
            code=level.code or None,
            name=in_language(words.name, language) if words and words.name else None,
            targets=_targets(brand, each, level),
            prizes=prizes(terms, (words or each.part).prize),
            challenge_points=BigInt((words or each.part).challenge_points),
        )
        for level, words in zip(each.stretch.challenge.levels, said, strict=True)
    ]


def _targets(brand: Brand, each: Current, level: Level) -> list[Quantity]:
    return [
        measured(brand, goal, scale_of(goal, brand, each.points_scale), target)
        for goal, target in zip(each.part.goal, level.targets, strict=True)
    ]
