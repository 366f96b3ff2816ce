"""The verbs by which staff approve and fulfil what members asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards.service_steps import Resolved
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Fulfil:
    """A redemption that ``actor`` has done; ``reference`` is what he knows it by."""

    key: str
    redemption_id: UUID
    actor: str
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """A waiting redemption that ``actor`` lets pass."""

    key: str
    redemption_id: UUID
    actor: str


async def approve(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Approve]
) -> list[Resolved]:
    """Let redemptions pass that wait for a second person; what is done at once is then done.

    Refusals: REDEMPTION_NOT_FOUND, NOT_WAITING, DEADLINE_PASSED, SAME_PERSON, OUT_OF_STOCK,
    KEY_CONFLICT. Who declines one cancels it: see `service_cancel.cancel`.
    """
    raise NotImplementedError


async def fulfil(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Fulfil]
) -> list[Resolved]:
    """Spend what held redemptions reserve and give what they are for; an outcome for each.

    Refusals: REDEMPTION_NOT_FOUND, NOT_HELD, DEADLINE_PASSED, OUT_OF_STOCK (its pool of codes is
    empty), KEY_CONFLICT.
    """
    raise NotImplementedError
