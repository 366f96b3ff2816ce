"""Many want the last of something at once: who can have it gets it, and nobody else anything."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.households.rules_request import Answer, Invitation, NewHousehold
from domain.households.service import change
from domain.rewards.service_cancel import Cancel, Return
from domain.rewards.service_fulfil import Approve, Fulfil
from domain.rewards.service_redeem import Redeem
from kit.clock import MovableClock
from kit.db import Database
from tests.support.coherence import assert_coherent
from tests.support.rewards import (
    add_codes,
    approved,
    burn,
    cancelled,
    fulfilled,
    id_of,
    left,
    programme,
    redeemed,
    redemption,
    returned,
    reward,
    run,
    vouchers_of,
    wish,
)
from tests.support.shop import Shop, opened_shop, purchase

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = 200


async def crowd(database: Database, clock: MovableClock, *tables: str) -> tuple[Shop, list[str]]:
    """Return a shop with many members who have a hundred points each."""
    shop = await opened_shop(database, clock, programme(*tables))
    names = [f"m{n}" for n in range(MANY)]
    await shop.buy(*(purchase(f"p-{name}", name, 100_00, NOON) for name in names))
    return shop, names


async def rows(shop: Shop) -> dict[str, Any]:
    """Return all that redemptions can change, in numbers."""
    async with shop.database.read() as session:
        (counted,) = await session.fetch(
            "SELECT (SELECT sum(remaining) FROM lot) AS points,"
            " (SELECT sum(held) FROM lot) AS held,"
            " (SELECT count(*) FROM transfer) AS transfers,"
            " (SELECT count(*) FROM redemption) AS redemptions,"
            " (SELECT count(*) FROM redemption_part) AS parts,"
            " (SELECT count(*) FROM voucher) AS vouchers,"
            " (SELECT count(*) FROM pool_code WHERE voucher_id IS NOT NULL) AS codes,"
            " (SELECT coalesce(sum(taken), 0) FROM reward_stock) AS taken,"
            " (SELECT count(*) FROM fact) AS facts, (SELECT sum(count) FROM tally) AS tallies"
        )
    return dict(counted)


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    return {name: int(after[name] - before[name]) for name in before if after[name] != before[name]}


ONE = {
    "points": -100,
    "transfers": 2,
    "redemptions": 1,
    "parts": 1,
    "vouchers": 1,
    "facts": 2,
    "tallies": 1,
}


async def all_at_once(shop: Shop, items: Sequence[Redeem]) -> Counter[str | None]:
    outcomes = await asyncio.gather(*(redeemed(shop, item) for item in items))
    return Counter(outcome.code for (outcome,) in outcomes)


async def test_200_for_the_last_unit(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(database, clock, reward("mug", "100", stock="1"))
    before = await rows(shop)
    found_ = await all_at_once(shop, [wish(name, name, "mug") for name in names])
    assert found_ == {None: 1, "OUT_OF_STOCK": MANY - 1}
    assert changed(before, await rows(shop)) == {**ONE, "taken": 1}
    assert await left(shop, "mug") == 0
    await assert_coherent(database)


async def test_200_for_the_last_code_of_a_pool(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(database, clock, reward("mug", "100", codes='"mugs"'))
    await add_codes(shop, "mugs", "LAST")
    before = await rows(shop)
    found_ = await all_at_once(shop, [wish(name, name, "mug") for name in names])
    assert found_ == {None: 1, "OUT_OF_STOCK": MANY - 1}
    assert changed(before, await rows(shop)) == {**ONE, "codes": 1}
    await assert_coherent(database)


async def test_200_for_one_balance(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(database, clock, reward("mug", "100"), reward("tea", "100"))
    before = await rows(shop)
    wishes = [wish(f"{n}", names[0], "mug" if n % 2 else "tea") for n in range(MANY)]
    assert await all_at_once(shop, wishes) == {None: 1, "INSUFFICIENT_POINTS": MANY - 1}
    assert changed(before, await rows(shop)) == ONE
    await assert_coherent(database)


async def test_200_with_one_key_are_one(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(database, clock, reward("mug", "10"))
    before = await rows(shop)
    outcomes = await asyncio.gather(
        *(redeemed(shop, wish("k", names[0], "mug")) for _ in range(MANY))
    )
    assert Counter(outcome.replayed for (outcome,) in outcomes) == {False: 1, True: MANY - 1}
    assert len({outcome.redemption_id for (outcome,) in outcomes}) == 1
    assert changed(before, await rows(shop)) == {**ONE, "points": -10}
    await assert_coherent(database)


async def test_one_key_for_two_members_is_one(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(database, clock, reward("mug", "100"))
    before = await rows(shop)
    found_ = await all_at_once(shop, [wish("k", name, "mug") for name in names[:40]])
    assert found_ == {None: 1, "KEY_CONFLICT": 39}
    assert changed(before, await rows(shop)) == ONE
    await assert_coherent(database)


async def test_a_limit_holds_for_all_who_ask_at_once(
    database: Database, clock: MovableClock
) -> None:
    shop, names = await crowd(
        database, clock, reward("tea", "0"), '[[rewards.limit]]\nname = "three"\ntimes = 3'
    )
    found_ = await all_at_once(shop, [wish(str(n), names[0], "tea") for n in range(50)])
    assert found_ == {None: 3, "LIMIT_REACHED": 47}
    await assert_coherent(database)


async def test_many_wants_of_many_rewards_never_wait_for_each_other_in_a_circle(
    database: Database, clock: MovableClock
) -> None:
    codes = ["a", "b", "c", "d"]
    shop, names = await crowd(database, clock, *(reward(code, "1", stock="30") for code in codes))

    async def many(n: int) -> list[str | None]:
        turned = codes[n % 4 :] + codes[: n % 4]
        who = [names[(n * 7 + k) % 10] for k in range(4)]
        items = [wish(f"{n}-{k}", who[k], code) for k, code in enumerate(turned)]
        return [each.code for each in await redeemed(shop, *items)]

    outcomes = await asyncio.gather(*(many(n) for n in range(60)))
    assert Counter(code for each in outcomes for code in each) == {None: 120, "OUT_OF_STOCK": 120}
    await assert_coherent(database)


async def test_one_redemption_is_done_in_one_way(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(
        database,
        clock,
        reward("trip", "100", stock="1", fulfil='"by_staff"', return_days="3"),
    )
    (asked,) = await redeemed(shop, wish("1", names[0], "trip"))
    id_ = id_of(asked)
    ends = await asyncio.gather(
        *(fulfilled(shop, Fulfil(f"f{n}", id_, "eve")) for n in range(20)),
        *(cancelled(shop, Cancel(f"c{n}", id_, "ann", "")) for n in range(20)),
    )
    assert Counter(each.code for (each,) in ends) == {None: 1, "NOT_HELD": 39}
    state = (await redemption(shop, id_)).state
    points = (await shop.balance(names[0])).spendable
    assert (state, points) in {("fulfilled", 0), ("cancelled", 100)}
    await assert_coherent(database)


async def test_one_approval_and_one_return(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(
        database, clock, '[rewards]\napproval_over = "99"', reward("tea", "100", return_days="3")
    )
    (asked,) = await redeemed(shop, wish("1", names[0], "tea"))
    id_ = id_of(asked)
    passes = await asyncio.gather(
        *(approved(shop, Approve(f"a{n}", id_, f"eve{n}")) for n in range(20))
    )
    assert Counter(each.code for (each,) in passes) == {None: 1, "NOT_WAITING": 19}
    backs = await asyncio.gather(
        *(returned(shop, Return(f"r{n}", id_, "eve", "cold")) for n in range(20))
    )
    assert Counter(each.code for (each,) in backs) == {None: 1, "NOT_FULFILLED": 19}
    assert (await shop.balance(names[0])).spendable == 100
    await assert_coherent(database)


async def test_two_tills_and_a_return_for_one_voucher(
    database: Database, clock: MovableClock
) -> None:
    shop, names = await crowd(database, clock, reward("tea", "100", return_days="3"))
    for n, name in enumerate(names[:10]):
        (asked,) = await redeemed(shop, wish(f"{n}", name, "tea"))
        (voucher,) = await vouchers_of(shop, id_of(asked))
        one, other, (back,) = await asyncio.gather(
            burn(shop, f"one{n}", voucher.code),
            burn(shop, f"other{n}", voucher.code),
            returned(shop, Return(f"r{n}", id_of(asked), name, "cold")),
        )
        done = [each for each in (one.code, other.code, back.code) if each is None]
        assert len(done) == 1, (one, other, back)
        points = (await shop.balance(name)).spendable
        assert points == (100 if back.code is None else 0)
    await assert_coherent(database)


async def test_a_household_spends_each_point_once(database: Database, clock: MovableClock) -> None:
    shop, names = await crowd(
        database, clock, "[households]\nmembers = 5", reward("tea", "30"), reward("trip", "100")
    )
    people = names[:5]
    await run(shop, change, [NewHousehold("h", people[0], "ours")])
    for name in people[1:]:
        (asked,) = await run(shop, change, [Invitation(f"i{name}", people[0], name, "adult")])
        assert asked.invitation_id is not None
        await run(shop, change, [Answer(f"a{name}", name, asked.invitation_id, accept=True)])
    together = [wish(f"{n}", people[n % 5], "tea", from_household=n % 3 > 0) for n in range(60)]
    found_ = await all_at_once(shop, together)
    spent = sum([100 - (await shop.balance(name)).spendable for name in people])
    assert found_[None] * 30 == spent
    assert found_.keys() == {None, "INSUFFICIENT_POINTS"}
    assert 500 - spent < 30
    await assert_coherent(database)


async def test_who_enters_a_household_meanwhile_pays_or_does_not(
    database: Database, clock: MovableClock
) -> None:
    shop, names = await crowd(database, clock, "[households]\nmembers = 9", reward("tea", "20"))
    people = names[:6]
    await run(shop, change, [NewHousehold("h", people[0], "ours")])
    ids = []
    for name in people[1:]:
        (asked,) = await run(shop, change, [Invitation(f"i{name}", people[0], name, "adult")])
        assert asked.invitation_id is not None
        ids.append(asked.invitation_id)
    entered, found_ = await asyncio.gather(
        asyncio.gather(
            *(
                run(shop, change, [Answer(f"a{name}", name, id_, accept=True)])
                for name, id_ in zip(people[1:], ids, strict=True)
            )
        ),
        all_at_once(shop, [wish(str(n), people[0], "tea", from_household=True) for n in range(40)]),
    )
    assert {each.code for (each,) in entered} == {None}
    assert found_.keys() <= {None, "INSUFFICIENT_POINTS"}
    spent = sum([100 - (await shop.balance(name)).spendable for name in people])
    assert spent == 20 * found_[None] >= 100
    await assert_coherent(database)


async def test_the_last_unit_is_overdue_and_is_given_once(
    database: Database, clock: MovableClock
) -> None:
    shop, names = await crowd(
        database,
        clock,
        reward("trip", "10", stock="1", fulfil='"by_staff"', fulfil_days="1"),
    )
    (late,) = await redeemed(shop, wish("late", names[0], "trip"))
    clock.move(DAY)
    behind = Shop(shop.database, MovableClock(NOON + DAY - timedelta(seconds=1)), shop.brand)
    (done,), others = await asyncio.gather(
        fulfilled(behind, Fulfil("f", id_of(late), "eve")),
        asyncio.gather(*(redeemed(shop, wish(name, name, "trip")) for name in names[1:60])),
    )
    got = Counter(each.code for (each,) in others)
    if done.code is None:
        assert got == {"OUT_OF_STOCK": 59}
    else:
        assert done.code == "DEADLINE_PASSED"
        assert got == {None: 1, "OUT_OF_STOCK": 58}
    assert await left(shop, "trip") == 0
    await assert_coherent(database)
