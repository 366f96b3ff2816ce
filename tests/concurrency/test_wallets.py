"""Members' points when many want them at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.earning.rules_refund_request import Refund
from domain.ledger.rules import Kind, Resolution
from domain.wallets import jobs, queries
from domain.wallets.service_adjust import Adjustment, AdjustOutcome, adjust
from domain.wallets.service_hold import Hold
from domain.wallets.service_release import Released, release
from kit.db import Session
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.shop import Shop, opened_shop, purchase

HOUR = timedelta(hours=1)


@pytest.fixture
async def shop(grocer: Shop) -> AsyncIterator[Shop]:
    yield grocer
    await assert_coherent(grocer.database)


async def test_200_holds_on_the_last_points_let_one_through(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 1000, now))
    (ann,) = await shop.member_ids("ann")
    held = await asyncio.gather(
        *(shop.hold(Hold(new_id(), ann, 10, now + HOUR, f"cup {n}")) for n in range(200))
    )
    assert Counter(outcome.code for (outcome,) in held) == {None: 1, "INSUFFICIENT_POINTS": 199}
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (0, 10)


async def test_pitfall_4_of_twenty_who_want_all_of_it_one_gets_it(shop: Shop) -> None:
    """Fuint #71: 20 parallel gifts out of 100 points gave 2,000."""
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 10_000, now))
    (ann,) = await shop.member_ids("ann")
    held = await asyncio.gather(
        *(shop.hold(Hold(new_id(), ann, 100, now + HOUR, f"gift {n}")) for n in range(20))
    )
    assert Counter(outcome.code for (outcome,) in held) == {None: 1, "INSUFFICIENT_POINTS": 19}
    won = next(outcome.hold_id for (outcome,) in held if outcome.hold_id)
    ends = await asyncio.gather(
        *(shop.settle(Resolution(new_id(), won, Kind.POST, "redemption")) for _ in range(20))
    )
    assert Counter(outcome.refusal for (outcome,) in ends) == {None: 1, "HOLD_RESOLVED": 19}
    balance = await shop.balance("ann")
    assert (balance.total, balance.held) == (0, 0)


async def test_corrections_and_holds_at_once_take_each_point_once(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 10_000, now))
    (ann,) = await shop.member_ids("ann")

    async def take() -> str | None:
        item = Adjustment(new_id(), ann, -10, "a broken till", "ada", now)

        async def work(session: Session) -> list[AdjustOutcome]:
            books = await queries.books(session, shop.brand.id)
            assert books is not None
            return await adjust(session, now, shop.brand, books, [item])

        (outcome,) = await shop.database.write(work)
        return outcome.code

    async def hold(n: int) -> str | None:
        return (await shop.hold(Hold(new_id(), ann, 10, now + HOUR, f"cup {n}")))[0].code

    codes = await asyncio.gather(*(take() for _ in range(8)), *(hold(n) for n in range(8)))
    assert Counter(codes) == {None: 10, "INSUFFICIENT_POINTS": 6}
    taken, reserved = codes[:8].count(None), codes[8:].count(None)
    balance = await shop.balance("ann")
    assert (balance.total, balance.held) == (0, 10 * reserved)
    assert taken + reserved == 10


async def test_one_correction_sent_twice_at_once_is_made_once(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 1_000, now))
    (ann,) = await shop.member_ids("ann")
    items = [Adjustment(new_id(), ann, points, "again", "ada", now) for points in (7, -3)]

    async def work(session: Session) -> list[AdjustOutcome]:
        books = await queries.books(session, shop.brand.id)
        assert books is not None
        return await adjust(session, now, shop.brand, books, items)

    outcomes = await asyncio.gather(*(shop.database.write(work) for _ in range(10)))
    assert Counter(each.replayed for pair in outcomes for each in pair) == {False: 2, True: 18}
    assert {each.code for pair in outcomes for each in pair} == {None}
    assert (await shop.balance("ann")).total == 14


async def test_points_released_twice_at_once_are_released_once(shop: Shop) -> None:
    waiting = await opened_shop(shop.database, shop.clock, _RELEASED)
    now = shop.clock.now()
    await waiting.buy(*(purchase(f"b{n}", "ann", 1_000, now) for n in range(3)))
    async with shop.database.read() as session:
        journals = [row[0] for row in await session.fetch("SELECT journal_id FROM lot")]

    async def let_go(n: int) -> list[Released]:
        order = journals if n % 2 else journals[::-1]
        found = await shop.database.write(
            lambda session: release(session, shop.clock.now(), waiting.brand, order)
        )
        return list(found.values())

    done = await asyncio.gather(*(let_go(n) for n in range(10)))
    assert Counter(each.replayed for mine in done for each in mine) == {False: 3, True: 27}
    assert (await waiting.balance("ann")).spendable == 30


async def test_a_debt_is_paid_once_by_purchases_at_once(shop: Shop) -> None:
    text = _RELEASED.replace('pending_from = "release"', 'negative_balance = "collect"')
    owing = await opened_shop(shop.database, shop.clock, text)
    now = shop.clock.now()
    await owing.buy(purchase("b0", "ann", 10_000, now))
    (ann,) = await owing.member_ids("ann")
    (held,) = await owing.hold(Hold(new_id(), ann, 100, now + HOUR, "tea"))
    await owing.settle(Resolution(new_id(), held.hold_id or 0, Kind.POST, "redemption"))
    await owing.refund(Refund("r0", "b0", now))
    assert (await owing.balance("ann")).debt == 100
    await asyncio.gather(
        *(owing.buy(purchase(f"b{n}", "ann", 1_300, now)) for n in range(1, 11)),
        *(owing.refund(Refund(f"r{n}", "b0", now)) for n in range(1, 4)),
    )
    balance = await owing.balance("ann")
    assert (balance.debt, balance.spendable) == (0, 30)


