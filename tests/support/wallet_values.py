"""Lots, holds and claims as the model of wallets keeps them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

_LAST = datetime.max.replace(tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")


@dataclass
class ModelLot:
    """Points of one accrual. ``idle_months``: it ends after so long without activity."""

    journal_id: int
    remaining: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    order: int
    idle_months: int | None = None
    waits: int | None = None
    booked: int = 0

    def live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def spendable(self, now: datetime) -> bool:
        return self.live(now) and self.available_at <= now


@dataclass
class ModelHold:
    """Points reserved: how much of which lot, and how much of which is ``spent`` and when."""

    member: UUID
    points: int
    expires_at: datetime
    parts: list[tuple[ModelLot, int]]
    open: bool = True
    spent: list[tuple[ModelLot, int]] = field(default_factory=list)
    step: int = 0
    day: date | None = None

    @property
    def left(self) -> int:
        """How much of it is spent and not back."""
        return sum(points for _, points in self.spent)


@dataclass
class ModelClaim:
    """What was forgiven in a step because it was spent, or given away before (``gave``)."""

    step: int
    at: datetime
    points: int
    gave: bool


@dataclass
class ModelDebt:
    """Points that are owed since an instant."""

    at: datetime
    points: int


def first(lot: ModelLot) -> tuple[datetime, datetime, int]:
    return (lot.expires_at or _LAST, lot.earned_at, lot.order)
