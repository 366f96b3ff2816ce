"""Members ask for rewards: what they get, what it costs, and what refuses them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from domain.ledger.service import close_period
from domain.members.service import NewMember
from domain.rewards.service_cancel import Cancel
from domain.wallets import queries as wallets
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    add_codes,
    cancelled,
    given,
    id_of,
    left,
    programme,
    redeemed,
    redemption,
    reward,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase
from tests.support.statements import watched

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


async def opened(database: Database, clock: MovableClock, *tables: str) -> Shop:
    """Return a shop where Ann has a thousand points."""
    shop = await opened_shop(database, clock, programme(*tables))
    await shop.buy(purchase("p1", "ann", 1000_00, NOON))
    return shop


def codes(outcomes: list[object]) -> list[str | None]:
    return [getattr(each, "code", None) for each in outcomes]


async def test_at_once_and_again(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock, reward("tea", "400"))
    found = await redeemed(
        shop,
        wish("1", "ann", "tea"),
        wish("2", "ann", "tea"),
        wish("3", "ann", "tea"),
        wish("1", "ann", "tea"),
        wish("1", "ann", "tea", quantity=2),
        wish("4", "bob", "tea"),
        wish("5", "ann", "cake"),
        wish("6", "\x00", "tea"),
    )
    assert [(each.state, each.code, each.replayed) for each in found] == [
        ("fulfilled", None, False),
        ("fulfilled", None, False),
        (None, "INSUFFICIENT_POINTS", False),
        ("fulfilled", None, True),
        (None, "KEY_CONFLICT", False),
        (None, "UNKNOWN_MEMBER", False),
        (None, "NO_SUCH_REWARD", False),
        (None, "UNKNOWN_MEMBER", False),
    ]
    again, other, later = await redeemed(
        shop, wish("1", "ann", "tea"), wish("2", "ann", "tea", quantity=3), wish("3", "ann", "tea")
    )
    assert (again.redemption_id, again.vouchers) == (found[0].redemption_id, found[0].vouchers)
    assert (again.replayed, len(again.vouchers)) == (True, 1)
    # What was refused is judged anew.
    assert (other.code, later.code) == ("KEY_CONFLICT", "INSUFFICIENT_POINTS")
    assert (await shop.balance("ann")).spendable == 200
    (member_id,) = await shop.member_ids("ann")
    async with database.read() as session:
        history = await wallets.history(session, shop.brand.id, [member_id], first=2)
    spent = history[member_id][0]
    assert (spent.code, spent.points, spent.rule) == ("redemption", -400, "tea")
    assert spent.reference in {str(each.redemption_id) for each in found[:2]}
    await assert_coherent(database)


async def test_without_rewards_nothing_can_be_had(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock)
    assert codes(list(await redeemed(shop, wish("1", "ann", "tea"), wish("2", "bob", "x")))) == [
        "NO_REWARDS",
        "NO_REWARDS",
    ]
    later = await opened_shop(
        database,
        clock,
        programme(reward("tea")).replace('"cafe"', '"late"'),
        effective_from=NOON + DAY,
    )
    assert codes(list(await redeemed(later, wish("1", "ann", "tea")))) == ["NO_REWARDS"]


async def test_each_kind_gives_what_it_says(database: Database, clock: MovableClock) -> None:
    shop = await opened(
        database,
        clock,
        reward("card", "100", kind='"gift_card"', value='"10.00"', valid="{ days = 1 }"),
        reward("latte", "100", kind='"free_product"', article='"LATTE"', value='"4.50"'),
        reward("half", "50", kind='"discount"', percent='"50"'),
        reward("beans", "10", kind='"points"', gives='"25"'),
        reward("trees", "100", kind='"donation"'),
        reward("gold", "100", kind='"partner_status"', status='"Gold"'),
        reward("free", "0"),
    )
    found = await redeemed(
        shop,
        wish("1", "ann", "card", quantity=2),
        wish("2", "ann", "latte"),
        wish("3", "ann", "half"),
        wish("4", "ann", "beans", quantity=2),
        wish("5", "ann", "trees", quantity=2),
        wish("6", "ann", "gold"),
        wish("7", "ann", "free"),
    )
    assert [len(each.vouchers) for each in found] == [2, 1, 1, 0, 0, 0, 1]
    card, latte, half = [(await vouchers_of(shop, id_of(each)))[0] for each in found[:3]]
    assert (card.value, latte.value, half.value) == (1000, None, None)
    assert card.expires_at == datetime(2026, 3, 4, 5, tzinfo=UTC)
    assert (card.kind, latte.reward, half.expires_at) == ("gift_card", "latte", None)
    told = await redemption(shop, id_of(found[1]))
    assert (told.value, told.kind, told.points) == (450, "free_product", 100)
    balance = await shop.balance("ann")
    assert balance.spendable == 1000 - 200 - 100 - 50 - 20 - 200 - 100 + 50
    # Points that were bought live as those that are earned.
    assert {expiry.at for expiry in balance.upcoming} == {datetime(2027, 3, 3, 5, tzinfo=UTC)}
    assert await given(shop, "trees", "beans") == {"trees": 200, "beans": 0}
    await assert_coherent(database)


async def test_points_that_are_given_wait_and_pay_debts(
    database: Database, clock: MovableClock
) -> None:
    text = programme(reward("beans", "0", kind='"points"', gives='"70"')).replace(
        'name = "Beans"', 'name = "Beans"\npending_days = 2\nnegative_balance = "collect"'
    )
    text = text.replace("{ months = 12 }", '{ months = 1, after = "activity" }')
    shop = await opened_shop(database, clock, text)
    await shop.enrol(NewMember("ann", NOON))
    await redeemed(shop, wish("1", "ann", "beans"))
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.pending) == (0, 70)
    assert balance.upcoming[0].at == datetime(2026, 4, 3, 4, tzinfo=UTC)
    clock.move(2 * DAY)
    assert (await shop.balance("ann")).spendable == 70
    await assert_coherent(database)


async def test_a_batch_sees_what_it_took(database: Database, clock: MovableClock) -> None:
    shop = await opened(
        database,
        clock,
        reward("mug", "100", stock="1"),
        reward("tea", "10", codes='"cups"'),
        reward("pie", "600"),
        '[[rewards.limit]]\nname = "two"\ntimes = 2\nrewards = ["tea", "pie"]',
    )
    await shop.buy(purchase("p2", "bob", 5000_00, NOON))
    await add_codes(shop, "cups", "C1", "C2")
    found = await redeemed(
        shop,
        wish("1", "ann", "mug", quantity=2),
        wish("2", "ann", "mug"),
        wish("3", "bob", "mug"),
        wish("4", "ann", "pie"),
        wish("5", "ann", "pie"),
        wish("6", "ann", "tea", quantity=2),
        wish("7", "ann", "tea"),
        wish("8", "bob", "tea", quantity=2),
        wish("9", "ann", "tea"),
        wish("10", "bob", "tea"),
        wish("11", "bob", "tea"),
    )
    assert [each.code for each in found] == [
        "OUT_OF_STOCK",
        None,
        "OUT_OF_STOCK",
        None,
        "INSUFFICIENT_POINTS",
        "LIMIT_REACHED",
        None,
        "OUT_OF_STOCK",
        "LIMIT_REACHED",
        None,
        "OUT_OF_STOCK",
    ]
    await assert_coherent(database)


async def test_a_later_version_judges_who_asks_later(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(database, clock, reward("tea", "100", valid="{ days = 0 }"))
    await shop.apply(
        programme(reward("tea", "300", valid="{ days = 9 }"), reward("pie", "1")), NOON + DAY
    )
    (before,) = await redeemed(shop, wish("1", "ann", "tea"))
    clock.move(DAY)
    (after,) = await redeemed(shop, wish("2", "ann", "tea"))
    one, other = await redemption(shop, id_of(before)), await redemption(shop, id_of(after))
    assert (one.points, other.points) == (100, 300)
    assert one.version_id != other.version_id
    ends = [(await vouchers_of(shop, each.id))[0].expires_at for each in (one, other)]
    assert ends == [datetime(2026, 3, 3, 5, tzinfo=UTC), datetime(2026, 3, 13, 4, tzinfo=UTC)]
    await assert_coherent(database)


async def test_unlisted_rewards_are_given_by_staff_or_by_themselves(
    database: Database, clock: MovableClock
) -> None:
    shop = await opened(
        database, clock, '[rewards]\napproval_over = "50"', reward("mug", "100", listed="false")
    )
    found = await redeemed(
        shop,
        wish("1", "ann", "mug"),
        wish("2", "ann", "mug", requested_by="eve", is_staff=True),
        wish("3", "ann", "mug", requested_by="automatic", occasion="points"),
    )
    assert [(each.state, each.code) for each in found] == [
        (None, "NOT_LISTED"),
        ("waiting", None),
        ("fulfilled", None),
    ]
    told = await redemption(shop, id_of(found[2]))
    assert (told.automatic, told.fulfilled_by) == ("points", "automatic")


async def test_early_access_and_tiers(database: Database, clock: MovableClock) -> None:
    ladder = """
