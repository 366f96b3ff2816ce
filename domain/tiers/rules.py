"""Which tier a member has, until when, and what is missing to the next one.

A tier is reached at once when the spend of a calendar year comes to its threshold, and is held
to the end of the next year; the counter begins again on 1 January of the brand's wall clock.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from domain.tiers.section import TiersSection
from kit.calendar import day_start


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tiers, lowest first. ``thresholds`` are in the currency's smallest unit."""

    names: tuple[str, ...]
    thresholds: tuple[int, ...]


class Standing(NamedTuple):
    """A member's tier at an instant. Amounts are in the currency's smallest unit.

    ``rank`` is 0 for the lowest tier. ``valid_until`` is the instant at which the tier is over
    unless it is reached again (None for the lowest); ``missing`` is what this year's spend
    lacks to ``next_tier`` (both None at the top); ``keep_missing`` what it lacks to hold the
    present tier for one more year (None for the lowest).
    """

    tier: str
    rank: int
    valid_until: datetime | None
    spend_this_year: int
    next_tier: str | None
    missing: int | None
    keep_missing: int | None


class Change(NamedTuple):
    """A member's move from one tier to another; ``before`` is None for a new member."""

    before: str | None
    after: str
    direction: Literal["up", "down"]


def compile_ladder(section: TiersSection, currency_exponent: int) -> Ladder:
    """Return the section as plain integers, once per version of a programme."""
    return Ladder(
        tuple(step.name for step in section.ladder),
        tuple(int(step.threshold.scaleb(currency_exponent)) for step in section.ladder),
    )


def rank_at(ladder: Ladder, spend_by_year: Mapping[int, int], year: int) -> int:
    """Return the rank held in ``year``: the higher of what it and the year before reached."""
    best = max(spend_by_year.get(year, 0), spend_by_year.get(year - 1, 0), 0)
    return bisect_right(ladder.thresholds, best) - 1


def standing(ladder: Ladder, spend_by_year: Mapping[int, int], local: datetime) -> Standing:
    """Return the tier at ``local``, an instant on the brand's wall clock.

    ``spend_by_year`` holds what was paid less refunds per year of that clock.
    """
    spend = spend_by_year.get(local.year, 0)
    rank = rank_at(ladder, spend_by_year, local.year)
    threshold = ladder.thresholds[rank]
    top = rank == len(ladder.names) - 1
    return Standing(
        tier=ladder.names[rank],
        rank=rank,
        valid_until=_valid_until(local, held_again=spend >= threshold) if rank else None,
        spend_this_year=spend,
        next_tier=None if top else ladder.names[rank + 1],
        missing=None if top else ladder.thresholds[rank + 1] - spend,
        keep_missing=max(0, threshold - spend) if rank else None,
    )


def change(ladder: Ladder, before: int | None, after: int) -> Change | None:
    """Return the move between two ranks, None if there is none; ``before`` None: a new member."""
    if before == after:
        return None
    direction: Literal["up", "down"] = "up" if before is None or after > before else "down"
    return Change(None if before is None else ladder.names[before], ladder.names[after], direction)


def _valid_until(local: datetime, *, held_again: bool) -> datetime:
    if local.tzinfo is None:
        msg = "local must be aware"
        raise ValueError(msg)
    return day_start(local.tzinfo, date(local.year + (2 if held_again else 1), 1, 1))
