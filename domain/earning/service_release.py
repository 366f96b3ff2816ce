"""The verb that lets go of what purchases and activities earned and what waits for the brand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.wallets.service_release import Released, release
from kit.db import Session
from kit.facts import Fact, record
from kit.texts import usable

_AWARDED = """
SELECT e.external_id, coalesce(m.merged_into, m.id) AS member_id,
       array_agg(w.journal_id) FILTER (WHERE w.journal_id IS NOT NULL) AS journals
FROM {table} e JOIN member m ON m.id = e.member_id LEFT JOIN award w ON w.event_id = e.id
WHERE e.brand_id = $1 AND e.external_id = ANY ($2) GROUP BY e.id, m.id
"""


class Earning(NamedTuple):
    """What earned points, by the brand's own id."""

    kind: Literal["purchase", "activity"]
    external_id: str


@dataclass(frozen=True, slots=True)
class ReleaseOutcome:
    """What became of the points of one purchase or activity.

    ``points`` are those left of it, ``available_at`` is from when all of them can be spent;
    ``replayed``: none of them waited.
    """

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    member_id: UUID | None = None
    points: int = 0
    available_at: datetime | None = None
    code: str | None = None
    message: str | None = None


async def release_points(
    session: Session, now: datetime, brand: Brand, items: Sequence[Earning]
) -> list[ReleaseOutcome]:
    """Let go of what these earned; an outcome for each, in order.

    Refused is what nobody recorded: PURCHASE_NOT_FOUND, ACTIVITY_NOT_FOUND.
    """
    found = await _awarded(session, brand, "purchase", items)
    found |= await _awarded(session, brand, "activity", items)
    released = await release(
        session, now, brand, [each for _, ids in found.values() for each in ids]
    )
    outcomes = []
    done: set[Earning] = set()
    for each in items:
        outcome = _outcome(each, found.get(each), released)
        if each in done and outcome.status == "recorded":
            outcome = replace(outcome, status="replayed")
        done.add(each)
        outcomes.append(outcome)
    await record(
        session,
        now,
        [
            Fact(
                brand.id,
                "PointsReleased",
                str(each.member_id),
                {
                    "reference": each.external_id,
                    "points": each.points,
                    "availableAt": each.available_at,
                },
            )
            for each in outcomes
            if each.status == "recorded"
        ],
    )
    return outcomes


async def _awarded(
    session: Session, brand: Brand, kind: Literal["purchase", "activity"], items: Sequence[Earning]
) -> dict[Earning, tuple[UUID, list[int]]]:
    names = [each.external_id for each in items if each.kind == kind and usable(each.external_id)]
    rows = await session.fetch(_AWARDED.format(table=kind), brand.id, names)
    return {Earning(kind, name): (member_id, ids or []) for name, member_id, ids in rows}


def _outcome(
    item: Earning, found: tuple[UUID, list[int]] | None, released: dict[int, Released]
) -> ReleaseOutcome:
    external_id = item.external_id
    if found is None:
        message = f"no {item.kind} is recorded under this id; record it first"
        code = f"{item.kind.upper()}_NOT_FOUND"
        return ReleaseOutcome(external_id, "refused", code=code, message=message)
    member_id, journals = found
    mine = [released[each] for each in journals if each in released]
    return ReleaseOutcome(
        external_id,
        "recorded" if any(not each.replayed for each in mine) else "replayed",
        member_id,
        sum(each.points for each in mine),
        max((each.available_at for each in mine), default=None),
    )
