"""The rows of households that changes are decided on, and how each move changes them."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Literal
from uuid import UUID

from domain.households.rules import Household, Person, in_order
from domain.households.section import HouseholdsSection, Role
from kit.calendar import day_end, day_start

FactKind = Literal["HouseholdEntered", "HouseholdLeft", "HouseholdInvited"]


@dataclass(slots=True)
class Stay:
    """One time a member was in a household, from ``entered_at`` until ``left_at``."""

    household_id: UUID
    member_id: UUID
    entered_at: datetime
    role: Role
    left_at: datetime | None = None


@dataclass(slots=True)
class Asked:
    """An invitation. ``accepted`` is None until it is answered."""

    id: UUID
    household_id: UUID
    member_id: UUID
    role: Role
    invited_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None
    accepted: bool | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that others may hear about ``member_id``."""

    kind: FactKind
    member_id: UUID
    payload: dict[str, str]


@dataclass(slots=True)
class State:
    """The rows that changes are decided on, as the changes before made them.

    ``members`` are the brand's by external id; ``households`` the living ones that any of the
    members named belongs to or was asked into; ``left`` says when a member was last out of which.
    Days are those of the brand's clock, in ``zone``.
    What was changed is collected in the lists at the end.
    """

    now: datetime
    zone: tzinfo
    section: HouseholdsSection | None
    members: dict[str, UUID]
    households: dict[UUID, Household] = field(default_factory=dict)
    asked: dict[UUID, Asked] = field(default_factory=dict)
    left: dict[UUID, dict[UUID, datetime]] = field(default_factory=dict)
    founded: list[Household] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    stays: dict[tuple[UUID, UUID, datetime], Stay] = field(default_factory=dict)
    answered: dict[UUID, Asked] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    homes: dict[UUID, UUID] = field(init=False)
    open: dict[tuple[UUID, UUID], Asked] = field(init=False)

    def __post_init__(self) -> None:
        """Find rows by who they are about."""
        self.homes = {
            person.member_id: each.id for each in self.households.values() for person in each.people
        }
        self.open = {
            (each.household_id, each.member_id): each
            for each in self.asked.values()
            if each.answered_at is None
        }

    def home(self, member_id: UUID) -> Household | None:
        """Return the household a member is in."""
        return self.households.get(self.homes[member_id]) if member_id in self.homes else None

    def end_of(self, days: int) -> datetime:
        """Return when the day so many days from now is over on the brand's clock."""
        return day_end(self.zone, self.now.astimezone(self.zone).date() + timedelta(days=days))

    def free_from(self, left_at: datetime, days: int) -> datetime:
        """Return when the day begins, on the brand's clock, so many days after somebody left."""
        return day_start(self.zone, left_at.astimezone(self.zone).date() + timedelta(days=days))

    def put(self, household: Household, people: list[Person]) -> None:
        """Let a household have these people."""
        self.households[household.id] = replace(household, people=in_order(people))

    def enter(self, household: Household, member_id: UUID, role: Role) -> None:
        """Let a member into a household."""
        person = Person(member_id, role, self.now)
        self.homes[member_id] = household.id
        self.put(household, [*household.people, person])
        self.keep(household.id, person)
        payload = {"household": str(household.id), "role": role}
        self.happened.append(Happened("HouseholdEntered", member_id, payload))

    def go(self, household: Household, person: Person, why: str) -> None:
        """Let a member out of a household."""
        del self.homes[person.member_id]
        people = self.households[household.id].people
        self.put(household, [each for each in people if each is not person])
        self.keep(household.id, person).left_at = self.now
        self.left.setdefault(person.member_id, {})[household.id] = self.now
        payload = {"household": str(household.id), "why": why}
        self.happened.append(Happened("HouseholdLeft", person.member_id, payload))

    def keep(self, household_id: UUID, person: Person) -> Stay:
        """Note that a member's stay is written as it now is; return it."""
        stay = Stay(household_id, person.member_id, person.entered_at, person.role)
        self.stays[household_id, person.member_id, person.entered_at] = stay
        return stay

    def ask(self, asked: Asked) -> None:
        """Ask a member in."""
        self.asked[asked.id] = self.answered[asked.id] = asked
        self.open[asked.household_id, asked.member_id] = asked
        payload = {
            "household": str(asked.household_id),
            "invitation": str(asked.id),
            "role": asked.role,
        }
        self.happened.append(Happened("HouseholdInvited", asked.member_id, payload))

    def answer(self, asked: Asked, *, accepted: bool) -> None:
        """Close an invitation."""
        asked.answered_at, asked.accepted = self.now, accepted
        self.answered[asked.id] = asked
        del self.open[asked.household_id, asked.member_id]
