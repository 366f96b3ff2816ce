"""Flags as staff see them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from kit.db import Session

FlagState = Literal["open", "cleared", "confirmed"]

_COLUMNS = (
    "id, member_id, rule, state, evidence, from_at, upto_at, raised_at, decided_at, actor, note"
)


@dataclass(frozen=True, slots=True)
class Flag:
    """That what a member did looks unfair, with the happenings that say so.

    ``rule`` is such as "rate:purchase:10/60" (more than 10 purchases in 60 minutes), "split" or
    "outlier". ``evidence`` has the ``count`` and the ``happenings``, of the first 100 at most.
    """

    id: UUID
    member_id: UUID
    rule: str
    state: FlagState
    evidence: Mapping[str, Any]
    from_at: datetime
    upto_at: datetime
    raised_at: datetime
    decided_at: datetime | None
    actor: str | None
    note: str | None


async def read_flags(
    session: Session, brand_id: int, ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, Flag]:
    """Return those of the flags ``ids`` that are this brand's; ``lock``: until the end."""
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM board_flag WHERE brand_id = $1 AND id = ANY ($2)"  # noqa: S608
        f" ORDER BY id{' FOR NO KEY UPDATE' if lock else ''}",
        brand_id,
        list(ids),
    )
    return {row["id"]: Flag(*row) for row in rows}


async def flags(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, Flag]:
    """Return those of the flags ``ids`` that are this brand's."""
    return await read_flags(session, brand_id, ids)


async def of_brand(
    session: Session,
    brand_id: int,
    *,
    states: Collection[FlagState],
    first: int,
    before: UUID | None = None,
    oldest_first: bool = False,
) -> list[Flag]:
    """Return up to ``first`` flags in these states, newest first, older than ``before``.

    ``oldest_first``: from the other end, and newer than it.
    """
    way, order = (">", "ASC") if oldest_first else ("<", "DESC")
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM board_flag WHERE brand_id = $1 AND state = ANY ($2)"  # noqa: S608
        f" AND ($3::uuid IS NULL OR (raised_at, id) {way}"
        " (SELECT raised_at, id FROM board_flag WHERE id = $3))"
        f" ORDER BY raised_at {order}, id {order} LIMIT $4",
        brand_id,
        list(states),
        before,
        first,
    )
    return [Flag(*row) for row in rows]


async def of_members(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Flag]]:
    """Return every flag of these members, newest first."""
    rows = await session.fetch(
        f"SELECT {_COLUMNS} FROM board_flag"  # noqa: S608
        " WHERE brand_id = $1 AND member_id = ANY ($2) ORDER BY raised_at DESC, id DESC",
        brand_id,
        list(member_ids),
    )
    found: dict[UUID, list[Flag]] = {member_id: [] for member_id in member_ids}
    for row in rows:
        found[row["member_id"]].append(Flag(*row))
    return found
