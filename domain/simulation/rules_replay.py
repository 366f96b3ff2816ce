"""Replays what happened under a programme, in memory, by the rules that the live verbs use.

Each decision is that of the live verb, made by the same function: what an event earns
(`earning.rules_decide`), what a refund takes (`earning.rules_refund_decide`), when points end
(`expiry.rules`), which tier a member has (`tiers.rules`), which lots a movement touches
(`wallets.rules`). What happened is taken in the order in which the brand learned of it, each
judged by the version in force on its own date, so that the same programme leads to the same
points, lots and tiers as it did.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules_decide import Uses, rules_of
from domain.expiry.rules import Policies, policies_of
from domain.programmes.rules import Programme, Timeline
from domain.rewards.rules_automatic import automatic_of
from domain.rewards.rules_catalogue import Offer, offers_of
from domain.simulation.rules_months import Calendar, Failures, Ledger
from domain.simulation.rules_pocket import Parcel
from domain.tiers.rules import Ladders, ladders_of
from domain.wallets.section import PointsSection

_EVER = datetime.min.replace(tzinfo=UTC)


class Edition(NamedTuple):
    """What was known of a programme from ``at`` on: the versions that had been applied by then."""

    at: datetime
    ladders: Ladders
    policies: Policies


class Replay:
    """One programme over time, and what it makes of history.

    ``rescale`` multiplies points that history names into this programme's smallest unit. With
    ``reprices`` rewards cost what this programme says, and it gives automatic ones itself; else
    all of that is as it was. ``known_at`` says when each version was applied: until then nobody
    knew that it would change when points end; None: all were known from the first.
    """

    def __init__(
        self,
        brand: Brand,
        timeline: Timeline,
        months: Calendar,
        *,
        known_at: Mapping[int, datetime] | None = None,
        rescale: tuple[int, int] = (1, 1),
        reprices: bool = False,
    ) -> None:
        self.brand = brand
        self.timeline = timeline
        self.ladders = ladders_of(timeline, brand)
        self.editions = _editions(brand, timeline, known_at or {})
        self.budgets: Uses = {}
        self.gifts: dict[UUID, list[tuple[Parcel, int]]] = {}
        self.ledger = Ledger(months)
        self.failures = Failures()
        self.reprices = reprices
        automatic = [each for one in timeline.programmes for each in automatic_of(one)]
        self.gives = frozenset(each.on for each in automatic if reprices)
        self.scale = timeline.programmes[-1].document.section(PointsSection).scale
        self._rescale = rescale
        self.in_force = [self.ladders.at(end) for end in months.ends]

    def narrow(self, months: Calendar) -> None:
        """Let history end earlier than was thought."""
        self.ledger.narrow(months)
        self.in_force = [self.ladders.at(end) for end in months.ends]

    def offer(self, reward: str, now: datetime) -> Offer | None:
        """Return what the programme in force says of a reward, None if it has no such one."""
        return offers_of(self.programme_at(now), self.brand).get(reward)

    @property
    def shares(self) -> bool:
        """Whether a cap of this programme is shared by everyone."""
        exponent = self.brand.currency_exponent
        rules = [rules_of(each, exponent) for each in self.timeline.programmes]
        return any(limit.cap.of == "everyone" for each in rules for limit in each.limits)

    def points(self, amount: int) -> int:
        """Return points of history in this programme's smallest unit."""
        by, of = self._rescale
        return amount * by // of

    def programme_at(self, now: datetime) -> Programme:
        """Return the programme in force, the first one before it begins."""
        return self.timeline.at(now) or self.timeline.programmes[0]


def _editions(
    brand: Brand, timeline: Timeline, known_at: Mapping[int, datetime]
) -> tuple[Edition, ...]:
    instants = sorted({known_at.get(each.version_id, _EVER) for each in timeline.programmes})
    found = []
    for at in instants:
        known = (p for p in timeline.programmes if known_at.get(p.version_id, _EVER) <= at)
        so_far = Timeline(tuple(known))
        found.append(Edition(at, ladders_of(so_far, brand), policies_of(so_far)))
    return tuple(found)
