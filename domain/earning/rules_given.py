"""When points that a rule gave can be spent and when they end."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.earning.rules import Part
from domain.earning.rules_compile import EarningRules
from domain.earning.section_parts import Rule
from domain.wallets.section import AWAITING_RELEASE, Expiry, available_at, expires_at


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
    part = _part(rules, rule)
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
    own, points = _part(rules, rule), rules.points
    days = points.pending_days if own is None or own.pending_days is None else own.pending_days
    since = (own and own.pending_from) or points.pending_from
    begins = part.carried_to or occurred_at
    if since == "release":
        spendable = AWAITING_RELEASE
    else:
        spendable = max(begins, available_at(days, zone, occurred_at))
    fixed = own is not None and own.expires is not None
    end: Expiry | None = points.expires
    if own is not None and own.expires is not None:
        end = None if isinstance(own.expires, str) else own.expires
    by_time = end is not None and not end.follows_the_member
    if by_time and region in points.no_expiry_by_time_in:
        end = None
    return Given(
        rule=rule,
        points=part.points,
        available_at=spendable,
        expires_at=expires_at(end, zone, begins),
        qualifies=own is None or own.qualifies,
        fixed=fixed,
        release_days=days if since == "release" else None,
    )


def _part(rules: EarningRules, rule: str) -> Rule | None:
    return next((giver.part for giver in rules.givers if giver.name == rule), None)
