"""What members have won. Every answer is a frozen record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.members.queries import FAMILY
from gamification.prizes.rules import Kind, State
from kit.db import Session

_COLUMNS = (
    "id, number, member_id, source, kind, mystery, points, qualifying, code, count, state,"
    " deserved_at, pay_from, paid_at, redemption_id, award_id, refusal, reason, kept, kept_points,"
    " budget"
)
_NAMES = _COLUMNS.split(", ")
_PAID = f"SELECT {_COLUMNS} FROM prize_due "  # noqa: S608 - made of constants
_PAID_OF = f"""
SELECT m.kept, p.* FROM (SELECT kept, array_agg(id) AS ids
    FROM {FAMILY.format(ids="$2")} AS f GROUP BY kept) AS m CROSS JOIN LATERAL (
    {_PAID} WHERE brand_id = $1 AND member_id = ANY (m.ids) AND number < $3
    ORDER BY number DESC LIMIT $4
) AS p ORDER BY p.number DESC
"""  # noqa: S608 - made of constants
_OLDEST_OF = _PAID_OF.replace("number < $3", "number > $3").replace("number DESC", "number")
_LAST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Paid:
    """A prize that a member won ``at``. Points are in the asset's smallest unit.

    ``number`` is its place among all, higher for later ones. ``code`` is that of the reward, the
    badge or the streak, ``count`` the badge's level or the number of freezes. What a ``mystery``
    is can be told once it is paid. ``keeps``: it is undone, but the member still has some of it.
    """

    id: UUID
    number: int
    member_id: UUID
    source: str
    kind: Kind
    mystery: bool
    points: int
    qualifying: int
    code: str | None
    count: int | None
    state: State
    at: datetime
    pay_from: datetime
    paid_at: datetime | None
    redemption_id: UUID | None
    award_id: UUID | None
    refusal: str | None
    reason: str | None
    keeps: bool
    budget: str | None

    @property
    def reward(self) -> str | None:
        """The reward's code, for a reward."""
        return self.code if self.kind == "reward" else None

    @property
    def badge(self) -> str | None:
        """The badge's code, for a badge."""
        return self.code if self.kind == "badge" else None


async def prizes_of(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    first: int,
    before: int | None = None,
) -> dict[UUID, list[Paid]]:
    """Return up to ``first`` prizes of each member, the latest first, of lower numbers only.

    Those of who was merged into a member are that member's.
    """
    last = _LAST if before is None else before
    return await _pages(session, _PAID_OF, brand_id, member_ids, last, first)


async def oldest_prizes_of(
    session: Session,
    brand_id: int,
    member_ids: Sequence[UUID],
    first: int,
    after: int | None = None,
) -> dict[UUID, list[Paid]]:
    """Return up to ``first`` prizes of each member, the oldest first, of higher numbers only."""
    return await _pages(session, _OLDEST_OF, brand_id, member_ids, after or 0, first)


async def _pages(
    session: Session, query: str, brand_id: int, member_ids: Sequence[UUID], number: int, first: int
) -> dict[UUID, list[Paid]]:
    rows = await session.fetch(query, brand_id, list(set(member_ids)), number, first)
    found: dict[UUID, list[Paid]] = {member_id: [] for member_id in member_ids}
    for kept, *row in rows:
        found[kept].append(_paid(dict(zip(_NAMES, row, strict=True))))
    return found


async def of_brand(
    session: Session,
    brand_id: int,
    states: Collection[State],
    first: int,
    before: int | None = None,
) -> list[Paid]:
    """Return up to ``first`` prizes of a brand in these states, the latest first, for staff."""
    rows = await session.fetch(
        _PAID + "WHERE brand_id = $1 AND state = ANY ($2) AND number < $3"
        " ORDER BY number DESC LIMIT $4",
        brand_id,
        list(states),
        _LAST if before is None else before,
        first,
    )
    return [_paid(dict(row)) for row in rows]


async def by_ids(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Paid]:
    """Return those of these prizes that were ever owed."""
    rows = await session.fetch(_PAID + "WHERE brand_id = $1 AND id = ANY ($2)", brand_id, list(ids))
    return {row["id"]: _paid(dict(row)) for row in rows}


async def budgets(session: Session, brand_id: int, names: Collection[str]) -> dict[str, int]:
    """Return how many prizes each of these budgets has paid for or is to pay for."""
    rows = await session.fetch(
        "SELECT name, used FROM prize_budget WHERE brand_id = $1 AND name = ANY ($2)",
        brand_id,
        list(names),
    )
    return dict.fromkeys(names, 0) | {row["name"]: row["used"] for row in rows}


def _paid(fields: dict[str, Any]) -> Paid:
    kept, kept_points = fields.pop("kept"), fields.pop("kept_points")
    keeps = fields["state"] == "undone" and (kept or kept_points > 0)
    return Paid(at=fields.pop("deserved_at"), keeps=keeps, **fields)
