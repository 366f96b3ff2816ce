"""How purchases, activities and what they earned are loaded and written, many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.earning.rules import Activity, Event, Purchase
from kit.db import Session
from kit.ids import content_hash

_KNOWN = (
    "SELECT external_id, id, member_id, points, content_hash FROM {table}"
    " WHERE brand_id = $1 AND external_id = ANY ($2)"
)
_EVENT_COLUMNS = (
    "id",
    "brand_id",
    "external_id",
    "member_id",
    "occurred_at",
    "recorded_at",
    "channel",
    "store",
    "amount",
    "computed",
    "points",
    "version_id",
    "content_hash",
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What tells a repeated event from another one under its id."""

    event_id: UUID
    member_id: UUID
    points: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event with what was decided about it, ready to be written.

    ``context`` is what its rules knew of the member, None if they asked nothing.
    """

    id: UUID
    event: Event
    member_id: UUID
    computed: int
    points: int
    version_id: int
    context: Mapping[str, Any] | None
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class NewAward:
    """Points that one rule gave for an event, and the journal that brought them."""

    event_id: UUID
    rule: str
    part: int
    points: int
    qualifies: bool
    journal_id: int


def hash_of(event: Event) -> bytes:
    """Return the hash of everything that was reported about an event."""
    if isinstance(event, Purchase):
        what: tuple[object, ...] = (
            event.member,
            event.occurred_at.timestamp(),
            event.currency,
            event.channel,
            event.store,
            lines_of(event),
        )
    else:
        what = (
            event.member,
            event.kind,
            event.occurred_at.timestamp(),
            event.amount,
            event.channel,
            event.store,
            event.attributes,
        )
    return content_hash(orjson.dumps(what, option=orjson.OPT_SORT_KEYS))


def lines_of(purchase: Purchase) -> list[tuple[int, int, int, str, str]]:
    """Return the lines as they are stored."""
    return [
        (line.amount, line.discount, line.quantity, line.sku, line.category)
        for line in purchase.lines
    ]


async def recorded_purchases(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Recorded]:
    """Return the purchases that are recorded already under these ids."""
    return await _recorded(session, "purchase", brand_id, external_ids)


async def recorded_activities(
    session: Session, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Recorded]:
    """Return the activities that are recorded already under these ids."""
    return await _recorded(session, "activity", brand_id, external_ids)


async def _recorded(
    session: Session, table: str, brand_id: int, external_ids: Sequence[str]
) -> dict[str, Recorded]:
    rows = await session.fetch(_KNOWN.format(table=table), brand_id, list(external_ids))
    return {row[0]: Recorded(*row[1:]) for row in rows}


async def insert_purchases(
    session: Session, now: datetime, brand_id: int, items: Sequence[NewEvent]
) -> None:
    """Write purchases. A unique violation means that another writer was faster: do it again."""
    await session.driver.copy_records_to_table(
        "purchase",
        columns=(*_EVENT_COLUMNS, "lines", "context"),
        records=[
            (
                *_values(item, now, brand_id),
                orjson.dumps(lines_of(item.event)).decode(),
                None if item.context is None else orjson.dumps(item.context).decode(),
            )
            for item in items
            if isinstance(item.event, Purchase)
        ],
    )


async def insert_activities(
    session: Session, now: datetime, brand_id: int, items: Sequence[NewEvent]
) -> None:
    """Write activities. A unique violation means that another writer was faster: do it again."""
    await session.driver.copy_records_to_table(
        "activity",
        columns=(*_EVENT_COLUMNS, "kind", "attributes"),
        records=[
            (
                *_values(item, now, brand_id),
                item.event.kind,
                orjson.dumps(item.event.attributes).decode(),
            )
            for item in items
            if isinstance(item.event, Activity)
        ],
    )


def _values(item: NewEvent, now: datetime, brand_id: int) -> tuple[object, ...]:
    return (
        item.id,
        brand_id,
        item.event.external_id,
        item.member_id,
        item.event.occurred_at,
        now,
        item.event.channel,
        item.event.store,
        item.event.amount,
        item.computed,
        item.points,
        item.version_id,
        item.content_hash,
    )


async def insert_awards(session: Session, brand_id: int, awards: Sequence[NewAward]) -> None:
    """Write what rules gave."""
    await session.driver.copy_records_to_table(
        "award",
        columns=("brand_id", "event_id", "rule", "part", "points", "qualifies", "journal_id"),
        records=[
            (
                brand_id,
                each.event_id,
                each.rule,
                each.part,
                each.points,
                each.qualifies,
                each.journal_id,
            )
            for each in awards
        ],
    )
