"""What a member has, when it ends, and how it came and went."""

from datetime import datetime
from uuid import UUID

import strawberry

from api.graphql import ids
from api.graphql.fields import SIGNED_IN, STAFF, attribute
from api.graphql.money import points
from api.graphql.node import Node
from api.graphql.scalars import Points
from domain.wallets import queries
from domain.wallets.queries import WalletBalance

KIND = "Movement"
_NUMBER_MAX = 2**63 - 1

UPCOMING_MAX = 100
UPCOMING_USUAL = 12
"""As how many expiries a balance counts."""


@strawberry.type(description="Points that end at one instant.")
class PointsExpiry:
    """An expiry to come."""

    points: Points = attribute(SIGNED_IN, "How many points end then, unless spent before.")
    at: datetime = attribute(SIGNED_IN, "The first instant at which they are gone.")


@strawberry.type(description="What a member has, as of the instant of the request.")
class Balance:
    """A balance in its parts."""

    total: Points = attribute(SIGNED_IN, "Spendable and pending points together.")
    spendable: Points = attribute(
        SIGNED_IN,
        "Points that can be spent now; below zero where the programme lets a balance fall so far.",
    )
    pending: Points = attribute(SIGNED_IN, "Points earned that can't be spent yet.")
    held: Points = attribute(
        SIGNED_IN, "Points reserved by something under way; they count in none of the others."
    )
    debt: Points = attribute(
        SIGNED_IN,
        "Points that were taken back after they had been spent: what is earned next pays them.",
    )
    expiring_next: PointsExpiry | None = attribute(
        SIGNED_IN, "The points that end first; null if none ever do."
    )
    upcoming_expiries: list[PointsExpiry] = attribute(
        SIGNED_IN,
        f"All expiries to come, the nearest first; of more than {UPCOMING_MAX} the nearest.",
        size=UPCOMING_USUAL,
    )


@strawberry.type(description="Points that came or went, and why.")
class Movement(Node):
    """A movement of points."""

    key: strawberry.Private[int]
    code: str = attribute(
        SIGNED_IN,
        "What happened, in lower-case words joined by `_`, such as `accrual` or `expiry`."
        " New kinds may appear: show those you don't know by their points alone.",
    )
    points: Points = attribute(SIGNED_IN, "How many points; negative if they went.")
    effective_at: datetime = attribute(SIGNED_IN, "When it happened for the member.")
    recorded_at: datetime = attribute(SIGNED_IN, "When it was written down.")
    reference: str | None = attribute(
        SIGNED_IN, "What it belongs to in the brand's own books, such as a purchase's id."
    )
    rule: str | None = attribute(
        SIGNED_IN,
        "The programme's rule that gave the points, or for which they were taken back; `base` for"
        " points per money; null where no rule decided.",
    )
    reason: str | None = attribute(
        SIGNED_IN, "Why somebody decided it; null where the programme did."
    )
    actor: str | None = attribute(
        STAFF, "Which key of the brand decided it; null where the programme did."
    )


def balance(scale: int, found: WalletBalance | None) -> Balance:
    """Return a balance as it is shown; a member without a wallet has nothing of everything."""
    upcoming = [
        PointsExpiry(points=points(scale, each.points), at=each.at)
        for each in (found.upcoming[:UPCOMING_MAX] if found else ())
    ]
    return Balance(
        total=points(scale, found.total if found else 0),
        spendable=points(scale, found.spendable if found else 0),
        pending=points(scale, found.pending if found else 0),
        held=points(scale, found.held if found else 0),
        debt=points(scale, found.debt if found else 0),
        expiring_next=upcoming[0] if upcoming else None,
        upcoming_expiries=upcoming,
    )


def movement(scale: int, found: queries.Movement) -> Movement:
    """Return a movement as it is shown."""
    return Movement(
        # Points that go from member to member are a movement of either.
        id=ids.encode(KIND, f"{found.id}.{found.member_id}"),
        key=found.id,
        code=found.code,
        points=points(scale, found.points),
        effective_at=found.effective_at,
        recorded_at=found.recorded_at,
        reference=found.reference,
        rule=found.rule,
        reason=found.reason or None,
        actor=found.actor,
    )


def movement_key(text: str) -> tuple[UUID, int] | None:
    """Return the member and the number in the key of a movement's id, None if it is none."""
    number, _, member = text.partition(".")
    try:
        key = UUID(member), int(number)
    except ValueError:
        return None
    # An object has one id only.
    return key if text == f"{key[1]}.{key[0]}" and 0 < key[1] <= _NUMBER_MAX else None
