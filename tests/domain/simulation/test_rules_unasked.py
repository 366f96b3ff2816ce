"""When members got something without asking."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from domain.simulation.rules_unasked import birthdays, moves_up
from domain.tiers.rules import Run
from tests.support.replays import PLAIN, day, replay

NEW_YORK = ZoneInfo("America/New_York")


def test_birthdays_from_joining_on() -> None:
    leap = date(2004, 2, 29)
    found = birthdays(leap, NEW_YORK, day("03-01"), day("12-31"))
    assert list(found) == []
    found = birthdays(leap, NEW_YORK, datetime(2024, 2, 29, 12, tzinfo=UTC), day("12-31"))
    assert [f"{each:%Y-%m-%d %H}" for each in found] == [
        "2024-02-29 05",
        "2025-02-28 05",
        "2026-02-28 05",
    ]
    assert not list(birthdays(date(2026, 5, 5), NEW_YORK, day("01-01"), day("12-31")))
    assert not list(birthdays(None, NEW_YORK, day("01-01"), day("12-31")))


def test_moves_up_and_no_others() -> None:
    ladders = replay(PLAIN).ladders
    runs = [
        Run(day("01-01"), "Green", 0, granted=False),
        Run(day("02-01"), "Gold", 1, granted=False),
        Run(day("03-01"), "Gold", 1, granted=True),
        Run(day("04-01"), "Green", 0, granted=False),
        Run(day("05-01"), "Gold", 1, granted=False),
    ]
    assert list(moves_up("status", runs, ladders)) == [
        (day("02-01"), "Gold"),
        (day("05-01"), "Gold"),
    ]
    assert list(moves_up("other", runs, ladders)) == []
