"""How households, who is in them and invitations are locked, loaded and written, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from domain.brands.rules import Brand
from domain.households.rules import Household, Person, in_order
from domain.households.rules_request import Answer, Change, names_of
from domain.households.rules_state import Asked, State
from domain.households.section import HouseholdsSection
from domain.wallets.queries import books
from domain.wallets.store import lock_named
from kit.db import Session

PEOPLE = (
    "SELECT h.id, h.name, h.founded_at, p.member_id, p.role, p.entered_at FROM household h"
    " JOIN household_member p ON p.household_id = h.id AND p.left_at IS NULL"
)


class KnownChange(NamedTuple):
    """A change that was made, by what was asked and whom it was about."""

    kind: str
    request: bytes
    household_id: UUID
    member_id: UUID
    invitation_id: UUID | None


async def load(
    session: Session,
    now: datetime,
    brand: Brand,
    section: HouseholdsSection | None,
    items: Sequence[Change],
) -> State:
    """Lock and load what ``items`` are decided on.

    First the wallets of the members named, so that nobody enters two households at once; then
    the households they are in or were asked into, so that who is in one doesn't change.
    """
    names = {name for item in items for name in names_of(item)}
    accounts = await books(session, brand.id)
    wallets = (
        await lock_named(session, brand.id, accounts.asset_id, sorted(names)) if accounts else {}
    )
    members = {name: wallet.member_id for name, wallet in wallets.items()}
    member_ids = list(members.values())
    answered = [item.invitation_id for item in items if isinstance(item, Answer)]
    locked = await session.fetch(
        "SELECT id FROM household WHERE brand_id = $1 AND ended_at IS NULL AND id IN ("
        " SELECT household_id FROM household_member WHERE member_id = ANY ($2)"
        " AND left_at IS NULL"
        " UNION ALL SELECT household_id FROM household_invitation WHERE id = ANY ($3))"
        " ORDER BY id FOR NO KEY UPDATE",
        brand.id,
        member_ids,
        answered,
    )
    ids = [row["id"] for row in locked]
    return State(
        now,
        brand.zone,
        section,
        members,
        households=households(
            await session.fetch(PEOPLE + " WHERE h.id = ANY ($1) AND h.ended_at IS NULL", ids)
        ),
        asked=await _asked(session, ids, member_ids, answered),
        left=await _left(session, member_ids),
    )


def households(rows: Sequence[asyncpg.Record]) -> dict[UUID, Household]:
    """Return the households that rows of `PEOPLE` speak of."""
    people: dict[UUID, list[Person]] = {}
    for household_id, _, _, *person in rows:
        people.setdefault(household_id, []).append(Person(*person))
    return {
        row["id"]: Household(row["id"], row["name"], row["founded_at"], in_order(people[row["id"]]))
        for row in rows
    }


async def _asked(
    session: Session, ids: Sequence[UUID], member_ids: Sequence[UUID], answered: Sequence[UUID]
) -> dict[UUID, Asked]:
    rows = await session.fetch(
        "SELECT id, household_id, member_id, role, invited_at, expires_at, answered_at, accepted"
        " FROM household_invitation WHERE household_id = ANY ($1) AND (id = ANY ($3)"
        " OR answered_at IS NULL AND member_id = ANY ($2))",
        ids,
        member_ids,
        answered,
    )
    return {row["id"]: Asked(*row) for row in rows}


async def _left(session: Session, member_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, datetime]]:
    rows = await session.fetch(
        "SELECT member_id, household_id, max(left_at) FROM household_member"
        " WHERE member_id = ANY ($1) AND left_at IS NOT NULL GROUP BY 1, 2",
        member_ids,
    )
    found: dict[UUID, dict[UUID, datetime]] = {}
    for member_id, household_id, at in rows:
        found.setdefault(member_id, {})[household_id] = at
    return found


async def known(session: Session, brand_id: int, ids: Sequence[UUID]) -> dict[UUID, KnownChange]:
    """Return those of the changes ``ids`` that the brand has made."""
    rows = await session.fetch(
        "SELECT id, kind, request, household_id, member_id, invitation_id FROM household_change"
        " WHERE brand_id = $1 AND id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return {row[0]: KnownChange(*row[1:]) for row in rows}


async def write(
    session: Session, brand_id: int, state: State, changes: Sequence[tuple[UUID, KnownChange]]
) -> None:
    """Write what changes made of the rows that were loaded, and the changes themselves."""
    await _write_households(session, brand_id, state)
    await _write_stays(session, state)
    await _write_asked(session, brand_id, state)
    await session.fetch(
        "INSERT INTO household_change (id, brand_id, kind, request, household_id, member_id,"
        " invitation_id, changed_at) SELECT i, $1, k, r, h, m, a, $2 FROM unnest($3::uuid[],"
        " $4::text[], $5::bytea[], $6::uuid[], $7::uuid[], $8::uuid[]) AS n(i, k, r, h, m, a)",
        brand_id,
        state.now,
        [change_id for change_id, _ in changes],
        [each.kind for _, each in changes],
        [each.request for _, each in changes],
        [each.household_id for _, each in changes],
        [each.member_id for _, each in changes],
        [each.invitation_id for _, each in changes],
    )


async def _write_households(session: Session, brand_id: int, state: State) -> None:
    if state.founded:
        await session.fetch(
            "INSERT INTO household (id, brand_id, name, founded_at) SELECT i, $1, n, f"
            " FROM unnest($2::uuid[], $3::text[], $4::timestamptz[]) AS n(i, n, f)",
            brand_id,
            [each.id for each in state.founded],
            [each.name for each in state.founded],
            [each.founded_at for each in state.founded],
        )
    if state.ended:
        await session.fetch(
            "UPDATE household SET ended_at = $1 WHERE id = ANY ($2)", state.now, state.ended
        )


async def _write_stays(session: Session, state: State) -> None:
    # Who goes first, owners last: at no moment has a member two places or a household two owners.
    stays = sorted(
        state.stays.values(), key=lambda stay: (stay.left_at is None, stay.role == "owner")
    )
    await session.fetch(
        "INSERT INTO household_member AS p (household_id, member_id, entered_at, role, left_at)"
        " SELECT h, m, e, r, l FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[],"
        " $5::timestamptz[]) WITH ORDINALITY AS n(h, m, e, r, l, o) ORDER BY o"
        " ON CONFLICT (household_id, member_id, entered_at)"
        " DO UPDATE SET role = excluded.role, left_at = excluded.left_at",
        [stay.household_id for stay in stays],
        [stay.member_id for stay in stays],
        [stay.entered_at for stay in stays],
        [stay.role for stay in stays],
        [stay.left_at for stay in stays],
    )


async def _write_asked(session: Session, brand_id: int, state: State) -> None:
    # The answered ones first: a new invitation takes the place of one that is over.
    asked = sorted(state.answered.values(), key=lambda each: each.answered_at is None)
    if asked:
        await _insert_asked(session, brand_id, asked)
    if state.ended:
        await session.fetch(
            "UPDATE household_invitation SET answered_at = $1, accepted = false"
            " WHERE household_id = ANY ($2) AND answered_at IS NULL",
            state.now,
            state.ended,
        )


async def _insert_asked(session: Session, brand_id: int, asked: Sequence[Asked]) -> None:
    await session.fetch(
        "INSERT INTO household_invitation (id, brand_id, household_id, member_id, role,"
        " invited_at, expires_at, answered_at, accepted) SELECT i, $1, h, m, r, v, e, a, y"
        " FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],"
        " $7::timestamptz[], $8::timestamptz[], $9::boolean[]) WITH ORDINALITY"
        " AS n(i, h, m, r, v, e, a, y, o) ORDER BY o"
        " ON CONFLICT (id) DO UPDATE SET answered_at = excluded.answered_at,"
        " accepted = excluded.accepted",
        brand_id,
        [each.id for each in asked],
        [each.household_id for each in asked],
        [each.member_id for each in asked],
        [each.role for each in asked],
        [each.invited_at for each in asked],
        [each.expires_at for each in asked],
        [each.answered_at for each in asked],
        [each.accepted for each in asked],
    )


async def share(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Household]:
    """Return the households of those of these members who are in one; they stay so until the end.

    For whoever decides by membership: the households are locked against every change of it. The
    caller has the wallets of the members locked.
    """
    await session.fetch(
        "SELECT FROM household WHERE brand_id = $1 AND id IN (SELECT household_id"
        " FROM household_member WHERE member_id = ANY ($2) AND left_at IS NULL)"
        " ORDER BY id FOR SHARE",
        brand_id,
        list(member_ids),
    )
    return await of_members(session, brand_id, member_ids)


async def living(session: Session, brand_id: int, ids: Collection[UUID]) -> dict[UUID, Household]:
    """Return those of the households ``ids`` that are this brand's and have not ended."""
    rows = await session.fetch(
        PEOPLE + " WHERE h.brand_id = $1 AND h.ended_at IS NULL AND h.id = ANY ($2)",
        brand_id,
        list(ids),
    )
    return households(rows)


async def of_members(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Household]:
    """Return the households of those of these members who are in one; nothing is locked."""
    rows = await session.fetch(
        f"{PEOPLE} WHERE h.brand_id = $1 AND h.ended_at IS NULL AND h.id IN (SELECT"  # noqa: S608
        " household_id FROM household_member WHERE member_id = ANY ($2) AND left_at IS NULL)",
        brand_id,
        list(member_ids),
    )
    asked = set(member_ids)
    return {
        person.member_id: each
        for each in households(rows).values()
        for person in each.people
        if person.member_id in asked
    }
