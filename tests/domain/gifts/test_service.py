"""Gifts between members of a shop: points, limits, keys, facts, and many at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from api.checking import violations
from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.expiry import service_spend
from domain.gifts import queries
from domain.gifts.rules import NewGift
from domain.gifts.service import GiftOutcome, give
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.wallets.queries import history
from domain.wallets.service_give_back import GiveBack
from domain.wallets.service_hold import Hold
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.programmes import GOOD
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.spending import back, lots, spend, totals
from tests.support.statements import watched

DAY = timedelta(days=1)
MICRO = timedelta(microseconds=1)
NOON = datetime(2026, 1, 5, 17, tzinfo=UTC)
FREE = GOOD + "\n[gifts]\n"
STRICT = (
    GOOD.replace('expires = "never"', "expires = { months = 1 }")
    + """
[gifts]
minimum = "5"
maximum = "60"
wait_days = 2
cool_off_days = 3
[[gifts.limit]]
name = "twice a week"
period = "week"
times = 2
[[gifts.limit]]
name = "100 in a month from others"
of = "receiver"
period = "month"
points = "100"
"""
)


async def opened(database: Database, clock: MovableClock, text: str = FREE) -> Shop:
    clock.set(NOON)
    shop = await opened_shop(database, clock, text)
    people = ("ann", "bob", "cid", "dot")
    await shop.enrol(*(NewMember(name, NOON - 100 * DAY) for name in people))
    await shop.buy(purchase("b1", "ann", 10_000, NOON))
    return shop


def gift(points: int, giver: str = "ann", receiver: str = "bob", key: str = "") -> NewGift:
    return NewGift(key or str(new_id()), giver, receiver, points, "for you")


async def codes(shop: Shop, *gifts: NewGift) -> list[str | None]:
    return [each.code for each in await shop.give(*gifts)]


async def has(shop: Shop, *names: str) -> list[int]:
    return [(await shop.balance(name)).spendable for name in names]


async def test_a_gift_is_given_once_and_told_to_both(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    ann, bob = await shop.member_ids("ann", "bob")
    first = gift(40, key="g1")
    other = NewGift("g1", "ann", "bob", 41, "for you")
    given, again, misused = await shop.give(first, first, other)
    assert given == GiftOutcome(given.gift_id, ann, bob)
    assert again == GiftOutcome(given.gift_id, ann, bob, replayed=True)
    assert (misused.code, misused.gift_id) == ("KEY_CONFLICT", None)
    clock.move(DAY)
    assert await shop.give(first) == [again]
    assert await has(shop, "ann", "bob") == [60, 40]
    assert await totals(shop) == (100, 0, 0, 0, 100)
    async with database.read() as session:
        told = await history(session, shop.brand.id, [ann, bob], first=1)
        facts = await session.fetch(
            "SELECT kind, subject, payload FROM fact WHERE kind LIKE 'Gift%' ORDER BY id"
        )
    for member, points in ((ann, -40), (bob, 40)):
        (movement,) = told[member]
        assert (movement.code, movement.points, movement.reason) == ("gift", points, "for you")
        assert movement.reference == str(given.gift_id)

    def payload(other: object) -> dict[str, Any]:
        return {"gift": str(given.gift_id), "points": 40, "other": str(other)}

    assert [tuple(row) for row in facts] == [
        ("GiftGiven", str(ann), payload(bob)),
        ("GiftReceived", str(bob), payload(ann)),
    ]
    await assert_coherent(database)


async def test_without_a_section_nobody_gives_and_before_a_programme_either(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, GOOD)
    assert await codes(shop, gift(1), gift(1, "eve")) == ["NO_GIFTS", "NO_GIFTS"]
    await shop.apply(FREE, NOON + DAY)
    clock.set(NOON + DAY - MICRO)
    assert await codes(shop, gift(1)) == ["NO_GIFTS"]
    clock.set(NOON + DAY)
    kept = gift(1)
    assert await codes(shop, kept, gift(1, "eve"), gift(1, "\x00"), gift(1, "ann", "ann")) == [
        None,
        "UNKNOWN_MEMBER",
        "UNKNOWN_MEMBER",
        "SAME_MEMBER",
    ]
    # What was given stays known whatever the programme says now.
    await shop.apply(GOOD, NOON + 2 * DAY)
    clock.set(NOON + 2 * DAY)
    (replayed,) = await shop.give(kept)
    assert (replayed.code, replayed.replayed) == (None, True)


async def test_limits_and_waits_end_with_the_brands_days(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, STRICT)
    midnight = datetime(2026, 1, 6, 5, tzinfo=UTC)
    await shop.enrol(NewMember("eve", NOON - 2 * DAY + timedelta(hours=12)))
    await shop.buy(purchase("b2", "eve", 20_000, NOON), purchase("b3", "bob", 1_000, NOON))
    # Eve joined at the first instant of the 4th: she may give on the 6th.
    assert await codes(shop, gift(4), gift(61), gift(5, "eve")) == [
        "TOO_FEW_POINTS",
        "TOO_MANY_POINTS",
        "TOO_SOON",
    ]
    clock.set(midnight - MICRO)
    assert await codes(shop, gift(5, "eve")) == ["TOO_SOON"]
    assert await codes(shop, gift(60), gift(5), gift(5, "ann", "cid")) == [
        None,
        None,
        "LIMIT_REACHED",
    ]
    clock.set(midnight)
    assert await codes(shop, gift(36, "eve"), gift(35, "eve")) == ["LIMIT_REACHED", None]
    # Bob got points on the 6th: he may give on the 9th.
    clock.set(midnight + 3 * DAY - MICRO)
    assert await codes(shop, gift(5, "bob", "dot")) == ["TOO_SOON"]
    clock.set(midnight + 3 * DAY)
    assert await codes(shop, gift(5, "bob", "dot")) == [None]
    # The week of ann's two gifts began on Monday the 5th.
    clock.set(midnight + 6 * DAY - MICRO)
    assert await codes(shop, gift(5, "ann", "cid")) == ["LIMIT_REACHED"]
    clock.set(midnight + 6 * DAY)
    assert await codes(shop, gift(5, "ann", "cid")) == [None]
    # What bob got in January counts to its end.
    clock.set(datetime(2026, 2, 1, 5, tzinfo=UTC) - MICRO)
    assert await codes(shop, gift(5, "eve")) == ["LIMIT_REACHED"]
    clock.set(datetime(2026, 2, 1, 5, tzinfo=UTC))
    assert await codes(shop, gift(5, "eve")) == [None]
    await assert_coherent(database)


async def test_what_is_reserved_or_pending_or_over_is_nobodys_to_give(
    database: Database, clock: MovableClock
) -> None:
    month = FREE.replace('expires = "never"', "expires = { months = 1 }")
    shop = await opened(database, clock, month)
    (ann,) = await shop.member_ids("ann")
    await shop.hold(Hold(new_id(), ann, 70, NOON + DAY, "tea"))
    assert await codes(shop, gift(31), gift(20), gift(11), gift(10)) == [
        "INSUFFICIENT_POINTS",
        None,
        "INSUFFICIENT_POINTS",
        None,
    ]
    clock.set(NOON + DAY)
    assert await codes(shop, gift(71), gift(10)) == ["INSUFFICIENT_POINTS", None]
    # Bob's 40 end with ann's.
    assert {end for _, _, end in await lots(shop, "bob")} == {"2026-02-06"}
    clock.set(datetime(2026, 2, 6, 5, tzinfo=UTC))
    assert await codes(shop, gift(1), gift(1, "bob", "ann")) == ["INSUFFICIENT_POINTS"] * 2
    await assert_coherent(database)


async def test_a_refund_of_what_was_given_away_takes_nothing_from_the_receiver(
    database: Database, clock: MovableClock
) -> None:
    text = FREE.replace("[earning]", 'negative_balance = "collect"\n[earning]', 1)
    shop = await opened(database, clock, text)
    await shop.give(gift(80))
    (refund,) = await shop.refund(Refund("r1", "b1", NOON))
    assert (refund.points_due, refund.points_reversed) == (100, 20)
    assert [(await shop.balance(each)).debt for each in ("ann", "bob")] == [80, 0]
    # What bob gives back pays it.
    assert await codes(shop, gift(30, "bob", "ann")) == [None]
    assert (await shop.balance("ann")).debt == 50
    assert await has(shop, "ann", "bob") == [0, 50]
    await assert_coherent(database)


async def test_gifts_of_members_are_read_in_pages_from_both_sides(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    given = []
    for points, receiver in ((1, "bob"), (2, "cid"), (3, "bob")):
        given += await shop.give(gift(points, "ann", receiver))
        clock.move(DAY)
    given += await shop.give(gift(1, "bob", "ann"), gift(1, "bob", "cid"))
    ids = [each.gift_id for each in given]
    ann, bob, dot = await shop.member_ids("ann", "bob", "dot")
    brand = shop.brand.id
    async with database.read() as session:
        newest = await queries.gifts_of(session, brand, [ann, bob, dot, ann], first=2)
        page = await queries.gifts_of(session, brand, [ann], first=2, before=ids[2])
        forth = await queries.gifts_of(session, brand, [ann], first=2, after=ids[1])
        some = await queries.gifts(session, brand, [ids[0] or ann, ann])
        foreign = await queries.gifts(session, brand + 1, [ids[0] or ann])
    assert [each.id for each in newest[ann]] == [ids[3], ids[2]]
    assert {each.id for each in newest[bob]} == {ids[3], ids[4]}
    assert newest[dot] == []
    assert [each.id for each in page[ann]] == [ids[1], ids[0]]
    assert [each.id for each in forth[ann]] == [ids[2], ids[3]]
    assert some == {ids[0]: queries.Gift(page[ann][1].id, ann, bob, 1, "for you", NOON)}
    assert foreign == {}


@pytest.mark.parametrize("gifts", [20, 200])
async def test_pitfall_4_parallel_gifts_give_exactly_what_is_there(
    database: Database, clock: MovableClock, gifts: int
) -> None:
    """Fuint #71: 20 parallel gifts of 100 from 100 points credited 2,000."""
    shop = await opened(database, clock)
    done = await asyncio.gather(*(shop.give(gift(30)) for _ in range(gifts)))
    outcomes = [each for (each,) in done]
    found = sorted(str(each.code) for each in outcomes)
    assert found == ["INSUFFICIENT_POINTS"] * (gifts - 3) + ["None"] * 3
    assert await has(shop, "ann", "bob") == [10, 90]
    await assert_coherent(database)


