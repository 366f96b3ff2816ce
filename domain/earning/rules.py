"""What is reported of members and what comes of it, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, TypeAlias

from domain.earning.section_parts import PURCHASE
from domain.ledger.rules import AMOUNT_MAX

POINTS_MAX = AMOUNT_MAX

Scalar: TypeAlias = str | int | float | bool
Facts: TypeAlias = Mapping[str, Any]
"""What rules may know of a member when an event happened, by the names of their vocabulary."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a basket. Amounts are in the smallest unit of the purchase's currency.

    ``amount`` is what the member paid for the line, ``discount`` what was taken off before;
    the price before discount is their sum.
    """

    amount: int
    discount: int = 0
    quantity: int = 1
    sku: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A basket a member paid for, as the brand reports it."""

    kind: ClassVar[str] = PURCHASE
    attributes: ClassVar[Mapping[str, Scalar]] = {}

    external_id: str
    member: str
    occurred_at: datetime
    currency: str
    lines: tuple[Line, ...] = field(default=())
    channel: str = ""
    store: str = ""

    @property
    def amount(self) -> int:
        """What the member paid, in the currency's smallest unit."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Activity:
    """Something a member did that is no purchase, as the brand reports it.

    ``amount`` is money that goes with it, in the smallest unit of the brand's currency.
    """

    lines: ClassVar[tuple[Line, ...]] = ()

    external_id: str
    member: str
    kind: str
    occurred_at: datetime
    amount: int = 0
    channel: str = ""
    store: str = ""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)


Event: TypeAlias = Purchase | Activity


class Part(NamedTuple):
    """Points that one rule gives together, in the asset's smallest unit.

    ``carried_to`` is the start of the later period into which a cap carried them, else None.
    """

    points: int
    carried_to: datetime | None


class Award(NamedTuple):
    """What one rule gives for one event."""

    rule: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        """The sum of its parts."""
        return sum(part.points for part in self.parts)


class CapKey(NamedTuple):
    """One period of one cap, or of the counter of a rule; ``shared`` by everyone or a member's.

    ``cap`` says what is counted and over which periods as well: a cap that a later version
    means otherwise begins anew.
    """

    cap: str
    starts_at: datetime
    shared: bool = False


class Verdict(NamedTuple):
    """What an event earns, in the asset's smallest unit.

    ``computed`` is what the rules said before caps per period. ``uses`` says how much of which
    cap is taken and what counters of rules change by, ``hits`` are the rules for whose turn
    (``first``, ``nth``) this was.
    """

    awards: tuple[Award, ...]
    computed: int
    uses: dict[CapKey, int]
    hits: tuple[str, ...]

    @property
    def points(self) -> int:
        """The sum of all awards."""
        return sum(award.points for award in self.awards)
