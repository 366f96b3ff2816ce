"""How much of caps is used up: read under the locks of those who use them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from domain.earning.rules import CapKey
from kit.db import Session

Uses = dict[CapKey, int]

_BUDGETS = (
    "SELECT cap, starts_at, used FROM budget_use WHERE brand_id = $1 AND (cap, starts_at) IN"
    " (SELECT * FROM unnest($2::text[], $3::timestamptz[])) ORDER BY cap, starts_at"
)


async def cap_uses(
    session: Session, member_ids: Sequence[UUID], keys: Collection[CapKey]
) -> dict[UUID, Uses]:
    """Return how much of these caps these members have used up, later periods included.

    The caller has locked the members' wallets.
    """
    found: dict[UUID, Uses] = {member_id: {} for member_id in member_ids}
    if not keys:
        return found
    first: dict[str, object] = {}
    for key in sorted(keys):
        first.setdefault(key.cap, key.starts_at)
    rows = await session.fetch(
        "SELECT u.member_id, u.cap, u.starts_at, u.used"
        " FROM unnest($2::text[], $3::timestamptz[]) AS k(cap, first) JOIN cap_use u"
        " ON u.cap = k.cap AND u.starts_at >= k.first AND u.member_id = ANY ($1)",
        list(member_ids),
        list(first),
        list(first.values()),
    )
    for member_id, cap, starts_at, used in rows:
        found[member_id][CapKey(cap, starts_at)] = used
    return found


async def use_caps(session: Session, uses: Mapping[tuple[UUID, CapKey], int]) -> None:
    """Add to what members have used up of caps and counters.

    A refund gives no room of caps back; off the counters goes what the goods had added.
    """
    if not uses:
        return
    ordered = sorted(uses.items())
    await session.fetch(
        "INSERT INTO cap_use AS c (member_id, cap, starts_at, used)"
        " SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[])"
        " ON CONFLICT (member_id, cap, starts_at) DO UPDATE SET used = c.used + excluded.used",
        [member_id for (member_id, _), _ in ordered],
        [key.cap for (_, key), _ in ordered],
        [key.starts_at for (_, key), _ in ordered],
        [used for _, used in ordered],
    )


async def budgets(session: Session, brand_id: int, keys: Collection[CapKey], *, lock: bool) -> Uses:
    """Return how much of these budgets is used up; with ``lock`` nobody else takes from them.

    The caller has locked the wallets before, as everybody does, so that nobody waits in a circle.
    """
    if not keys:
        return {}
    ordered = sorted(keys)
    caps, starts = [key.cap for key in ordered], [key.starts_at for key in ordered]
    if lock:
        await session.fetch(
            "INSERT INTO budget_use (brand_id, cap, starts_at, used)"
            " SELECT $1, c, s, 0 FROM unnest($2::text[], $3::timestamptz[]) AS k(c, s)"
            " ON CONFLICT DO NOTHING",
            brand_id,
            caps,
            starts,
        )
    query = f"{_BUDGETS} FOR NO KEY UPDATE" if lock else _BUDGETS
    rows = await session.fetch(query, brand_id, caps, starts)
    return {CapKey(row[0], row[1], shared=True): row[2] for row in rows}


async def use_budgets(session: Session, brand_id: int, uses: Mapping[CapKey, int]) -> None:
    """Add to what is used up of budgets, which the caller has locked."""
    if not uses:
        return
    ordered = sorted(uses.items())
    await session.fetch(
        "UPDATE budget_use AS b SET used = b.used + n.used"
        " FROM unnest($2::text[], $3::timestamptz[], $4::bigint[]) AS n(cap, starts_at, used)"
        " WHERE b.brand_id = $1 AND b.cap = n.cap AND b.starts_at = n.starts_at",
        brand_id,
        [key.cap for key, _ in ordered],
        [key.starts_at for key, _ in ordered],
        [used for _, used in ordered],
    )


async def join(session: Session, into: Mapping[UUID, UUID]) -> None:
    """Let the members that ``into`` names have used up what those did who turn out to be them."""
    await session.fetch(
        "WITH gone AS (DELETE FROM cap_use USING unnest($1::uuid[], $2::uuid[]) AS n(old, new)"
        " WHERE member_id = n.old RETURNING n.new, cap, starts_at, used)"
        " INSERT INTO cap_use AS c (member_id, cap, starts_at, used)"
        " SELECT new, cap, starts_at, sum(used) FROM gone GROUP BY new, cap, starts_at"
        " ORDER BY new, cap, starts_at"
        " ON CONFLICT (member_id, cap, starts_at) DO UPDATE SET used = c.used + excluded.used",
        list(into),
        list(into.values()),
    )
