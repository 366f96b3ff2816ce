"""Applying a programme file as a whole: the version, and the books that it needs."""

from datetime import datetime

from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.expiry.service import redate_all
from domain.programmes import queries as programmes
from domain.programmes import service
from domain.programmes.rules import Document
from domain.programmes.service import Applied
from domain.wallets.section import PointsSection
from domain.wallets.service import open_books
from kit.db import Session


async def apply_programme(
    session: Session,
    now: datetime,
    document: Document,
    effective_from: datetime,
    applied_by: str,
) -> Applied:
    """Apply ``document``, open the points unit and accounts of its brand, and date its points.

    Raises `ProgrammeRefusedError` and the errors of `open_books`; then nothing is applied.
    """
    applied = await service.apply(session, now, document, effective_from, applied_by)
    brand = await brands.by_id(session, applied.brand_id)
    assert brand is not None
    await open_books(session, brand, document.section(PointsSection))
    if applied.created:
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        await redate_all(session, now, brand, timeline)
    return applied
