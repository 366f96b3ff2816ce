"""Applying a programme file as a whole: the version, and the books that it needs."""

from collections.abc import Callable
from datetime import datetime

from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.expiry.service import redate_all
from domain.programmes import queries as programmes
from domain.programmes import service
from domain.programmes.rules import Document
from domain.programmes.service import Applied
from domain.rewards.service_stock import open_stock
from domain.wallets.section import PointsSection
from domain.wallets.service import open_books
from kit.db import Database, Session


async def apply_programme(
    session: Session,
    now: datetime,
    document: Document,
    effective_from: datetime,
    applied_by: str,
    progress: Callable[[int], None] | None = None,
) -> Applied:
    """Apply ``document``, open its brand's points unit, accounts and stock, and date its points.

    ``progress`` is told of how many members the points were dated, batch by batch. Raises
    `ProgrammeRefusedError` and the errors of `open_books`; then nothing is applied.
    """
    applied = await service.apply(session, now, document, effective_from, applied_by)
    brand = await brands.by_id(session, applied.brand_id)
    assert brand is not None
    await open_books(session, brand, document.section(PointsSection))
    if applied.created:
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        await redate_all(session, now, brand, timeline, progress)
        await open_stock(session, brand, document)
    return applied


class _UndoError(Exception):
    """Leaves a rehearsal's transaction, taking along what was found."""

    def __init__(self, same: Applied | None) -> None:
        super().__init__()
        self.same = same


async def rehearse(
    database: Database, now: datetime, document: Document, effective_from: datetime
) -> Applied | None:
    """Return the version that says the same already, None if applying would add one.

    Raises what applying would raise. Nothing is written.
    """

    async def work(session: Session) -> Applied | None:
        brand_id, same = await service.judged(session, now, document, effective_from)
        brand = await brands.by_id(session, brand_id)
        assert brand is not None
        await open_books(session, brand, document.section(PointsSection))
        raise _UndoError(same)

    try:
        return await database.write(work)
    except _UndoError as undone:
        return undone.same
