"""Tells everyone who filled a bar that is full, or is not any more, some at a time."""

from datetime import datetime
from functools import partial

from domain.brands import queries as brands
from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds
from gamification.challenges import service, store
from kit.attempts import attempt
from kit.db import Session


async def spread(session: Session, now: datetime, sections: SectionKinds, limit: int = 500) -> int:
    """Tell up to ``limit`` members of one brand; return how many were told. 0: all done.

    A brand whose challenges fail keeps no other one waiting.
    """
    for brand_id in await store.brands_spreading(session):
        work = partial(_spread, session, now, sections, brand_id, limit)
        done = await attempt(session, work, "a brand's challenges failed", brand=brand_id)
        if done:
            return done
    return 0


async def _spread(
    session: Session, now: datetime, sections: SectionKinds, brand_id: int, limit: int
) -> int:
    brand = await brands.by_id(session, brand_id)
    assert brand is not None
    timeline = await programmes.timeline_to_write(session, brand_id, sections)
    return await service.spread(session, now, brand, timeline, limit)
