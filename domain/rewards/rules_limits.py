"""How much of the limits members have used, worked out of what they redeemed.

What was redeemed is summed by reward and by the stretch of time between the instants at which
the limits' periods began, so that one query serves all limits.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.rewards.rules_catalogue import Limit, Offer


class Redeemed(NamedTuple):
    """What a member redeemed of a reward in a stretch: 0 before all starts, n from the nth on."""

    reward: str
    stretch: int
    times: int
    points: int
    value: int


def limits_on(offers: Iterable[Offer]) -> list[Limit]:
    """Return the limits that bear on any of these rewards."""
    return list(dict.fromkeys(limit for offer in offers for limit in offer.limits))


def starts_of(limits: Collection[Limit], zone: ZoneInfo, day: date) -> list[datetime]:
    """Return the instants at which the periods of ``day`` began, the earliest first."""
    starts = {limit.since(zone, day) for limit in limits}
    return sorted(start for start in starts if start is not None)


def used(
    limits: Collection[Limit],
    starts: Sequence[datetime],
    redeemed: Iterable[Redeemed],
    zone: ZoneInfo,
    day: date,
) -> dict[Limit, int]:
    """Return what one member has used of each limit on ``day``, in its unit.

    ``starts`` are those of `starts_of`, which the stretches of ``redeemed`` are counted by.
    """
    found = dict.fromkeys(limits, 0)
    mine = list(redeemed)
    for limit in limits:
        since = limit.since(zone, day)
        first = 0 if since is None else bisect_left(starts, since) + 1
        found[limit] = sum(
            getattr(each, limit.unit)
            for each in mine
            if each.stretch >= first and limit.covers(each.reward)
        )
    return found
