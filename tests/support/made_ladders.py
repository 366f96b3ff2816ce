"""Ladders, members' days and their courses, for tests: told in few words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.brands.rules import Brand
from domain.tallies.rules import Tallies
from domain.tiers import section
from domain.tiers.rules import (
    Grant,
    Ladder,
    Ladders,
    Run,
    Standing,
    courses,
    standings_at,
    tiers_at,
)
from domain.tiers.rules_ladder import compile_ladder, ladders_over_time

NEW_YORK = "America/New_York"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def ladder(tiers: Mapping[str, str | tuple[str, str]], **told: Any) -> Ladder:
    """Return a ladder of a file, whose currency has 2 decimals and whose points have none.

    ``tiers`` are thresholds by name, or thresholds and what keeps the tier.
    """
    rungs = []
    for name, threshold in tiers.items():
        pair = (threshold, None) if isinstance(threshold, str) else threshold
        rungs.append({"name": name, "threshold": pair[0], "keep": pair[1]})
    return compile_ladder(section.Ladder(tier=rungs, **told), 2, told.get("scale", 0))


def purchases(days: Mapping[str, int] | Sequence[str]) -> Tallies:
    """Return purchases by day: of so much money and as many points, or of one dollar each."""
    if not isinstance(days, Mapping):
        days = dict.fromkeys(days, 100)
    return {
        (date.fromisoformat(day), "purchase"): [amount, amount, 1] for day, amount in days.items()
    }


def every_day(first: str, count: int) -> list[str]:
    """Return so many days in a row."""
    start = date.fromisoformat(first)
    return [(start + timedelta(days=after)).isoformat() for after in range(count)]


class World:
    """A brand's ladders in one zone, and members who joined on a day."""

    def __init__(
        self, *versions: tuple[str, Sequence[Ladder]] | Ladder, zone: str = NEW_YORK
    ) -> None:
        self.zone = ZoneInfo(zone)
        self.brand = Brand(1, "shop", "Shop", zone, "USD", 2)
        told = [
            (LONG_AGO, (each,)) if isinstance(each, Ladder) else (self.at(each[0]), tuple(each[1]))
            for each in versions
        ]
        self.ladders: Ladders = ladders_over_time(tuple(told), self.brand)

    def at(self, when: str) -> datetime:
        """Return the start of a day, or a time on the brand's clock, in UTC."""
        return datetime.fromisoformat(when).replace(tzinfo=self.zone).astimezone(UTC)

    def course(
        self,
        tallies: Tallies,
        *grants: Grant,
        joined: str = "2020-05-05",
        code: str = "status",
    ) -> list[tuple[str, str]]:
        """Return the tier and since when, on the brand's clock; times of day where there are."""
        runs = courses(self.ladders, self.at(joined), tallies, grants, self.zone)[code]
        return [(self._told(run), run.tier) for run in runs]

    def tier(self, when: str, tallies: Tallies, joined: str = "2020-05-05") -> str:
        """Return the tier on the main ladder that purchases of an instant are judged by."""
        at = self.at(when)
        found = tiers_at(self.ladders, self.at(joined), tallies, (), self.zone, at)
        return next(iter(found.values()))

    def standing(
        self, when: str, tallies: Tallies, *grants: Grant, joined: str = "2020-05-05"
    ) -> Standing:
        """Return where a member stands on the main ladder."""
        at = self.at(when)
        found = standings_at(self.ladders, self.at(joined), tallies, grants, self.zone, at)
        return next(iter(found.values()))

    def _told(self, run: Run) -> str:
        local = run.starts_at.astimezone(self.zone)
        return local.strftime("%Y-%m-%d" if local.hour == local.minute == 0 else "%Y-%m-%d %H:%M")
