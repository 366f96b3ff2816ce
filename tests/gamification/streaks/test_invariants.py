"""What is wrong between streaks, what paid for them and what they won is found."""

import asyncpg
import pytest

from api.checking import violations
from gamification.streaks.service import Repair
from kit.clock import MovableClock
from kit.db import Database
from tests.gamification.streaks.playing import bought, daily, repaired, shop_on, shop_with, wins
from tests.support.games import opened

MOVED = (
    "WITH b AS (INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
    " SELECT 'b', name, time_zone, currency, currency_exponent, created_at FROM brand"
    " RETURNING id) UPDATE streak_repair SET brand_id = b.id FROM b"
)
OF_ANOTHER = "UPDATE streak_repair SET member_id = (SELECT id FROM member WHERE external_id = 'bo')"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (MOVED, "STREAK_OF_ANOTHER_BRAND"),
        (OF_ANOTHER, "STREAK_REPAIR_PAID_BY_ANOTHER"),
        ("UPDATE streak_repair SET unit = 2", "STREAK_REPAIR_PAID_BY_ANOTHER"),
        ("DELETE FROM prize_due", "STREAK_MILESTONE_WITHOUT_PRIZE"),
        ("UPDATE streak_milestone SET undone_at = now()", "STREAK_MILESTONE_WITHOUT_PRIZE"),
        (
            "UPDATE streak_milestone SET reached_at = recorded_at + interval '1 s'",
            "STREAK_MILESTONE_REACHED_AHEAD",
        ),
    ],
)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    settings = 'repair_days = 3\nrepair_reward = "mend"'
    games = await opened(database, clock, shop_with(daily(settings, wins(2))))
    await shop_on(games, "bo", 3)
    await shop_on(games, "an", 3, 5)
    await bought(games, "an", "mend")
    await repaired(games, Repair("1", "an", "daily"))
    await games.heard()
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert code in found
