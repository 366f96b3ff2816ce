"""What boards must say, computed from a list of what was done and from nothing of ours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)


@dataclass
class Done:
    """A purchase (``stars`` None) or a review; ``cents`` are what is left of it."""

    name: str
    member: str
    at: datetime
    cents: int = 0
    store: str = ""
    stars: int | None = None
    returned: bool = False

    @property
    def day(self) -> date:
        return self.at.astimezone(ZONE).date()


Scored = tuple[int, datetime]


def spend(mine: list[Done]) -> list[tuple[Done, int]]:
    return [(each, each.cents) for each in mine if each.stars is None and each.cents > 0]


def visits(mine: list[Done]) -> list[tuple[Done, int]]:
    """An hour apart, two in an hour of the clock, three in a day."""
    found: list[Done] = []
    for each in mine:
        if each.stars is not None or each.returned:
            continue
        today = [before for before in found if before.day == each.day]
        hour = each.at.astimezone(ZONE).strftime("%H %z")
        in_hour = [one for one in today if one.at.astimezone(ZONE).strftime("%H %z") == hour]
        apart = not today or each.at - today[-1].at >= timedelta(minutes=20)
        if apart and len(in_hour) < 2 and len(today) < 3:
            found.append(each)
    return [(each, 1) for each in found]


def stars(mine: list[Done]) -> list[tuple[Done, int]]:
    return [(each, each.stars) for each in mine if each.stars is not None and each.stars > 0]


def keep(how: str, counted: Iterable[tuple[Done, int]]) -> Scored | None:
    """Return score and when it was reached, by its definition."""
    ordered = sorted(counted, key=lambda each: each[0].at)
    if not ordered:
        return None
    if how == "sum":
        return sum(value for _, value in ordered), ordered[-1][0].at
    if how == "latest":
        return ordered[-1][1], ordered[-1][0].at
    best = max(value for _, value in ordered)
    return best, next(each.at for each, value in ordered if value == best)


def ranked(found: Mapping[str, Scored], ids: Mapping[str, UUID]) -> list[tuple[str, int, datetime]]:
    """Return names, scores and instants in the order of a board."""
    names = sorted(found, key=lambda name: ids[name].bytes, reverse=True)
    names.sort(key=lambda name: (-found[name][0], found[name][1]))
    return [(name, *found[name]) for name in names]
