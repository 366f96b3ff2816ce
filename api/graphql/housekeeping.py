"""How households are founded, entered and left: by members, or in their name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.acting import MEMBER, acting, known
from api.graphql.households import INVITATION, PERSON, HouseholdRole, person_key
from api.graphql.requests import KEY, Keyed, brands_key, done_once, key_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.households.rules_change import NAME_LENGTH_MAX
from domain.households.rules_request import (
    Answer,
    Change,
    Invitation,
    Leaving,
    NewHousehold,
    Removal,
    RoleChange,
)
from domain.households.service import change
from domain.programmes import queries as programmes
from kit.db import Session
from kit.errors import IdempotencyConflictError, LaurelError, NotFoundError

NOBODY = UUID(int=0)
_PERSON_ID = "Their id in the household, one of `household.people`."


@strawberry.input(description="A household to found.")
class FoundHouseholdInput:
    """The input of foundHousehold."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    name: str = strawberry.field(
        description=f"What it is to be called, 1 to {NAME_LENGTH_MAX} characters."
    )


@strawberry.input(description="Somebody whom a household's owner asks in.")
class InviteToHouseholdInput:
    """The input of inviteToHousehold."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    guest: str = strawberry.field(
        description="The brand's id of the member who is asked, such as the number on the card."
    )
    role: HouseholdRole | None = strawberry.field(
        default=None, description="What they would be in it, not `OWNER`; `ADULT` without it."
    )


@strawberry.input(description="What a member says to an invitation.")
class AnswerInvitationInput:
    """The input of answerInvitation."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    invitation: strawberry.ID = strawberry.field(description="The invitation's id in this API.")
    accept: bool = strawberry.field(description="Whether the member enters the household.")


@strawberry.input(description="A member who leaves a household; where the owner does it ends.")
class LeaveHouseholdInput:
    """The input of leaveHousehold."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)


@strawberry.input(description="Somebody whom a household's owner lets go.")
class RemoveFromHouseholdInput:
    """The input of removeFromHousehold."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    person: strawberry.ID = strawberry.field(description=_PERSON_ID)


@strawberry.input(description="Another role that a household's owner gives to somebody in it.")
class ChangeHouseholdRoleInput:
    """The input of changeHouseholdRole."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    person: strawberry.ID = strawberry.field(description=_PERSON_ID)
    role: HouseholdRole = strawberry.field(
        description="What they are to be; `OWNER` makes an adult take over."
    )


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made: who acted, and the invitation it made, if it did."""

    actor: UUID
    invitation: UUID | None


async def found(info: Info, given: FoundHouseholdInput) -> Done:
    """Found a household as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, owner: str) -> Change:
        return NewHousehold(key, owner, given.name)

    return await _done(info, "foundHousehold", given, given.member, wanted, INVALID_NAME="name")


async def invite(info: Info, given: InviteToHouseholdInput) -> Done:
    """Ask somebody in as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, owner: str) -> Change:
        guest = await known(info, given.guest, "guest")
        return Invitation(key, owner, guest.external_id, _role(given.role or HouseholdRole.ADULT))

    paths = {"INVALID_ROLE": "role", "ALREADY_IN_HOUSEHOLD": "guest", "ALREADY_INVITED": "guest"}
    return await _done(info, "inviteToHousehold", given, given.member, wanted, **paths)


async def answer(info: Info, given: AnswerInvitationInput) -> Done:
    """Answer an invitation as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, member: str) -> Change:
        invitation = ids.uuid_in(given.invitation, INVITATION) or NOBODY
        return Answer(key, member, invitation, given.accept)

    paths = {"INVITATION_NOT_FOUND": "invitation", "INVITATION_EXPIRED": "invitation"}
    return await _done(info, "answerInvitation", given, given.member, wanted, **paths)


async def leave(info: Info, given: LeaveHouseholdInput) -> Done:
    """Leave as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, member: str) -> Change:
        return Leaving(key, member)

    return await _done(info, "leaveHousehold", given, given.member, wanted)


async def remove(info: Info, given: RemoveFromHouseholdInput) -> Done:
    """Let somebody go as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, owner: str) -> Change:
        return Removal(key, owner, await _named(info, given.person))

    return await _done(
        info, "removeFromHousehold", given, given.member, wanted, IS_THE_OWNER="person"
    )


async def change_role(info: Info, given: ChangeHouseholdRoleInput) -> Done:
    """Give another role as one transaction. Raises LaurelError if it is refused."""

    async def wanted(key: str, owner: str) -> Change:
        return RoleChange(key, owner, await _named(info, given.person), _role(given.role))

    paths = {"INVALID_ROLE": "role", "IS_THE_OWNER": "person"}
    return await _done(info, "changeHouseholdRole", given, given.member, wanted, **paths)


async def _done(
    info: Info,
    verb: str,
    given: Keyed,
    named: str | None,
    wanted: Callable[[str, str], Awaitable[Change]],
    **paths: str,
) -> Done:
    """Make a change as one transaction; ``paths`` say which part of the input a code is about."""
    context = info.context
    actor = await acting(info, named)
    # Before the transaction, and before it is known whether all of it was done already.
    item = await wanted(brands_key(context, given.idempotency_key), actor.external_id)

    async def work(session: Session, now: datetime, brand: Brand, _: Keyed) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (outcome,) = await change(session, now, brand, timeline, [item])
        return stored(outcome)

    done = await done_once(context, verb, given, work)
    code = done["code"]
    if code == "KEY_CONFLICT":
        raise IdempotencyConflictError(done["message"], path=("idempotency_key",))
    if code:
        raise LaurelError(done["message"], code=code, path=(paths[code],) if code in paths else ())
    return Done(actor.id, key_of(done["invitation_id"]))


async def _named(info: Info, text: str) -> str:
    """Return by which id the brand knows a person of a household."""
    named = ids.decode(text)
    key = person_key(named.key) if named and named.kind == PERSON else None
    found = await info.context.loaders.members.load(key[1]) if key else None
    if found is None:
        message = "There is no such person in the household."
        raise NotFoundError(message, code="NOT_IN_HOUSEHOLD", path=("person",))
    return found.external_id


def _role(given: HouseholdRole) -> str:
    return str(given.value)
