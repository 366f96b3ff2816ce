"""The verbs of referrals: give members their codes, take what friends claim, review it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.referrals.queries import State
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Claim:
    """A friend, by the brand's id, who names a member's ``code`` as it was typed or read.

    ``followed_at`` is when the friend followed the member's link, None if there was none.
    """

    friend: str
    code: str
    followed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClaimOutcome:
    """What became of a claim. ``code`` None: it counts, or waits for staff (``state`` review).

    A refused one has a ``referral_id`` if it was kept for staff to see.
    """

    referral_id: UUID | None
    state: State
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody of staff, ``actor``, says of a referral that waits for it."""

    referral_id: UUID
    accept: bool
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What became of a review. ``code`` None: the referral is in ``state`` now."""

    referral_id: UUID
    state: State | None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


async def codes_of(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, members: Sequence[str]
) -> dict[str, str]:
    """Return the code of each of these members, by the brand's ids; made on the first ask.

    Whom the brand doesn't know is left out, and everybody if no member may bring friends now.
    """
    raise NotImplementedError


async def claim(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Claim]
) -> list[ClaimOutcome]:
    """Take claims of friends; an outcome for each, in order."""
    raise NotImplementedError


async def review(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Review]
) -> list[ReviewOutcome]:
    """Accept or refuse referrals that wait for staff; an outcome for each, in order."""
    raise NotImplementedError
