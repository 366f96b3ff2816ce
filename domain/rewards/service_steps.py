"""What the verbs on redemptions have in common: whom they lock, and what they answer."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Resolved:
    """What became of a redemption. ``code`` None: it is in ``state`` now."""

    redemption_id: UUID
    member_id: UUID | None = None
    state: str | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False
