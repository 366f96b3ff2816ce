"""Places of one frozen window: how many there are, and those of some members or teams."""

from collections.abc import Collection
from uuid import UUID

from gamification.leaderboards.queries_close import RESULT, Result
from kit.db import Session


async def size(session: Session, brand_id: int, window_id: int) -> int:
    """Return how many places a brand's frozen window has."""
    found: int = await session.value(
        "SELECT coalesce(max(place), 0) FROM board_result WHERE brand_id = $1 AND window_id = $2",
        brand_id,
        window_id,
    )
    return found


async def among(
    session: Session, brand_id: int, window_id: int, entities: Collection[UUID]
) -> list[Result]:
    """Return the places of those of ``entities`` who have one, the best first."""
    rows = await session.fetch(
        RESULT + " WHERE r.brand_id = $1 AND r.window_id = $2 AND r.entity = ANY ($3)"
        " ORDER BY r.place",
        brand_id,
        window_id,
        list(entities),
    )
    return [Result(*row) for row in rows]


async def place_of(session: Session, brand_id: int, window_id: int, entity: UUID) -> int | None:
    """Return which place of a frozen window is somebody's, None if none is."""
    found: int | None = await session.value(
        "SELECT place FROM board_result WHERE brand_id = $1 AND window_id = $2 AND entity = $3",
        brand_id,
        window_id,
        entity,
    )
    return found
