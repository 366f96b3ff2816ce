"""When members got something without asking, as history is known now."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from domain.tiers.rules import Ladders, Run
from kit.calendar import day_start, yearly


def moves_up(code: str, runs: Sequence[Run], ladders: Ladders) -> Iterator[tuple[datetime, str]]:
    """Yield each move up on the ladder ``code``, and into which tier."""
    for before, run in pairwise(runs):
        in_force = next((each for each in ladders.at(run.starts_at) if each.code == code), None)
        if in_force is not None and in_force.ranks.get(before.tier, -1) < run.rank:
            yield run.starts_at, run.tier


def birthdays(
    birthday: date | None, zone: ZoneInfo, joined_at: datetime, last: datetime
) -> Iterator[datetime]:
    """Yield the starts of a member's birthdays from joining up to ``last``."""
    if birthday is None:
        return
    first, end = joined_at.astimezone(zone).date(), last.astimezone(zone).date()
    for year in range(first.year, end.year + 1):
        day = yearly(birthday.month, birthday.day, year)
        if first <= day <= end and year > birthday.year:
            yield day_start(zone, day)
