"""Reads of redemptions, of the catalogue as members see it, and of what was given to causes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.brands.rules import Brand
from domain.ledger import queries as ledger
from domain.programmes.rules import Timeline
from domain.rewards import store
from domain.rewards.queries_facts import facts_of
from domain.rewards.queries_supply import Supply, supplies
from domain.rewards.rules_catalogue import (
    CAUSE,
    NO_CODES,
    MemberFacts,
    Offer,
    Why,
    cause_id,
    limit_left,
    offers_of,
    refusal,
)
from domain.rewards.rules_steps import Redemption, State, as_of
from domain.rewards.section_parts import QUANTITY_MAX, Reward
from domain.vouchers.queries import free_codes
from domain.wallets import queries as wallets
from kit.db import Session

__all__ = [
    "CatalogueItem",
    "Redemption",
    "State",
    "catalogue",
    "catalogues",
    "given_to",
    "of_brand",
    "of_members",
    "oldest_of_brand",
    "oldest_of_members",
    "redemptions",
]

# The same as `rules_steps.as_of`.
_PAGE = """
    ($4::text[] IS NULL OR CASE WHEN deadline <= $2 THEN 'lapsed' ELSE state END = ANY ($4))
    AND ($5::uuid IS NULL OR (requested_at, id) {way} (
        SELECT requested_at, id FROM redemption WHERE brand_id = $1 AND id = $5))
    ORDER BY requested_at {order}, id {order} LIMIT $6
"""
_OF_MEMBERS = f"""
SELECT r.* FROM unnest($3::uuid[]) AS asked (member_id) CROSS JOIN LATERAL (
    SELECT {store.COLUMNS} FROM redemption
    WHERE brand_id = $1 AND member_id = asked.member_id AND {_PAGE}
) AS r
"""  # noqa: S608 - made of constants
_OF_BRAND = f"""
SELECT {store.COLUMNS} FROM redemption
WHERE brand_id = $1 AND ($3::text IS NULL OR reward = $3) AND {_PAGE}
"""  # noqa: S608 - made of constants
_NEWEST = _OF_MEMBERS.format(way="<", order="DESC")
_OLDEST = _OF_MEMBERS.format(way=">", order="ASC")
_BRANDS_NEWEST = _OF_BRAND.format(way="<", order="DESC")
_BRANDS_OLDEST = _OF_BRAND.format(way=">", order="ASC")


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """A reward as somebody sees it.

    ``left`` is how many there are, None for no end, ``limit_left`` how many the limits still allow
    the member. ``why`` is why one can't be had, and ``can_redeem`` whether it can; both are None
    if nobody asks. ``missing`` is how many points are, in the smallest unit, if that is why;
    ``starts_at`` from when on the member may have it, early or not, if it is too early.
    """

    reward: Reward
    offer: Offer
    left: int | None
    can_redeem: bool | None = None
    why: Why | None = None
    limit_left: int | None = None
    missing: int | None = None
    starts_at: datetime | None = None


class _Left(NamedTuple):
    """How many of a reward are in stock, and how many codes its pool has; None for no end."""

    stock: int | None
    codes: int | None

    @property
    def least(self) -> int | None:
        return min((each for each in self if each is not None), default=None)


async def redemptions(
    session: Session, now: datetime, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, Redemption]:
    """Return those of these redemptions that are the brand's."""
    found = await store.load(session, brand_id, ids, lock=False)
    return {id_: as_of(each, now) for id_, each in found.items()}


async def of_members(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Collection[UUID],
    *,
    first: int,
    before: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Redemption]]:
    """Return up to ``first`` redemptions of each member, the newest first.

    ``before``: only those older than this redemption. ``states`` None: all of them.
    """
    wanted = None if states is None else list(states)
    ids = list(set(member_ids))
    rows = await session.fetch(_NEWEST, brand_id, now, ids, wanted, before, first)
    return _by_member(ids, rows, now)


async def oldest_of_members(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Collection[UUID],
    *,
    first: int,
    after: UUID | None = None,
    states: Collection[State] | None = None,
) -> dict[UUID, list[Redemption]]:
    """Return up to ``first`` redemptions of each member, the oldest first, newer than ``after``."""
    wanted = None if states is None else list(states)
    ids = list(set(member_ids))
    rows = await session.fetch(_OLDEST, brand_id, now, ids, wanted, after, first)
    return _by_member(ids, rows, now)


