"""What is wrong between referrals, what friends did and what both got is found."""

import asyncpg
import pytest

from api.checking import violations
from kit.clock import MovableClock
from kit.db import Database
from tests.support.friends import opened
from tests.support.shop import purchase

SWAPPED = (
    "UPDATE referral SET referrer_id = friend_id, friend_id = referrer_id WHERE state = 'rewarded'"
)
UNREWARDED = "UPDATE referral SET state = 'qualified', rewarded_at = NULL WHERE state = 'rewarded'"
ROUND = (
    "UPDATE referral SET friend_id = r.referrer_id FROM referral r"
    " WHERE referral.state = 'pending' AND r.state = 'rewarded'"
)
MOVED = (
    "UPDATE purchase SET member_id = (SELECT referrer_id FROM referral WHERE friend_id ="
    " (SELECT id FROM member WHERE external_id = 'bob'))"
)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (
            "UPDATE referral SET rewards_at = rewards_at + interval '1 s'",
            "REFERRAL_REWARDED_WITHOUT_ACTIVITY",
        ),
        (SWAPPED, "REFERRAL_REWARDED_WITHOUT_ACTIVITY"),
        (UNREWARDED, "REFERRAL_ACTIVITY_WITHOUT_REWARD"),
        (ROUND, "REFERRAL_GOES_IN_A_CIRCLE"),
        (
            "UPDATE referral SET claimed_at = claimed_at + interval '1 s'",
            "REFERRAL_QUALIFIED_BY_ANOTHER",
        ),
        (MOVED, "REFERRAL_QUALIFIED_BY_ANOTHER"),
    ],
)
async def test_what_is_wrong_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str, code: str
) -> None:
    friends = await opened(database, clock, "")
    await friends.join("ann", "bob", "cid")
    await friends.bring("ann", "bob")
    await friends.bring("bob", "cid")
    await friends.shop.buy(purchase("b1", "bob", 1_000, clock.now()))
    await friends.work()
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert code in found
