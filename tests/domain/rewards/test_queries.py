"""What members and staff read: redemptions in order, and the catalogue with its reasons."""

from datetime import UTC, date, datetime, timedelta

from api.sections import SECTIONS
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.rewards import queries
from domain.rewards.service_cancel import Cancel
from kit.clock import MovableClock
from kit.db import Database
from tests.support.rewards import (
    add_codes,
    cancelled,
    catalogue_of,
    id_of,
    left,
    programme,
    redeemed,
    reward,
    wish,
)
from tests.support.shop import opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def test_redemptions_are_read_from_both_ends(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(
        database,
        clock,
        programme(reward("tea", "0"), reward("trip", "0", fulfil='"by_staff"', fulfil_days="1")),
    )
    await shop.enrol(NewMember("ann", NOON), NewMember("bob", NOON))
    ids = []
    for number, (name, code) in enumerate(
        [("ann", "tea"), ("ann", "trip"), ("bob", "tea"), ("ann", "trip")]
    ):
        ids.append(id_of((await redeemed(shop, wish(str(number), name, code)))[0]))
        clock.move(timedelta(hours=1))
    await cancelled(shop, Cancel("c", ids[3], "ann", ""))
    clock.move(DAY)
    ann, bob = await shop.member_ids("ann", "bob")
    brand, now = shop.brand.id, clock.now()
    async with database.read() as session:
        newest = await queries.of_members(session, now, brand, [ann, bob], first=2)
        older = await queries.of_members(session, now, brand, [ann], first=9, before=ids[1])
        oldest = await queries.oldest_of_members(session, now, brand, [ann], first=9, after=ids[0])
        lapsed = await queries.of_members(session, now, brand, [ann], first=9, states=["lapsed"])
        held = await queries.oldest_of_members(session, now, brand, [ann], first=9, states=["held"])
        tea = await queries.of_brand(session, now, brand, first=9, reward="tea")
        every = await queries.oldest_of_brand(session, now, brand, first=3, after=ids[0])
        over = await queries.of_brand(
            session, now, brand, first=9, before=ids[3], states=["lapsed", "cancelled"]
        )
        ended = await queries.oldest_of_brand(
            session, now, brand, first=9, states=["cancelled"], reward="trip"
        )
        elsewhere = await queries.redemptions(session, now, brand + 1, ids)
    assert [[each.id for each in newest[who]] for who in (ann, bob)] == [
        [ids[3], ids[1]],
        [ids[2]],
    ]
    assert [each.id for each in older[ann]] == [ids[0]]
    assert [each.id for each in oldest[ann]] == [ids[1], ids[3]]
    assert [(each.id, each.state) for each in lapsed[ann]] == [(ids[1], "lapsed")]
    assert held == {ann: []}
    assert [each.id for each in tea] == [ids[2], ids[0]]
    assert [each.id for each in every] == [ids[1], ids[2], ids[3]]
    assert [each.id for each in over] == [ids[1]]
    assert [each.id for each in ended] == [ids[3]]
    assert elsewhere == {}


async def test_the_catalogue_says_what_can_be_had_and_why_not(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(
        database,
        clock,
        programme(
            reward("tea", "100", stock="3"),
            reward("pie", "301"),
            reward("card", "10", codes='"cards"', stock="9"),
            reward("book", "10", codes='"none"', fulfil='"by_staff"'),
            reward("hidden", "0", listed="false"),
            reward("cake", "0", birthday_days="1"),
            reward("soon", "0", from_="2026-03-03"),
            '[[rewards.limit]]\nname = "four"\ntimes = 4\nrewards = ["tea", "card"]',
        ),
    )
    await shop.buy(purchase("p1", "ann", 400_00, NOON))
    await shop.enrol(NewMember("bob", NOON, birthday=date(1999, 3, 2)))
    await add_codes(shop, "cards", "A", "B")
    await redeemed(shop, wish("1", "ann", "tea"))
    ann, bob = await catalogue_of(shop, "ann"), await catalogue_of(shop, "bob")
    told = {
        code: (each.can_redeem, each.why and each.why.code, each.left, each.limit_left)
        for code, each in ann.items()
    }
    assert told == {
        "tea": (True, None, 2, 3),
        "pie": (False, "INSUFFICIENT_POINTS", None, None),
        "card": (True, None, 2, 3),
        "book": (True, None, None, None),
        "cake": (False, "NOT_YOUR_BIRTHDAY", None, None),
        "soon": (False, "NOT_YET", None, None),
    }
    assert (bob["cake"].can_redeem, bob["tea"].limit_left) == (True, 4)
    assert [await left(shop, code) for code in ("tea", "pie", "card")] == [2, None, 2]
    await redeemed(shop, wish("2", "ann", "card", quantity=2))
    gone = (await catalogue_of(shop, "ann"))["card"]
    assert (gone.can_redeem, gone.why and gone.why.code) == (False, "OUT_OF_STOCK")
    assert await left(shop, "card") == 0


async def test_many_codes_are_not_counted(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, programme(reward("card", "0", codes='"cards"')))
    await add_codes(shop, "cards", *(f"C{n}" for n in range(101)))
    assert await left(shop, "card") is None


async def test_no_programme_no_catalogue(database: Database, clock: MovableClock) -> None:
    shop = await opened_shop(database, clock, programme(reward("tea")), effective_from=NOON + DAY)
    async with database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        assert await queries.catalogue(session, NOON, shop.brand, timeline) == []
        assert await queries.catalogues(session, NOON, shop.brand, timeline, []) == {}
        (later,) = await queries.catalogue(session, NOON + DAY, shop.brand, timeline)
    assert (later.offer.code, later.can_redeem, later.why) == ("tea", None, None)
