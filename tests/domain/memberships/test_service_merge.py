"""Two members become one: points, counts and names are those of one person from then on."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.earning.queries_history import histories
from domain.earning.rules_refund_request import Refund
from domain.wallets.service_hold import Hold
from kit.ids import new_id
from tests.support.merging import codes, merged, merging
from tests.support.shop import Shop, purchase

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUNDAY = MONDAY - timedelta(days=1)


async def test_points_and_purchases_of_both_cards_are_one_persons(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "old", 30_00, SUNDAY), purchase("2", "new", 20_00, MONDAY))
    assert codes(await merged(grocer, merging("new", "old"))) == [None]
    assert (await grocer.balance("new")).total == 50
    (late,) = await grocer.buy(purchase("3", "old", 5_00, MONDAY))
    kept, by_old_name = await grocer.member_ids("new", "old")
    assert late.member_id == kept == by_old_name
    assert (await grocer.balance("old")).total == 55
    async with grocer.database.read() as session:
        found = await histories(session, grocer.brand.id, [kept])
    assert [each.external_id for each in found[kept]] == ["1", "2", "3"]


async def test_an_old_purchase_is_refunded_from_the_one_who_is_left(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "old", 30_00, MONDAY), purchase("2", "new", 20_00, MONDAY))
    await merged(grocer, merging("new", "old"))
    (done,) = await grocer.refund(Refund("r", "1", MONDAY, 30_00))
    (kept,) = await grocer.member_ids("new")
    assert (done.member_id, done.points_reversed) == (kept, 30)
    assert (await grocer.balance("new")).total == 20


async def test_the_same_merge_again_is_replayed_and_another_refused(grocer: Shop) -> None:
    await grocer.buy(*(purchase(each, each, 10_00, MONDAY) for each in "abc"))
    first = await merged(grocer, merging("a", "b", "k"))
    again = await merged(grocer, merging("a", "b", "k"), merging("a", "c", "k"))
    assert (first[0].replayed, again[0].replayed) == (False, True)
    assert again[0].kept_id == first[0].kept_id
    assert codes(again) == [None, "KEY_CONFLICT"]


@pytest.mark.parametrize("at_once", [True, False])
async def test_chains_end_at_one_member_and_circles_are_none(
    grocer: Shop,
    at_once: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    await grocer.buy(*(purchase(each, each, 10_00, MONDAY) for each in "abc"))
    items = [merging("b", "a"), merging("c", "b"), merging("a", "c"), merging("a", "b", "again")]
    if at_once:
        outcomes = await merged(grocer, *items)
    else:
        outcomes = [(await merged(grocer, each))[0] for each in items]
    assert codes(outcomes) == [None, None, "ALREADY_MERGED", "ALREADY_MERGED"]
    assert len(set(await grocer.member_ids("a", "b", "c"))) == 1
    assert (await grocer.balance("a")).total == 30


async def test_who_has_points_reserved_is_not_absorbed_and_nobody_unknown(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "a", 30_00, MONDAY), purchase("2", "b", 30_00, MONDAY))
    (member,) = await grocer.member_ids("a")
    deadline = MONDAY + timedelta(hours=1)
    await grocer.hold(Hold(new_id(), member, 10, deadline, "r"))
    outcomes = await merged(
        grocer, merging("b", "a"), merging("nobody", "a"), merging("a", "b", "other way")
    )
    assert codes(outcomes) == ["HAS_OPEN_HOLDS", "UNKNOWN_MEMBER", None]
    balance = await grocer.balance("b")
    assert (balance.spendable, balance.held) == (50, 10)


async def test_a_hold_past_its_deadline_is_in_nobodys_way(grocer: Shop) -> None:
    await grocer.buy(purchase("1", "a", 30_00, MONDAY), purchase("2", "b", 30_00, MONDAY))
    (member,) = await grocer.member_ids("a")
    await grocer.hold(Hold(new_id(), member, 10, MONDAY + timedelta(hours=1), "r"))
    grocer.clock.move(timedelta(hours=1))
    assert codes(await merged(grocer, merging("b", "a"))) == [None]
    assert (await grocer.balance("b")).spendable == 60
