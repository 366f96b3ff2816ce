"""Reads in batches of what members play: challenges, streaks, badges and prizes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.graphql.paging import Window
from api.graphql.reads import Reads
from api.graphql.shared import Shared, batched
from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.badges import queries as badges
from gamification.badges.queries import Award
from gamification.challenges import queries as challenges
from gamification.challenges.queries import ChallengeView
from gamification.prizes import queries as prizes
from gamification.prizes.queries import Paid
from gamification.streaks import queries as streaks
from gamification.streaks.queries import Streak
from kit.db import Session


@dataclass(frozen=True, slots=True)
class WantedPrizes:
    """A page of what one member has won."""

    member_id: UUID
    page: Window[int]


class Playing:
    """The batched reads of one brand at one instant, as `api.graphql.loaders.Loaders`."""

    def __init__(
        self,
        reads: Reads,
        brand: Brand,
        now: datetime,
        timeline: Callable[[], Awaitable[Timeline]],
    ) -> None:
        self._reads = reads
        self._brand = brand
        self._now = now
        self._timeline = timeline
        self.challenges: DataLoader[UUID, list[ChallengeView]] = Shared(load_fn=self._challenges)
        self.streaks: DataLoader[UUID, list[Streak]] = Shared(load_fn=self._streaks)
        self.awards: DataLoader[UUID, Award | None] = batched(reads, self._awards)
        self.awards_of: DataLoader[UUID, list[Award] | None] = batched(reads, self._awards_of)
        self.prizes: DataLoader[UUID, Paid | None] = batched(reads, self._prizes)
        self.prize_pages: DataLoader[WantedPrizes, list[Paid] | None] = batched(
            reads, self._prize_pages
        )

    async def _challenges(self, ids: list[UUID]) -> list[list[ChallengeView]]:
        # Before the session opens, which it needs itself.
        timeline = await self._timeline()
        async with self._reads.session() as session:
            found = await challenges.progress(session, self._now, self._brand, timeline, ids)
        return [found[each] for each in ids]

    async def _streaks(self, ids: list[UUID]) -> list[list[Streak]]:
        timeline = await self._timeline()
        async with self._reads.session() as session:
            found = await streaks.streaks(session, self._now, self._brand, timeline, ids)
        return [found[each] for each in ids]

    async def _awards(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Award]:
        return await badges.awards(session, self._brand.id, ids)

    async def _awards_of(self, session: Session, ids: list[UUID]) -> Mapping[UUID, list[Award]]:
        return await badges.awards_of(session, self._brand.id, ids)

    async def _prizes(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Paid]:
        return await prizes.by_ids(session, self._brand.id, ids)

    async def _prize_pages(
        self, session: Session, wanted: list[WantedPrizes]
    ) -> Mapping[WantedPrizes, list[Paid]]:
        found: dict[WantedPrizes, list[Paid]] = {}
        for page in dict.fromkeys(each.page for each in wanted):
            ids = [each.member_id for each in wanted if each.page == page]
            of = session, self._brand.id, ids, page.size + 1
            if page.backwards:
                by_member = await prizes.oldest_prizes_of(*of, after=page.before)
            else:
                by_member = await prizes.prizes_of(*of, before=page.after)
            for member_id, mine in by_member.items():
                found[WantedPrizes(member_id, page)] = _within(page, mine)
        return found


def _within(page: Window[int], found: list[Paid]) -> list[Paid]:
    """Return what was read, from new to old, without what lies beyond the page's other end."""
    if page.backwards:
        after = page.after
        return [each for each in reversed(found) if after is None or each.number < after]
    before = page.before
    return [each for each in found if before is None or each.number > before]
