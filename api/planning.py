"""What a programme would change if it were applied: settings, and how many members and how."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from api.programmes import rehearse
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.brands.section import BrandSection
from domain.expiry import service as expiry
from domain.expiry import store as expiry_store
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes import queries as programmes
from domain.programmes.rules import Document, Programme, Timeline
from domain.programmes.rules_difference import Difference, differences
from domain.tallies import queries as tallies
from domain.tallies.rules import Tallies
from domain.tiers import queries as tiers
from domain.tiers.rules import Grant, ladders_of, tiers_at
from domain.tiers.section import TiersSection
from kit.calendar import day_start
from kit.db import Database, Session

BATCH = 1_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Move:
    """Members who would have another tier than without the new version, at its start."""

    ladder: str
    before: str
    after: str
    direction: Literal["up", "down", "renamed"]
    members: int


@dataclass(frozen=True, slots=True)
class Share:
    """How many members have a tier at the new version's start, without it and with it."""

    ladder: str
    tier: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class BenefitChange:
    """How many members have a benefit with the new version only, and without it only."""

    benefit: str
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Points whose end would move: how many lots, and of how many members."""

    members: int = 0
    lots: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a file would change, from ``effective_from`` on.

    ``version_id`` is the version it is compared with, None for a brand's first. ``unchanged``:
    that version says the same already.
    """

    brand: str
    version_id: int | None
    effective_from: datetime
    unchanged: bool
    differences: tuple[Difference, ...]
    members: int = 0
    moves: tuple[Move, ...] = ()
    shares: tuple[Share, ...] = ()
    benefits: tuple[BenefitChange, ...] = ()
    ends_earlier: Ending = field(default_factory=Ending)
    ends_later: Ending = field(default_factory=Ending)


async def plan(
    database: Database,
    now: datetime,
    document: Document,
    effective_from: datetime,
    begun: Callable[[int], Progress],
) -> Plan:
    """Return what applying ``document`` would change. Nothing is written.

    ``begun`` is told how many members are looked at and returns what is told of each batch.
    Raises what applying would raise.
    """
    same = await rehearse(database, now, document, effective_from)
    async with database.read() as session:
        brand = await brands.by_code(session, document.section(BrandSection).code)
        if brand is None:
            told = tuple(differences(None, document))
            code = document.section(BrandSection).code
            return Plan(code, None, effective_from, unchanged=False, differences=told)
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        if same is not None:
            start = same.effective_from
            return Plan(brand.code, same.version_id, start, unchanged=True, differences=())
        known = await members.count(session, brand.id)
    before = timeline.programmes[-1] if timeline.programmes else None
    new = Timeline((*timeline.programmes, Programme(0, effective_from, document)))
    touched = _Touched(brand, timeline, new, effective_from, now)
    progress = begun(known)
    async for session, batch in _batches(database, brand):
        await touched.add(session, batch)
        progress(len(batch))
    found = Plan(
        brand=brand.code,
        version_id=before.version_id if before else None,
        effective_from=effective_from,
        unchanged=False,
        differences=tuple(differences(before.document if before else None, document)),
    )
    return touched.told(found)


async def _batches(
    database: Database, brand: Brand
) -> AsyncIterator[tuple[Session, dict[UUID, Member]]]:
    last: UUID | None = None
    while True:
        # A session to a batch: what was read in the first one needn't be kept to the end.
        async with database.read() as session:
            batch = await members.page(session, brand.id, first=BATCH, after=last)
            if not batch:
                return
            last = batch[-1].id
            yield session, {member.id: member for member in batch}


