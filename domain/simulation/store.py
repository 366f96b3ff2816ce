"""What happened, as rows of other slices tell it: a statement for each kind, and its reader.

Two things the rows don't tell: what was known of a member's birthday and attributes before today,
and which of several corrections of one day count towards tiers (the first carries all that do).
Rows that never change have the ids of members who were merged since: who reads them maps these.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Record as Row

from domain.brands.rules import Brand
from domain.earning.rules import Activity, Line, Purchase
from domain.ledger.rules import Kind
from domain.simulation.rules import (
    CameBack,
    Did,
    Ended,
    Gave,
    GaveBack,
    Got,
    Happening,
    Past,
    Received,
    Reserved,
    WasCorrected,
    WasGranted,
    WasRevoked,
)
from domain.tiers.rules import Grant

_PURCHASES = """
SELECT p.member_id, p.recorded_at, p.occurred_at, p.id, p.external_id, p.channel, p.store, p.lines,
       EXISTS (SELECT FROM refund WHERE purchase_id = p.id) AS refunds, p.ctid AS place
FROM purchase p WHERE p.brand_id = $1 AND {p} AND p.occurred_at <= $3
"""

_ACTIVITIES = """
SELECT a.member_id, a.recorded_at, a.occurred_at, a.id, a.external_id, a.channel, a.store, a.kind,
       a.amount, a.attributes, a.ctid AS place
FROM activity a WHERE a.brand_id = $1 AND {a} AND a.occurred_at <= $3
"""

_REFUNDS = """
SELECT p.member_id, r.recorded_at, r.occurred_at, r.id, p.external_id, r.line_amounts
FROM purchase p JOIN refund r ON r.purchase_id = p.id
WHERE p.brand_id = $1 AND {p} AND r.occurred_at <= $3
"""

_GRANTS = """
SELECT member_id, granted_at, id, ladder, tier, starts_at, ends_at, reason, actor,
       CASE WHEN revoked_at <= $3 THEN revoked_at END AS revoked_at
FROM status_grant g WHERE brand_id = $1 AND {g} AND granted_at <= $3
"""

_CORRECTIONS = """
SELECT w.member_id, j.recorded_at, j.id, l.fixed, l.expires_at,
       CASE WHEN t.credit_account = w.account_id THEN t.amount ELSE -t.amount END AS points,
       CASE WHEN row_number() OVER (PARTITION BY w.account_id, t.day ORDER BY j.id) = 1
           THEN coalesce(y.points, 0) ELSE 0 END AS qualifying
FROM wallet w
JOIN LATERAL (
    SELECT t.*, (j.recorded_at AT TIME ZONE $4)::date AS day
    FROM transfer t JOIN journal j ON j.id = t.journal_id
    WHERE (t.debit_account = w.account_id OR t.credit_account = w.account_id)
      AND t.code = 'adjustment' AND j.code = 'adjustment'
) AS t ON true
JOIN journal j ON j.id = t.journal_id JOIN member o ON o.id = w.member_id
LEFT JOIN lot l ON l.journal_id = j.id
LEFT JOIN tally y ON y.member_id = coalesce(o.merged_into, o.id) AND y.kind = 'adjustment'
    AND y.day = t.day
WHERE w.brand_id = $1 AND {w} AND j.effective_at <= $3
"""

_HOLDS = """
SELECT w.member_id, t.recorded_at, t.id, t.journal_id, t.kind, t.amount, t.expires_at,
       t.pending_id, t.pending_amount AS held, r.reward, r.quantity, r.points AS whole, r.automatic,
       r.member_id = coalesce(o.merged_into, o.id) AS is_own
FROM wallet w JOIN transfer t ON t.debit_account = w.account_id JOIN member o ON o.id = w.member_id
LEFT JOIN redemption_part s ON s.hold_id = t.id
LEFT JOIN redemption r ON r.id = s.redemption_id
WHERE w.brand_id = $1 AND {w} AND t.kind > 0 AND t.recorded_at <= $3
"""

_FREE = """
SELECT f.member_id, f.requested_at, f.id, f.reward, f.quantity, f.automatic FROM redemption f
WHERE f.brand_id = $1 AND {f} AND f.requested_at <= $3 AND f.points = 0
  AND f.state = 'fulfilled'
"""

_RETURNS = """
SELECT w.member_id, t.recorded_at, t.journal_id, b.hold_id, t.amount AS points,
       p.amount - sum(t.amount) OVER (PARTITION BY b.hold_id ORDER BY t.id) + t.amount AS left_over
