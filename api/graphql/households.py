"""Households: members who spend together, and who was asked into one."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.auth import Role as CallerRole
from api.context import Info
from api.graphql import ids
from api.graphql.fields import BRAND, SIGNED_IN, attribute, resolver
from api.graphql.money import points
from api.graphql.node import Node
from api.graphql.scalars import Points
from domain.households import queries
from domain.households.rules import Household as Record
from domain.households.rules import Person, may_spend
from domain.households.section import HouseholdsSection

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "Household"
PERSON = "HouseholdPerson"
INVITATION = "HouseholdInvitation"
PEOPLE_USUAL = 4
"""As how many people a household counts."""
INVITATIONS_USUAL = 1
"""As how many invitations a member counts."""
INVITATIONS_MAX = 100


@strawberry.enum(description="What somebody is in a household.")
class HouseholdRole(Enum):
    """The roles."""

    OWNER = strawberry.enum_value(
        "owner", description="Founded it or took it over: asks others in, gives roles, lets go."
    )
    ADULT = strawberry.enum_value("adult", description="A grown-up; may become the owner.")
    CHILD = strawberry.enum_value("child", description="A child.")


@strawberry.type(
    description="Somebody in a household, as the others in it see them: without an id of the brand,"
    " and without what they have alone."
)
class HouseholdPerson(Node):
    """A person as shown."""

    key: strawberry.Private[UUID]
    display_name: str | None = attribute(SIGNED_IN, "The name to greet them with, if known.")
    role: HouseholdRole = attribute(SIGNED_IN, "What they are in it.")
    entered_at: datetime = attribute(SIGNED_IN, "Since when they are in it.")
    can_spend: bool = attribute(
        SIGNED_IN, "Whether they may spend what all have, as the programme says of their role."
    )
    is_me: bool = attribute(SIGNED_IN, "Whether it is the member who calls.")

    @resolver(BRAND, "The member.")
    def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return members.met(info, self.key)


@strawberry.type(description="Members who spend together. Each keeps what he or she earned.")
class Household(Node):
    """A household as shown."""

    record: strawberry.Private[Record]
    name: str = attribute(SIGNED_IN, "What its owner calls it.")
    founded_at: datetime = attribute(SIGNED_IN, "When it was founded.")

    @resolver(SIGNED_IN, "What all of them together can spend now.")
    async def spendable(self, info: Info) -> Points:
        loaders = info.context.loaders
        together = await loaders.sharing.spendable.load(self.record)
        return points((await loaders.programmes()).scale, together or 0)

    @resolver(
        SIGNED_IN,
        "Who is in it: the owner first, then who has been there longest.",
        size=PEOPLE_USUAL,
    )
    async def people(self, info: Info) -> list[HouseholdPerson]:
        return await _people(info, self.record)


@strawberry.type(description="That a member was asked into a household and has not answered yet.")
class HouseholdInvitation(Node):
    """An invitation as shown."""

    household_name: str = attribute(SIGNED_IN, "What the household is called.")
    role: HouseholdRole = attribute(SIGNED_IN, "What the member would be in it.")
    invited_at: datetime = attribute(SIGNED_IN, "When the member was asked.")
    expires_at: datetime = attribute(
        SIGNED_IN, "The first instant at which it can't be answered any more."
    )


def household(record: Record | None) -> Household | None:
    """Return a household as it is shown."""
    if record is None:
        return None
    return Household(
        id=ids.encode(KIND, str(record.id)),
        record=record,
        name=record.name,
        founded_at=record.founded_at,
    )


def invitation(found: queries.Invitation) -> HouseholdInvitation:
    """Return an invitation as it is shown."""
    return HouseholdInvitation(
        id=ids.encode(INVITATION, str(found.id)),
        household_name=found.household_name,
        role=HouseholdRole(found.role),
        invited_at=found.invited_at,
        expires_at=found.expires_at,
    )


async def of_member(info: Info, key: UUID) -> Household | None:
    """Return the household in which a member is."""
    return household(await info.context.loaders.sharing.households_of.load(key))


async def asked(info: Info, key: UUID) -> list[HouseholdInvitation]:
    """Return into which households a member was asked, the newest first."""
    found = await info.context.loaders.sharing.invitations_of.load(key) or []
    return [invitation(each) for each in found[:INVITATIONS_MAX]]


async def invitation_by_key(info: Info, key: UUID | None) -> HouseholdInvitation | None:
    """Return an open invitation of the caller's brand."""
    found = await info.context.loaders.sharing.invitations.load(key) if key else None
    return invitation(found) if found else None


def person_key(text: str) -> tuple[UUID, UUID] | None:
    """Return the household and the member in the key of a person's id, None if it is none."""
    place, _, member = text.partition(".")
    household_key, member_key = ids.uuid_of(place), ids.uuid_of(member)
    return (household_key, member_key) if household_key and member_key else None


async def by_id(info: Info, text: str) -> Household | None:
    """Return the brand's living household with that key; members see their own alone."""
    record = await _visible(info, ids.uuid_of(text))
    return household(record)


async def person_by_id(info: Info, text: str) -> HouseholdPerson | None:
    """Return the person with that key; members see those of their own household alone."""
    key = person_key(text)
    record = await _visible(info, key[0]) if key else None
    if key is None or record is None or record.person(key[1]) is None:
        return None
    return next(each for each in await _people(info, record) if each.key == key[1])


async def invitation_by_id(info: Info, text: str) -> HouseholdInvitation | None:
    """Return the open invitation with that key; members see their own alone."""
    key = ids.uuid_of(text)
    found = await info.context.loaders.sharing.invitations.load(key) if key else None
    if found is None:
        return None
    if info.context.principal.role is CallerRole.MEMBER and found.member_id != await _me(info):
        return None
    return invitation(found)


async def _visible(info: Info, key: UUID | None) -> Record | None:
    record = await info.context.loaders.sharing.households.load(key) if key else None
    if record is None or info.context.principal.role is not CallerRole.MEMBER:
        return record
    me = await _me(info)
    return record if me and record.person(me) else None


async def _me(info: Info) -> UUID | None:
    """Return the member who calls."""
    external_id = info.context.principal.external_id
    found = await info.context.loaders.members_by_external_id.load(external_id)
    return found.id if found else None


async def _people(info: Info, record: Record) -> list[HouseholdPerson]:
    loaders, principal = info.context.loaders, info.context.principal
    programme = (await loaders.programmes()).timeline.at(info.context.now)
    section = programme.document.find(HouseholdsSection) if programme else None
    is_member = principal.role is CallerRole.MEMBER
    return [
        _person(
            record,
            each,
            member.display_name if member else None,
            can_spend=section is not None and may_spend(section, record, each.member_id),
            is_me=is_member and member is not None and member.external_id == principal.external_id,
        )
        for each in record.people
        for member in (loaders.sharing.met.get(each.member_id),)
    ]


def _person(
    record: Record, person: Person, name: str | None, *, can_spend: bool, is_me: bool
) -> HouseholdPerson:
    return HouseholdPerson(
        id=ids.encode(PERSON, f"{record.id}.{person.member_id}"),
        key=person.member_id,
        display_name=name,
        role=HouseholdRole(person.role),
        entered_at=person.entered_at,
        can_spend=can_spend,
        is_me=is_me,
    )
