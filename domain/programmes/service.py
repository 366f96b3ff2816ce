"""Applying a programme: a new immutable version with the instant from which it counts."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.brands.section import BrandSection
from domain.programmes import queries
from domain.programmes.rules import Document, ProgrammeRefusedError, refusal, same_content
from kit.db import Session

_ADD_BRAND = """
    INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (code) DO NOTHING
"""
# The lock makes two applications for one brand follow each other, and lets members come and buy
# meanwhile: dating all points of a brand can take minutes.
_LOCK_BRAND = "SELECT id, time_zone, currency FROM brand WHERE code = $1 FOR NO KEY UPDATE"
_RENAME_BRAND = "UPDATE brand SET name = $2 WHERE id = $1 AND name <> $2"
_ADD_VERSION = """
    INSERT INTO programme_version
        (brand_id, effective_from, document, content_hash, applied_at, applied_by)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING id
"""


@dataclass(frozen=True)
class Applied:
    """What applying did: ``created`` is False if the same content was already there."""

    brand_id: int
    version_id: int
    effective_from: datetime
    created: bool


async def apply(
    session: Session,
    now: datetime,
    document: Document,
    effective_from: datetime,
    applied_by: str,
) -> Applied:
    """Add ``document`` as its brand's programme from ``effective_from`` on.

    Creates the brand at its first programme. Raises `ProgrammeRefusedError` if the brand's
    time zone or currency would change, or the version would start in the past of another.
    """
    section = document.section(BrandSection)
    brand_id, same = await judged(session, now, document, effective_from)
    if same is not None:
        return same
    # Whoever writes by the versions there were ends first, and nobody else begins.
    await session.fetch("SELECT pg_advisory_xact_lock($1, $2)", queries.APPLYING, brand_id)
    await session.value(_RENAME_BRAND, brand_id, section.name)
    version_id: int = await session.value(
        _ADD_VERSION,
        brand_id,
        effective_from,
        document.text,
        document.content_hash,
        now,
        applied_by,
    )
    return Applied(brand_id, version_id, effective_from, created=True)


async def judged(
    session: Session, now: datetime, document: Document, effective_from: datetime
) -> tuple[int, Applied | None]:
    """Return the brand's id and, if it says the same already, the version that does.

    Locks the brand, and creates it if this is its first programme. Raises as `apply` does.
    """
    section = document.section(BrandSection)
    brand = await _brand(session, now, section)
    brand_id: int = brand["id"]
    versions = await queries.versions(session, brand_id)
    same = same_content(versions, document, effective_from)
    if same is not None:
        return brand_id, Applied(brand_id, same.id, same.effective_from, created=False)
    error = _change_of_nature(brand, section) or refusal(versions, effective_from, now)
    if error is not None:
        raise error
    return brand_id, None


async def _brand(session: Session, now: datetime, section: BrandSection) -> asyncpg.Record:
    await session.value(
        _ADD_BRAND,
        section.code,
        section.name,
        section.time_zone,
        section.currency,
        section.currency_exponent,
        now,
    )
    brand = await session.one(_LOCK_BRAND, section.code)
    if brand is None:  # A row that was just added or seen, and brands are never deleted.
        raise AssertionError(section.code)
    return brand


def _change_of_nature(brand: asyncpg.Record, section: BrandSection) -> ProgrammeRefusedError | None:
    for field in ("time_zone", "currency"):
        old, new = brand[field], getattr(section, field)
        if old != new:
            return ProgrammeRefusedError(
                f"brand {section.code} has the {field} {old}, which can't become {new}:"
                " its history is counted in it; open another brand instead",
                code=f"BRAND_{field.upper()}_FIXED",
                path=("brand", field),
            )
    return None
