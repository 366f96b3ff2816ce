"""The verb that counts spend towards tiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.tiers.queries import ladder_of
from domain.tiers.rules import change, rank_at
from kit.db import Session
from kit.facts import Fact


@dataclass(frozen=True, slots=True)
class Spend:
    """Money that counts in a calendar year of the brand; negative for a refund."""

    member_id: UUID
    year: int
    amount: int


async def qualify(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, spends: Sequence[Spend]
) -> list[Fact]:
    """Count ``spends`` and return the facts of the members whose tier they changed at ``now``.

    The caller holds the members' wallets locked and records the facts.
    """
    sums: dict[tuple[UUID, int], int] = {}
    for spend in spends:
        key = (spend.member_id, spend.year)
        sums[key] = sums.get(key, 0) + spend.amount
    if not sums:
        return []
    ordered = sorted(sums.items())
    await session.fetch(
        "INSERT INTO qualifying_spend AS q (member_id, year, brand_id, amount)"
        " SELECT m, y, $1, a FROM unnest($2::uuid[], $3::smallint[], $4::bigint[]) AS n(m, y, a)"
        " ON CONFLICT (member_id, year) DO UPDATE SET amount = q.amount + excluded.amount",
        brand.id,
        [member_id for (member_id, _), _ in ordered],
        [year for (_, year), _ in ordered],
        [amount for _, amount in ordered],
    )
    ladder = ladder_of(timeline.at(now), brand)
    year = brand.local(now).year
    # The tier of now depends on this year and the last: older spend can't change it.
    recent = {member_id for (member_id, of), _ in ordered if year - 1 <= of <= year}
    if ladder is None or not recent:
        return []
    rows = await session.fetch(
        "SELECT member_id, year, amount FROM qualifying_spend"
        " WHERE member_id = ANY ($1) AND year BETWEEN $2 - 1 AND $2",
        list(recent),
        year,
    )
    after: dict[UUID, dict[int, int]] = {}
    for row in rows:
        after.setdefault(row["member_id"], {})[row["year"]] = row["amount"]
    facts = []
    for member_id, spent in sorted(after.items()):
        before = {of: amount - sums.get((member_id, of), 0) for of, amount in spent.items()}
        moved = change(ladder, rank_at(ladder, before, year), rank_at(ladder, spent, year))
        if moved is not None:
            facts.append(Fact(brand.id, "TierChanged", str(member_id), moved._asdict()))
    return facts
