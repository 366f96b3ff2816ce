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

APPLYING = 7002
"""The first half of the lock that whoever applies a version has alone, the second is the brand."""

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


async def timeline_to_write(session: Session, brand_id: int, sections: SectionKinds) -> Timeline:
    """Return `timeline` for a transaction that writes by it: no version comes in until it ends.

    To be called before anything else is locked. Without it a write that began under the old
    version could undo what applying the new one has just done, such as dating points anew.
    """
    await keep_versions(session, brand_id)
    return await timeline(session, brand_id, sections)


async def keep_versions(session: Session, brand_id: int) -> None:
    """Let no version of a brand's programme come in until the transaction ends."""
    # A statement of its own: what the next one sees must be what it is after the wait.
    await session.fetch("SELECT pg_advisory_xact_lock_shared($1, $2)", APPLYING, brand_id)


def _read(version: Version, sections: SectionKinds) -> Programme:
    document = load(version.document, sections, f"version {version.id}")
    return Programme(version.id, version.effective_from, document)
