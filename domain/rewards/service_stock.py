"""The verb by which staff change how many of a reward there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from kit.db import Session


@dataclass(frozen=True, slots=True)
class StockChange:
    """``units`` of a reward that came, or went if negative."""

    key: str
    reward: str
    units: int
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class StockOutcome:
    """What became of a change. ``left`` is how many can be had after it, None for no end."""

    reward: str
    left: int | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def change_stock(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    items: Sequence[StockChange],
) -> list[StockOutcome]:
    """Add to the stock of rewards; an outcome for each, in order.

    Refusals: NO_SUCH_REWARD (or it has no stock), INVALID_UNITS (none, or fewer than are taken),
    KEY_CONFLICT.
    """
    raise NotImplementedError
