"""Reads of applied programme versions."""

from functools import lru_cache

from domain.programmes.rules import Programme, SectionKinds, Timeline, Version, load
from kit.db import Session
from kit.documents import Section

_VERSIONS = """
    SELECT id, brand_id, effective_from, document, content_hash, applied_at, applied_by
    FROM programme_version
    WHERE brand_id = $1
    ORDER BY effective_from
"""


async def versions(session: Session, brand_id: int) -> list[Version]:
    """Return every version of a brand's programme, the earliest start first."""
    return [Version(**row) for row in await session.fetch(_VERSIONS, brand_id)]


async def timeline(session: Session, brand_id: int, sections: SectionKinds) -> Timeline:
    """Return a brand's programmes over time, each file read with ``sections``.

    An applied file never changes, so it is read once per process.
    """
    kinds = tuple(sections.items())
    return Timeline(tuple(_read(each, kinds) for each in await versions(session, brand_id)))


@lru_cache(maxsize=1000)
def _read(version: Version, kinds: tuple[tuple[str, type[Section]], ...]) -> Programme:
    source = f"version {version.id}"
    document = load(version.document, dict(kinds), source)
    return Programme(version.id, version.effective_from, document)
