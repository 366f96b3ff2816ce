"""What of a member's history looks unfair: happenings in, findings with their evidence out."""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from domain.earning.rules_history import Happening
from domain.earning.section_parts import PURCHASE
from gamification.leaderboards.section_people import FairPlay, Rate
from kit.calendar import EARLIEST, LATEST
from kit.ids import derived_id

EARLIER_MIN = 3
"""Before so many purchases nobody has a median that says anything."""
EVIDENCE_MAX = 100
"""Of so many happenings ids and times are kept; the number of all of them is."""


class Finding(NamedTuple):
    """Happenings that break a rule, in order; ``key`` are the first ones, which name it for ever.

    What comes later in the same burst is more evidence of the same.
    """

    rule: str
    key: tuple[UUID, ...]
    happenings: tuple[Happening, ...]

    @property
    def evidence(self) -> dict[str, object]:
        """What staff look at: ids and times of the happenings, amounts in smallest units."""
        return {
            "count": len(self.happenings),
            "happenings": [
                {
                    "id": str(each.id),
                    "externalId": each.external_id,
                    "kind": each.kind,
                    "occurredAt": each.occurred_at.isoformat(),
                    "store": each.store,
                    "amount": each.amount,
                }
                for each in self.happenings[:EVIDENCE_MAX]
            ],
        }


def flag_id(brand_id: int, finding: Finding) -> UUID:
    """Return the id of the flag that a finding raises: the same evidence raises no other one."""
    return derived_id("board flag", str(brand_id), finding.rule, *map(str, finding.key))


def findings(
    fair_play: FairPlay,
    currency_exponent: int,
    happenings: Sequence[Happening],
    since: datetime = EARLIEST,
    until: datetime = LATEST,
) -> list[Finding]:
    """Return what is unfair of a member's ``happenings``, which are in the order of time.

    Only what was completed from ``since`` on and before ``until``, the time in which the rules
    are in force. What was returned as a whole still counts for rates; it is no split basket and
    no outlier.
    """
    found = [each for rate in fair_play.rate for each in _too_many(rate, happenings)]
    standing = [each for each in happenings if each.counts and each.kind == PURCHASE]
    if fair_play.split_minutes is not None:
        found += _split(fair_play.split_minutes, standing)
    if fair_play.outlier_times is not None and fair_play.outlier_floor is not None:
        floor = int(fair_play.outlier_floor.scaleb(currency_exponent).to_integral_value())
        found += _outliers(fair_play.outlier_times, floor, standing)
    return [each for each in found if since <= _completed_at(each) < until]


def _completed_at(finding: Finding) -> datetime:
    last = finding.key[-1]
    return next(each.occurred_at for each in finding.happenings if each.id == last)


def _too_many(rate: Rate, happenings: Iterable[Happening]) -> Iterator[Finding]:
    """Yield the bursts: each runs as long as more than ``most`` are within the time."""
    mine = [each for each in happenings if rate.on in {None, each.kind}]
    length = timedelta(minutes=rate.minutes)
    name = f"rate:{rate.on or 'any'}:{rate.most}/{rate.minutes}"
    burst: list[Happening] = []
    first = 0
    for place, each in enumerate(mine):
        while each.occurred_at - mine[first].occurred_at >= length:
            first += 1
        crowd = mine[first : place + 1]
        if len(crowd) <= rate.most:
            if burst:
                yield _burst(name, rate.most + 1, burst)
            burst = []
        elif burst:
            burst.append(each)
        else:
            burst = crowd
    if burst:
        yield _burst(name, rate.most + 1, burst)


def _split(minutes: int, purchases: Sequence[Happening]) -> Iterator[Finding]:
    """Yield chains of purchases in one store, each within so long of the one before."""
    stores: dict[str, list[Happening]] = {}
    for each in purchases:
        if each.store:
            stores.setdefault(each.store, []).append(each)
    length = timedelta(minutes=minutes)
    for mine in stores.values():
        chain = mine[:1]
        for before, each in pairwise(mine):
            if each.occurred_at - before.occurred_at >= length:
                if len(chain) > 1:
                    yield _burst("split", 2, chain)
                chain = []
            chain.append(each)
        if len(chain) > 1:
            yield _burst("split", 2, chain)


def _outliers(times: int, floor: int, purchases: Sequence[Happening]) -> Iterator[Finding]:
    """Yield purchases far above the median of those before them."""
    before: list[int] = []
    for each in purchases:
        usual = _median(before) if len(before) >= EARLIER_MIN else None
        if usual is not None and each.amount > floor and each.amount > times * usual:
            yield Finding("outlier", (each.id,), (each,))
        insort(before, each.amount)


def _median(ordered: Sequence[int]) -> Decimal:
    """Return the middle of amounts, of two middles the exact mean."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return Decimal(ordered[half])
    return Decimal(ordered[half - 1] + ordered[half]) / 2


def _burst(rule: str, named_by: int, burst: Sequence[Happening]) -> Finding:
    return Finding(rule, tuple(each.id for each in burst[:named_by]), tuple(burst))
