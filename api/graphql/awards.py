"""What each rule of a programme gave for something that a member did."""

from datetime import datetime

import strawberry

from api.graphql.fields import SIGNED_IN, attribute
from api.graphql.money import points
from api.graphql.scalars import Points
from domain.earning.rules_given import Given
from domain.wallets.section import AWAITING_RELEASE

AWARDS_USUAL = 3
"""As how many awards a purchase or an activity counts."""


@strawberry.type(description="What one rule of the programme gave.")
class Award:
    """An award as shown."""

    rule: str = attribute(SIGNED_IN, "The rule's name; `base` for points per money.")
    points: Points = attribute(SIGNED_IN, "How many points.")
    available_at: datetime | None = attribute(
        SIGNED_IN, "From when on they can be spent; null while they wait for the brand's release."
    )
    expires_at: datetime | None = attribute(
        SIGNED_IN, "The first instant at which they are gone; null if they never end."
    )
    qualifies: bool = attribute(SIGNED_IN, "Whether they count towards tiers.")


def award(scale: int, given: Given) -> Award:
    """Return an award as it is shown."""
    return Award(
        rule=given.rule,
        points=points(scale, given.points),
        available_at=None if given.available_at == AWAITING_RELEASE else given.available_at,
        expires_at=given.expires_at,
        qualifies=given.qualifies,
    )