[[tiers.ladder]]
code = "main"
name = "Main"
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"
tier = [
    { name = "Insider", threshold = "0" },
    { name = "VIB", threshold = "350" },
    { name = "Rouge", threshold = "1000" },
]
"""
    sale = reward(
        "sale",
        "0",
        from_="2026-03-06",
        early='[{ tiers = ["Rouge"], from = 2026-03-03 }, { tiers = ["VIB"], from = 2026-03-05 }]',
    )
    rouge = reward("rouge", "0", tiers='["Rouge"]')
    shop = await opened(database, clock, ladder, sale, rouge)
    await shop.buy(purchase("p2", "bob", 350_00, NOON), purchase("p3", "cid", 349_99, NOON))
    for day, expected in enumerate(("", "ann", "ann", "ann bob", "ann bob cid")):
        clock.move(datetime(2026, 3, 2 + day, 12, tzinfo=UTC) - clock.now())
        found = await redeemed(shop, *(wish(f"{day}{n}", n, "sale") for n in ("ann", "bob", "cid")))
        had = [
            name for name, each in zip(("ann", "bob", "cid"), found, strict=True) if not each.code
        ]
        assert " ".join(had) == expected
    found = await redeemed(shop, *(wish(f"r{n}", n, "rouge") for n in ("ann", "bob")))
    assert [each.code for each in found] == [None, "TIER_REQUIRED"]


async def test_a_birthday_gift_in_its_window(database: Database, clock: MovableClock) -> None:
    shop = await opened(
        database,
        clock,
        reward("gift", "0", birthday_days="1"),
        '[[rewards.limit]]\nname = "one a year"\ntimes = 1\nperiod = "year"\nrewards = ["gift"]',
    )
    await shop.enrol(NewMember("bob", NOON, birthday=date(1980, 3, 2)))
    found = await redeemed(
        shop, wish("1", "bob", "gift"), wish("2", "bob", "gift"), wish("3", "ann", "gift")
    )
    assert [each.code for each in found] == [None, "LIMIT_REACHED", "NOT_YOUR_BIRTHDAY"]


async def test_limits_forget_what_came_to_nothing(database: Database, clock: MovableClock) -> None:
    shop = await opened(
        database,
        clock,
        reward("trip", "10", fulfil='"by_staff"', fulfil_days="1", stock="5"),
        reward("tea", "10"),
        '[[rewards.limit]]\nname = "one a month"\ntimes = 1\nperiod = "month"',
        '[[rewards.limit]]\nname = "two ever"\ntimes = 2',
    )
    (first,) = await redeemed(shop, wish("1", "ann", "trip"))
    assert codes(list(await redeemed(shop, wish("2", "ann", "tea")))) == ["LIMIT_REACHED"]
    await cancelled(shop, Cancel("c", id_of(first), "ann", ""))
    (second,) = await redeemed(shop, wish("3", "ann", "trip"))
    assert second.state == "held"
    clock.move(DAY)
    # It has lapsed, whatever a job has booked.
    (third,) = await redeemed(shop, wish("4", "ann", "tea"))
    assert (third.state, await left(shop, "trip")) == ("fulfilled", 5)
    clock.move(datetime(2026, 4, 1, 4, tzinfo=UTC) - clock.now() - timedelta(microseconds=1))
    assert codes(list(await redeemed(shop, wish("5", "ann", "tea")))) == ["LIMIT_REACHED"]
    clock.move(timedelta(microseconds=1))
    assert codes(list(await redeemed(shop, wish("6", "ann", "tea"), wish("7", "ann", "tea")))) == [
        None,
        "LIMIT_REACHED",
    ]
    await assert_coherent(database)


async def test_air_miles_cash_is_at_most_750_dollars_a_day(
    database: Database, clock: MovableClock
) -> None:
    """X2, developer.airmiles.ca: 95 miles are $10, at most $750 a business day, 00:00-23:59 EST."""
    text = programme(
        reward("grocer", "95", kind='"gift_card"', value='"10.00"'),
        reward("fuel", "95", kind='"gift_card"', value='"10.00"'),
        '[[rewards.limit]]\nname = "$750 a day"\nvalue = "750.00"\nperiod = "day"',
    ).replace("America/New_York", "EST")
    shop = await opened_shop(database, clock, text)
    await shop.buy(purchase("p1", "ann", 20_000_00, NOON))
    clock.move(datetime(2026, 3, 8, 12, tzinfo=UTC) - clock.now())
    some, rest, more = await redeemed(
        shop,
        wish("1", "ann", "grocer", quantity=40),
        wish("2", "ann", "fuel", quantity=35),
        wish("3", "ann", "fuel"),
    )
    assert (some.code, rest.code, more.code) == (None, None, "LIMIT_REACHED")
    assert (await shop.balance("ann")).spendable == 20_000 - 75 * 95
    # EST has no summer: its days begin at 5 UTC, also after the clocks of New York went forward.
    clock.move(datetime(2026, 3, 9, 5, tzinfo=UTC) - clock.now() - timedelta(microseconds=1))
    assert codes(list(await redeemed(shop, wish("4", "ann", "fuel")))) == ["LIMIT_REACHED"]
    clock.move(timedelta(microseconds=1))
    assert codes(list(await redeemed(shop, wish("5", "ann", "fuel")))) == [None]
    await assert_coherent(database)


async def test_closed_books_are_left_alone(database: Database, clock: MovableClock) -> None:
    shop = await opened(database, clock, reward("beans", "10", kind='"points"', gives='"5"'))
    clock.move(DAY)

    async def close(session: Session) -> None:
        await close_period(session, clock.now(), shop.brand, date(2026, 3, 2))

    await database.write(close)
    assert codes(list(await redeemed(shop, wish("1", "ann", "beans")))) == [None]
    await assert_coherent(database)


async def test_a_batch_of_any_size_asks_as_often(
    database: Database, clock: MovableClock, servers: Servers
) -> None:
    shop = await opened(
        database,
        clock,
        reward("tea", "1", codes='"cups"'),
        reward("cup", "1", stock="999"),
        reward("trees", "1", kind='"donation"'),
        reward("beans", "1", kind='"points"', gives='"1"'),
        '[[rewards.limit]]\nname = "many"\ntimes = 999\nperiod = "day"',
    )
    await shop.buy(*(purchase(f"b{n}", f"bob{n}", 10_00, NOON) for n in range(20)))
    await add_codes(shop, "cups", *(f"C{n}" for n in range(50)))
    counts = []
    for names in (["ann"], [f"bob{n}" for n in range(20)]):
        with watched() as seen:
            counted = Database(servers.database_url)
            found = await redeemed(
                replace(shop, database=counted),
                *(wish(f"{n}{c}", n, c) for n in names for c in ("tea", "cup", "trees", "beans")),
            )
            await counted.close()
        assert {each.code for each in found} == {None}
        counts.append(len(seen))
    assert counts[0] == counts[1]
    await assert_coherent(database)
