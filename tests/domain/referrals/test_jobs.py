"""From what a friend does to the points of both: qualified, undone, rewarded once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.members.rules import MemberChange
from domain.programmes import queries as programmes
from domain.referrals.jobs import SUBSCRIBER, follow, reward
from domain.referrals.service import Claim, Review, claim, codes_of, review
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.coherence import assert_coherent
from tests.support.friends import Friends, opened, programme
from tests.support.shop import opened_shop, purchase

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SETTINGS = 'minimum = "20.00"\nreturn_days = 7\nqualify_days = 30'
# Seven days after 2 March in New York.
DUE = datetime(2026, 3, 9, 4, tzinfo=UTC)


@pytest.fixture
async def friends(database: Database, clock: MovableClock) -> AsyncIterator[Friends]:
    friends = await opened(database, clock, SETTINGS)
    await friends.join("ann", "bob", "cid")
    yield friends
    await assert_coherent(database)


async def test_both_get_their_points_once_no_return_can_undo_it(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    now = clock.now()
    await shop.buy(purchase("b1", "bob", 2000, now))
    await friends.work()
    row = await friends.referral(claimed)
    ((event_id, _),) = await events(friends, "b1")
    assert (row.state, row.event_id, row.qualified_at) == ("qualified", event_id, now)
    assert row.rewards_at == DUE
    clock.set(DUE - timedelta(microseconds=1))
    await friends.work()
    assert await friends.points("ann", "bob") == [0, 20]
    clock.set(DUE + HOUR)
    await friends.work()
    await friends.work()
    row = await friends.referral(claimed)
    assert (row.state, row.rewarded_at, row.reason) == ("rewarded", DUE + HOUR, None)
    assert await friends.points("ann", "bob") == [500, 220]
    ann, bob = await shop.member_ids("ann", "bob")
    assert await activities(friends) == [
        ("referral", ann, DUE, "referral", {"referral": str(row.id)}),
        ("referred", bob, DUE, "referral", {"referral": str(row.id)}),
    ]
    assert [(kind, who) for kind, who, _ in await friends.facts(*TOLD)] == [
        ("ReferralClaimed", bob),
        ("ReferralQualified", ann),
        ("ReferralRewarded", ann),
    ]


TOLD = ("ReferralClaimed", "ReferralQualified", "ReferralRewarded", "ReferralFlagged")


async def events(friends: Friends, *names: str) -> list[tuple[UUID, datetime]]:
    async with friends.shop.database.read() as session:
        rows = await session.fetch(
            "SELECT id, occurred_at FROM purchase WHERE external_id = ANY ($1)"
            " ORDER BY external_id",
            list(names),
        )
    return [tuple(row) for row in rows]


async def activities(friends: Friends) -> list[tuple[object, ...]]:
    async with friends.shop.database.read() as session:
        rows = await session.fetch(
            "SELECT kind, member_id, occurred_at, channel, attributes FROM activity ORDER BY kind"
        )
    return [tuple(row) for row in rows]


async def test_what_counts_lies_between_the_claim_and_the_end(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    now = clock.now()
    await shop.buy(purchase("before", "bob", 9000, now - timedelta(microseconds=1)))
    claimed = await friends.bring("cid", "bob")
    # Whoever bought before joined by that, so that only older members can bring them.
    assert claimed.code == "NOT_A_NEWCOMER"
    await friends.join("old", at=now - DAY)
    claimed = await friends.bring("old", "bob")
    end = (await friends.referral(claimed)).expires_at
    assert end == datetime(2026, 4, 2, 4, tzinfo=UTC)
    clock.set(end)
    await shop.buy(purchase("late", "bob", 9000, end), purchase("small", "bob", 1999, now))
    await friends.work()
    assert (await friends.referral(claimed)).state == "pending"
    # Reported late, but done in time.
    await shop.buy(purchase("in time", "bob", 2000, end - timedelta(microseconds=1)))
    await friends.work()
    assert (await friends.referral(claimed)).state == "qualified"


async def test_a_return_undoes_it_and_another_purchase_takes_its_place(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    now = clock.now()
    claimed = await friends.bring("ann", "bob")
    await shop.buy(purchase("b1", "bob", 2500, now))
    await friends.work()
    clock.move(DAY)
    await shop.refund(Refund("r1", "b1", clock.now(), amount=500))
    await friends.work()
    assert (await friends.referral(claimed)).rewards_at == DUE
    await shop.refund(Refund("r2", "b1", clock.now(), amount=1))
    await friends.work()
    undone = await friends.referral(claimed)
    assert (undone.state, undone.event_id, undone.rewards_at) == ("pending", None, None)
    await shop.buy(purchase("b2", "bob", 2000, clock.now()), purchase("b3", "bob", 2000, now))
    await friends.work()
    ((second, _), (third, _)) = await events(friends, "b2", "b3")
    assert (await friends.referral(claimed)).event_id == third
    await shop.refund(Refund("r3", "b3", clock.now(), amount=1))
    await friends.work()
    after = await friends.referral(claimed)
    assert (after.event_id, after.rewards_at) == (second, DUE + DAY)
    clock.set(DUE)
    await friends.work()
    assert (await friends.points("ann")) == [0]
    clock.set(DUE + DAY)
    await friends.work()
    assert (await friends.points("ann")) == [500]


async def test_a_return_that_nobody_has_followed_yet_is_no_reward(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    await friends.work()
    clock.set(DUE)
    await shop.refund(Refund("r1", "b1", DUE - timedelta(microseconds=1), amount=1))
    async with shop.database.transaction() as session:
        assert await reward(session, DUE, SECTIONS) == 1
        assert await reward(session, DUE, SECTIONS) == 0
    assert (await friends.referral(claimed)).state == "pending"
    assert await friends.points("ann") == [0]


async def test_a_return_after_the_end_of_its_days_takes_nothing_back(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    # Nobody worked all the time.
    clock.set(DUE + DAY)
    await shop.refund(Refund("r1", "b1", DUE, amount=2000))
    await friends.work()
    assert (await friends.referral(claimed)).state == "rewarded"
    assert await friends.points("ann", "bob") == [500, 200]


async def test_facts_that_come_again_change_nothing(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    await friends.work()
    before = await friends.referral(claimed)
    told = await friends.facts(*TOLD)
    for _ in range(2):
        async with shop.database.transaction() as session:
            await session.fetch(
                "UPDATE fact_cursor SET xid = '0', fact_id = 0 WHERE subscriber = $1", SUBSCRIBER
            )
        await friends.work()
        assert await friends.referral(claimed) == before
        assert await friends.facts(*TOLD) == told
        clock.set(DUE)
        await friends.work()
        before, told = await friends.referral(claimed), await friends.facts(*TOLD)
    assert before.state == "rewarded"
    assert await friends.points("ann", "bob") == [500, 220]


async def test_what_was_done_while_staff_looked_counts(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "review_over = 1")
    await friends.join("ann", "bob", "cid")
    code = (await friends.codes("ann"))["ann"]
    _, waits = await friends.claim(Claim("bob", code), Claim("cid", code))
    assert waits.referral_id is not None
    await friends.shop.buy(purchase("c1", "cid", 1, clock.now()))
    await friends.work()
    assert (await friends.referral(waits)).state == "review"
    clock.move(100 * DAY)
    await friends.review(Review(waits.referral_id, accept=True, actor="ada"))
    await friends.work()
    assert (await friends.referral(waits)).state == "rewarded"
    assert await friends.points("ann", "cid") == [500, 200]
    await assert_coherent(database)


async def test_a_friends_friend_gives_nothing_to_the_first(
    database: Database, clock: MovableClock
) -> None:
    friends = await opened(database, clock, "")
    await friends.join("ann", "bob", "cid")
    await friends.bring("ann", "bob")
    await friends.bring("bob", "cid")
    await friends.shop.buy(purchase("c1", "cid", 100, clock.now()))
    await friends.work()
    assert await friends.points("ann", "bob", "cid") == [0, 500, 201]
    await assert_coherent(database)


async def test_another_activity_can_be_what_counts(database: Database, clock: MovableClock) -> None:
    friends = await opened(database, clock, 'on = "app"\nminimum = "1.00"')
    await friends.join("ann", "bob")
    await friends.bring("ann", "bob")
    now = clock.now()
    await friends.shop.buy(purchase("b1", "bob", 900, now))
    await friends.shop.act(
        Activity("a1", "bob", "app", now, amount=99), Activity("a2", "bob", "web", now, amount=100)
    )
    await friends.work()
    assert await friends.points("ann") == [0]
    await friends.shop.act(Activity("a3", "bob", "app", now, amount=100))
    await friends.work()
    assert await friends.points("ann") == [500]
    await assert_coherent(database)


async def test_what_qualified_is_rewarded_when_there_are_no_referrals_any_more(
    friends: Friends,
) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    still = await friends.bring("ann", "cid")
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    clock.move(DAY)
    await shop.apply(programme("").split("[referrals]")[0], clock.now())
    # What was promised to the friend holds as well.
    await shop.buy(purchase("c1", "cid", 2000, clock.now()))
    clock.set(DUE + DAY)
    await friends.work()
    assert (await friends.referral(claimed)).state == "rewarded"
    assert (await friends.referral(still)).state == "rewarded"
    assert await friends.points("ann") == [1000]


async def test_who_turns_out_to_be_an_old_customer_is_refused(friends: Friends) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    await friends.work()
    await shop.buy(purchase("b0", "bob", 2000, clock.now() - 365 * DAY))
    clock.set(DUE)
    await friends.work()
    row = await friends.referral(claimed)
    assert (row.state, row.reason, row.event_id) == ("refused", "NOT_A_NEWCOMER", None)
    (flagged,) = await friends.facts("ReferralFlagged")
    assert flagged[2] == {"referral": str(row.id), "reason": "NOT_A_NEWCOMER"}
    assert await friends.points("ann") == [0]


async def test_who_becomes_the_same_person_before_the_reward_gives_none(
    database: Database, clock: MovableClock
) -> None:
    """Who comes after that link is judged without it."""
    friends = await opened(database, clock, 'signals = ["card", "device"]\nreturn_days = 7')
    await friends.join("ann", card="4711", device="d1")
    await friends.join("bob", "cid", "dan")
    claims = [await friends.bring(*pair) for pair in (("ann", "bob"), ("bob", "cid"))]
    claims.append(await friends.bring("cid", "dan"))
    await friends.shop.buy(*(purchase(f"{n} 1", n, 100, clock.now()) for n in ("bob", "cid")))
    await friends.shop.buy(purchase("dan 1", "dan", 100, clock.now() + HOUR))
    await friends.work()
    await friends.amend(MemberChange("cid", attributes={"card": 4711.0}))
    await friends.amend(MemberChange("dan", attributes={"device": " D1"}))
    clock.set(DUE)
    await friends.work()
    rows = [await friends.referral(each) for each in claims]
    assert [(row.state, row.reason) for row in rows] == [
        ("rewarded", None),
        ("refused", "SHARED_SIGNAL"),
        ("rewarded", None),
    ]
    assert await friends.points("ann", "bob", "cid", "dan") == [500, 201, 501, 201]
    (bob,) = await friends.shop.member_ids("bob")
    what = {"referral": str(rows[1].id), "reason": "SHARED_SIGNAL"}
    assert await friends.facts("ReferralFlagged") == [("ReferralFlagged", bob, what)]
    await assert_coherent(database)


async def test_what_cannot_be_recorded_is_told_to_staff_and_not_tried_for_ever(
    friends: Friends,
) -> None:
    shop, clock = friends.shop, friends.shop.clock
    claimed = await friends.bring("ann", "bob")
    await shop.act(Activity(f"referred:{claimed.referral_id}", "cid", "odd", clock.now()))
    await shop.buy(purchase("b1", "bob", 2000, clock.now()))
    clock.set(DUE)
    await friends.work()
    row = await friends.referral(claimed)
    assert (row.state, row.reason) == ("rewarded", "ACTIVITY_CONFLICT")
    assert await friends.points("ann", "bob") == [500, 20]


async def test_facts_of_who_brought_nobody_and_of_other_brands_are_passed_over(
    friends: Friends,
) -> None:
    shop, clock = friends.shop, friends.shop.clock
    text = programme("").replace('code = "shop"', 'code = "other"')
    other = Friends(await opened_shop(shop.database, clock, text))
    await other.join("ann", "bob")
    await other.bring("ann", "bob")
    await other.shop.buy(purchase("b1", "bob", 100, clock.now()))
    await friends.bring("ann", "bob")
    await shop.buy(purchase("c1", "cid", 2000, clock.now()))
    await friends.heard()
    async with shop.database.transaction() as session:
        assert await follow(session, clock.now(), SECTIONS) > 0
        assert await follow(session, clock.now(), SECTIONS) == 0
    await friends.work()
    assert await other.points("ann", "bob") == [500, 201]
    assert await friends.points("ann", "bob") == [0, 0]


@pytest.mark.parametrize("count", [2, 30])
async def test_statements_do_not_grow_with_the_batch(
    database: Database, clock: MovableClock, count: int
) -> None:
    friends = await opened(database, clock, 'signals = ["device"]\nreview_over = 1')
    names = [f"m{number}" for number in range(count)]
    await friends.join("ann", *names)
    code = (await friends.codes("ann"))["ann"]
    shop, now = friends.shop, clock.now()
    brand, seen, counts = shop.brand, list[str](), list[int]()

    def note(record: Any) -> None:
        if "typeinfo" not in record.query and "'jit'" not in record.query:
            seen.append(record.query)

    async def work(session: Session, verb: Awaitable[object]) -> None:
        session.driver.add_query_logger(note)
        before = len(seen)
        await verb
        await asyncio.sleep(0)  # the driver tells of a statement a moment after its end
        counts.append(len(seen) - before)
        session.driver.remove_query_logger(note)

    async with database.transaction() as session:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        await work(session, codes_of(session, now, brand, timeline, names))
        claims = [Claim(name, code) for name in names]
        await work(session, claim(session, now, brand, timeline, claims))
    reviews = [Review(row.id, accept=True, actor="ada") for row in await friends.listed("review")]
    await shop.buy(*(purchase(f"b {name}", name, 100, now) for name in names))
    async with database.transaction() as session:
        await work(session, review(session, now, brand, timeline, reviews))
    await friends.heard()
    async with database.transaction() as session:
        await work(session, follow(session, now, SECTIONS))
    async with database.transaction() as session:
        await work(session, reward(session, now, SECTIONS))
    assert len(await friends.listed("rewarded")) == count
    assert counts[:4] == [4, 10, 5, 13]
    # Most of these are those of recording activities.
    assert counts[4] <= 29
