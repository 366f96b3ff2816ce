"""Which windows keep dense ranks: those of boards whose programme says so."""

from collections.abc import Sequence
from datetime import datetime

from domain.programmes import queries as programmes
from domain.programmes.rules import SectionKinds
from gamification.leaderboards.queries_showing import Shown
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.showing import DenseOf
from kit.db import Session


def dense_by(sections: SectionKinds) -> DenseOf:
    """Return what tells which windows keep dense ranks, by the programmes in force."""

    async def dense(session: Session, now: datetime, windows: Sequence[Shown]) -> set[int]:
        boards: set[tuple[int, str]] = set()
        for brand_id in sorted({window.brand_id for window in windows}):
            programme = (await programmes.timeline(session, brand_id, sections)).at(now)
            section = programme.document.find(LeaderboardsSection) if programme else None
            if section is not None:
                boards |= {(brand_id, each.code) for each in section.board if each.rank == "dense"}
        return {window.id for window in windows if (window.brand_id, window.board) in boards}

    return dense
