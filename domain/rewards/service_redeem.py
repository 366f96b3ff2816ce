"""The verb by which members ask for rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Redeem:
    """``quantity`` of a reward that a member asks for, or that somebody asks for in his name.

    With ``from_household`` all of the household pay together. ``is_staff``: somebody of the
    brand's staff asks, who may give what is not listed. ``occasion``: nobody asked, the programme
    gives it by itself on this occasion, listed or not.
    """

    key: str
    member: str
    reward: str
    requested_by: str
    quantity: int = 1
    from_household: bool = False
    is_staff: bool = False
    occasion: str | None = None


@dataclass(frozen=True, slots=True)
class RedeemOutcome:
    """What became of it. ``code`` None: it is in ``state``, and ``vouchers`` are what it gave."""

    redemption_id: UUID | None = None
    member_id: UUID | None = None
    state: str | None = None
    vouchers: tuple[UUID, ...] = ()
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def redeem(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Redeem]
) -> list[RedeemOutcome]:
    """Give members the rewards they ask for, or reserve the points; an outcome for each, in order.

    Judged by the programme in force ``now``. Refusals: NO_REWARDS, UNKNOWN_MEMBER, NO_SUCH_REWARD,
    NOT_LISTED, NOT_IN_HOUSEHOLD, MAY_NOT_SPEND, KEY_CONFLICT and those of
    `rules_catalogue.refusal`.
    """
    raise NotImplementedError
