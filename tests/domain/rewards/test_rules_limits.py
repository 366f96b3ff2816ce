"""What limits have counted, by the periods of the brand's clock."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from domain.rewards.rules_catalogue import Limit
from domain.rewards.rules_limits import Redeemed, starts_of, used

NEW_YORK = ZoneInfo("America/New_York")
SUNDAY = date(2026, 3, 8)
"""The clocks go forward on it; its week began on 2 March."""

EVER = Limit("ever", frozenset(), None, "times", 9)
DAY = Limit("day", frozenset(), "day", "points", 9)
WEEK = Limit("week", frozenset({"tea"}), "week", "value", 9)
MONTH = Limit("month", frozenset({"cup"}), "month", "times", 9)
LIMITS = [EVER, DAY, WEEK, MONTH]


def test_starts_are_those_of_the_clock() -> None:
    first, second = datetime(2026, 3, 1, 5, tzinfo=UTC), datetime(2026, 3, 2, 5, tzinfo=UTC)
    today = datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert starts_of(LIMITS, NEW_YORK, SUNDAY) == [first, second, today]
    # The day after, midnight comes an hour earlier for the rest of the world.
    assert starts_of([DAY], NEW_YORK, date(2026, 3, 9)) == [datetime(2026, 3, 9, 4, tzinfo=UTC)]
    assert starts_of([EVER], NEW_YORK, SUNDAY) == []


def test_each_counts_its_rewards_since_its_start() -> None:
    starts = starts_of(LIMITS, NEW_YORK, SUNDAY)
    redeemed = [
        Redeemed("tea", 0, 1, 10, 100),
        Redeemed("cup", 1, 2, 20, 200),
        Redeemed("tea", 2, 4, 40, 400),
        Redeemed("tea", 3, 8, 80, 800),
        Redeemed("cup", 3, 16, 160, 1600),
    ]
    assert used(LIMITS, starts, redeemed, NEW_YORK, SUNDAY) == {
        EVER: 31,
        DAY: 240,
        WEEK: 1200,
        MONTH: 18,
    }


def test_nothing_is_nothing() -> None:
    assert used([EVER, DAY], [datetime(2026, 3, 8, 5, tzinfo=UTC)], [], NEW_YORK, SUNDAY) == {
        EVER: 0,
        DAY: 0,
    }
