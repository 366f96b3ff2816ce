"""Where members stand. A tier is computed from spend and ``now``: it ends without any job."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline
from domain.tiers.rules import Ladder, Standing, compile_ladder, standing
from domain.tiers.section import TiersSection
from kit.db import Session


@lru_cache(maxsize=1000)
def _compiled(programme: Programme, exponent: int) -> Ladder | None:
    section = programme.document.find(TiersSection)
    return None if section is None else compile_ladder(section, exponent)


def ladder_of(programme: Programme | None, brand: Brand) -> Ladder | None:
    """Return the tiers of a programme, None if it has none."""
    return None if programme is None else _compiled(programme, brand.currency_exponent)


async def standings(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Sequence[UUID],
) -> dict[UUID, Standing]:
    """Return where these members stand at ``now``; empty if the programme has no tiers."""
    ladder = ladder_of(timeline.at(now), brand)
    if ladder is None:
        return {}
    local = brand.local(now)
    rows = await session.fetch(
        "SELECT member_id, year, amount FROM qualifying_spend"
        " WHERE brand_id = $1 AND member_id = ANY ($2) AND year BETWEEN $3 - 1 AND $3",
        brand.id,
        list(member_ids),
        local.year,
    )
    spent: dict[UUID, dict[int, int]] = {member_id: {} for member_id in member_ids}
    for row in rows:
        spent[row["member_id"]][row["year"]] = row["amount"]
    return {member_id: standing(ladder, years, local) for member_id, years in spent.items()}