def _by_member(
    member_ids: Collection[UUID], rows: Sequence[asyncpg.Record], now: datetime
) -> dict[UUID, list[Redemption]]:
    found: dict[UUID, list[Redemption]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(as_of(store.redemption(row), now))
    return found


async def of_brand(
    session: Session,
    now: datetime,
    brand_id: int,
    *,
    first: int,
    before: UUID | None = None,
    states: Collection[State] | None = None,
    reward: str | None = None,
) -> list[Redemption]:
    """Return up to ``first`` redemptions of a brand, the newest first, as `of_members` does."""
    wanted = None if states is None else list(states)
    rows = await session.fetch(_BRANDS_NEWEST, brand_id, now, reward, wanted, before, first)
    return [as_of(store.redemption(row), now) for row in rows]


async def oldest_of_brand(
    session: Session,
    now: datetime,
    brand_id: int,
    *,
    first: int,
    after: UUID | None = None,
    states: Collection[State] | None = None,
    reward: str | None = None,
) -> list[Redemption]:
    """Return up to ``first`` redemptions of a brand, the oldest first, newer than ``after``."""
    wanted = None if states is None else list(states)
    rows = await session.fetch(_BRANDS_OLDEST, brand_id, now, reward, wanted, after, first)
    return [as_of(store.redemption(row), now) for row in rows]


async def catalogue(
    session: Session, now: datetime, brand: Brand, timeline: Timeline
) -> list[CatalogueItem]:
    """Return the listed rewards in force, as they stand for nobody in particular."""
    offers = _listed(now, brand, timeline)
    left = await _left(session, now, brand.id, offers)
    return [CatalogueItem(each.reward, each, left[each.code].least) for each in offers]


async def catalogues(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
) -> dict[UUID, list[CatalogueItem]]:
    """Return the listed rewards in force as each of these members of the brand sees them.

    Judged as `service_redeem.redeem` would judge one of each, paid by the member alone.
    """
    offers = _listed(now, brand, timeline)
    left = await _left(session, now, brand.id, offers)
    facts = await facts_of(session, now, brand, timeline, offers, member_ids)
    has = await wallets.balances(session, now, brand.id, list(facts))
    return {
        member_id: [
            _item(each, left[each.code], mine, has[member_id].spendable, now) for each in offers
        ]
        for member_id, mine in facts.items()
    }


def _listed(now: datetime, brand: Brand, timeline: Timeline) -> list[Offer]:
    programme = timeline.at(now)
    offers = offers_of(programme, brand).values() if programme else ()
    return [offer for offer in offers if offer.reward.listed]


def _item(
    offer: Offer, left: _Left, facts: MemberFacts, spendable: int, now: datetime
) -> CatalogueItem:
    why = refusal(offer, facts, 1, spendable, left.stock, now)
    if why is None and left.codes == 0 and not offer.needs_approval(offer.points):
        why = NO_CODES
    code = why.code if why else None
    return CatalogueItem(
        reward=offer.reward,
        offer=offer,
        left=left.least,
        can_redeem=why is None,
        why=why,
        limit_left=limit_left(offer, facts),
        missing=offer.points - spendable if code == "INSUFFICIENT_POINTS" else None,
        starts_at=offer.begins(facts.tiers) if code == "NOT_YET" else None,
    )


async def _left(
    session: Session, now: datetime, brand_id: int, offers: Sequence[Offer]
) -> dict[str, _Left]:
    """Return how many can be had of each reward.

    Codes of a pool count for what is done at once, and no further than one can ask for.
    """
    supply = await supplies(session, now, brand_id)
    rewards = [each.reward for each in offers if each.reward.fulfil == "at_once"]
    pools = {reward.codes for reward in rewards if reward.codes is not None}
    most = QUANTITY_MAX + 1
    free = await free_codes(session, brand_id, sorted(pools), at_most=most) if pools else {}
    found = {}
    for offer in offers:
        reward, (taken, added) = offer.reward, supply.get(offer.code, Supply())
        stock = None if reward.stock is None else max(0, reward.stock + added - taken)
        codes = free.get(reward.codes or "", most) if reward.fulfil == "at_once" else most
        found[offer.code] = _Left(stock, codes if codes < most else None)
    return found


async def given_to(session: Session, brand_id: int, rewards: Collection[str]) -> dict[str, int]:
    """Return how many points were donated by each of these rewards, in the smallest unit."""
    causes = {cause_id(brand_id, reward): reward for reward in rewards}
    rows = await session.fetch(
        "SELECT id, owner_id FROM account"
        " WHERE brand_id = $1 AND code = $2 AND owner_id = ANY ($3)",
        brand_id,
        CAUSE,
        list(causes),
    )
    has = await ledger.balances(session, [row["id"] for row in rows])
    found = dict.fromkeys(rewards, 0)
    for row in rows:
        found[causes[row["owner_id"]]] = has[row["id"]].cr - has[row["id"]].dr
    return found
