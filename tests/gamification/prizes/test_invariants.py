"""Each invariant finds what it is there for."""

import asyncpg
import pytest

from api.checking import violations
from gamification.prizes.invariants import INVARIANTS
from gamification.prizes.section_parts import Prize
from kit.clock import MovableClock
from kit.db import Database
from tests.support.games import opened_with

WRONG = {
    "PRIZES_DIFFER_FROM_LEDGER": "UPDATE prize_due SET given = given + 1 WHERE kind = 'points'",
    "PRIZES_TAKEN_DIFFER_FROM_LEDGER": "UPDATE prize_due SET taken = 1 WHERE kind = 'points'",
    "PRIZE_PAID_TWICE": "UPDATE prize_due SET given = 100, taken = 51 WHERE kind = 'points'",
    "PRIZE_DIFFERS_FROM_JOURNAL": "UPDATE prize_due SET journal_id = 1 WHERE kind = 'points'",
    "PRIZE_WITHOUT_WHAT_IT_GIVES": (
        "UPDATE prize_due SET redemption_id = NULL WHERE kind = 'reward'"
    ),
    "PRIZE_REDEEMED_TWICE": "UPDATE prize_due SET attempt = 0 WHERE kind = 'reward'",
    "BUDGET_DIFFERS_FROM_PRIZES": "UPDATE prize_budget SET used = 2",
}


def test_every_invariant_is_tried() -> None:
    assert set(WRONG) == set(INVARIANTS)


@pytest.mark.parametrize("code", sorted(WRONG))
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, code: str
) -> None:
    games = await opened_with(database, clock, ["ada"])
    prizes = (Prize(points="50"), Prize(reward="cup"), Prize(badge="hero"))
    await games.owe(
        *[await games.due(f"{n}", "ada", prize, budget=("b", 9)) for n, prize in enumerate(prizes)]
    )
    await games.pay()
    await admin.execute(WRONG[code])
    async with database.read() as session:
        found = {code for code, bad in [each async for each in violations(session)] if bad}
    assert code in found
