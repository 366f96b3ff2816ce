"""Vouchers from their issue to the till: wholly, in parts, once, and back unused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.vouchers import queries, service
from domain.vouchers.rules_code import checks, normalised
from kit.ids import derived_id, new_id
from tests.support.shop import ROOT, opened_shop
from tests.support.vouchers import Desk, codes_of, use

TICK = timedelta(microseconds=1)


async def test_a_voucher_is_used_once(desk: Desk) -> None:
    voucher = await desk.issued()
    assert (voucher.state, voucher.issued_at, voucher.left) == ("issued", desk.now, None)
    assert checks(normalised(voucher.code))
    (done,) = await desk.burn(use("a", voucher.code))
    assert done == service.BurnOutcome(
        derived_id("voucher use", str(desk.shop.brand.id), "a"), voucher.id, desk.member_id
    )
    (again,) = await desk.burn(use("b", voucher.code))
    assert (again.use_id, again.code) == (None, "VOUCHER_USED")
    assert (again.voucher_id, again.member_id) == (voucher.id, desk.member_id)
    after = await desk.voucher(voucher.id)
    assert (after.state, after.used_at, after.used) == ("used", desk.now, 0)


async def test_the_instant_of_its_end_is_too_late(desk: Desk) -> None:
    end = desk.now + timedelta(days=1)
    last, late = await desk.issued(expires_at=end), await desk.issued(expires_at=end)
    desk.shop.clock.set(end - TICK)
    assert codes_of(await desk.burn(use("a", last.code))) == [None]
    desk.shop.clock.set(end)
    assert (await desk.voucher(late.id)).state == "expired"
    assert codes_of(await desk.burn(use("b", late.code))) == ["VOUCHER_EXPIRED"]


async def test_a_gift_card_is_used_in_parts(desk: Desk) -> None:
    card = await desk.issued(value=1000)
    outcomes = await desk.burn(
        use("a", card.code, 400),
        use("b", card.code, 700),
        use("c", card.code, 100),
        use("d", card.code),
        use("e", card.code, 1),
    )
    assert [(each.amount, each.left, each.code) for each in outcomes] == [
        (400, 600, None),
        (None, 600, "EXCEEDS_VALUE"),
        (100, 500, None),
        (500, 0, None),
        (None, 0, "VOUCHER_USED"),
    ]
    async with desk.database.read() as session:
        found = await queries.uses(session, desk.shop.brand.id, [card.id])
        facts = await session.fetch("SELECT subject, payload FROM fact WHERE kind = 'VoucherUsed'")
    assert [(each.amount, each.left, each.store) for each in found[card.id]] == [
        (400, 600, "till 1"),
        (100, 500, "till 1"),
        (500, 0, "till 1"),
    ]
    assert [(row["subject"], row["payload"]) for row in facts] == [
        (
            str(desk.member_id),
            {"voucher": str(card.id), "reward": "coffee", "amount": amount, "store": "till 1"},
        )
        for amount in (400, 100, 500)
    ]


async def test_a_use_is_known_by_its_key(desk: Desk) -> None:
    card = await desk.issued(value=1000)
    typed = card.code.replace("-", "").lower()
    first, twin = await desk.burn(use("a", card.code, 400), use("a", typed, 400))
    assert (first.replayed, twin.replayed, twin.use_id) == (False, True, first.use_id)
    await desk.burn(use("b", card.code))
    (again,) = await desk.burn(use("a", typed, 400))
    assert (again.amount, again.left, again.replayed, again.code) == (400, 600, True, None)
    other = await desk.issued(value=1000)
    outcomes = await desk.burn(
        use("a", card.code, 401),
        use("a", card.code),
        use("a", card.code, 400, store="till 2"),
        use("a", other.code, 400),
        use("a", "nonsense", 400),
    )
    assert codes_of(outcomes) == ["KEY_CONFLICT"] * 5
    assert (await desk.voucher(other.id)).used == 0


async def test_a_refusal_leaves_its_key_and_its_neighbours_alone(desk: Desk) -> None:
    card = await desk.issued(value=1000)
    outcomes = await desk.burn(
        use("a", card.code, 2000),
        use("b", "NO-SUCH-CODE"),
        use("c", "\ud800\x00"),
        use("d", card.code, 300, store="till\x00"),
        use("a", card.code, 300),
    )
    assert codes_of(outcomes) == [
        "EXCEEDS_VALUE",
        "VOUCHER_NOT_FOUND",
        "VOUCHER_NOT_FOUND",
        "INVALID_INPUT",
        None,
    ]
    assert (await desk.voucher(card.id)).used == 300


async def test_a_code_made_here_is_found_however_it_is_typed(desk: Desk) -> None:
    voucher = await desk.issued()
    typed = voucher.code.replace("-", " ").lower().replace("0", "o").replace("1", "l")
    async with desk.database.read() as session:
        found = await queries.by_codes(session, desk.now, desk.shop.brand.id, [typed, "x"])
    assert found == {typed: voucher}
    assert codes_of(await desk.burn(use("a", f" {typed}\n"))) == [None]


async def test_a_code_of_a_pool_counts_as_it_is(desk: Desk) -> None:
    await desk.add("spring", "Abc-1", "ABC-1")
    one, two = await desk.issued(pool="spring"), await desk.issued(pool="spring")
    assert (one.code, two.code) == ("Abc-1", "ABC-1")
    outcomes = await desk.burn(
        use("a", "abc-1"), use("b", "Abc1"), use("c", " Abc-1 "), use("d", "Abc-1")
    )
    assert codes_of(outcomes) == ["VOUCHER_NOT_FOUND", "VOUCHER_NOT_FOUND", None, "VOUCHER_USED"]
    assert (await desk.voucher(two.id)).state == "issued"


async def test_another_brand_knows_nothing_of_a_voucher(desk: Desk) -> None:
    voucher = await desk.issued()
    text = (ROOT / "programmes" / "grocer.toml").read_text().replace('"grocer"', '"rival"', 1)
    rival = Desk(await opened_shop(desk.database, desk.shop.clock, text), desk.member_id)
    assert rival.shop.brand.id != desk.shop.brand.id
    assert codes_of(await rival.burn(use("a", voucher.code))) == ["VOUCHER_NOT_FOUND"]
    assert await rival.give_back(voucher.redemption_id) == {voucher.redemption_id: None}
    async with desk.database.read() as session:
        brand_id = rival.shop.brand.id
        assert await queries.vouchers(session, desk.now, brand_id, [voucher.id]) == {}
        assert await queries.by_codes(session, desk.now, brand_id, [voucher.code]) == {}
    assert (await desk.voucher(voucher.id)).state == "issued"


async def test_a_pool_gives_its_codes_in_order_and_then_no_more(desk: Desk) -> None:
    await desk.add("spring", "c", "a")
    items = [desk.new(pool="spring"), desk.new(), desk.new(pool="none"), desk.new(pool="spring")]
    issued = await desk.issue(*items, desk.new(pool="spring"))
    assert list(issued) == [items[0].id, items[1].id, items[3].id]
    assert (issued[items[0].id], issued[items[3].id]) == ("c", "a")
    assert await desk.issue(desk.new(pool="spring")) == {}
    assert await desk.pools() == {"spring": (2, 0)}


async def test_codes_that_are_taken_and_not_issued_are_free_again(desk: Desk) -> None:
    await desk.add("spring", "a", "b")
    brand = desk.shop.brand
    async with desk.database.transaction() as one, desk.database.transaction() as other:
        taken = await service.take_codes(one, brand, {"spring": 1, "none": 1})
        assert [code.code for code in taken["spring"]] == ["a"]
        assert taken["none"] == []
        left = await service.take_codes(other, brand, {"spring": 2})
        assert [code.code for code in left["spring"]] == ["b"]
        issued = await service.issue(one, desk.now, brand, [desk.new(pool="spring")])
        assert list(issued.values()) == ["a"]
        assert await service.take_codes(other, brand, {}) == {}
    assert await desk.pools() == {"spring": (2, 1)}


async def test_vouchers_of_a_redemption_come_back_all_or_none(desk: Desk) -> None:
    good, used, part, late, none = (new_id() for _ in range(5))
    end = desk.now + timedelta(days=1)
    await desk.issue(*(desk.new(redemption_id=good, value=5) for _ in range(2)))
    spoilt = [
        desk.new(redemption_id=redemption_id, value=5, expires_at=expires_at)
        for redemption_id, expires_at in ((used, None), (part, None), (late, end))
    ]
    fine = [desk.new(redemption_id=item.redemption_id) for item in spoilt]
    codes = await desk.issue(*spoilt, *fine)
    await desk.burn(use("a", codes[spoilt[0].id]), use("b", codes[spoilt[1].id], 1))
    desk.shop.clock.set(end)
    expected: dict[UUID, str | None] = {
        good: None,
        used: "VOUCHER_USED",
        part: "VOUCHER_USED",
        late: "VOUCHER_EXPIRED",
        none: None,
    }
    assert await desk.give_back(*expected) == expected
    async with desk.database.read() as session:
        found = await queries.of_redemptions(session, desk.now, desk.shop.brand.id, list(expected))
    states = {key: sorted(each.state for each in some) for key, some in found.items()}
    assert states == {
        good: ["returned", "returned"],
        used: ["issued", "used"],
        part: ["issued", "issued"],
        late: ["expired", "issued"],
        none: [],
    }
    code = found[good][0].code
    assert codes_of(await desk.burn(use("c", code))) == ["VOUCHER_RETURNED"]
    desk.shop.clock.set(end + timedelta(days=1))
    assert await desk.give_back(good) == {good: None}
    assert (await desk.voucher(found[good][0].id)).returned_at == end


@pytest.mark.parametrize("count", [2, 60])
async def test_statements_do_not_grow_with_the_batch(desk: Desk, count: int) -> None:
    await desk.add("spring", *(f"code {number}" for number in range(count)))
    items = [desk.new(pool="spring" if number % 2 else None) for number in range(count)]
    kept = [desk.new() for _ in range(count)]
    await desk.issue(*kept)
    seen: list[str] = []
    counts = []

    def note(record: Any) -> None:
        if "typeinfo" not in record.query and "'jit'" not in record.query:
            seen.append(record.query)

    async def count_now() -> None:
        await asyncio.sleep(0)  # the driver tells of a statement a moment after its end
        counts.append(len(seen))

    now, brand = desk.now, desk.shop.brand
    async with desk.database.transaction() as session:
        session.driver.add_query_logger(note)
        codes = await service.issue(session, now, brand, items)
        await count_now()
        uses = [use(str(place), code) for place, code in enumerate(codes.values())]
        assert codes_of(await service.burn(session, now, brand, uses)) == [None] * count
        await count_now()
        back = await service.give_back(session, now, brand, [item.redemption_id for item in kept])
        assert list(back.values()) == [None] * count
        await count_now()
        session.driver.remove_query_logger(note)
    assert counts == [3, 3 + 5, 3 + 5 + 2]


async def test_a_search_by_code_goes_by_the_index(desk: Desk) -> None:
    async with desk.database.read() as session:
        await session.fetch("SET LOCAL enable_seqscan = off")
        plan = await session.fetch(
            "EXPLAIN SELECT id FROM voucher WHERE brand_id = $1 AND code = ANY ($2)", 1, ["a", "b"]
        )
    text = "\n".join(row[0] for row in plan)
    assert "voucher_brand_id_code_key" in text
    assert "Filter" not in text
