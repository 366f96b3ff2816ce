"""A shop with challenges, and short ways to look at them."""

from datetime import UTC, datetime, timedelta

from tests.support.challenges import challenge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


DAY = timedelta(1)


WEEK = "week:2026-03-02"


THREE = challenge("three", 'target = "3"', 'period = "week"\nchallenge_points = 7', 'points = "50"')
