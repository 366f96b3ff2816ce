"""What happened to one member, as values in the order in which it became known.

Amounts are in smallest units: money in the currency's, points in the asset's. ``at`` is when the
brand learned of it, which is when it took effect; an event's own date is its ``occurred_at``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from domain.earning.rules import Event
from domain.ledger.rules import Kind
from domain.members.rules import AttributeValue, Move
from domain.tiers.rules import Grant


@dataclass(frozen=True, slots=True)
class Past:
    """Who a member is. ``joined_at`` None: whoever does something first joins with it.

    ``region`` is where the member lives now, ``moves`` where before.
    """

    id: UUID
    external_id: str
    joined_at: datetime | None = None
    birthday: date | None = None
    region: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    moves: Sequence[Move] = ()


class Did(NamedTuple):
    """The member bought or did something; ``refunds``: some of it was given back later."""

    at: datetime
    event: Event
    refunds: bool = False


class GaveBack(NamedTuple):
    """Money was given back on a purchase, so much on each of its lines."""

    at: datetime
    purchase: str
    occurred_at: datetime
    line_amounts: tuple[int, ...]


class WasGranted(NamedTuple):
    """Status was given by hand."""

    at: datetime
    grant: Grant


class WasRevoked(NamedTuple):
    """Status counts no more."""

    at: datetime
    grant_id: UUID


class MovedAway(NamedTuple):
    """The member lives in the next of the regions."""

    at: datetime


class WasCorrected(NamedTuple):
    """Staff gave points, or took some if negative; ``qualifying`` ones count towards tiers.

    ``expires_at`` is an end that staff chose, None for that of the programme.
    """

    at: datetime
    points: int
    expires_at: datetime | None
    qualifying: int


class Reserved(NamedTuple):
    """Points were reserved, for ``quantity`` of a reward if it names one.

    All of it cost ``whole`` points, of which somebody else may have paid a part; ``automatic``:
    nobody asked for it; ``is_own``: it is this member who asked, not one of the household.
    """

    at: datetime
    hold_id: int
    points: int
    deadline: datetime
    reward: str | None = None
    quantity: int = 1
    whole: int = 0
    automatic: bool = False
    is_own: bool = True


class Got(NamedTuple):
    """The member got rewards that cost no points; ``automatic``: nobody asked for them."""

    at: datetime
    reward: str
    quantity: int
    automatic: bool


class Ended(NamedTuple):
    """Of what was reserved (``held``) ``amount`` was spent, or all let go, or it lapsed."""

    at: datetime
    hold_id: int
    kind: Kind
    amount: int
    held: int


class CameBack(NamedTuple):
    """Of what a hold had spent ``points`` came back, ``left`` were spent until then."""

    at: datetime
    hold_id: int
    points: int
    left: int


class Gave(NamedTuple):
    """The member gave points to another one."""

    at: datetime
    gift_id: UUID
    points: int


class Received(NamedTuple):
    """The member got what another one gave, who is told of first."""

    at: datetime
    gift_id: UUID


class WasReleased(NamedTuple):
    """The brand let go of what a purchase or an activity earned."""

    at: datetime
    reference: str


Happening: TypeAlias = (
    Did
    | GaveBack
    | WasGranted
    | WasRevoked
    | MovedAway
    | WasCorrected
    | Reserved
    | Got
    | CameBack
    | Gave
    | Received
    | Ended
    | WasReleased
)