class _Side:
    """Where members stand at an instant, by a programme's versions without or with the new one."""

    def __init__(self, brand: Brand, timeline: Timeline, at: datetime) -> None:
        self.ladders = ladders_of(timeline, brand)
        self.shares: Counter[tuple[str, str]] = Counter()
        self._zone = brand.zone
        self._at = at
        programme = timeline.at(at)
        section = programme.document.find(TiersSection) if programme else None
        self._benefits = section.benefit if section else ()

    def tiers(self, member: Member, done: Tallies, grants: Sequence[Grant]) -> dict[str, str]:
        """Return a member's tiers by ladder, and count them."""
        found = tiers_at(self.ladders, member.joined_at, done, grants, self._zone, self._at)
        self.shares.update(found.items())
        return found

    def benefits(self, tiers: Mapping[str, str]) -> set[str]:
        """Return the names of the benefits that these tiers have."""
        names = set(tiers.values())
        return {each.name for each in self._benefits if not names.isdisjoint(each.tiers)}


class _Touched:
    """Counts members that a new version touches, batch by batch."""

    def __init__(
        self, brand: Brand, before: Timeline, after: Timeline, at: datetime, now: datetime
    ) -> None:
        self._brand = brand
        self._at = at
        self._timeline = after
        self._before = _Side(brand, before, at)
        self._after = _Side(brand, after, at)
        self._since = day_start(brand.zone, brand.day(now))
        self._members = 0
        self._moves: Counter[tuple[str, str, str]] = Counter()
        self._gained: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._owners: dict[str, set[UUID]] = {"earlier": set(), "later": set()}
        self._lots: Counter[str] = Counter()

    async def add(self, session: Session, batch: Mapping[UUID, Member]) -> None:
        """Count what changes for a batch of members."""
        self._members += len(batch)
        if self._before.ladders.at(self._at) or self._after.ladders.at(self._at):
            await self._add_tiers(session, batch)
        if expiry.follows(self._timeline):
            await self._add_ends(session, batch)

    async def _add_tiers(self, session: Session, batch: Mapping[UUID, Member]) -> None:
        done = await tallies.tallies(session, self._brand.id, list(batch))
        grants = await tiers.grants(session, self._brand.id, list(batch))
        for id_, member in batch.items():
            before = self._before.tiers(member, done[id_], grants[id_])
            after = self._after.tiers(member, done[id_], grants[id_])
            had, has = self._before.benefits(before), self._after.benefits(after)
            self._gained.update(has - had)
            self._lost.update(had - has)
            self._moves.update(
                (code, tier, after[code])
                for code, tier in before.items()
                if code in after and after[code] != tier
            )

    async def _add_ends(self, session: Session, batch: Mapping[UUID, Member]) -> None:
        lots = await expiry_store.lots(session, self._brand.id, list(batch), self._since)
        owners = {lot.member_id for lot in lots}
        ends = await expiry.ends_of(session, self._brand, self._timeline, owners)
        for lot in lots:
            end, until = ends[lot.member_id].of(lot.earned_at, lot.version_id), lot.expires_at
            if lot.fixed or end == until:
                continue
            longer = end is None or (until is not None and end > until)
            way = "later" if longer else "earlier"
            self._owners[way].add(lot.member_id)
            self._lots[way] += 1

    def told(self, plan: Plan) -> Plan:
        """Return the plan with what was counted."""
        ladders = (*self._before.ladders.at(self._at), *self._after.ladders.at(self._at))
        ranks = {ladder.code: ladder.ranks for ladder in ladders}
        before, after = self._before.shares, self._after.shares
        names = [(code, tier) for code, ladder in ranks.items() for tier in ladder]
        names += [each for each in before if each not in names]
        return replace(
            plan,
            members=self._members,
            moves=tuple(
                Move(code, old, new, _direction(ranks[code], old, new), count)
                for (code, old, new), count in sorted(self._moves.items())
            ),
            shares=tuple(Share(*each, before[each], after[each]) for each in names),
            benefits=tuple(
                BenefitChange(name, self._gained[name], self._lost[name])
                for name in sorted({*self._gained, *self._lost})
            ),
            ends_earlier=self._ending("earlier"),
            ends_later=self._ending("later"),
        )

    def _ending(self, way: str) -> Ending:
        return Ending(len(self._owners[way]), self._lots[way])


def _direction(
    ranks: Mapping[str, int], before: str, after: str
) -> Literal["up", "down", "renamed"]:
    if before not in ranks:
        return "renamed"
    return "up" if ranks[after] > ranks[before] else "down"
