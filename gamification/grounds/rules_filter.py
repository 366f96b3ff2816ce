"""Which purchases and activities a game speaks of, on plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from domain.brands.rules import Brand
from domain.earning.rules import Activity, Event, Line, Purchase
from domain.earning.rules_conditions import (
    Condition,
    Situation,
    about_lines,
    applies,
    compile_condition,
    fitting,
)
from domain.earning.rules_history import Happening
from domain.earning.section_parts import PURCHASE, Conditional
from gamification.grounds.section_parts import ANY
from gamification.grounds.section_parts import Filter as FilterPart

_KEPT_MAX = 1_000
_NAMES = (
    "when",
    "categories",
    "skus",
    "channels",
    "stores",
    "weekdays",
    "hours",
    "from_",
    "until",
)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a programme file made ready.

    ``kind`` None is any; ``minimum`` is in the currency's smallest unit, 0 for none.
    """

    brand: Brand
    kind: str | None
    condition: Condition
    minimum: int
    of_lines: bool
    """Whether it picks lines out of purchases."""

    def met(self, happening: Happening) -> bool:
        """Whether it speaks of ``happening``; never of one that doesn't count any more."""
        return self._fitting(happening) is not None

    def lines(self, happening: Happening) -> Sequence[Line]:
        """Return the lines that it speaks of: none unless it is met, none of an activity."""
        return self._fitting(happening) or ()

    def amount(self, happening: Happening) -> int:
        """Return the money that it speaks of: that of the lines that fit, 0 unless it is met."""
        found = self._fitting(happening)
        return 0 if found is None else self._money(happening, found)

    def quantity(self, happening: Happening) -> int:
        """Return how many articles the lines that fit are, 0 unless it is met."""
        return sum(line.quantity for line in self.lines(happening))

    def _money(self, happening: Happening, found: Sequence[Line]) -> int:
        return sum(line.amount for line in found) if self.of_lines else happening.amount

    def _fitting(self, happening: Happening) -> Sequence[Line] | None:
        """Return the lines that fit, None if it isn't met."""
        if not happening.counts or self.kind not in (None, happening.kind):
            return None
        condition = self.condition
        if condition.always and not self.of_lines:
            found: Sequence[Line] = happening.lines
        else:
            situation = self._situation(happening)
            if not applies(condition, situation):
                return None
            found = fitting(condition, situation) if self.of_lines else happening.lines
            if self.of_lines and not found:
                return None
        if self.minimum and self._money(happening, found) < self.minimum:
            return None
        return found

    def _situation(self, happening: Happening) -> Situation:
        when = self.condition.when
        return Situation(
            event=event_of(self.brand, happening),
            local=self.brand.local(happening.occurred_at),
            facts={},
            exponent=self.brand.currency_exponent,
            speaks=when.uses if when else frozenset(),
        )


@lru_cache(maxsize=_KEPT_MAX)
def compile_filter(part: FilterPart, brand: Brand) -> Filter:
    """Return a filter made ready, once per part that says the same."""
    said = {name: getattr(part, name) for name in _NAMES}
    condition = compile_condition(
        Conditional.model_construct(name=part.on, tiers=(), birthday_days=None, **said)
    )
    minimum = part.minimum
    return Filter(
        brand=brand,
        kind=None if part.on == ANY else part.on,
        condition=condition,
        minimum=int(minimum.scaleb(brand.currency_exponent)) if minimum is not None else 0,
        of_lines=about_lines(condition),
    )


def event_of(brand: Brand, of: Happening) -> Event:
    """Return a happening as the rules of earning take it; whose it is, is left out."""
    if of.kind == PURCHASE:
        return Purchase(
            of.external_id, "", of.occurred_at, brand.currency, of.lines, of.channel, of.store
        )
    return Activity(
        external_id=of.external_id,
        member="",
        kind=of.kind,
        occurred_at=of.occurred_at,
        amount=of.amount,
        channel=of.channel,
        store=of.store,
        attributes=of.attributes,
    )
