"""What is owed of a prize, as values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gamification.prizes.section_parts import Prize


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