async def test_same_hold_at_once_reserves_once_and_answers_the_same(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 1000, now))
    (ann,) = await shop.member_ids("ann")
    wanted = Hold(new_id(), ann, 4, now + HOUR, "tea")
    held = await asyncio.gather(*(shop.hold(wanted) for _ in range(20)))
    assert len({(outcome.hold_id, outcome.code) for (outcome,) in held}) == 1
    assert Counter(outcome.replayed for (outcome,) in held) == {False: 1, True: 19}
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (6, 4)


async def test_same_hold_key_at_once_for_two_members_reserves_for_one(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 1000, now), purchase("b2", "bob", 1000, now))
    members = await shop.member_ids("ann", "bob")
    key = new_id()
    held = await asyncio.gather(
        *(shop.hold(Hold(key, members[n % 2], 4, now + HOUR, "tea")) for n in range(10))
    )
    assert Counter(outcome.code for (outcome,) in held) == {None: 5, "KEY_CONFLICT": 5}
    spendable = [(await shop.balance(name)).spendable for name in ("ann", "bob")]
    assert sorted(spendable) == [6, 10]


async def test_everything_at_once_ends_with_lots_equal_to_the_ledger(shop: Shop) -> None:
    start = shop.clock.now()
    names = ["ann", "bob", "cid"]
    await shop.buy(*(purchase(f"first {name}", name, 5000, start) for name in names))
    members = await shop.member_ids(*names)

    async def till(seed: int) -> None:
        for n in range(6):
            who = names[(seed + n) % 3]
            others = [purchase(f"{seed}-{n}-{name}", name, 700, start) for name in names]
            await shop.buy(*others, purchase(f"{seed}-{n}", who, 300, start))
            if n % 2:
                await shop.refund(Refund(f"r{seed}-{n}", f"{seed}-{n}", start))

    async def guest(seed: int) -> None:
        for n in range(6):
            wanted = [
                Hold(new_id(), member, 3 + seed, start + HOUR, f"{seed} {n}") for member in members
            ]
            outcomes = await shop.hold(*(wanted if n % 2 else wanted[::-1]))
            kinds = [Kind.POST, Kind.VOID, Kind.POST]
            await shop.settle(
                *(
                    Resolution(new_id(), outcome.hold_id, kind, "end", 2 if kind == 2 else None)
                    for outcome, kind in zip(outcomes, kinds, strict=True)
                    if outcome.hold_id is not None
                )
            )

    await asyncio.gather(*(till(seed) for seed in range(4)), *(guest(seed) for seed in range(5)))
    earned = 3 * 50 + 4 * 6 * 3 * 7 + 4 * 3 * 3
    spent = 5 * 6 * 2 * 2
    totals = [await shop.balance(name) for name in names]
    assert sum(balance.total for balance in totals) == earned - spent
    assert sum(balance.held for balance in totals) == 0


async def test_deadline_job_and_last_moment_race_for_a_hold(shop: Shop) -> None:
    now = shop.clock.now()
    await shop.buy(purchase("b1", "ann", 2000, now))
    (ann,) = await shop.member_ids("ann")
    held = await shop.hold(*(Hold(new_id(), ann, 1, now + HOUR, f"{n}") for n in range(20)))
    shop.clock.move(HOUR)

    async def expire() -> int:
        return await shop.database.write(
            lambda session: jobs.expire_holds(session, shop.clock.now())
        )

    expired = asyncio.gather(*(expire() for _ in range(4)))
    voided = asyncio.gather(
        *(shop.settle(Resolution(new_id(), each.hold_id or 0, Kind.VOID, "void")) for each in held)
    )
    given_up = Counter(outcome.refusal for (outcome,) in await voided)
    assert set(given_up) <= {None, "HOLD_RESOLVED"}
    assert sum(await expired) + given_up[None] == 20
    balance = await shop.balance("ann")
    assert (balance.spendable, balance.held) == (20, 0)


async def test_lots_expire_once_by_four_workers_while_holds_come(shop: Shop) -> None:
    coffee = await opened_shop(shop.database, shop.clock, _SHORT)
    now = coffee.clock.now()
    names = [f"m{n}" for n in range(12)]
    await coffee.buy(*(purchase(f"b{name}", name, 1000, now) for name in names))
    members = await coffee.member_ids(*names)
    coffee.clock.move(timedelta(days=2))

    async def expire() -> int:
        return await coffee.database.write(
            lambda session: jobs.expire_lots(session, coffee.clock.now(), 5)
        )

    async def late(n: int) -> None:
        wanted = Hold(new_id(), members[n], 1, coffee.clock.now() + HOUR, "late")
        assert (await coffee.hold(wanted))[0].code == "INSUFFICIENT_POINTS"

    counts = await asyncio.gather(
        *(expire() for _ in range(8)), *(late(n) for n in range(len(members)))
    )
    booked = sum(count for count in counts if count)
    while last := await expire():
        booked += last
    assert booked == 12
    assert [(await coffee.balance(name)).total for name in names] == [0] * 12


_SHORT = """
[brand]
code = "short"
name = "Short"
time_zone = "UTC"
currency = "USD"
[enrolment]
on_first_purchase = true
[points]
code = "points"
name = "Points"
scale = 0
expires = { months = 0 }
[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"
"""

_RELEASED = _SHORT.replace('"short"', '"waiting"').replace(
    "expires = { months = 0 }", 'expires = "never"\npending_from = "release"'
)
