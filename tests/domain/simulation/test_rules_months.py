"""Months of a brand's clock, sums that add up, and who fares how."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.simulation.rules_months import (
    Comparison,
    Failures,
    Ledger,
    Mine,
    Sums,
    calendar,
    last_instant,
    narrowed,
    running,
)
from domain.simulation.rules_simulation import Simulation
from tests.support.replays import PLAIN, ann, bought, day, replay

NEW_YORK = ZoneInfo("America/New_York")
MICROSECOND = timedelta(microseconds=1)


def test_months_begin_and_end_on_the_brands_clock() -> None:
    last = datetime(2026, 4, 10, 12, tzinfo=UTC)
    months = calendar(NEW_YORK, datetime(2026, 2, 1, 4, tzinfo=UTC), last)
    assert [f"{each:%m-%d %H}" for each in months.starts] == [
        "01-01 05",
        "02-01 05",
        "03-01 05",
        "04-01 04",
    ]
    assert months.ends[0] == months.starts[1] - MICROSECOND
    assert months.ends[-1] == last
    places = [months.place(each) for each in (*months.starts, *months.ends)]
    assert places == [0, 1, 2, 3, 0, 1, 2, 3]
    assert months.place(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    assert months.place(last + MICROSECOND) == 4
    assert last_instant(NEW_YORK, last.date()) == datetime(2026, 4, 11, 4, tzinfo=UTC) - MICROSECOND


def test_fewer_months_are_the_same_ones() -> None:
    months = calendar(NEW_YORK, day("01-05"), day("12-31"))
    fewer = narrowed(months, day("03-10"))
    assert fewer == calendar(NEW_YORK, day("01-05"), day("03-10"))
    ledger = Ledger(months)
    ledger.narrow(fewer)
    ledger.book("issued", day("03-09"), 5)
    for late in (day("03-11"), day("04-01")):
        ledger.book("issued", late, 7)
        ledger.count("purchases", late, 1)
        ledger.redeem(late, 1)
    assert (ledger.mine.issued, ledger.sums.issued[:4]) == (5, [0, 0, 5, 0])
    assert (sum(ledger.sums.purchases), sum(ledger.sums.cost)) == (0, 0)
    part = ledger.sums.part(2, 1)
    assert (part.months, part.issued, part.outstanding()) == (1, [5], [5])


def test_parts_add_up() -> None:
    one, other = Sums(2), Sums(2)
    one.issued, one.spent, one.tiers = [5, 1], [0, 2], [{("status", "Green"): 1}, {}]
    other.issued, other.expired = [1, 0], [0, 1]
    other.tiers = [{("status", "Green"): 2, ("status", "Gold"): 1}, {}]
    one.add(other)
    assert one.outstanding() == [6, 4]
    assert one.tiers == [{("status", "Green"): 3, ("status", "Gold"): 1}, {}]
    assert list(running([1, 0, 2])) == [1, 1, 3]
    failures = Failures(events=1)
    failures.add(Failures(events=2, gifts=1))
    assert failures == Failures(events=3, gifts=1)


def mine(name: str, points: int, tier: str = "") -> Mine:
    return Mine(name, issued=points + 3, expired=1, reversed=2, tier=tier)


def test_who_gains_and_loses_most_in_the_finer_unit() -> None:
    one, other = Comparison((1, 10)), Comparison((1, 10))
    for number in range(12):
        one.add(mine(f"up {number:02}", 10 + number), mine(f"up {number:02}", 1))
    other.add(mine("down", 0, "Gold"), mine("down", 3, "Gold"))
    other.add(mine("up 05 as well", 15), mine("up 05 as well", 1, "Gold"))
    one.merge(other)
    assert sorted(one.differences) == [-30, 0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11]
    assert [each.external_id for _, each, _ in one.best] == [
        "up 11",
        "up 10",
        "up 09",
        "up 08",
        "up 07",
        "up 06",
        "up 05",
        "up 05 as well",
        "up 04",
        "up 03",
    ]
    assert [(difference, each.external_id) for difference, each, _ in one.worst] == [(-30, "down")]
    assert one.moves == {("", ""): 12, ("Gold", "Gold"): 1, ("Gold", ""): 1}


def test_a_simulation_adds_up_over_members() -> None:
    def simulated(names: str, *, beside: bool = True) -> Simulation:
        draft = replay(PLAIN.replace('points = "1"', 'points = "2"'))
        simulation = Simulation(draft, replay(PLAIN) if beside else None)
        for name in names:
            past = ann(joined_at=day("01-01"))
            simulation.tell(past, [bought("02-01", 10, name)] if name != "-" else [])
        return simulation

    whole, part = simulated("abc").found(), simulated("ab").found()
    part.add(simulated("c").found())
    assert (part.draft, part.beside) == (whole.draft, whole.beside)
    assert part.comparison == whole.comparison
    assert whole.draft.sums.issued[1] == 60
    alone = simulated("ab", beside=False)
    found = alone.found()
    found.add(simulated("c", beside=False).found())
    assert (found.beside, found.comparison, found.draft.sums.issued[1]) == (None, None, 60)
    assert not alone.shares
    # Who does nothing is a member all the same; who never joined is nobody.
    quiet = simulated("-")
    quiet.tell(ann(), [])
    found = quiet.found()
    assert found.comparison is not None
    assert (found.draft.sums.joined[0], list(found.comparison.differences)) == (1, [0])
    quiet.narrow(day("03-01"))
    quiet.tell(ann(), [bought("05-01", 10)])
    assert sum(quiet.found().draft.sums.issued) == 0
