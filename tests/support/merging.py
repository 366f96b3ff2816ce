"""Members of a shop who turn out to be one person, or who want to be forgotten."""

from collections.abc import Sequence

from api.sections import SECTIONS
from domain.memberships.service_erase import Erasure, ErasureOutcome, erase
from domain.memberships.service_merge import Merge, MergeOutcome, merge
from domain.programmes import queries as programmes
from kit.db import Session
from tests.support.shop import Shop

REASON = "one person, two cards"


def merging(keep: str, absorb: str, key: str = "") -> Merge:
    """Return that two members are one person, under a key of its own."""
    return Merge(key or f"{absorb} into {keep}", keep, absorb, "staff", REASON)


async def merged(shop: Shop, *items: Merge) -> list[MergeOutcome]:
    """Make members one, in one batch."""

    async def work(session: Session) -> list[MergeOutcome]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        return await merge(session, shop.clock.now(), shop.brand, timeline, items)

    return await shop.database.write(work)


def codes(outcomes: Sequence[MergeOutcome | ErasureOutcome]) -> list[str | None]:
    """Return what was refused, None for what was done."""
    return [each.code for each in outcomes]


def erasing(member: str, key: str = "") -> Erasure:
    """Return that a member is to be forgotten, under a key of its own."""
    return Erasure(key or f"forget {member}", member, "staff", "asked by the member")


async def erased(shop: Shop, *items: Erasure) -> list[ErasureOutcome]:
    """Forget members, in one batch."""

    async def work(session: Session) -> list[ErasureOutcome]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        return await erase(session, shop.clock.now(), shop.brand, timeline, items)

    return await shop.database.write(work)
