"""Who is listed on boards and by which name, who is flagged, and who are friends."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from kit.db import Session

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
    member: recompute that member's rows in windows that are not frozen. One statement.
    """
    rows = await session.fetch(
        "SELECT DISTINCT member_id, board, window_id FROM board_absence"
        " WHERE brand_id = $1 AND member_id = ANY ($2) AND ended_at IS NULL ORDER BY 1, 2, 3",
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
