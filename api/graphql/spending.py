"""Reads in batches of what points are spent on: catalogues, redemptions, vouchers, stock."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.graphql.paging import Window
from api.graphql.reads import Reads
from api.graphql.shared import Shared, batched
from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.rewards import queries as rewards
from domain.rewards.queries import CatalogueItem
from domain.rewards.queries_supply import Supply, supplies
from domain.rewards.rules_steps import Redemption
from domain.vouchers import queries as vouchers
from domain.vouchers.queries import Pool, Use, Voucher
from kit.db import Session

V = TypeVar("V")
Place = tuple[datetime, UUID]
"""Where a redemption or a voucher stands in a list: its instant and its id."""
Catalogue = Mapping[str, CatalogueItem]
"""What a member sees, by the codes of rewards."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of what one member has, in these states or, without some, in any."""

    member_id: UUID
    page: Window[Place]
    states: frozenset[Any]


class Spending:
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
        self.catalogues: DataLoader[UUID, Catalogue | None] = Shared(load_fn=self._catalogues)
        self.redemptions: DataLoader[UUID, Redemption | None] = batched(reads, self._redemptions)
        self.redemption_pages: DataLoader[Wanted, list[Redemption] | None] = batched(
            reads, self._redemption_pages
        )
        self.vouchers: DataLoader[UUID, Voucher | None] = batched(reads, self._vouchers)
        self.voucher_pages: DataLoader[Wanted, list[Voucher] | None] = batched(
            reads, self._voucher_pages
        )
        self.vouchers_of: DataLoader[UUID, list[Voucher] | None] = batched(reads, self._vouchers_of)
        self.donations: DataLoader[str, int | None] = batched(reads, self._donations)
        self.pools: DataLoader[str, Pool | None] = batched(reads, self._pools)
        self._supplied: DataLoader[int, Mapping[str, Supply] | None] = batched(
            reads, self._supplies
        )
        self.uses: DataLoader[UUID, list[Use] | None] = batched(reads, self._uses)

    async def _catalogues(self, ids: list[UUID]) -> list[Catalogue | None]:
        # Before the session opens, which it needs itself.
        timeline = await self._timeline()
        async with self._reads.session() as session:
            found = await rewards.catalogues(session, self._now, self._brand, timeline, ids)
        return [{item.offer.code: item for item in found.get(each, ())} for each in ids]

    async def _redemptions(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Redemption]:
        return await rewards.redemptions(session, self._now, self._brand.id, ids)

    async def _redemption_pages(
        self, session: Session, wanted: list[Wanted]
    ) -> Mapping[Wanted, list[Redemption]]:
        read = rewards.of_members, rewards.oldest_of_members
        return await self._pages(session, wanted, *read, asked_at)

    async def _vouchers(self, session: Session, ids: list[UUID]) -> Mapping[UUID, Voucher]:
        return await vouchers.vouchers(session, self._now, self._brand.id, ids)

    async def _voucher_pages(
        self, session: Session, wanted: list[Wanted]
    ) -> Mapping[Wanted, list[Voucher]]:
        read = vouchers.of_members, vouchers.oldest_of_members
        return await self._pages(session, wanted, *read, issued_at)

    async def _pages(
        self,
        session: Session,
        wanted: list[Wanted],
        newest: Callable[..., Awaitable[dict[UUID, list[V]]]],
        oldest: Callable[..., Awaitable[dict[UUID, list[V]]]],
        place: Callable[[V], Place],
    ) -> Mapping[Wanted, list[V]]:
        found: dict[Wanted, list[V]] = {}
        for page, states in dict.fromkeys((each.page, each.states) for each in wanted):
            ids = [each.member_id for each in wanted if (each.page, each.states) == (page, states)]
            of = session, self._now, self._brand.id, ids
            only = {"first": page.size + 1, "states": states or None}
            if page.backwards:
                by_member = await oldest(*of, after=id_at(page.before), **only)
            else:
                by_member = await newest(*of, before=id_at(page.after), **only)
            for member_id, mine in by_member.items():
                found[Wanted(member_id, page, states)] = within(page, mine, place)
        return found

    async def _vouchers_of(
        self, session: Session, redemption_ids: list[UUID]
    ) -> Mapping[UUID, list[Voucher]]:
        return await vouchers.of_redemptions(session, self._now, self._brand.id, redemption_ids)

    async def _donations(self, session: Session, codes: list[str]) -> Mapping[str, int]:
        return await rewards.given_to(session, self._brand.id, codes)

    async def supplies(self) -> Mapping[str, Supply]:
        """Return how many of the brand's rewards are taken, read once per operation."""
        return await self._supplied.load(self._brand.id) or {}

    async def _supplies(self, session: Session, _: list[int]) -> Mapping[int, Mapping[str, Supply]]:
        found = await supplies(session, self._now, self._brand.id)
        return {self._brand.id: found}

    async def _pools(self, session: Session, _: list[str]) -> Mapping[str, Pool]:
        return {each.name: each for each in await vouchers.pools(session, self._brand.id)}

    async def _uses(self, session: Session, ids: list[UUID]) -> Mapping[UUID, list[Use]]:
        return await vouchers.uses(session, self._brand.id, ids)


def asked_at(found: Redemption) -> Place:
    """Return where a redemption stands in a list."""
    return found.requested_at, found.id


def issued_at(found: Voucher) -> Place:
    """Return where a voucher stands in a list."""
    return found.issued_at, found.id


def written(place: Place) -> str:
    """Return a place as a cursor holds it."""
    at, number = place
    return f"{at.isoformat()}/{number}"


def read(text: str) -> Place:
    """Return the place that a cursor holds. Raises ValueError for what is none."""
    at, _, number = text.partition("/")
    return datetime.fromisoformat(at), UUID(number)


def id_at(place: Place | None) -> UUID | None:
    """Return the id of what stands at a place."""
    return None if place is None else place[1]


def within(page: Window[Place], found: Iterable[V], place: Callable[[V], Place]) -> list[V]:
    """Return what was read, from new to old, without what lies beyond the page's other end."""
    if page.backwards:
        after = page.after
        newest_first = reversed(list(found))
        return [each for each in newest_first if after is None or place(each) < after]
    before = page.before
    return [each for each in found if before is None or place(each) > before]
