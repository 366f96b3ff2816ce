"""A brand's books for tests of the ledger itself: units and accounts, but no programme."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.ledger import queries, service
from domain.ledger.rules import (
    Asset,
    Balance,
    Bound,
    Journal,
    NewAccount,
    Outcome,
    Resolution,
    Reversal,
    Transfer,
)
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id

_NEW_BRAND = (
    "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
    " VALUES ($1, $1, $2, 'USD', 2, $3) RETURNING id"
)


@dataclass(frozen=True)
class Books:
    """One brand with two assets. Each verb is one transaction at the clock's instant."""

    database: Database
    clock: MovableClock
    brand: Brand
    points: Asset
    money: Asset

    async def open(self, *accounts: NewAccount) -> list[int]:
        """Open accounts and return their ids in order."""
        return await self.database.write(
            lambda session: service.open_accounts(session, self.brand.id, accounts)
        )

    async def filled(self, amount: int, *, code: str = "full") -> tuple[int, int]:
        """Return an unbounded account and a bounded one that ``amount`` points moved to."""
        source, full = await self.open(
            NewAccount(self.points.id, f"{code}-source"),
            NewAccount(self.points.id, code, bound=Bound.DEBITS_WITHIN_CREDITS),
        )
        if amount:
            (outcome,) = await self.post(self.entry(self.move(source, full, amount)))
            assert outcome.refusal is None
        return source, full

    def move(self, debit: int, credit: int, amount: int, **others: Any) -> Transfer:
        """Return a transfer of points."""
        return Transfer(debit, credit, self.points.id, amount, "test", **others)

    def entry(self, *transfers: Transfer, **others: Any) -> Journal:
        """Return a journal under a new key, effective now."""
        now = self.clock.now()
        given: dict[str, Any] = {
            "key": new_id(),
            "effective_at": now,
            "effective_on": self.brand.day(now),
        }
        return Journal(code="test", transfers=transfers, **(given | others))

    async def post(self, *journals: Journal) -> list[Outcome]:
        """Post journals in one batch."""
        return await self.database.write(
            lambda session: service.post(session, self.clock.now(), self.brand.id, journals)
        )

    async def post_on(self, session: Session, *journals: Journal) -> list[Outcome]:
        """Post journals in the caller's transaction."""
        return await service.post(session, self.clock.now(), self.brand.id, journals)

    async def resolve(self, *items: Resolution) -> list[Outcome]:
        """Resolve holds in one batch."""
        return await self.database.write(
            lambda session: service.resolve(session, self.clock.now(), self.brand, items)
        )

    async def reverse(self, *items: Reversal) -> list[Outcome]:
        """Reverse journals in one batch."""
        return await self.database.write(
            lambda session: service.reverse(session, self.clock.now(), self.brand, items)
        )

    async def close(self, ends_on: date) -> None:
        """Close the books up to and including a day."""
        await self.database.write(
            lambda session: service.close_period(session, self.clock.now(), self.brand, ends_on)
        )

    async def balances(self, *accounts: int) -> dict[int, Balance]:
        """Return exact balances."""
        async with self.database.read() as session:
            return await queries.balances(session, accounts)

    async def as_of(
        self, account: int, *, recorded_at: datetime, effective_on: date
    ) -> tuple[int, int]:
        """Return an account's posted debits and credits as of two instants."""
        async with self.database.read() as session:
            found = await queries.balances_as_of(
                session, [account], recorded_at=recorded_at, effective_on=effective_on
            )
        return found[account].dr, found[account].cr


async def opened_books(
    database: Database,
    clock: MovableClock,
    code: str = "books",
    *,
    time_zone: str = "America/New_York",
) -> Books:
    """Make a brand with an asset of points and one of money."""

    async def work(session: Session) -> Books:
        brand_id = await session.value(_NEW_BRAND, code, time_zone, clock.now())
        brand = await brands.by_id(session, brand_id)
        assert brand is not None
        points = await service.open_asset(session, brand, "points", 0, "points")
        money = await service.open_asset(session, brand, "usd", 2, "money")
        return Books(database, clock, brand, points, money)

    return await database.write(work)


async def every_transfer(books: Books, account: int, *, page: int, forward: bool) -> list[int]:
    """Return the ids of all transfers of an account, read page by page."""
    seen: list[int] = []
    edge: int | None = 0 if forward else None
    while True:
        async with books.database.read() as session:
            found = await queries.statement(
                session,
                account,
                first=page,
                after=edge if forward else None,
                before=None if forward else edge,
            )
        if not found:
            return seen
        seen += [transfer.id for transfer in found]
        edge = seen[-1]
