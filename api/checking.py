"""Every invariant of every room, run against the rows as they are."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from domain.earning import invariants as earning
from domain.gifts import invariants as gifts
from domain.households import invariants as households
from domain.ledger import invariants as ledger
from domain.members import invariants as members
from domain.referrals import invariants as referrals
from domain.rewards import invariants as rewards
from domain.rewards import invariants_automatic as automatic
from domain.vouchers import invariants as vouchers
from domain.wallets import invariants as wallets
from gamification.badges import invariants as badges
from gamification.challenges import invariants as challenges
from gamification.leaderboards import invariants_people as board_people
from gamification.leaderboards import invariants_scores as scores
from gamification.prizes import invariants as prizes
from gamification.streaks import invariants as streaks
from kit.db import Session

INVARIANTS: dict[str, str] = {
    **ledger.INVARIANTS,
    **members.INVARIANTS,
    **wallets.INVARIANTS,
    **earning.INVARIANTS,
    **vouchers.INVARIANTS,
    **rewards.INVARIANTS,
    **automatic.INVARIANTS,
    **gifts.INVARIANTS,
    **households.INVARIANTS,
    **referrals.INVARIANTS,
    **badges.INVARIANTS,
    **prizes.INVARIANTS,
    **streaks.INVARIANTS,
    **challenges.INVARIANTS,
    **board_people.INVARIANTS,
    **scores.INVARIANTS,
}
SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that an invariant found; ``count`` is how many there are of this code in all."""

    code: str
    row: dict[str, Any]
    count: int


async def violations(session: Session) -> AsyncIterator[tuple[str, list[Violation]]]:
    """Yield each invariant's code with what it found: nothing, if all is well."""
    for code, query in INVARIANTS.items():
        rows = await session.fetch(
            f"SELECT *, count(*) OVER () AS found"  # noqa: S608 - queries are constants of ours
            f" FROM ({query}) AS bad LIMIT {SHOWN_MAX}"
        )
        found = []
        for row in rows:
            fields = dict(row)
            count = fields.pop("found")
            found.append(Violation(code, fields, count))
        yield code, found
