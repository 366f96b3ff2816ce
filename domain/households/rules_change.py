"""Who may found, enter, leave and change a household, decided item by item."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from domain.households.rules import Household, Person
from domain.households.rules_request import (
    Answer,
    Change,
    Invitation,
    Leaving,
    NewHousehold,
    Removal,
    RoleChange,
    names_of,
)
from domain.households.rules_state import Asked, State
from domain.households.section import HouseholdsSection, Role
from kit.errors import LaurelError
from kit.texts import usable

NAME_LENGTH_MAX = 100


class HouseholdRefusedError(LaurelError):
    """A change of a household can't be made; the code says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a change was about. ``member_id`` is who entered, was asked, left or got a role."""

    household_id: UUID
    member_id: UUID
    invitation_id: UUID | None = None


def decide(state: State, item: Change, made: Callable[[str], UUID]) -> Done:
    """Make a change in ``state``; a refused one leaves it as it was.

    ``made`` gives the id of a row of this kind that the item's key leads to. Raises
    HouseholdRefusedError with one of these codes:
    NO_HOUSEHOLDS, UNKNOWN_MEMBER, INVALID_NAME, INVALID_ROLE, ALREADY_IN_HOUSEHOLD, TOO_SOON,
    NOT_IN_HOUSEHOLD, NOT_THE_OWNER, ALREADY_INVITED, HOUSEHOLD_FULL, INVITATION_NOT_FOUND,
    INVITATION_EXPIRED, IS_THE_OWNER.
    """
    if any(name not in state.members for name in names_of(item)):
        raise _refused("UNKNOWN_MEMBER", "Nobody is enrolled under this id.")
    match item:
        case NewHousehold():
            done = _found(state, item, made("household"))
        case Invitation():
            done = _invite(state, item, made("household invitation"))
        case Answer():
            done = _answer(state, item)
        case Leaving():
            done = _leave(state, item)
        case Removal():
            done = _remove(state, item)
        case _:
            done = _change_role(state, item)
    return done


def _found(state: State, item: NewHousehold, household_id: UUID) -> Done:
    member_id = state.members[item.owner]
    section = _section(state)
    if not usable(item.name, NAME_LENGTH_MAX):
        message = f"A name has 1 to {NAME_LENGTH_MAX} printable characters."
        raise _refused("INVALID_NAME", message)
    _check_may_enter(state, section, member_id, household_id)
    household = Household(household_id, item.name, state.now, ())
    state.founded.append(household)
    state.households[household_id] = household
    state.enter(household, member_id, "owner")
    return Done(household_id, member_id)


def _invite(state: State, item: Invitation, invitation_id: UUID) -> Done:
    member_id = state.members[item.member]
    section = _section(state)
    household = _owned(state, item.household_of)
    if item.role not in {"adult", "child"}:
        raise _refused("INVALID_ROLE", "Members are asked in as adult or child.")
    if household.person(member_id):
        raise _refused("ALREADY_IN_HOUSEHOLD", "The member is in this household already.")
    _check_room(section, household)
    before = state.open.get((household.id, member_id))
    if before and before.expires_at > state.now:
        message = "The member was asked already and has not answered yet."
        raise _refused("ALREADY_INVITED", message)
    if before:
        state.answer(before, accepted=False)
    expires_at = state.end_of(section.invitation_days)
    role = cast("Role", item.role)
    state.ask(Asked(invitation_id, household.id, member_id, role, state.now, expires_at))
    return Done(household.id, member_id, invitation_id)


def _answer(state: State, item: Answer) -> Done:
    member_id = state.members[item.member]
    asked = state.asked.get(item.invitation_id)
    household = state.households.get(asked.household_id) if asked else None
    if asked is None or household is None or asked.member_id != member_id:
        raise _refused("INVITATION_NOT_FOUND", "The member has no such invitation.")
    if asked.expires_at <= state.now:
        raise _refused("INVITATION_EXPIRED", "The invitation is over; ask for a new one.")
    if asked.answered_at is not None:
        raise _refused("INVITATION_NOT_FOUND", "The invitation was answered already.")
    if item.accept:
        section = _section(state)
        _check_may_enter(state, section, member_id, household.id)
        _check_room(section, household)
        state.enter(household, member_id, asked.role)
    state.answer(asked, accepted=item.accept)
    return Done(household.id, member_id, asked.id)


def _leave(state: State, item: Leaving) -> Done:
    member_id = state.members[item.member]
    household = _home(state, member_id)
    if household.people[0].member_id == member_id:
        for each in household.people:
            state.go(household, each, "ended")
        del state.households[household.id]
        state.ended.append(household.id)
    else:
        state.go(household, _touchable(household, member_id), "left")
    return Done(household.id, member_id)


def _remove(state: State, item: Removal) -> Done:
    member_id = state.members[item.member]
    household = _owned(state, item.owner)
    state.go(household, _touchable(household, member_id), "removed")
    return Done(household.id, member_id)


def _change_role(state: State, item: RoleChange) -> Done:
    member_id = state.members[item.member]
    _section(state)
    household = _owned(state, item.owner)
    person = _touchable(household, member_id)
    takes_over = item.role == "owner" and person.role == "adult"
    if item.role not in {"adult", "child"} and not takes_over:
        raise _refused("INVALID_ROLE", "The role is adult or child, or owner for an adult.")
    roles = {member_id: cast("Role", item.role)}
    if takes_over:
        roles[household.people[0].member_id] = "adult"
    people = [replace(each, role=roles.get(each.member_id, each.role)) for each in household.people]
    state.put(household, people)
    for each in people:
        if each.member_id in roles:
            state.keep(household.id, each)
    return Done(household.id, member_id)


def _section(state: State) -> HouseholdsSection:
    if state.section is None:
        raise _refused("NO_HOUSEHOLDS", "The programme in force has no households.")
    return state.section


def _home(state: State, member_id: UUID) -> Household:
    household = state.home(member_id)
    if household is None:
        raise _refused("NOT_IN_HOUSEHOLD", "The member is in no household.")
    return household


def _owned(state: State, name: str) -> Household:
    member_id = state.members[name]
    household = _home(state, member_id)
    if household.people[0].member_id != member_id:
        raise _refused("NOT_THE_OWNER", "Only the household's owner may do this.")
    return household


def _touchable(household: Household, member_id: UUID) -> Person:
    person = household.person(member_id)
    if person is None:
        raise _refused("NOT_IN_HOUSEHOLD", "The member is not in this household.")
    if person.role == "owner":
        message = "The owner can leave, or make another adult the owner."
        raise _refused("IS_THE_OWNER", message)
    return person


def _check_room(section: HouseholdsSection, household: Household) -> None:
    if len(household.people) >= section.members:
        message = f"A household has at most {section.members} members."
        raise _refused("HOUSEHOLD_FULL", message)


def _check_may_enter(
    state: State, section: HouseholdsSection, member_id: UUID, household_id: UUID
) -> None:
    if state.home(member_id):
        raise _refused("ALREADY_IN_HOUSEHOLD", "The member is in a household already.")
    days = section.cool_off_days
    # Whoever comes back to where he or she was doesn't go from one to another.
    others = (at for other, at in state.left.get(member_id, {}).items() if other != household_id)
    last = max(others, default=None)
    if last is not None and state.now < state.free_from(last, days):
        message = f"Who left a household waits {days} days to enter another."
        raise _refused("TOO_SOON", message)


def _refused(code: str, message: str) -> HouseholdRefusedError:
    return HouseholdRefusedError(message, code=code)
