"""Prizes: what games promise, for anybody, and what members have won."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import badges, ids, paging, redemptions, rewards
from api.graphql.badges import Badge, BadgeAward
from api.graphql.catalogue import WhyNot
from api.graphql.fields import BRAND, EVERYONE, SIGNED_IN, attribute, resolver
from api.graphql.money import points
from api.graphql.node import Node
from api.graphql.outcomes import code_of
from api.graphql.paging import Connection
from api.graphql.playing import WantedPrizes
from api.graphql.redemptions import Redemption
from api.graphql.rewards import Reward
from api.graphql.scalars import Points
from api.graphql.vouchers import Pages
from domain.brands.rules import Brand
from domain.programmes.rules import Programme
from domain.wallets.section import PointsSection
from gamification.prizes.queries import Paid
from gamification.prizes.section_parts import Prize as PrizePart

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "WonPrize"
PRIZES_USUAL = 2
"""As how many prizes a level or a milestone counts."""


@strawberry.enum(description="What a prize is, for apps to draw. Kinds may be added.")
class PrizeKind(Enum):
    """The kinds of prizes."""

    POINTS = strawberry.enum_value("points", description="Points to spend.")
    QUALIFYING = strawberry.enum_value(
        "qualifying", description="Points that count towards tiers, and can't be spent."
    )
    REWARD = strawberry.enum_value("reward", description="A reward, for nothing.")
    BADGE = strawberry.enum_value("badge", description="A badge, or one of its levels.")
    FREEZE = strawberry.enum_value("freeze", description="Freezes of a streak.")
    MYSTERY = strawberry.enum_value(
        "mystery", description="One of several things, by lot; which one is told once it is paid."
    )


@strawberry.enum(description="What became of a prize that a member has won.")
class PrizeState(Enum):
    """The states of prizes."""

    OWED = strawberry.enum_value("owed", description="It is paid from `paysFrom` on.")
    HELD = strawberry.enum_value(
        "held", description="It waits until somebody of the brand's staff has looked at it."
    )
    PAID = strawberry.enum_value("paid", description="The member has it, or had.")
    UNDONE = strawberry.enum_value(
        "undone", description="It is not deserved any more, such as after a return."
    )
    REFUSED = strawberry.enum_value("refused", description="It could not be paid.")


@strawberry.type(description="What can be won.")
class Prize:
    """A prize as the programme says."""

    kind: PrizeKind = attribute(EVERYONE, "What it is.")
    points: Points | None = attribute(
        EVERYONE, "How many points, to spend or to qualify with; null for what is none."
    )
    qualifies: bool = attribute(EVERYONE, "Whether its points count towards tiers.")
    reward: Reward | None = attribute(EVERYONE, "The reward; null for none.", weight=0)
    badge: Badge | None = attribute(EVERYONE, "The badge; null for none.", weight=0)
    level: int | None = attribute(EVERYONE, "Which level of the badge; null for none.")
    streak: str | None = attribute(EVERYONE, "The code of the freezes' streak; null for none.")
    freezes: int | None = attribute(EVERYONE, "How many freezes; null for none.")


@strawberry.type(description="A prize that a member has won, and what became of it.")
class WonPrize(Node):
    """A prize as shown."""

    key: strawberry.Private[UUID]
    record: strawberry.Private[Paid]
    source: str = attribute(
        SIGNED_IN,
        'What it was won with, such as "challenge:spring", "streak:daily", "board:spend".',
    )
    kind: PrizeKind = attribute(
        SIGNED_IN, "What it is; of a mystery that is not paid yet that it is one."
    )
    is_mystery: bool = attribute(SIGNED_IN, "Whether it was drawn by lot.")
    points: Points | None = attribute(
        SIGNED_IN, "How many points, to spend or to qualify with; null for what is none."
    )
    reward: Reward | None = attribute(SIGNED_IN, "The reward; null for none.", weight=0)
    streak: str | None = attribute(SIGNED_IN, "The code of the freezes' streak; null for none.")
    freezes: int | None = attribute(SIGNED_IN, "How many freezes; null for none.")
    state: PrizeState = attribute(SIGNED_IN, "What became of it.")
    won_at: datetime = attribute(SIGNED_IN, "When it was deserved.")
    pays_from: datetime = attribute(SIGNED_IN, "From when on it is paid.")
    paid_at: datetime | None = attribute(SIGNED_IN, "When it was paid; null if it is not.")
    why_not: WhyNot | None = attribute(
        SIGNED_IN, "Why it could not be paid; null if nothing is in the way.", weight=0
    )
    undone_because: str | None = attribute(SIGNED_IN, "Why it is undone, if it is.")
    is_kept: bool = attribute(
        SIGNED_IN, "Whether it is undone and the member still has some of it, as it was used."
    )

    @resolver(SIGNED_IN, "What gave the member the reward; null for none, or before it is paid.")
    async def redemption(self, info: Info) -> Redemption | None:
        return await redemptions.by_key(info, self.record.redemption_id)

    @resolver(SIGNED_IN, "The badge as it was awarded; null for none, or before it is paid.")
    async def award(self, info: Info) -> BadgeAward | None:
        return await badges.by_key(info, self.record.award_id)

    @resolver(BRAND, "Who has won it.")
    async def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return await members.changed(info, self.record.member_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """What prizes of a programme speak of, as it is shown in a language."""

    scale: int
    rewards: Mapping[str, Reward]
    badges: Mapping[str, Badge]


def terms_of(brand: Brand, programme: Programme, origin: str, language: str) -> Terms:
    """Return what prizes of a programme speak of."""
    return Terms(
        programme.document.section(PointsSection).scale,
        rewards.shown(brand, programme, language),
        badges.shown(brand, programme, origin, language),
    )


def prizes(terms: Terms, said: Sequence[PrizePart]) -> list[Prize]:
    """Return prizes as they are shown."""
    return [_prize(terms, each) for each in said]


def _prize(terms: Terms, part: PrizePart) -> Prize:
    amount = part.qualifying if part.points is None else part.points
    return Prize(
        kind=_kind(part),
        points=None if amount is None else Points(_with_decimals(amount, terms.scale)),
        qualifies=part.qualifies or part.qualifying is not None,
        reward=terms.rewards.get(part.reward) if part.reward else None,
        badge=terms.badges.get(part.badge) if part.badge else None,
        level=(part.level or 1) if part.badge else None,
        streak=part.streak,
        freezes=part.freeze,
    )


def _kind(part: PrizePart) -> PrizeKind:
    kinds = (PrizeKind.POINTS, PrizeKind.QUALIFYING, PrizeKind.REWARD, PrizeKind.BADGE)
    given = (part.points, part.qualifying, part.reward, part.badge, part.freeze)
    found = (kind for kind, each in zip((*kinds, PrizeKind.FREEZE), given, strict=True) if each)
    return next(found, PrizeKind.MYSTERY)


def _with_decimals(amount: Decimal, scale: int) -> Decimal:
    return amount.scaleb(scale).to_integral_value().scaleb(-scale)


async def won(info: Info, records: Sequence[Paid]) -> list[WonPrize]:
    """Return prizes of the caller's brand as they are shown."""
    known = await info.context.loaders.programmes()
    found = []
    for each in records:
        # What a mystery is is told once it is paid.
        hidden = each.mystery and each.paid_at is None
        amount = each.points or each.qualifying
        reward = None if hidden or each.reward is None else each.reward
        found.append(
            WonPrize(
                id=ids.encode(KIND, str(each.id)),
                key=each.id,
                record=each,
                source=each.source,
                kind=PrizeKind.MYSTERY if hidden else PrizeKind(each.kind),
                is_mystery=each.mystery,
                points=points(known.scale, amount) if amount and not hidden else None,
                reward=rewards.reward(info, reward, known.timeline) if reward else None,
                streak=each.code if each.kind == "freeze" and not hidden else None,
                freezes=each.count if each.kind == "freeze" and not hidden else None,
                state=PrizeState(each.state),
                won_at=each.at,
                pays_from=each.pay_from,
                paid_at=each.paid_at,
                why_not=_why_not(each.refusal),
                undone_because=each.reason,
                is_kept=each.keeps,
            )
        )
    return found


def _why_not(refusal: str | None) -> WhyNot | None:
    return None if refusal is None else WhyNot(code=code_of(refusal), missing=None, from_=None)


async def by_key(info: Info, key: UUID | None) -> WonPrize | None:
    """Return a prize of the caller's brand, None if there is none."""
    found = await info.context.loaders.playing.prizes.load(key) if key else None
    return (await won(info, [found]))[0] if found else None


async def by_id(info: Info, text: str) -> WonPrize | None:
    """Return the brand's prize with that key; members see their own."""
    found = await by_key(info, ids.uuid_of(text))
    if found is None or not await badges.is_own(info, found.record.member_id):
        return None
    return found


async def page_of(info: Info, member_id: UUID, pages: Pages) -> Connection[WonPrize]:
    """Return a page of what a member has won, the latest first."""
    cursors = info.context.cursors(f"Member.prizes:{member_id}")
    asked = paging.window(cursors, *pages, int)
    found = await info.context.loaders.playing.prize_pages.load(WantedPrizes(member_id, asked))
    return paging.connection(
        cursors, asked, await won(info, found or ()), lambda each: each.record.number
    )
