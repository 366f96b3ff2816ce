"""The verbs that undo redemptions: cancel before they are fulfilled, return after that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards.service_steps import Resolved
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Cancel:
    """A redemption to end before it is fulfilled. ``member_id``: only if it is this member's."""

    key: str
    redemption_id: UUID
    actor: str
    reason: str
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A fulfilled redemption to take back. ``member_id``: only if it is this member's.

    ``at_any_time``: the programme takes back what it gave, whatever the reward's days of return.
    """

    key: str
    redemption_id: UUID
    actor: str
    reason: str
    member_id: UUID | None = None
    at_any_time: bool = False


async def cancel(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Cancel]
) -> list[Resolved]:
    """End redemptions that wait or are held; points and stock are back. An outcome for each.

    Refusals: REDEMPTION_NOT_FOUND, NOT_HELD, DEADLINE_PASSED, KEY_CONFLICT.
    """
    raise NotImplementedError


async def take_return(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Return]
) -> list[Resolved]:
    """Take back fulfilled redemptions: vouchers end, points go where they came from, stock is back.

    By the days of return of the version that judged each. Refusals: REDEMPTION_NOT_FOUND,
    NOT_FULFILLED, NOT_RETURNABLE, RETURN_TOO_LATE, VOUCHER_USED and what else
    `vouchers.service.give_back` says, KEY_CONFLICT.
    """
    raise NotImplementedError
