"""What members did, as it counts now: refunds and what they took back are taken off."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.earning.rules import Line
from domain.earning.rules_history import Happening
from domain.earning.rules_refund import kept_lines
from domain.earning.section_parts import PURCHASE
from domain.members.queries import FAMILY
from kit.calendar import EARLIEST, LATEST
from kit.db import Session

__all__ = ["Happening", "histories"]

_PURCHASES = f"""
SELECT p.id, p.external_id, m.kept AS member_id, p.occurred_at, p.recorded_at, p.amount,
       CASE WHEN $5 OR r.line_amounts IS NOT NULL THEN p.lines END AS lines, p.channel, p.store,
       p.points - a.due AS points, p.points > 0 AND a.due = p.points AS undone, r.line_amounts
FROM {FAMILY.format(ids="$2")} AS m JOIN purchase p ON p.member_id = m.id
LEFT JOIN LATERAL (
    SELECT array_agg(array_to_json(line_amounts)::jsonb) AS line_amounts
    FROM refund WHERE purchase_id = p.id
) AS r ON true
LEFT JOIN LATERAL (
    SELECT coalesce(sum(c.points_due), 0)::bigint AS due
    FROM refund f JOIN claw_back c ON c.refund_id = f.id WHERE f.purchase_id = p.id
) AS a ON true
WHERE p.brand_id = $1 AND p.occurred_at >= $3 AND p.occurred_at < $4
"""  # noqa: S608 - made of constants

_ACTIVITIES = f"""
SELECT a.id, a.external_id, m.kept AS member_id, kind, occurred_at, recorded_at, amount, points,
       channel, store, attributes
FROM {FAMILY.format(ids="$2")} AS m JOIN activity a ON a.member_id = m.id
WHERE a.brand_id = $1 AND occurred_at >= $3 AND occurred_at < $4
"""  # noqa: S608 - made of constants


async def histories(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    since: datetime = EARLIEST,
    until: datetime = LATEST,
    *,
    lines: bool = True,
) -> dict[UUID, list[Happening]]:
    """Return what these members did from ``since`` on and before ``until``, the earliest first.

    What happened at one instant is in the order of its id. Every member is there; what those did
    who were merged is there for the member who is left, and nothing for them. Without ``lines``
    baskets of which nothing came back have none, which saves half the work. Two statements.
    """
    found: dict[UUID, list[Happening]] = {member_id: [] for member_id in member_ids}
    asked = brand_id, list(found), since, until
    for row in await session.fetch(_PURCHASES, *asked, lines):
        bought = tuple([Line(*line) for line in row["lines"] or ()])
        parts = row["line_amounts"] or ()
        kept = bought
        if parts:
            kept = kept_lines(bought, [sum(back) for back in zip(*parts, strict=True)])
        happening = Happening(
            id=row["id"],
            external_id=row["external_id"],
            member_id=row["member_id"],
            kind=PURCHASE,
            occurred_at=row["occurred_at"],
            recorded_at=row["recorded_at"],
            amount=sum([line.amount for line in kept]) if parts else row["amount"],
            points=row["points"],
            lines=kept,
            channel=row["channel"],
            store=row["store"],
            attributes=Happening.NOTHING,
            # A basket without lines is returned with the last of its points.
            counts=not parts or (bool(kept) if bought else not row["undone"]),
        )
        found[happening.member_id].append(happening)
    for row in await session.fetch(_ACTIVITIES, *asked):
        found[row["member_id"]].append(Happening(**row, lines=(), counts=True))
    for mine in found.values():
        mine.sort(key=lambda each: (each.occurred_at, each.id))
    return found