FROM wallet w JOIN transfer t ON t.credit_account = w.account_id
JOIN hold_return b ON b.journal_id = t.journal_id
JOIN transfer p ON p.pending_id = b.hold_id AND p.kind = 2
WHERE w.brand_id = $1 AND {w} AND t.code = 'return' AND t.recorded_at <= $3
"""

_GIVEN = """
SELECT r.giver_id AS member_id, r.given_at, r.id, r.points FROM gift r
WHERE r.brand_id = $1 AND {giver} AND r.given_at <= $3
"""

_TAKEN = """
SELECT r.receiver_id AS member_id, r.given_at, r.id FROM gift r
WHERE r.brand_id = $1 AND {receiver} AND r.given_at <= $3
"""

Key: TypeAlias = tuple[datetime, int, datetime, int, int]
"""By what happenings are put in order: when they were told, moves and grants first, then events,
refunds and what wallets did; each by its own date, the books, and its id.
"""


class Placed(NamedTuple):
    """What happened, with its place among all that happened to the member."""

    key: Key
    happening: Happening


def _purchase(brand: Brand, past: Past, row: Row) -> list[Placed]:
    purchase = Purchase(
        row["external_id"],
        past.external_id,
        row["occurred_at"],
        brand.currency,
        tuple([Line(*line) for line in row["lines"]]),
        row["channel"],
        row["store"],
    )
    return [Placed(_event_key(row), Did(row["recorded_at"], purchase, row["refunds"]))]


def _activity(_brand: Brand, past: Past, row: Row) -> list[Placed]:
    activity = Activity(
        row["external_id"],
        past.external_id,
        row["kind"],
        row["occurred_at"],
        row["amount"],
        row["channel"],
        row["store"],
        row["attributes"],
    )
    return [Placed(_event_key(row), Did(row["recorded_at"], activity))]


def _event_key(row: Row) -> Key:
    # Rows are only ever added: those of one batch stand in the order in which it was decided.
    page, line = row["place"]
    return row["recorded_at"], 2, row["occurred_at"], page << 16 | line, row["id"].int


def _refund(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at, occurred_at = row["recorded_at"], row["occurred_at"]
    back = GaveBack(at, row["external_id"], occurred_at, tuple(row["line_amounts"]))
    return [Placed((at, 3, occurred_at, 0, row["id"].int), back)]


def _grant(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["granted_at"]
    grant = Grant(*(row[name] for name in _OF_A_GRANT))
    found = [Placed(told_at(at, 1), WasGranted(at, grant))]
    over = row["revoked_at"]
    if over is not None:
        found.append(Placed(told_at(over, 1), WasRevoked(over, grant.id)))
    return found


def _correction(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["recorded_at"]
    end = row["expires_at"] if row["fixed"] else None
    corrected = WasCorrected(at, row["points"], end, row["qualifying"])
    return [Placed((at, 4, at, row["id"], 0), corrected)]


def _hold(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at, kind = row["recorded_at"], Kind(row["kind"])
    key = (at, 4, at, row["journal_id"], 0)
    if kind is not Kind.PENDING:
        return [Placed(key, Ended(at, row["pending_id"], kind, row["amount"], row["held"]))]
    held = Reserved(at, row["id"], row["amount"], row["expires_at"])
    if row["reward"] is not None:
        held = held._replace(
            reward=row["reward"],
            quantity=row["quantity"],
            whole=row["whole"],
            automatic=row["automatic"] is not None,
            is_own=row["is_own"],
        )
    return [Placed(key, held)]


def _free(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["requested_at"]
    got = Got(at, row["reward"], row["quantity"], row["automatic"] is not None)
    return [Placed((at, 4, at, 0, row["id"].int), got)]


def _return(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["recorded_at"]
    back = CameBack(at, row["hold_id"], row["points"], int(row["left_over"]))
    return [Placed((at, 4, at, row["journal_id"], 0), back)]


def _given(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["given_at"]
    return [Placed((at, 6, at, 0, row["id"].int), Gave(at, row["id"], row["points"]))]


def _taken(_brand: Brand, _past: Past, row: Row) -> list[Placed]:
    at = row["given_at"]
    # The giver's side of the same gift comes first, and nothing of another one in between.
    return [Placed((at, 6, at, 1, row["id"].int), Received(at, row["id"]))]


def told_at(at: datetime, rank: int) -> Key:
    """Return the place of what has no date of its own."""
    return at, rank, at, 0, 0


def place_of(each: Placed) -> Key:
    """Return its place."""
    return each.key


_OF_A_GRANT = ("id", "ladder", "tier", "starts_at", "ends_at", "reason", "actor")


class Source(NamedTuple):
    """A statement with ``{name}`` where it says whose rows, what reads a row, and in what order."""

    sql: str
    read: Callable[[Brand, Past, Row], list[Placed]]
    order: str
    zoned: bool = False

    def statement(
        self, brand: Brand, until: datetime, ids: Sequence[UUID] | None
    ) -> tuple[Any, ...]:
        """Return the statement and its values: for these members, or for all (None)."""
        whose = "$2::uuid[] IS NULL" if ids is None else "{} = ANY ($2)"
        names = {name: f"{name}.member_id" for name in "pagwf"}
        names |= {"giver": "r.giver_id", "receiver": "r.receiver_id"}
        sql = self.sql.format(**{name: whose.format(column) for name, column in names.items()})
        return (sql, brand.id, ids, until, *([brand.time_zone] if self.zoned else []))


SOURCES = (
    Source(_PURCHASES, _purchase, "recorded_at, occurred_at, place, id"),
    Source(_ACTIVITIES, _activity, "recorded_at, occurred_at, place, id"),
    Source(_REFUNDS, _refund, "recorded_at, occurred_at, id"),
    Source(_GRANTS, _grant, "granted_at"),
    Source(_CORRECTIONS, _correction, "recorded_at, id", zoned=True),
    Source(_FREE, _free, "requested_at, id"),
    Source(_HOLDS, _hold, "recorded_at, journal_id"),
    Source(_RETURNS, _return, "recorded_at, journal_id"),
    Source(_GIVEN, _given, "given_at, id"),
    Source(_TAKEN, _taken, "given_at, id"),
)
