"""The only place that reads the wall clock. Everything else is handed ``now``."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that tells the time as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant, aware, in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """A clock that stands still until it is moved: for tests and for replays of history."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the instant the clock was last set to."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Advance the clock by ``by``."""
        self._at += by

    def set(self, at: datetime) -> None:
        """Set the clock to ``at``."""
        self._at = at
