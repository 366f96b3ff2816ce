"""Reads of applied programme versions."""

from datetime import datetime

from domain.programmes.rules import Programme, SectionKinds, Timeline, Version, load
from kit.db import Session
from kit.documents import Section

_VERSIONS = """
    SELECT id, brand_id, effective_from, document, content_hash, applied_at, applied_by
    FROM programme_version
    WHERE brand_id = $1
    ORDER BY effective_from
"""
_KEYS = """
    SELECT id, effective_from, content_hash
    FROM programme_version
    WHERE brand_id = $1
    ORDER BY effective_from
"""
_KEPT_MAX = 1_000

Key = tuple[int, datetime, bytes, tuple[tuple[str, type[Section]], ...]]
_kept: dict[Key, Programme] = {}


async def versions(session: Session, brand_id: int) -> list[Version]:
    """Return every version of a brand's programme, the earliest start first."""
    return [Version(**row) for row in await session.fetch(_VERSIONS, brand_id)]


async def timeline(session: Session, brand_id: int, sections: SectionKinds) -> Timeline:
    """Return a brand's programmes over time, each file read with ``sections``.

    An applied file never changes, so it is read once per process.
    """
    kinds = tuple(sections.items())
    keys: list[Key] = [(*row, kinds) for row in await session.fetch(_KEYS, brand_id)]
    if not all(key in _kept for key in keys):
        if len(_kept) > _KEPT_MAX:
            _kept.clear()
        for each in await versions(session, brand_id):
            key = (each.id, each.effective_from, each.content_hash, kinds)
            _kept.setdefault(key, _read(each, sections))
    return Timeline(tuple(_kept[key] for key in keys))


def _read(version: Version, sections: SectionKinds) -> Programme:
    document = load(version.document, sections, f"version {version.id}")
    return Programme(version.id, version.effective_from, document)
