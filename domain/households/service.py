"""The verbs that found and change households: who is in one, and as what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from domain.brands.rules import Brand
from domain.households import store
from domain.households.rules_change import HouseholdRefusedError, decide
from domain.households.rules_request import Change, request_of
from domain.households.section import HouseholdsSection
from domain.households.store import KnownChange
from domain.programmes.rules import Timeline
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class HouseholdOutcome:
    """What became of a change. ``code`` None: it is done, now or (``replayed``) before.

    ``member_id`` is who entered, was asked in, left, was let go or got a role.
    """

    household_id: UUID | None = None
    member_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False
    invitation_id: UUID | None = None


async def change(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Change]
) -> list[HouseholdOutcome]:
    """Make changes of any kinds, each seeing those before it; an outcome for each, in order.

    A change is known by its key: the same again is replayed, another under it is refused
    (KEY_CONFLICT). Further codes are those of `rules_change.decide`. Nobody enters without a
    programme that has households; to leave, to let go and to decline stays possible.

    The wallets of the members named are locked, then the households. Records the facts
    HouseholdEntered, HouseholdLeft and HouseholdInvited about the members.
    """
    ids = [derived_id("household change", str(brand.id), item.key) for item in items]
    programme = timeline.at(now)
    section = programme.document.find(HouseholdsSection) if programme else None
    state = await store.load(session, now, brand, section, items)
    known = await store.known(session, brand.id, ids)
    new: list[tuple[UUID, KnownChange]] = []
    outcomes = []
    for item, change_id in zip(items, ids, strict=True):
        request = request_of(item)
        before = known.get(change_id)
        if before is not None:
            outcomes.append(_repeated(request, before))
            continue
        try:
            done = decide(state, item, partial(_made, brand, item.key))
        except HouseholdRefusedError as error:
            outcomes.append(HouseholdOutcome(code=error.code, message=error.message))
            continue
        known[change_id] = KnownChange(
            type(item).__name__, request, done.household_id, done.member_id, done.invitation_id
        )
        new.append((change_id, known[change_id]))
        outcomes.append(
            HouseholdOutcome(done.household_id, done.member_id, invitation_id=done.invitation_id)
        )
    if new:
        await store.write(session, brand.id, state, new)
        told = [
            Fact(brand.id, each.kind, str(each.member_id), dict(each.payload))
            for each in state.happened
        ]
        await record(session, now, told)
    return outcomes


def _made(brand: Brand, key: str, kind: str) -> UUID:
    return derived_id(kind, str(brand.id), key)


def _repeated(request: bytes, before: KnownChange) -> HouseholdOutcome:
    if before.request != request:
        message = "This key was used before for another change; give a new change a new key."
        return HouseholdOutcome(code="KEY_CONFLICT", message=message)
    return HouseholdOutcome(
        before.household_id,
        before.member_id,
        replayed=True,
        invitation_id=before.invitation_id,
    )
