"""What is owed of a prize and what becomes of it, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from gamification.prizes.section_parts import Gift, MysteryPart, Prize

Kind: TypeAlias = Literal["points", "qualifying", "reward", "badge", "freeze"]
State: TypeAlias = Literal["owed", "held", "paid", "undone", "refused"]

BUDGET_SPENT = "BUDGET_SPENT"
"""The refusal of what a budget has nothing left for."""

ERASED = "MEMBER_ERASED"
"""The refusal of what nobody is there for any more."""

HELD_FOR = timedelta(minutes=5)
"""How long after a look nobody looks again whether a member still waits for a review."""


@dataclass(frozen=True, slots=True)
class Due:
    """A prize that a member has deserved.

    ``id`` is derived by its owner from what it is for, the same for ever. ``source`` says what
    that is in the member's movements, such as "challenge:spring". It was deserved ``at`` and is
    not paid before ``pay_from``. ``budget`` names what pays for at most so many prizes.
    """

    id: UUID
    member_id: UUID
    source: str
    prize: Prize
    at: datetime
    pay_from: datetime
    budget: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A prize that was owed once, as it is now; see `models.PrizeDueRow`."""

    id: UUID
    member_id: UUID
    source: str
    kind: Kind
    mystery: bool
    points: int
    qualifying: int
    code: str | None
    count: int | None
    deserved_at: datetime
    pay_from: datetime
    due_at: datetime | None
    state: State = "owed"
    attempt: int = 1
    budget: str | None = None
    counted: bool = False
    amount: int = 0
    journal_id: int | None = None
    redemption_id: UUID | None = None
    award_id: UUID | None = None
    freeze_key: UUID | None = None
    kept: bool = False
    kept_points: int = 0
    given: int = 0
    taken: int = 0
    paid_at: datetime | None = None
    refusal: str | None = None
    reason: str | None = None

    @property
    def left(self) -> int:
        """The points that the current attempt is to pay: what the member does not have of it."""
        return self.points - self.kept_points

    @property
    def has_some(self) -> bool:
        """Whether the member has something of it, though it was taken back."""
        return self.kept or self.kept_points > 0


def draw(parts: Sequence[MysteryPart], number: int) -> MysteryPart:
    """Return the part that a random ``number``, far larger than all weights together, leads to."""
    place = number % sum(each.weight for each in parts)
    for each in parts:
        place -= each.weight
        if place < 0:
            return each
    raise AssertionError


def owed(due: Due, gift: Gift, scale: int) -> Owed:
    """Return what is owed, as it begins; ``gift`` is the prize itself or what was drawn."""
    points, qualifying = _units(gift.points, scale), _units(gift.qualifying, scale)
    return Owed(
        id=due.id,
        member_id=due.member_id,
        source=due.source,
        kind=_kind(gift),
        mystery=bool(due.prize.mystery),
        points=points,
        qualifying=points if gift.qualifies else qualifying,
        code=gift.reward or gift.badge or gift.streak,
        count=gift.level or gift.freeze,
        deserved_at=due.at,
        pay_from=due.pay_from,
        due_at=due.pay_from,
        budget=due.budget[0] if due.budget else None,
    )


def told_again(before: Owed, due: Due) -> Owed:
    """Return what becomes of a prize that is told to be owed: undone before, it is owed again.

    Until it is paid, what is known now says when it was deserved. What it is stays as it was.
    """
    if before.state == "undone":
        return replace(
            before,
            state="owed",
            attempt=before.attempt + 1,
            deserved_at=due.at,
            pay_from=due.pay_from,
            due_at=due.pay_from,
            paid_at=None,
            reason=None,
        )
    if before.state == "owed" and (before.deserved_at, before.pay_from) != (due.at, due.pay_from):
        return replace(before, deserved_at=due.at, pay_from=due.pay_from, due_at=due.pay_from)
    return before


def refused(before: Owed, code: str) -> Owed:
    """Return it refused: nobody tries again by himself, and no budget pays for it."""
    counted = before.counted and before.has_some
    return replace(before, state="refused", refusal=code, due_at=None, counted=counted)


def held(before: Owed, now: datetime) -> Owed:
    """Return it held while the member waits for a review."""
    return replace(before, state="held", due_at=now + HELD_FOR)


def paid(before: Owed, now: datetime) -> Owed:
    """Return it paid; the caller adds by what."""
    return replace(before, state="paid", paid_at=now, due_at=None, kept=False)


def undone(before: Owed, now: datetime, reason: str, *, kept: bool, kept_points: int = 0) -> Owed:
    """Return it undone; ``kept`` and ``kept_points`` are what the member still has of it.

    Freezes are taken back later, by whoever knows whether they are used.
    """
    after = replace(
        before,
        state="undone",
        reason=reason,
        refusal=None,
        amount=0,
        journal_id=None,
        kept=kept,
        kept_points=kept_points,
        due_at=now if before.freeze_key is not None else None,
    )
    return replace(after, counted=before.counted and after.has_some)


def _kind(gift: Gift) -> Kind:
    kinds: tuple[Kind, ...] = ("points", "qualifying", "reward", "badge")
    return next((kind for kind in kinds if getattr(gift, kind) is not None), "freeze")


def _units(value: Decimal | None, scale: int) -> int:
    return 0 if value is None else int(value.scaleb(scale))
