"""A purchase from the till to the member's balance and tier, and its way back."""

from datetime import timedelta

from domain.earning.rules_refund_request import Refund
from domain.ledger.rules import Kind, Resolution
from domain.wallets.service_hold import Hold
from kit.ids import new_id
from tests.support.shop import Shop, purchase


async def test_purchase_earns_a_point_per_whole_dollar(grocer: Shop) -> None:
    now = grocer.clock.now()
    (outcome,) = await grocer.buy(purchase("b1", "ann", 1299, now))
    assert (outcome.status, outcome.points) == ("recorded", 12)
    balance = await grocer.balance("ann")
    assert (balance.spendable, balance.pending, balance.held) == (12, 0, 0)


async def test_same_purchase_again_is_replayed_and_another_content_refused(grocer: Shop) -> None:
    now = grocer.clock.now()
    first = purchase("b1", "ann", 1299, now)
    other = purchase("b1", "ann", 9999, now)
    await grocer.buy(first)
    again = await grocer.buy(first, other, purchase("b2", "ann", 100, now))
    assert [(o.status, o.points, o.code) for o in again] == [
        ("replayed", 12, None),
        ("refused", 0, "PURCHASE_CONFLICT"),
        ("recorded", 1, None),
    ]
    assert (await grocer.balance("ann")).spendable == 13


async def test_refund_in_parts_takes_back_exactly_what_was_awarded(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 1299, now))
    (part,) = await grocer.refund(Refund("r1", "b1", now, amount=300))
    assert (part.points_due, part.points_reversed) == (3, 3)
    (rest,) = await grocer.refund(Refund("r2", "b1", now))
    assert (rest.amount, rest.points_reversed) == (999, 9)
    (again,) = await grocer.refund(Refund("r2", "b1", now))
    assert (again.status, again.points_reversed) == ("replayed", 9)
    (more,) = await grocer.refund(Refund("r3", "b1", now, amount=1))
    assert more.code == "REFUND_EXCEEDS_PURCHASE"
    assert (await grocer.balance("ann")).total == 0


async def test_refund_of_spent_points_stops_at_zero_and_says_so(grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("b1", "ann", 1000, now))
    (ann,) = await grocer.member_ids("ann")
    (held,) = await grocer.hold(Hold(new_id(), ann, 7, now + timedelta(hours=1), "tea"))
    assert held.hold_id is not None
    await grocer.settle(Resolution(new_id(), held.hold_id, Kind.POST, "redemption"))
    (back,) = await grocer.refund(Refund("r1", "b1", now))
    assert (back.points_due, back.points_reversed) == (10, 3)
    assert (await grocer.balance("ann")).total == 0
