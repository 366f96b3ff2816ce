"""How refunds are loaded with all that came before them, and written, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.earning.rules import Line, Purchase
from domain.earning.rules_refund_decide import Awarded, Refundable
from kit.db import Session

_PURCHASES = """
SELECT p.id, p.external_id, m.id AS member_id, p.occurred_at, p.channel, p.store, p.lines,
       p.version_id, p.context, m.external_id AS member, r.line_amounts, a.awards
FROM purchase p JOIN member o ON o.id = p.member_id
JOIN member m ON m.id = coalesce(o.merged_into, o.id)
LEFT JOIN LATERAL (
    SELECT array_agg(array_to_json(line_amounts)::jsonb) AS line_amounts
    FROM refund WHERE purchase_id = p.id
) AS r ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(w.rule, w.part, w.points, w.qualifies, w.journal_id, c.due)
                     ORDER BY w.rule, w.part) AS awards
    FROM award w LEFT JOIN LATERAL (
        SELECT coalesce(sum(points_due), 0) AS due FROM claw_back
        WHERE award_journal_id = w.journal_id
    ) AS c ON true
    WHERE w.event_id = p.id
) AS a ON true
WHERE p.brand_id = $1 AND p.external_id = ANY ($2)
"""


@dataclass(frozen=True, slots=True)
class RecordedRefund:
    """A refund as it was recorded."""

    id: UUID
    external_id: str
    purchase_id: UUID
    amount: int
    points_due: int
    points_reversed: int
    points_owed: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund with what was decided about it, ready to be written."""

    id: UUID
    external_id: str
    purchase_id: UUID
    occurred_at: datetime
    line_amounts: tuple[int, ...]
    points_due: int
    points_reversed: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewClawBack:
    """What a refund took back of one award, ready to be written."""

    refund_id: UUID
    award_journal_id: int
    points_due: int
    points_reversed: int
    points_owed: int
    journal_id: int | None


async def refundable(
    session: Session, brand_id: int, currency: str, external_ids: Sequence[str]
) -> dict[str, Refundable]:
    """Return recorded purchases with what they earned and what refunds took off them so far."""
    rows = await session.fetch(_PURCHASES, brand_id, list(external_ids))
    found = {}
    for row in rows:
        lines = tuple(Line(*line) for line in row["lines"])
        parts = row["line_amounts"] or []
        found[row["external_id"]] = Refundable(
            id=row["id"],
            purchase=Purchase(
                external_id=row["external_id"],
                member=row["member"],
                occurred_at=row["occurred_at"],
                currency=currency,
                lines=lines,
                channel=row["channel"],
                store=row["store"],
            ),
            member_id=row["member_id"],
            version_id=row["version_id"],
            context=row["context"] or {},
            awards=[Awarded(*each) for each in row["awards"] or ()],
            refunded=tuple(sum(part[place] for part in parts) for place in range(len(lines))),
        )
    return found


async def refunds(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, RecordedRefund]:
    """Return the refunds recorded under these ids."""
    rows = await session.fetch(
        "SELECT r.id, r.external_id, r.purchase_id, r.amount, r.points_due, r.points_reversed,"
        " coalesce((SELECT sum(points_owed) FROM claw_back WHERE refund_id = r.id), 0)::bigint"
        " AS points_owed, r.content_hash FROM refund r"
        " WHERE r.brand_id = $1 AND r.external_id = ANY ($2)",
        brand_id,
        list(external_ids),
    )
    return {row["external_id"]: RecordedRefund(*row) for row in rows}


async def insert_refunds(
    session: Session,
    now: datetime,
    brand_id: int,
    items: Sequence[NewRefund],
    claw_backs: Sequence[NewClawBack],
) -> None:
    """Write refunds and what they took back."""
    await session.driver.copy_records_to_table(
        "refund",
        columns=(
            "id",
            "brand_id",
            "external_id",
            "purchase_id",
            "occurred_at",
            "recorded_at",
            "amount",
            "line_amounts",
            "points_due",
            "points_reversed",
            "content_hash",
        ),
        records=[
            (
                item.id,
                brand_id,
                item.external_id,
                item.purchase_id,
                item.occurred_at,
                now,
                sum(item.line_amounts),
                item.line_amounts,
                item.points_due,
                item.points_reversed,
                item.content_hash,
            )
            for item in items
        ],
    )
    await session.driver.copy_records_to_table(
        "claw_back",
        columns=(
            "brand_id",
            "refund_id",
            "award_journal_id",
            "points_due",
            "points_reversed",
            "points_owed",
            "journal_id",
        ),
        records=[
            (
                brand_id,
                each.refund_id,
                each.award_journal_id,
                each.points_due,
                each.points_reversed,
                each.points_owed,
                each.journal_id,
            )
            for each in claw_backs
        ],
    )
