"""What is wrong with what was given by itself is found."""

from datetime import timedelta

import asyncpg
import pytest

from api.checking import violations
from domain.earning.rules import Activity
from domain.members.service import NewMember
from kit.clock import MovableClock
from kit.db import Database
from tests.support.automatic import given
from tests.support.coherence import assert_coherent
from tests.support.rewards import programme, reward
from tests.support.shop import opened_shop

TEXT = programme(
    reward("cup", "0", listed="false"),
    '[[rewards.automatic]]\nreward = "cup"\non = "activity"\nactivity = "poll"\n',
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("DELETE FROM automatic_reward", "GIVEN_WITHOUT_OCCASION"),
        ("UPDATE automatic_reward SET reward = 'mug'", "OCCASION_DIFFERS_FROM_REDEMPTION"),
        ("UPDATE automatic_reward SET redemption_id = gen_random_uuid()", "OCCASION_DIFFERS"),
        (
            "UPDATE automatic_reward SET redemption_id = (SELECT id FROM redemption LIMIT 1)",
            "GIVEN_ON_TWO_OCCASIONS",
        ),
        ("UPDATE automatic_reward SET undone_at = now()", "UNDONE_AND_NOT_TAKEN_BACK"),
    ],
)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    shop = await opened_shop(database, clock, TEXT)
    await shop.enrol(NewMember("ann", clock.now() - timedelta(days=1)))
    for number in range(2):
        await shop.act(Activity(f"a{number}", "ann", "poll", clock.now()))
    await given(shop)
    await assert_coherent(database)
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert any(each.startswith(code) for each in found)
