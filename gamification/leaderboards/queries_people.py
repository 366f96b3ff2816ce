"""Who is listed on boards and by which name, who is flagged, and who are friends."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.households import queries as households
from domain.members.queries import FAMILY
from domain.referrals import queries as referrals
from gamification.leaderboards.queries_scores import team_names
from gamification.leaderboards.rules_people import Face, key_of, made_up
from kit.db import Session

__all__ = ["ALL", "Absence", "Change", "Face"]

FRIENDS_MAX = 500
"""Of whom a member brought, so many are friends, the newest first."""

ALL = ""
"""All boards of a brand, in `Absence.board`."""


class Absence(NamedTuple):
    """That a member is not listed: on ``board`` or on `ALL`, in ``window_id`` or (0) in any."""

    board: str
    window_id: int


async def absences(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, list[Absence]]:
    """Return where those of these members are not listed who aren't everywhere.

    Both what members chose and bans. Whoever recomputes scores sets ``listed`` to false there.
    It changes with the facts BoardChoiceChanged, MemberBanned and BanLifted, whose subject is the
    member: recompute that member's rows in windows that are not frozen. What kept off somebody
    who was merged keeps off the member who is left. One statement.
    """
    rows = await session.fetch(
        "SELECT DISTINCT f.kept, a.board, a.window_id"  # noqa: S608
        f" FROM {FAMILY.format(ids='$2')} AS f JOIN board_absence a ON a.member_id = f.id"
        " WHERE a.brand_id = $1 AND a.ended_at IS NULL ORDER BY 1, 2, 3",
        brand_id,
        list(member_ids),
    )
    found: dict[UUID, list[Absence]] = {}
    for member_id, *where in rows:
        found.setdefault(member_id, []).append(Absence(*where))
    return found


async def people_hidden(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    board: str = ALL,
    window_id: int = 0,
) -> set[UUID]:
    """Return which of these members are not listed on a board, or on no board at all."""
    found = await absences(session, brand_id, member_ids)
    return {member_id for member_id, each in found.items() if is_absent(each, board, window_id)}


def is_absent(where: Collection[Absence], board: str, window_id: int = 0) -> bool:
    """Whether these absences keep somebody off this window of a board."""
    return any(each.board in {ALL, board} and each.window_id in {0, window_id} for each in where)


class Change(NamedTuple):
    """A change in the history of a member on boards: of an alias, a choice, a ban."""

    id: UUID
    kind: str
    board: str
    window_id: int
    actor: str
    reason: str
    changed_at: datetime


async def faces(
    session: Session, brand: Brand, entities: Collection[UUID], language: str
) -> dict[UUID, Face]:
    """Return under which name each of these members and teams is shown; everybody is there.

    That is a member's alias, a team's name, else a made-up name that never says who it is. Three
    statements.
    """
    ids = list(dict.fromkeys(entities))
    salt = await session.value("SELECT salt FROM board_salt WHERE brand_id = $1", brand.id)
    aliases = await aliases_of(session, brand.id, ids)
    names = aliases | await team_names(session, ids)
    found = {}
    for id_ in ids:
        neutral, key = made_up(salt, id_, language), key_of(salt, id_)
        found[id_] = Face(names.get(id_, neutral), id_ in aliases, neutral, key)
    return found


async def aliases_of(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return the aliases of those of these members who have one."""
    rows = await session.fetch(
        "SELECT member_id, alias FROM board_alias"
        " WHERE brand_id = $1 AND member_id = ANY ($2) AND removed_at IS NULL",
        brand_id,
        list(member_ids),
    )
    return {row["member_id"]: row["alias"] for row in rows}


async def changes_of(
    session: Session,
    brand_id: int,
    member_ids: Collection[UUID],
    *,
    first: int,
    before: UUID | None = None,
    oldest_first: bool = False,
) -> dict[UUID, list[Change]]:
    """Return up to ``first`` changes of each of these members, newest first, before one.

    ``oldest_first``: from the other end, and behind one.
    """
    way, order = (">", "ASC") if oldest_first else ("<", "DESC")
    rows = await session.fetch(
        "SELECT m.id AS member_id, c.* FROM unnest($2::uuid[]) AS m(id)"  # noqa: S608
        " CROSS JOIN LATERAL ("
        " SELECT id, kind, board, window_id, actor, reason, changed_at FROM board_person_change"
        f" WHERE brand_id = $1 AND member_id = m.id AND ($3::uuid IS NULL OR (changed_at, id) {way}"
        " (SELECT changed_at, id FROM board_person_change WHERE id = $3))"
        f" ORDER BY changed_at {order}, id {order} LIMIT $4) AS c",
        brand_id,
        list(member_ids),
        before,
        first,
    )
    found: dict[UUID, list[Change]] = {member_id: [] for member_id in member_ids}
    for member_id, *change in rows:
        found[member_id].append(Change(*change))
    return found


async def flagged(session: Session, brand_id: int, member_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these members have an open flag, so that no prize is paid to them yet."""
    rows = await session.fetch(
        "SELECT DISTINCT f.kept"  # noqa: S608
        f" FROM {FAMILY.format(ids='$2')} AS f JOIN board_flag b ON b.member_id = f.id"
        " WHERE b.brand_id = $1 AND b.state = 'open'",
        brand_id,
        list(member_ids),
    )
    return {row["kept"] for row in rows}


async def friends_of(session: Session, brand_id: int, member_id: UUID) -> set[UUID]:
    """Return the friends of a member, without the member; see `friends`."""
    return (await friends(session, brand_id, [member_id]))[member_id]


async def friends(
    session: Session, brand_id: int, member_ids: Collection[UUID]
) -> dict[UUID, set[UUID]]:
    """Return for each of these members who shares a household, brought them or was brought.

    Referrals that wait for staff or are refused make no friends. Three statements.
    """
    ids = list(dict.fromkeys(member_ids))
    found: dict[UUID, set[UUID]] = {id_: set() for id_ in ids}
    for id_, household in (await households.households_of(session, brand_id, ids)).items():
        found[id_] |= {person.member_id for person in household.people}
    brought = await referrals.of_members(
        session,
        brand_id,
        ids,
        first=FRIENDS_MAX,
        states=("pending", "qualified", "rewarded"),
    )
    for id_, mine in brought.items():
        found[id_] |= {each.friend_id for each in mine}
    for id_, each in (await referrals.of_friends(session, brand_id, ids)).items():
        if each.state != "review":
            found[id_].add(each.referrer_id)
    return {id_: friends - {id_} for id_, friends in found.items()}
