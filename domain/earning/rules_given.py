"""When points that a rule gave can be spent and when they end."""

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.earning.rules import Part
from domain.earning.rules_compile import EarningRules
from domain.earning.section_parts import BASE
from domain.wallets.section import (
    AWAITING_RELEASE,
    Expiry,
    PointsSection,
    available_at,
    expires_at,
)
from kit.calendar import day_start


class Given(NamedTuple):
    """Points that one rule gives, in the asset's smallest unit, and their dates.

    ``available_at`` is AWAITING_RELEASE while they wait for the brand, ``release_days`` then says
    how many days after that they can be spent. ``fixed``: the member's doings don't move the end.
    """

    rule: str
    points: int
    available_at: datetime
    expires_at: datetime | None
    qualifies: bool
    fixed: bool
    release_days: int | None


def qualifies(rules: EarningRules, rule: str) -> bool:
    """Whether the points of a rule count towards tiers; those of the base rate do."""
    part = rules.part(rule)
    return part is None or part.qualifies


def given(
    rules: EarningRules,
    rule: str,
    part: Part,
    zone: ZoneInfo,
    occurred_at: datetime,
    region: str | None,
) -> Given:
    """Return the dates of points that ``rule`` gave for what happened at ``occurred_at``.

    What a cap carried into a later period can be spent from its start, and its life begins then.
    """
    own, points = rules.part(rule), rules.points
    days = points.pending_days if own is None or own.pending_days is None else own.pending_days
    since = (own and own.pending_from) or points.pending_from
    begins = part.carried_to or occurred_at
    if since == "release":
        spendable = AWAITING_RELEASE
    else:
        spendable = max(begins, available_at(days, zone, occurred_at))
    fixed = own is not None and own.expires is not None
    day = begins.astimezone(zone).date()
    protected = region in points.no_expiry_by_time_in
    return Given(
        rule=rule,
        points=part.points,
        available_at=spendable,
        expires_at=_end(rules, rule if fixed else BASE, day, zone, protected=protected),
        qualifies=own is None or own.qualifies,
        fixed=fixed,
        release_days=days if since == "release" else None,
    )


def end_by_hand(
    points: PointsSection, zone: ZoneInfo, now: datetime, region: str | None
) -> datetime | None:
    """Return when points end that staff give now: as those that are earned now.

    None where the end follows the member, which dating anew tells, and for ever.
    """
    if points.follows_the_member or region in points.no_expiry_by_time_in:
        return None
    return expires_at(points.expires, zone, now)


@lru_cache(maxsize=10_000)
def _end(
    rules: EarningRules, rule: str, day: date, zone: ZoneInfo, *, protected: bool
) -> datetime | None:
    own = rules.part(rule)
    end: Expiry | None = rules.points.expires
    if own is not None and own.expires is not None:
        end = None if isinstance(own.expires, str) else own.expires
    by_time = end is not None and not end.follows_the_member
    return None if by_time and protected else expires_at(end, zone, day_start(zone, day))
