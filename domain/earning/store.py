"""How purchases and refunds are loaded and written, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson

from domain.earning.rules import CapKey, Line, Purchase
from kit.db import Session
from kit.ids import content_hash

_PURCHASE = (
    "SELECT p.id, p.external_id, p.member_id, p.occurred_at, p.channel, p.lines, p.computed,"
    " p.points, p.journal_id, m.external_id AS member, coalesce(r.due, 0)::bigint AS due,"
    " coalesce(r.reversed, 0)::bigint AS reversed,"
    " r.line_amounts FROM purchase p JOIN member m ON m.id = p.member_id"
    " LEFT JOIN LATERAL (SELECT sum(points_due) AS due,"
    "  sum(points_reversed) AS reversed, array_agg(amounts) AS line_amounts FROM ("
    "  SELECT points_due, points_reversed, array_to_json(line_amounts)::jsonb AS amounts"
    "  FROM refund WHERE purchase_id = p.id) AS x) AS r ON true"
    " WHERE p.brand_id = $1 AND p.external_id = ANY ($2)"
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What tells a repeated purchase from another one under its id."""

    purchase_id: UUID
    member_id: UUID
    points: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewPurchase:
    """A purchase with what was decided about it, ready to be written."""

    id: UUID
    purchase: Purchase
    member_id: UUID
    amount: int
    computed: int
    points: int
    version_id: int
    journal_id: int | None
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Refundable:
    """A recorded purchase and what refunds took off it so far.

    ``refunded`` is money per line; ``due`` and ``reversed`` are points: what should have been
    taken back, and what was.
    """

    id: UUID
    purchase: Purchase
    member_id: UUID
    points: int
    journal_id: int | None
    due: int
    reversed: int
    refunded: tuple[int, ...]


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
    journal_id: int | None
    content_hash: bytes


def hash_of(purchase: Purchase) -> bytes:
    """Return the hash of everything that was reported about a purchase."""
    return content_hash(
        orjson.dumps(
            (
                purchase.member,
                purchase.occurred_at.timestamp(),
                purchase.currency,
                purchase.channel,
                purchase.store,
                lines_of(purchase),
            )
        )
    )


def lines_of(purchase: Purchase) -> list[tuple[int, int, int, str, str]]:
    """Return the lines as they are stored."""
    return [
        (line.amount, line.discount, line.quantity, line.sku, line.category)
        for line in purchase.lines
    ]


async def recorded(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Recorded]:
    """Return what is recorded already under these ids."""
    rows = await session.fetch(
        "SELECT external_id, id, member_id, points, content_hash FROM purchase"
        " WHERE brand_id = $1 AND external_id = ANY ($2)",
        brand_id,
        list(external_ids),
    )
    return {row[0]: Recorded(*row[1:]) for row in rows}


async def insert_purchases(
    session: Session, now: datetime, brand_id: int, items: Sequence[NewPurchase]
) -> None:
    """Write purchases. A unique violation means that another writer was faster: do it again."""
    await session.driver.copy_records_to_table(
        "purchase",
        columns=(
            "id",
            "brand_id",
            "external_id",
            "member_id",
            "occurred_at",
            "recorded_at",
            "channel",
            "store",
            "lines",
            "amount",
            "computed",
            "points",
            "version_id",
            "journal_id",
            "content_hash",
        ),
        records=[
            (
                item.id,
                brand_id,
                item.purchase.external_id,
                item.member_id,
                item.purchase.occurred_at,
                now,
                item.purchase.channel,
                item.purchase.store,
                orjson.dumps(lines_of(item.purchase)).decode(),
                item.amount,
                item.computed,
                item.points,
                item.version_id,
                item.journal_id,
                item.content_hash,
            )
            for item in items
        ],
    )


async def cap_uses(
    session: Session, member_ids: Sequence[UUID], keys: Sequence[CapKey]
) -> dict[UUID, dict[CapKey, int]]:
    """Return how much of these caps these members have used up."""
    rows = await session.fetch(
        "SELECT member_id, cap, starts_on, points FROM cap_use"
        " WHERE member_id = ANY ($1) AND (cap, starts_on) IN"
        " (SELECT * FROM unnest($2::text[], $3::date[]))",
        list(member_ids),
        [name for name, _ in keys],
        [start for _, start in keys],
    )
    found: dict[UUID, dict[CapKey, int]] = {}
    for row in rows:
        found.setdefault(row[0], {})[row[1], row[2]] = row[3]
    return found


async def use_caps(session: Session, uses: dict[tuple[UUID, str, date], int]) -> None:
    """Add to what members have used up of caps. A refund gives no room back."""
    ordered = sorted(uses.items())
    await session.fetch(
        "INSERT INTO cap_use AS c (member_id, cap, starts_on, points)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[])"
        " ON CONFLICT (member_id, cap, starts_on) DO UPDATE"
        " SET points = c.points + excluded.points",
        [key[0] for key, _ in ordered],
        [key[1] for key, _ in ordered],
        [key[2] for key, _ in ordered],
        [points for _, points in ordered],
    )


async def refundable(
    session: Session, brand_id: int, currency: str, external_ids: Sequence[str]
) -> dict[str, Refundable]:
    """Return recorded purchases with what refunds took off them so far."""
    rows = await session.fetch(_PURCHASE, brand_id, list(external_ids))
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
            ),
            member_id=row["member_id"],
            points=row["points"],
            journal_id=row["journal_id"],
            due=row["due"],
            reversed=row["reversed"],
            refunded=tuple(sum(part[i] for part in parts) for i in range(len(lines))),
        )
    return found


async def refunds(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, NewRefund]:
    """Return the refunds recorded under these ids."""
    rows = await session.fetch(
        "SELECT id, external_id, purchase_id, occurred_at, line_amounts, points_due,"
        " points_reversed, journal_id, content_hash FROM refund"
        " WHERE brand_id = $1 AND external_id = ANY ($2)",
        brand_id,
        list(external_ids),
    )
    return {row["external_id"]: NewRefund(*row) for row in rows}


async def insert_refunds(
    session: Session, now: datetime, brand_id: int, items: Sequence[NewRefund]
) -> None:
    """Write refunds."""
    await session.driver.executemany(
        "INSERT INTO refund (id, brand_id, external_id, purchase_id, occurred_at, recorded_at,"
        " amount, line_amounts, points_due, points_reversed, journal_id, content_hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        [
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
                item.journal_id,
                item.content_hash,
            )
            for item in items
        ],
    )
