"""What members did, as values of what counts by now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.earning.rules import Line, Scalar


@dataclass(frozen=True, slots=True)
class Happening:
    """A purchase or an activity of a member, as it counts now.

    ``amount`` is money in the currency's smallest unit less what was paid back, ``lines`` what is
    left of the basket, ``points`` what was awarded less what refunds were to take back. Of what
    was returned as a whole nothing ``counts``.
    """

    id: UUID
    external_id: str
    member_id: UUID
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    amount: int
    points: int
    lines: tuple[Line, ...]
    channel: str
    store: str
    attributes: Mapping[str, Scalar]
    counts: bool

    NOTHING: ClassVar[Mapping[str, Scalar]] = {}
