"""A member's points in memory: what holds, refunds, debts and returns do to them."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.ledger.rules import Kind
from domain.simulation.rules_pocket import Parcel, Pocket, Way
from domain.wallets.section import NegativeLimit
from tests.support.replays import day


@dataclass
class Booked:
    """A pocket and what it booked, by way and day of the year."""

    found: list[tuple[Way, str, int]] = field(default_factory=list)

    def book(self, way: Way, at: datetime, amount: int) -> None:
        self.found.append((way, f"{at:%m-%d}", amount))


def pocket(*parcels: tuple[int, str | None]) -> tuple[Pocket, Booked]:
    """Return a pocket with so many points each, that end on a day."""
    booked = Booked()
    made = Pocket(booked.book, 0)
    made.parcels = [
        Parcel(
            made.next_source(),
            points,
            day("01-01"),
            day("01-01"),
            None if end is None else day(end),
        )
        for points, end in parcels
    ]
    return made, booked


def left(made: Pocket) -> list[tuple[int, int]]:
    """Return which parcels have how much left."""
    return [(each.source, each.remaining) for each in made.parcels]


def test_what_a_hold_reserves_is_owed_and_collected_when_it_is_let_go() -> None:
    made, booked = pocket((100, None))
    assert made.reserve(day("02-01"), 1, 100, day("12-01"))
    made.take_back(day("02-02"), day("02-02"), 100, 1, "refuse")
    assert (made.owed, made.debt, made.claims) == (100, 0, [])
    made.end(day("02-03"), 1, Kind.VOID, 0)
    assert (made.owed, left(made), booked.found) == (0, [], [("reversed", "02-03", 100)])


def test_what_was_spent_is_forgiven_until_it_comes_back() -> None:
    made, booked = pocket((100, None))
    made.reserve(day("02-01"), 1, 100, day("12-01"))
    made.take_back(day("02-02"), day("02-02"), 100, 1, "refuse")
    made.end(day("02-03"), 1, Kind.POST, 60)
    # 40 came back and were taken; 60 were spent.
    assert (made.owed, [each.points for each in made.claims]) == (0, [60])
    made.attach(made.spendings[1])
    made.give_back(day("03-01"), made.spendings[1], 60)
    assert (left(made), made.claims) == ([], [])
    assert booked.found == [
        ("spent", "02-03", 60),
        ("reversed", "02-03", 40),
        ("spent", "03-01", -60),
        ("reversed", "03-01", 60),
    ]


def test_what_is_owed_stays_so_while_other_holds_reserve_it() -> None:
    made, _ = pocket((100, None))
    made.reserve(day("02-01"), 1, 60, day("12-01"))
    made.reserve(day("02-01"), 2, 40, day("12-01"))
    made.take_back(day("02-02"), day("02-02"), 100, 1, "refuse")
    made.end(day("02-03"), 1, Kind.POST, 60)
    assert (made.owed, [each.points for each in made.claims]) == (40, [60])
    made.end_late(day("12-02"))
    assert (made.owed, left(made), made.holds) == (0, [], {})


def test_what_has_ended_is_forgone_and_taken_if_it_lives_on() -> None:
    made, booked = pocket((100, "03-01"), (30, None))
    parcel = made.parcels[0]
    made.take_back(day("04-01"), day("04-01"), 100, 1, "refuse")
    assert (parcel.forgone, left(made), made.at_odds) == (100, [(1, 100), (2, 30)], True)
    parcel.expires_at = day("06-01")
    made.reclaim(day("04-02"), [parcel])
    assert (parcel.remaining, parcel.forgone) == (0, 0)
    assert booked.found == [("reversed", "04-02", 100)]


def test_what_a_hold_reserved_of_it_is_owed_then() -> None:
    made, _ = pocket((100, "03-01"))
    made.reserve(day("02-01"), 1, 70, day("12-01"))
    parcel = made.parcels[0]
    made.take_back(day("04-01"), day("04-01"), 100, 1, "refuse")
    parcel.expires_at = day("06-01")
    made.reclaim(day("04-02"), [parcel])
    assert (made.owed, left(made)) == (70, [(1, 0)])


def test_what_ended_under_a_hold_was_not_lost_if_it_is_spent() -> None:
    made, booked = pocket((100, "03-01"), (30, None))
    made.reserve(day("02-01"), 1, 100, day("12-01"))
    made.take_back(day("04-01"), day("04-01"), 100, 1, "refuse")
    made.end(day("05-01"), 1, Kind.POST, 100)
    # 30 of another accrual are there for it, 70 are forgiven.
    assert booked.found == [("spent", "05-01", 100), ("reversed", "05-01", 30)]
    assert (left(made), [each.points for each in made.claims]) == ([], [70])
    kept, quiet = pocket((100, "03-01"))
    kept.reserve(day("02-01"), 1, 60, day("12-01"))
    kept.take_back(day("04-01"), day("04-01"), 40, 1, "refuse")
    kept.end(day("05-01"), 1, Kind.POST, 60)
    # 40 of it are lost and forgone, the 60 that were spent are others.
    assert (left(kept), quiet.found) == ([(1, 40)], [("spent", "05-01", 60)])
    alone, nothing = pocket((100, "03-01"))
    alone.reserve(day("02-01"), 1, 100, day("12-01"))
    alone.take_back(day("04-01"), day("04-01"), 100, 1, "refuse")
    alone.end(day("05-01"), 1, Kind.POST, 100)
    assert nothing.found == [("spent", "05-01", 100)]


def test_what_comes_back_after_its_end_is_gone_at_once() -> None:
    made, booked = pocket((100, "03-01"))
    made.reserve(day("02-01"), 1, 100, day("12-01"))
    made.end(day("02-01"), 1, Kind.POST, 100)
    spending = made.spendings[1]
    made.attach(spending)
    made.give_back(day("04-01"), spending, 30)
    made.attach(spending)
    made.give_back(day("04-02"), spending, 70)
    assert booked.found[1:] == [
        ("spent", "04-01", -30),
        ("expired", "04-01", 30),
        ("spent", "04-02", -70),
        ("expired", "04-02", 70),
    ]
    assert (spending.points, spending.uses, made.parcels) == (0, [], [])


def test_what_comes_back_pays_debts_those_before_its_end_also_after_it() -> None:
    for end, paid in ((None, 40), ("03-01", 40), ("02-02", 0)):
        made, booked = pocket((100, end))
        made.reserve(day("02-01"), 1, 100, day("12-01"))
        made.end(day("02-01"), 1, Kind.POST, 100)
        made.take_back(day("02-10"), day("02-10"), 40, 9, "collect")
        assert (made.debt, made.at_odds) == (40, True)
        made.attach(made.spendings[1])
        made.give_back(day("04-01"), made.spendings[1], 100)
        assert sum(points for way, _, points in booked.found if way == "reversed") == paid
        assert made.debt == 40 - paid


def test_several_points_that_come_back_are_as_they_were() -> None:
    made, booked = pocket((10, "05-01"), (20, "06-01"), (30, "07-01"))
    made.reserve(day("02-01"), 1, 45, day("12-01"))
    made.end(day("02-01"), 1, Kind.POST, 45)
    assert left(made) == [(3, 15)]
    assert [lot.id for lot in made.alive(day("02-01"))] == [3]
    made.attach(made.spendings[1])
    made.give_back(day("02-02"), made.spendings[1], 20)
    assert left(made) == [(2, 5), (3, 30)]
    assert booked.found == [("spent", "02-01", 45), ("spent", "02-02", -20)]


def test_debts_are_paid_in_turn_and_by_nothing_that_has_ended() -> None:
    made, booked = pocket((10, "02-01"), (20, None), (30, None))
    made.debt = 35
    made.pay(day("03-01"), made.parcels)
    assert (made.debt, booked.found) == (0, [("reversed", "03-01", 20), ("reversed", "03-01", 15)])
    made.pay(day("03-01"), made.parcels)
    assert len(booked.found) == 2


def test_only_so_much_may_be_owed_below_zero() -> None:
    made, _ = pocket()
    limit = NegativeLimit.model_validate({"limit": "25"})
    made.take_back(day("02-01"), day("02-01"), 40, 9, limit)
    assert (made.debt, [each.points for each in made.claims]) == (25, [15])


def test_a_gift_that_comes_back_pays_what_a_refund_forgave_its_giver() -> None:
    made, booked = pocket((50, None))
    assert made.hand_over(day("02-01"), 60) is None
    handed = made.hand_over(day("02-01"), 50)
    assert handed is not None
    assert [amount for _, amount in handed] == [50]
    made.take_back(day("02-02"), day("02-02"), 50, 1, "refuse")
    back = Parcel(made.next_source(), 50, day("01-01"), day("03-01"), None)
    made.receive(day("03-01"), [back])
    assert (back.remaining, made.claims) == (0, [])
    assert booked.found == [("reversed", "03-01", 50)]


def test_nothing_ends_or_is_taken_that_is_not_there() -> None:
    made, booked = pocket((10, None))
    assert not made.end(day("02-01"), 7, Kind.POST, 5)
    assert not made.reserve(day("02-01"), 1, 11, day("12-01"))
    assert not made.take(day("02-01"), 11)
    assert made.take(day("02-01"), 4)
    assert (left(made), booked.found) == ([(1, 6)], [("reversed", "02-01", 4)])
