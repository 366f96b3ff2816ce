"""Reads of redemptions, of the catalogue as members see it, and of what was given to causes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards.rules_catalogue import Offer, Why
from domain.rewards.rules_steps import Redemption
from domain.rewards.section_parts import Reward
from kit.db import Session


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
    can_redeem: bool | None
    why: Why | None
    limit_left: int | None
    missing: int | None = None
    starts_at: datetime | None = None


async def redemptions(
    session: Session, now: datetime, brand_id: int, ids: Collection[UUID]
) -> dict[UUID, Redemption]:
    """Return those of these redemptions that are the brand's."""
    raise NotImplementedError


async def of_members(
    session: Session,
    now: datetime,
    brand_id: int,
    member_ids: Collection[UUID],
    *,
    first: int,
    before: UUID | None = None,
    after: UUID | None = None,
    states: Collection[str] = (),
) -> dict[UUID, list[Redemption]]:
    """Return up to ``first`` redemptions of each member, newest first, in these states or any.

    ``before``: those older than this redemption. ``after``: those newer than it, oldest first.
    """
    raise NotImplementedError


async def of_brand(
    session: Session,
    now: datetime,
    brand_id: int,
    *,
    first: int,
    before: UUID | None = None,
    after: UUID | None = None,
    states: Collection[str] = (),
    reward: str | None = None,
) -> list[Redemption]:
    """Return up to ``first`` redemptions of a brand, as `of_members` does."""
    raise NotImplementedError


async def catalogue(
    session: Session, now: datetime, brand: Brand, timeline: Timeline
) -> list[CatalogueItem]:
    """Return the listed rewards in force, as they stand for nobody in particular."""
    raise NotImplementedError


async def catalogues(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
) -> dict[UUID, list[CatalogueItem]]:
    """Return the listed rewards in force as each of these members sees them."""
    raise NotImplementedError


async def given_to(session: Session, brand_id: int, rewards: Collection[str]) -> dict[str, int]:
    """Return how many points were donated by each of these rewards, in the smallest unit."""
    raise NotImplementedError
