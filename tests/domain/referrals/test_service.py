"""Codes, claims and reviews in the database: who counts, and why others don't."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from domain.referrals import queries, service
from domain.referrals.service import Claim, Review
from domain.vouchers.rules_code import checks, normalised
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.friends import Friends, opened, programme, states
from tests.support.shop import Shop, opened_shop

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SETTINGS = """
signals = ["device", "card"]
review_over = 3

[[referrals.limit]]
name = "four a month"
period = "month"
times = 4
"""


@pytest.fixture
async def friends(database: Database, clock: MovableClock) -> AsyncIterator[Friends]:
    friends = await opened(database, clock, SETTINGS)
    await friends.join("ann", "bob", "cid", "dan", "eva", "fay", "gus")
    yield friends
    await assert_coherent(database)


async def test_a_code_is_made_once_and_stays(friends: Friends) -> None:
    asked = await asyncio.gather(*(friends.codes("ann", "bob", "nobody") for _ in range(10)))
    assert all(each == asked[0] for each in asked)
    assert sorted(asked[0]) == ["ann", "bob"]
    code = normalised(asked[0]["ann"])
    assert (len(code), checks(code)) == (9, True)
    (ann, bob) = await friends.shop.member_ids("ann", "bob")
    async with friends.shop.database.read() as session:
        found = await queries.code_of(session, friends.shop.brand.id, [ann, bob])
    assert found == {ann: asked[0]["ann"], bob: asked[0]["bob"]}


async def test_a_code_that_somebody_has_is_not_given_to_another(
    friends: Friends, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([bytes(5), bytes(5), bytes([1] * 5)])
    monkeypatch.setattr(service, "random_bytes", lambda _: next(draws))
    await friends.codes("ann")
    codes = await friends.codes("ann", "bob")
    assert codes["ann"] == "0000-00000" != codes["bob"]


async def test_a_claim_waits_for_what_the_friend_does(friends: Friends) -> None:
    outcome = await friends.bring("ann", "bob")
    assert (outcome.state, outcome.code, outcome.replayed) == ("pending", None, False)
    row = await friends.referral(outcome)
    ann, bob = await friends.shop.member_ids("ann", "bob")
    assert (row.referrer_id, row.friend_id, row.reason) == (ann, bob, None)
    # 90 whole days in New York, where summer time has begun meanwhile.
    assert row.expires_at == datetime(2026, 6, 1, 4, tzinfo=UTC)
    again = await friends.bring("ann", "bob")
    assert (again.referral_id, again.replayed) == (outcome.referral_id, True)
    async with friends.shop.database.read() as session:
        brought = await queries.of_friends(session, friends.shop.brand.id, [ann, bob])
    assert brought == {bob: row}


async def test_a_code_is_read_as_people_type_it(friends: Friends) -> None:
    code = (await friends.codes("ann"))["ann"]
    typed = f" {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}"
    assert states(await friends.claim(Claim("bob", typed))) == [("pending", None)]


async def test_what_no_claim_can_be_is_not_kept(friends: Friends) -> None:
    code = (await friends.codes("ann"))["ann"]
    now = friends.shop.clock.now()
    items = [
        Claim("nobody", code),
        Claim("\x00", code),
        Claim("bob", "0000-00000"),
        Claim("bob", code[:-1]),
        Claim("bob", "\ud800" * 1000),
        Claim("bob", code, now + timedelta(microseconds=1)),
        Claim("bob", code, now.replace(tzinfo=None)),
        Claim("bob", code, now),
    ]
    assert [each.code for each in await friends.claim(*items)] == [
        *["UNKNOWN_MEMBER"] * 2,
        *["UNKNOWN_CODE"] * 3,
        *["INVALID_DATE"] * 2,
        None,
    ]
    assert await friends.listed("refused") == []


async def test_without_referrals_nobody_brings_anybody(grocer: Shop) -> None:
    text = programme("").split("[referrals]")[0].replace('"shop"', '"other"')
    friends = Friends(await opened_shop(grocer.database, grocer.clock, text))
    await friends.join("ann", "bob")
    assert await friends.codes("ann") == {}
    assert states(await friends.claim(Claim("bob", "0000-00000"))) == [("refused", "NO_REFERRALS")]


async def test_each_refusal_has_its_reason_and_is_kept(friends: Friends) -> None:
    clock, now = friends.shop.clock, friends.shop.clock.now()
    await friends.join("old", at=now - 31 * DAY)
    await friends.join("early", at=now - HOUR)
    await friends.join("x1", "x2", device="d1")
    assert (await friends.bring("ann", "bob")).code is None
    refused = [
        await friends.bring("ann", "ann"),
        await friends.bring("cid", "bob"),
        await friends.bring("x1", "x2"),
        await friends.bring("bob", "ann"),
        await friends.bring("ann", "old"),
        await friends.bring("ann", "early"),
        await friends.bring("ann", "dan", now - 31 * DAY),
    ]
    assert states(refused) == [
        ("refused", code)
        for code in (
            "SELF_REFERRAL",
            "ALREADY_REFERRED",
            "SHARED_SIGNAL",
            "CIRCULAR_REFERRAL",
            "NOT_A_NEWCOMER",
            "NOT_A_NEWCOMER",
            "LINK_TOO_OLD",
        )
    ]
    kept = await friends.listed("refused")
    assert {row.id for row in kept} == {each.referral_id for each in refused}
    flagged = await friends.facts("ReferralFlagged")
    assert [payload["reason"] for _, _, payload in flagged] == [
        "SELF_REFERRAL",
        "SHARED_SIGNAL",
        "CIRCULAR_REFERRAL",
    ]
    # Another day it is kept anew; on the same day once.
    assert (await friends.bring("ann", "ann")).replayed
    clock.move(DAY)
    assert not (await friends.bring("ann", "ann")).replayed
    assert len(await friends.listed("refused")) == 8
    # What was refused is no obstacle.
    assert (await friends.bring("ann", "dan")).code is None


async def test_circles_of_any_length_are_refused_in_one_list_too(friends: Friends) -> None:
    names = ["ann", "bob", "cid", "dan", "eva", "fay", "gus"]
    codes = await friends.codes(*names)
    chain = [Claim(friend, codes[by]) for by, friend in pairwise(names)]
    outcomes = await friends.claim(*chain, Claim("ann", codes["gus"]), Claim("ann", codes["bob"]))
    assert [each.code for each in outcomes] == [None] * 6 + ["CIRCULAR_REFERRAL"] * 2
    later = await friends.bring("gus", "ann")
    assert later.code == "CIRCULAR_REFERRAL"


async def test_a_person_is_told_by_any_signal_anywhere_in_the_chain(friends: Friends) -> None:
    await friends.join("a", device="d1", card=7)
    await friends.join("b", device="d2", card="")
    await friends.join("c", device="", card="8")
    await friends.join("a2", card=" 7 ")
    await friends.join("b2", card="")
    await friends.join("c2", device="8")
    assert (await friends.bring("a", "b")).code is None
    assert (await friends.bring("b", "c")).code is None
    assert (await friends.bring("c", "a2")).code == "SHARED_SIGNAL"
    # What is empty, or stands under another name, tells nobody.
    assert (await friends.bring("c", "b2")).code is None
    assert (await friends.bring("c", "c2")).code is None


async def test_who_already_brought_the_same_person_is_told_as_well(friends: Friends) -> None:
    await friends.join("a", "a2", device="d1")
    assert (await friends.bring("bob", "a2")).code is None
    assert (await friends.bring("a", "bob")).code == "SHARED_SIGNAL"


async def test_friends_who_share_a_device_wait_for_staff(friends: Friends) -> None:
    await friends.join("x1", "x2", device="d1")
    await friends.join("x3", device="d3")
    await friends.join("x4", device=" D3")
    await friends.join("y1", card=4711)
    await friends.join("y2", card=4711.0)
    assert states([await friends.bring("ann", "x1"), await friends.bring("ann", "x2")]) == [
        ("pending", None),
        ("review", None),
    ]
    code = (await friends.codes("bob"))["bob"]
    batch = await friends.claim(Claim("x3", code), Claim("x4", code), Claim("y1", code))
    assert [each.state for each in batch] == ["pending", "review", "pending"]
    assert (await friends.bring("bob", "y2")).state == "review"
    assert [row.reason for row in await friends.listed("review")] == ["SHARED_SIGNAL"] * 3


async def test_limits_count_by_the_period_of_the_brands_clock(
    database: Database, clock: MovableClock
) -> None:
    settings = "[[referrals.limit]]\nname = 'two a month'\nperiod = 'month'\ntimes = 2\n"
    settings += "[[referrals.limit]]\nname = 'three in all'\ntimes = 3"
    friends = await opened(database, clock, settings)
    # In New York it is still March.
    clock.set(datetime(2026, 4, 1, 3, 59, tzinfo=UTC))
    await friends.join("ann", *"bcdefg")
    code = (await friends.codes("ann"))["ann"]
    first = await friends.claim(*(Claim(name, code) for name in "bcd"))
    assert [each.code for each in first] == [None, None, "LIMIT_REACHED"]
    assert first[2].message == "No more friends count: two a month."
    clock.set(datetime(2026, 4, 1, 4, tzinfo=UTC))
    second = await friends.claim(*(Claim(name, code) for name in "de"))
    assert [each.code for each in second] == [None, "LIMIT_REACHED"]
    assert second[1].message == "No more friends count: three in all."
    await assert_coherent(database)


async def test_too_many_in_a_day_wait_and_the_earlier_ones_stay(friends: Friends) -> None:
    clock = friends.shop.clock
    clock.set(datetime(2026, 3, 3, 4, 59, tzinfo=UTC))
    code = (await friends.codes("ann"))["ann"]
    outcomes = await friends.claim(*(Claim(name, code) for name in ("bob", "cid", "dan", "eva")))
    assert [each.state for each in outcomes] == ["pending"] * 3 + ["review"]
    assert (await friends.bring("ann", "fay")).state == "review"
    # The next day in New York begins.
    clock.move(timedelta(minutes=1))
    assert (await friends.bring("ann", "gus")).state == "pending"
    waiting = await friends.listed("review")
    assert [row.reason for row in waiting] == ["TOO_MANY_IN_A_DAY"] * 2
    assert {row.id for row in waiting} > {outcomes[3].referral_id}


async def test_staff_accept_or_refuse_what_waits(friends: Friends) -> None:
    clock = friends.shop.clock
    code = (await friends.codes("ann"))["ann"]
    names = ("bob", "cid", "dan", "eva", "fay", "gus")
    ids = [each.referral_id for each in await friends.claim(*(Claim(n, code) for n in names))]
    assert None not in ids
    _, _, third, fourth, fifth, sixth = (each for each in ids if each)
    clock.move(DAY)
    outcomes = await friends.review(
        Review(fourth, accept=True, actor="ada", note="a school class"),
        Review(fifth, accept=False, actor="ada"),
        Review(sixth, accept=True, actor="ada"),
        Review(third, accept=True, actor="ada"),
        Review(new_id(), accept=True, actor="ada"),
        Review(sixth, accept=False, actor=" "),
        Review(sixth, accept=False, actor="ada", note="\x00"),
        Review(fourth, accept=True, actor="ada"),
        Review(fifth, accept=True, actor="ada"),
        Review(fourth, accept=True, actor="bea"),
    )
    assert states(outcomes) == [
        ("pending", None),
        ("refused", None),
        ("review", "LIMIT_REACHED"),
        ("pending", "NOT_IN_REVIEW"),
        (None, "REFERRAL_NOT_FOUND"),
        ("review", "INVALID_INPUT"),
        ("review", "INVALID_INPUT"),
        ("pending", None),
        ("refused", "NOT_IN_REVIEW"),
        ("pending", "NOT_IN_REVIEW"),
    ]
    assert [each.replayed for each in outcomes] == [False] * 7 + [True, False, False]
    (done,) = [row for row in await friends.listed("pending") if row.id == fourth]
    told = (done.reason, done.reviewed_by, done.reviewed_at, done.review_note)
    assert told == (None, "ada", clock.now(), "a school class")
    assert done.claimed_at == clock.now() - DAY


async def test_whom_staff_refused_another_member_may_bring(friends: Friends) -> None:
    code = (await friends.codes("ann"))["ann"]
    claims = [Claim(name, code) for name in ("bob", "cid", "dan", "eva")]
    waits = (await friends.claim(*claims))[3].referral_id
    assert waits is not None
    await friends.review(Review(waits, accept=False, actor="ada"))
    friends.shop.clock.move(DAY)
    again = await friends.bring("ann", "eva")
    assert (again.state, again.code, again.referral_id) == ("refused", "REFUSED_BY_STAFF", waits)
    assert again.replayed
    assert (await friends.bring("bob", "eva")).state == "pending"


async def test_lists_are_newest_first_and_go_on_behind_the_last(friends: Friends) -> None:
    clock, brand = friends.shop.clock, friends.shop.brand.id
    brought = []
    for name in ("bob", "cid", "dan"):
        brought.append((await friends.bring("ann", name)).referral_id)
        clock.move(DAY)
    await friends.bring("ann", "ann")
    ann, bob = await friends.shop.member_ids("ann", "bob")
    async with friends.shop.database.read() as session:
        page = await queries.of_members(session, brand, [ann, bob], first=2, states=["pending"])
        rest = await queries.of_members(session, brand, [ann], first=2, before=brought[1])
        mine = await queries.of_brand(
            session, brand, states=["pending", "refused"], first=2, before=brought[2]
        )
        others = await queries.of_members(session, brand + 1, [ann], first=2)
    assert [row.id for row in page[ann]] == [brought[2], brought[1]]
    assert page[bob] == []
    assert [row.id for row in rest[ann]] == [brought[0]]
    assert [row.id for row in mine] == [brought[1], brought[0]]
    assert others == {ann: []}
