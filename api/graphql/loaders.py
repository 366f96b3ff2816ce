"""Reads in batches: however many members a query names, each kind of row is read once.

One `Loaders` lives as long as the reads of one operation are true.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.graphql.paging import Window
from api.graphql.playing import Playing
from api.graphql.reads import Reads
from api.graphql.shared import Shared, batched
from api.graphql.sharing import Sharing
from api.graphql.spending import Spending
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning import queries as earning
from domain.earning.rules_given import Given
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies
from domain.tallies.rules import Tallies
from domain.tiers import queries as tiers
from domain.tiers.rules import Grant, Standing, ladders_of, standings_at
from domain.wallets import queries as wallets
from domain.wallets.queries import Movement, WalletBalance
from domain.wallets.section import NegativeBalance, PointsSection
from kit.db import Session

Standings = Mapping[str, Standing]
"""A member's standings by ladder, the main one first."""


@dataclass(frozen=True, slots=True)
class Programmes:
    """A brand's programmes over time and the number of decimals its points have."""

    timeline: Timeline
    scale: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of one member's movements."""

    member_id: UUID
    page: Window[int]


class Loaders:
    """The batched reads of one brand at one instant."""

    def __init__(self, reads: Reads, brand: Brand, now: datetime) -> None:
        self._reads = reads
        self._brand = brand
        self._now = now
        self._programmes: DataLoader[int, Programmes] = Shared(load_fn=self._read_programmes)
        self.members: DataLoader[UUID, Member | None] = batched(reads, self._members)
        self.members_by_external_id: DataLoader[str, Member | None] = batched(
            reads, self._members_by_external_id
        )
        self.balances: DataLoader[UUID, WalletBalance | None] = Shared(load_fn=self._balances)
        self.standings: DataLoader[tuple[UUID, datetime], Standings | None] = Shared(
            load_fn=self._standings
        )
        self.grants: DataLoader[UUID, tuple[Grant, ...] | None] = batched(reads, self._grants)
        self.awards: DataLoader[UUID, tuple[Given, ...] | None] = batched(reads, self._awards)
        self.movements: DataLoader[tuple[UUID, int], Movement | None] = batched(
            reads, self._movements
        )
        self.pages: DataLoader[Wanted, list[Movement] | None] = batched(reads, self._pages)
        self.spending = Spending(reads, brand, now, self._timeline)
        self.sharing = Sharing(reads, brand, now, self.members)
        self.playing = Playing(reads, brand, now, self._timeline)

    async def programmes(self) -> Programmes:
        """Return the brand's programmes, read once per operation."""
        return await self._programmes.load(self._brand.id)

    async def _timeline(self) -> Timeline:
        return (await self.programmes()).timeline

    async def _read_programmes(self, keys: list[int]) -> list[Programmes]:
        async with self._reads.session() as session:
            timeline = await programmes.timeline(session, self._brand.id, SECTIONS)
        scale = 0
        for programme in timeline.programmes[:1]:  # A scale never changes once applied.
            scale = programme.document.section(PointsSection).scale
        return [Programmes(timeline, scale)] * len(keys)

    async def _members(self, session: Session, ids: list[UUID]) -> dict[UUID, Member]:
        return await members.by_ids(session, self._brand.id, ids)

    async def _members_by_external_id(
        self, session: Session, external_ids: list[str]
    ) -> dict[str, Member]:
        found = await members.by_external_ids(session, self._brand.id, external_ids)
        self.members.prime_many({member.id: member for member in found.values()})
        return found

    async def _balances(self, ids: list[UUID]) -> list[WalletBalance | None]:
        # Before the session opens, which they need themselves.
        programme = (await self.programmes()).timeline.at(self._now)
        policy: NegativeBalance = "refuse"
        if programme is not None:
            policy = programme.document.section(PointsSection).negative_balance
        async with self._reads.session() as session:
            found = await wallets.balances(session, self._now, self._brand.id, ids, policy)
        return [found.get(each) for each in ids]

    async def _grants(self, session: Session, ids: list[UUID]) -> dict[UUID, tuple[Grant, ...]]:
        return await tiers.grants(session, self._brand.id, ids)

    async def _awards(self, session: Session, ids: list[UUID]) -> dict[UUID, tuple[Given, ...]]:
        return await earning.awards(session, self._brand.id, ids)

    async def _standings(self, asked: list[tuple[UUID, datetime]]) -> list[Standings | None]:
        ladders = ladders_of((await self.programmes()).timeline, self._brand)
        wanted = [each for each in asked if ladders.at(each[1])]
        # Before the session opens, which they need themselves.
        ids = [member_id for member_id, _ in wanted]
        people = dict(zip(ids, await self.members.load_many(ids), strict=True))
        granted = dict(zip(ids, await self.grants.load_many(ids), strict=True))
        done = await self._done(wanted)
        found: dict[tuple[UUID, datetime], Standings] = {}
        for key, mine in done.items():
            member_id, at = key
            member, own = people[member_id], granted[member_id] or ()
            if member is not None:
                found[key] = standings_at(
                    ladders, member.joined_at, mine, own, self._brand.zone, at
                )
        return [found.get(each) for each in asked]

    async def _done(
        self, wanted: list[tuple[UUID, datetime]]
    ) -> dict[tuple[UUID, datetime], Tallies]:
        found: dict[tuple[UUID, datetime], Tallies] = {}
        for at in dict.fromkeys(at for _, at in wanted):
            ids = [member_id for member_id, wanted_at in wanted if wanted_at == at]
            async with self._reads.session() as session:
                if at == self._now:
                    done = await tallies.tallies(session, self._brand.id, ids)
                else:
                    done = await earning.tallies_as_of(session, self._brand, ids, at)
            found |= {(member_id, at): mine for member_id, mine in done.items()}
        return found

    async def _movements(
        self, session: Session, keys: list[tuple[UUID, int]]
    ) -> dict[tuple[UUID, int], Movement]:
        return await wallets.movements(session, self._brand.id, keys)

    async def _pages(self, session: Session, wanted: list[Wanted]) -> dict[Wanted, list[Movement]]:
        found: dict[Wanted, list[Movement]] = {}
        for page in dict.fromkeys(each.page for each in wanted):
            ids = [each.member_id for each in wanted if each.page == page]
            by_member = await wallets.history(
                session, self._brand.id, ids, first=page.size + 1, **_bounds(page)
            )
            for member_id, movements in by_member.items():
                found[Wanted(member_id, page)] = _within(page, movements)
        return found


def _bounds(page: Window[int]) -> dict[str, int]:
    # The list runs from new to old, ids from old to new.
    if page.backwards:
        return {"after": 0 if page.before is None else page.before}
    return {} if page.after is None else {"before": page.after}


def _within(page: Window[int], movements: list[Movement]) -> list[Movement]:
    if page.backwards:
        after = page.after
        return [each for each in reversed(movements) if after is None or each.id < after]
    before = page.before
    return [each for each in movements if before is None or each.id > before]
