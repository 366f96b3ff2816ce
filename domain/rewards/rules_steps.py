"""What may be done with a redemption after it was asked for, and what it is then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from domain.rewards.rules_catalogue import Offer, Why
from kit.ids import content_hash

State = Literal["waiting", "held", "fulfilled", "returned", "cancelled", "lapsed"]

_LATE = Why("DEADLINE_PASSED", "Its time is over; the points are back. Ask for it anew.")
_NOT_WAITING = Why("NOT_WAITING", "It waits for nobody's approval.")
_NOT_HELD = Why("NOT_HELD", "It is not reserved: it waits for approval, is done, or is over.")
_DONE = Why("NOT_HELD", "It is done or over already, so that it can't be cancelled.")
_SAME_PERSON = Why("SAME_PERSON", "Who asked for it can't approve it; somebody else must.")
_NOT_FULFILLED = Why("NOT_FULFILLED", "It is not fulfilled, so that nothing can be returned.")
_NOT_RETURNABLE = Why("NOT_RETURNABLE", "This reward can't be returned.")
_TOO_LATE = Why("RETURN_TOO_LATE", "The days in which it could be returned are over.")


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption as of an instant: past its deadline it has lapsed, whatever a job has booked.

    ``points``, ``money`` and ``value`` are those of all of it, in smallest units.
    """

    id: UUID
    member_id: UUID
    household_id: UUID | None
    reward: str
    kind: str
    version_id: int
    quantity: int
    points: int
    money: int
    value: int
    state: State
    automatic: str | None
    requested_at: datetime
    requested_by: str
    deadline: datetime | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    fulfilled_by: str | None = None
    fulfilled_at: datetime | None = None
    reference: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """The points that a member pays of a redemption, reserved and then spent by ``hold_id``.

    ``open``: the hold has not ended yet.
    """

    redemption_id: UUID
    member_id: UUID
    points: int
    hold_id: int
    open: bool = True


class Item(NamedTuple):
    """A fulfilled redemption of ``quantity`` of a reward, not returned."""

    id: UUID
    reward: str
    quantity: int
    fulfilled_at: datetime


def as_of(redemption: Redemption, now: datetime, parts: Sequence[Part] = ()) -> Redemption:
    """Return a redemption as it is at ``now``, whatever has been booked.

    If one of its ``parts`` is open no more, somebody's clock was past the deadline already.
    """
    deadline = redemption.deadline
    if deadline is None or (now < deadline and all(part.open for part in parts)):
        return redemption
    return replace(redemption, state="lapsed", deadline=None, ended_at=deadline)


def approval_refusal(redemption: Redemption, actor: str) -> Why | None:
    """Return why ``actor`` can't approve it, None if he can."""
    if redemption.state != "waiting":
        return _late_or(_NOT_WAITING, redemption)
    return _SAME_PERSON if redemption.requested_by == actor else None


def fulfil_refusal(redemption: Redemption) -> Why | None:
    """Return why it can't be fulfilled, None if it can."""
    return None if redemption.state == "held" else _late_or(_NOT_HELD, redemption)


def cancel_refusal(redemption: Redemption) -> Why | None:
    """Return why it can't be cancelled, None if it can."""
    return None if redemption.state in ("waiting", "held") else _late_or(_DONE, redemption)


def return_refusal(
    redemption: Redemption, offer: Offer | None, now: datetime, *, at_any_time: bool = False
) -> Why | None:
    """Return why it can't be returned, None if it can as far as its vouchers let it.

    ``offer`` is the reward by the version that judged the redemption. ``at_any_time``: not by
    its days of return, and also if it gave points.
    """
    if redemption.state != "fulfilled":
        return _NOT_FULFILLED
    if at_any_time and redemption.kind == "points":
        return None
    if offer is None or not offer.gives_voucher:
        return _NOT_RETURNABLE
    if at_any_time:
        return None
    assert redemption.fulfilled_at is not None
    end = offer.returnable_until(redemption.fulfilled_at)
    if end is None:
        return _NOT_RETURNABLE
    return _TOO_LATE if now >= end else None


def approved(redemption: Redemption, now: datetime, actor: str) -> Redemption:
    """Return it held, approved by ``actor``."""
    return replace(redemption, state="held", approved_at=now, approved_by=actor)


def fulfilled(
    redemption: Redemption, now: datetime, actor: str, reference: str | None = None
) -> Redemption:
    """Return it done by ``actor``."""
    return replace(
        redemption,
        state="fulfilled",
        deadline=None,
        fulfilled_at=now,
        fulfilled_by=actor,
        reference=reference,
    )


def ended(
    redemption: Redemption,
    now: datetime,
    state: Literal["cancelled", "returned"],
    actor: str,
    reason: str,
) -> Redemption:
    """Return it cancelled or returned."""
    return replace(
        redemption, state=state, deadline=None, ended_at=now, ended_by=actor, reason=reason
    )


def request_of(*asked: object) -> bytes:
    """Return the hash of what was asked."""
    return content_hash(*(repr(each).encode() for each in asked))


def codes_wanted(redemptions: Sequence[tuple[Redemption, Offer]]) -> dict[str, int]:
    """Return how many codes of which pools these need when they are fulfilled."""
    wanted: dict[str, int] = {}
    for redemption, offer in redemptions:
        if offer.reward.codes is not None:
            pool = offer.reward.codes
            wanted[pool] = wanted.get(pool, 0) + redemption.quantity
    return wanted


def _late_or(why: Why, redemption: Redemption) -> Why:
    return _LATE if redemption.state == "lapsed" else why
