"""The verbs that give members points which no purchase earned, but a game, and take them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules import Part
from domain.earning.rules_decide import rules_of
from domain.earning.rules_given import given
from domain.earning.section_parts import BASE
from domain.earning.service_count import count_changes
from domain.expiry import service as expiry
from domain.members import queries as members
from domain.programmes.rules import Programme, Timeline
from domain.tallies.rules import Count
from domain.wallets import store as wallets
from domain.wallets.queries import Books, books
from domain.wallets.section import PointsSection, available_at
from domain.wallets.service import Accrual, accrue
from domain.wallets.service_adjust import ADJUSTMENT
from domain.wallets.service_take_back import ClawBack, take_back
from kit.db import Session
from kit.facts import Fact, record

PRIZE = "prize"
"""The code of the movement in the member's history."""


@dataclass(frozen=True, slots=True)
class PrizePoints:
    """Points that ``rule`` gives a member, in the asset's smallest unit.

    ``points`` can be spent, ``qualifying`` count towards tiers; either may be zero.
    """

    key: UUID
    member_id: UUID
    points: int
    qualifying: int
    rule: str
    reference: str


@dataclass(frozen=True, slots=True)
class PrizeBack:
    """What was given before and is to be taken back.

    That is ``points`` of the journal ``source``, None if there were none, and ``qualifying`` that
    were counted ``on`` a day.
    """

    key: UUID
    member_id: UUID
    points: int
    source: int | None
    qualifying: int
    on: date
    rule: str
    reference: str


@dataclass(frozen=True, slots=True)
class PrizeTaken:
    """What became of points to take back: ``taken`` are in the books, ``kept`` the member's."""

    taken: int
    kept: int


async def give_prizes(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    items: Sequence[PrizePoints],
) -> list[int | None]:
    """Give points; return the journal of each, None where there is nothing to spend.

    No cap limits them. They wait and end as those of the base rate do that are earned now, by the
    programme in force, which there must be; they never wait for the brand's release. The caller
    holds the wallets' locks and has seen that the keys are new. Records the facts PointsAwarded
    and TierChanged.
    """
    accounts, programme = await books(session, brand.id), timeline.at(now)
    assert accounts is not None, "a brand with a programme has its books"
    assert programme is not None, "prizes are given under a programme"
    ids = sorted({each.member_id for each in items})
    new = [each for each in items if each.points]
    journals = await _accrue(session, now, brand, timeline, accounts, programme, new)
    counts = [
        Count(each.member_id, ADJUSTMENT, brand.day(now), 0, each.qualifying, 1)
        for each in items
        if each.qualifying
    ]
    moves = await count_changes(session, now, brand, timeline, counts) if counts else []
    await expiry.redate(session, now, brand, timeline, ids, since=brand.day(now))
    told = [
        Fact(brand.id, "PointsAwarded", str(each.member_id), _told(each))
        for each in items
        if each.points or each.qualifying
    ]
    await record(session, now, [*told, *moves])
    of = {each.key: journal_id for each, journal_id in zip(new, journals, strict=True)}
    return [of.get(each.key) for each in items]


async def take_prizes(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[PrizeBack]
) -> list[PrizeTaken]:
    """Take prizes back; return what became of each.

    What is spent becomes a debt or is kept, by the policy for negative balances of the programme in
    force, as a refund does; what has ended is kept by nobody. What counts towards tiers is
    always taken off. The caller holds the wallets' locks and has seen that the keys are new.
    """
    accounts, programme = await books(session, brand.id), timeline.at(now)
    assert accounts is not None, "a brand with a programme has its books"
    assert programme is not None, "prizes are given under a programme"
    wallet_of = await wallets.lock_members(
        session, brand.id, accounts.asset_id, {each.member_id for each in items}
    )
    backs = [_claw_back(now, each, wallet_of) for each in items if each.source and each.points]
    gone = await wallets.lost(session, now, [each.source for each in backs])
    policy = programme.document.section(PointsSection).negative_balance
    done = await take_back(session, now, brand, accounts, backs, policy) if backs else []
    found = {}
    for back, taken in zip(backs, done, strict=True):
        ended = gone[back.source].points if back.source in gone else 0
        there = taken.points + taken.owed
        found[back.key] = PrizeTaken(there, max(0, back.points - there - ended))
    counts = [
        Count(each.member_id, ADJUSTMENT, each.on, 0, -each.qualifying, -1)
        for each in items
        if each.qualifying
    ]
    moves = await count_changes(session, now, brand, timeline, counts) if counts else []
    await record(session, now, moves)
    return [found.get(each.key, PrizeTaken(0, 0)) for each in items]


async def _accrue(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    programme: Programme,
    items: Sequence[PrizePoints],
) -> list[int]:
    if not items:
        return []
    ids = [each.member_id for each in items]
    people = await members.by_ids(session, brand.id, ids)
    wallet_of = await wallets.lock_members(session, brand.id, accounts.asset_id, ids)
    rules = rules_of(programme, brand.currency_exponent)
    waits = available_at(rules.points.pending_days, brand.zone, now)
    accruals = [
        Accrual(
            key=each.key,
            account_id=wallet_of[each.member_id],
            points=each.points,
            earned_at=now,
            available_at=waits,
            expires_at=given(
                rules,
                BASE,
                Part(each.points, None),
                brand.zone,
                now,
                people[each.member_id].region,
            ).expires_at,
            reference=each.reference,
            rule=each.rule,
            version_id=programme.version_id,
            code=PRIZE,
        )
        for each in items
    ]
    follows = expiry.follows(timeline)
    return await accrue(session, now, brand, accounts, accruals, pays_debts=not follows)


def _claw_back(now: datetime, item: PrizeBack, wallet_of: dict[UUID, int]) -> ClawBack:
    assert item.source is not None
    return ClawBack(
        key=item.key,
        account_id=wallet_of[item.member_id],
        points=item.points,
        source=item.source,
        at=now,
        reference=item.reference,
        rule=item.rule,
    )


def _told(item: PrizePoints) -> dict[str, object]:
    return {"points": item.points, "qualifying": item.qualifying, "rule": item.rule}
