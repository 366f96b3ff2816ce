"""The verbs by which prizes are owed, undone and paid."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.prizes.rules import Due
from kit.db import Session

__all__ = ["Due", "Flagged", "owe", "pay", "undo"]

Flagged: TypeAlias = Callable[[Session, int, Collection[UUID]], Awaitable[set[UUID]]]
"""Says which of a brand's members wait for a review, so that nothing is paid to them."""


async def owe(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, dues: Sequence[Due]
) -> None:
    """Note what members have deserved, each once by its id; undone before: it is owed again."""
    raise NotImplementedError


async def undo(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    ids: Sequence[UUID],
    reason: str,
) -> None:
    """Take back what turns out not to be deserved; what was not paid yet is not paid."""
    raise NotImplementedError


async def pay(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    limit: int = 500,
    flagged: Flagged | None = None,
) -> int:
    """Pay up to ``limit`` prizes that are due, each once; return how many were looked at."""
    raise NotImplementedError
