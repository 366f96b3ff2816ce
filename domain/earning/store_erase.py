"""What is forgotten of purchases and activities of members who are erased."""

from collections.abc import Collection
from uuid import UUID

from kit.db import Session


async def forget(session: Session, member_ids: Collection[UUID]) -> None:
    """Empty what activities of these members said of them, and who purchases' rules knew them as.

    What was bought and earned stays, with what rules knew of the member (``context``) but for
    names: refunds are judged by it.
    """
    await session.fetch(
        "UPDATE activity SET attributes = '{}' WHERE member_id = ANY ($1) AND attributes <> '{}'",
        list(member_ids),
    )
    await session.fetch(
        "UPDATE purchase SET context = jsonb_set(context, '{member.id}', '\"\"')"
        " WHERE member_id = ANY ($1) AND context ? 'member.id'",
        list(member_ids),
    )
