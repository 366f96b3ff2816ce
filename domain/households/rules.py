"""What a household is, and who of it may spend what all have."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.households.section import HouseholdsSection, Role


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a household, since ``entered_at``."""

    member_id: UUID
    role: Role
    entered_at: datetime


@dataclass(frozen=True, slots=True)
class Household:
    """Members who spend together: the owner first, then who has been there longest."""

    id: UUID
    name: str
    founded_at: datetime
    people: tuple[Person, ...]

    def person(self, member_id: UUID) -> Person | None:
        """Return the member's place in it, None if he or she is not in it."""
        return next((each for each in self.people if each.member_id == member_id), None)


def in_order(people: list[Person]) -> tuple[Person, ...]:
    """Return people as a household lists them."""
    return tuple(
        sorted(people, key=lambda each: (each.role != "owner", each.entered_at, each.member_id))
    )


def spenders(section: HouseholdsSection, household: Household) -> tuple[UUID, ...]:
    """Return who of a household may spend what all of them have."""
    return tuple(each.member_id for each in household.people if each.role in section.spenders)


def may_spend(section: HouseholdsSection, household: Household, member_id: UUID) -> bool:
    """Return whether a member may spend what all of a household have."""
    return member_id in spenders(section, household)
