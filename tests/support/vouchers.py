"""A brand whose vouchers are issued and used without any reward being redeemed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.members.service import NewMember
from domain.vouchers import queries, service
from domain.vouchers.invariants import INVARIANTS
from domain.vouchers.queries import Voucher
from domain.vouchers.service import Burn, BurnOutcome, NewVoucher
from domain.vouchers.service_pools import AddedCodes, add_codes
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.shop import Shop, opened_shop


@dataclass(frozen=True)
class Desk:
    """One brand with one member. Each verb is one transaction at the clock's instant."""

    shop: Shop
    member_id: UUID

    @property
    def database(self) -> Database:
        """The test's database."""
        return self.shop.database

    @property
    def now(self) -> datetime:
        """The clock's instant."""
        return self.shop.clock.now()

    def new(
        self,
        *,
        value: int | None = None,
        expires_at: datetime | None = None,
        pool: str | None = None,
        redemption_id: UUID | None = None,
    ) -> NewVoucher:
        """Return a voucher to issue to the member."""
        return NewVoucher(
            id=new_id(),
            member_id=self.member_id,
            redemption_id=redemption_id or new_id(),
            reward="coffee",
            kind="gift_card" if value else "voucher",
            version_id=1,
            value=value,
            expires_at=expires_at,
            pool=pool,
        )

    async def issue(self, *items: NewVoucher) -> dict[UUID, str]:
        """Issue vouchers in one batch."""
        return await self.database.write(
            lambda session: service.issue(session, self.now, self.shop.brand, items)
        )

    async def issued(self, **options: object) -> Voucher:
        """Issue one voucher as `new` describes it, and return it."""
        item = self.new(**options)  # type: ignore[arg-type]
        assert await self.issue(item)
        return await self.voucher(item.id)

    async def voucher(self, voucher_id: UUID) -> Voucher:
        """Return a voucher as it is now."""
        async with self.database.read() as session:
            found = await queries.vouchers(session, self.now, self.shop.brand.id, [voucher_id])
        return found[voucher_id]

    async def burn(self, *items: Burn) -> list[BurnOutcome]:
        """Use vouchers in one batch."""
        return await self.database.write(
            lambda session: service.burn(session, self.now, self.shop.brand, items)
        )

    async def give_back(self, *redemption_ids: UUID) -> dict[UUID, str | None]:
        """Give vouchers back in one batch."""
        return await self.database.write(
            lambda session: service.give_back(session, self.now, self.shop.brand, redemption_ids)
        )

    async def add(self, pool: str, *codes: str) -> AddedCodes:
        """Put codes into a pool."""
        return await self.database.write(
            lambda session: add_codes(session, self.now, self.shop.brand.id, pool, codes)
        )

    async def pools(self) -> dict[str, tuple[int, int]]:
        """Return of each pool how many codes it has, and how many are free."""
        async with self.database.read() as session:
            found = await queries.pools(session, self.shop.brand.id)
        return {pool.name: (pool.codes, pool.free) for pool in found}


async def opened_desk(database: Database, clock: MovableClock) -> Desk:
    """Put the grocer's programme in force and enrol Ann."""
    shop = await opened_shop(database, clock, "grocer")
    await shop.enrol(NewMember("ann", clock.now()))
    (ann,) = await shop.member_ids("ann")
    return Desk(shop, ann)


def use(key: str, code: str, amount: int | None = None, *, store: str = "till 1") -> Burn:
    """Return the use of a voucher by the cashier."""
    return Burn(key, code, store, "cashier", amount)


def codes_of(outcomes: Sequence[BurnOutcome]) -> list[str | None]:
    """Return the refusals' codes, None for what was done."""
    return [outcome.code for outcome in outcomes]


async def broken(database: Database) -> list[str]:
    """Return the codes of those invariants of vouchers that are broken."""
    async with database.read() as session:
        return [code for code, query in INVARIANTS.items() if await session.fetch(query)]