async def test_one_gift_told_twenty_times_at_once_is_one(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    same = gift(30)
    outcomes = [each for (each,) in await asyncio.gather(*(shop.give(same) for _ in range(20)))]
    assert sorted(each.replayed for each in outcomes) == [False] + [True] * 19
    assert len({each.gift_id for each in outcomes}) == 1
    assert await has(shop, "ann", "bob") == [70, 30]
    await assert_coherent(database)


async def test_a_limit_holds_for_gifts_at_the_same_instant(
    database: Database, clock: MovableClock
) -> None:
    text = FREE + '[[gifts.limit]]\nname = "two"\nof = "receiver"\ntimes = 2\n'
    shop = await opened(database, clock, text)
    await shop.buy(purchase("b2", "cid", 10_000, NOON), purchase("b3", "dot", 10_000, NOON))
    givers = ["ann", "cid", "dot"] * 4
    done = await asyncio.gather(*(shop.give(gift(1, each, "bob")) for each in givers))
    assert sorted(str(each.code) for (each,) in done) == ["LIMIT_REACHED"] * 10 + ["None"] * 2
    await assert_coherent(database)


async def test_members_who_give_each_other_at_once_do_not_wait_for_each_other(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock)
    await shop.buy(purchase("b2", "bob", 10_000, NOON))

    async def once(giver: str, receiver: str) -> str | None:
        # No second try, which would hide a deadlock.
        async with database.transaction() as session:
            timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
            wanted = [gift(1, giver, receiver), gift(1, giver, "cid")]
            done = await give(session, clock.now(), shop.brand, timeline, wanted)
        return done[0].code

    pairs = [("ann", "bob"), ("bob", "ann")] * 20
    assert set(await asyncio.gather(*(once(*pair) for pair in pairs))) == {None}
    assert await has(shop, "ann", "bob", "cid") == [80, 80, 40]
    await assert_coherent(database)


async def statements(shop: Shop, url: str, *work: NewGift | GiveBack) -> int:
    with watched() as seen:
        other = Database(url, pool_size=1)
        async with other.transaction() as session:
            timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
            now, before = shop.clock.now(), len(seen)
            gifts = [each for each in work if isinstance(each, NewGift)]
            returns = [each for each in work if isinstance(each, GiveBack)]
            if gifts:
                given = await give(session, now, shop.brand, timeline, gifts)
                assert {each.code for each in given} == {None}
            if returns:
                done = await service_spend.give_back(session, now, shop.brand, timeline, returns)
                assert {each.collected for each in done} == {3}
        count = len(seen) - before
        await other.close()
    return count


async def test_many_gifts_and_returns_take_as_many_statements_as_one(
    database: Database, clock: MovableClock, servers: Servers
) -> None:
    idle = STRICT.replace("months = 1 }", 'months = 1, after = "activity" }')
    shop = await opened(database, clock, idle.replace("times = 2", "times = 99"))
    many = [f"m{n}" for n in range(25)]
    await shop.enrol(*(NewMember(each, NOON - 100 * DAY) for each in many))
    await shop.buy(*(purchase("b" + each, each, 3_000, NOON) for each in many))
    url = servers.database_url
    one = await statements(shop, url, gift(5, many[0], many[24]))
    pairs = zip(many, reversed(many), strict=True)
    more = [gift(5, *pair) for pair in pairs if pair[0] != pair[1]][1:12]
    assert await statements(shop, url, *more) == one
    returns = []
    for each in many:
        left = (await shop.balance(each)).spendable
        returns.append(back(await spend(shop, each, left), left))
    await shop.refund(*(Refund("r" + each, "b" + each, NOON, 300) for each in many))
    one = await statements(shop, url, returns[0])
    assert await statements(shop, url, *returns[1:]) == one
    await assert_coherent(database)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE gift SET points = points + 1",
        "DELETE FROM gift",
        "UPDATE gift SET giver_id = receiver_id, receiver_id = giver_id",
    ],
)
async def test_a_gift_that_differs_from_the_ledger_is_found(
    database: Database, clock: MovableClock, admin: asyncpg.Connection, change: str
) -> None:
    shop = await opened(database, clock)
    await shop.give(gift(30))
    await admin.execute(change)
    async with database.read() as session:
        found = {each async for each, bad in violations(session) if bad}
    assert found == {"GIFT_DIFFERS_FROM_LEDGER"}
