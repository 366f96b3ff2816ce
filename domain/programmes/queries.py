"""Reads of applied programme versions."""

from domain.programmes.rules import Version
from kit.db import Session

_VERSIONS = """
    SELECT id, brand_id, effective_from, document, content_hash, applied_at, applied_by
    FROM programme_version
    WHERE brand_id = $1
    ORDER BY effective_from
"""


async def versions(session: Session, brand_id: int) -> list[Version]:
    """Return every version of a brand's programme, the earliest start first."""
    return [Version(**row) for row in await session.fetch(_VERSIONS, brand_id)]
