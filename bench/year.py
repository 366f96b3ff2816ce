"""The real year of a grocer's card as any programme can take it, and a shop that takes it."""

import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from api.checking import violations
from api.programmes import apply_programme
from api.sections import SECTIONS
from bench import report
from bench.purchases import BATCH, DATA_PACKAGE, LONG_AGO, year
from bench.scratch import Cluster
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.earning.rules import Line, Purchase
from domain.earning.service import record_purchases
from domain.members.section import EnrolmentSection
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.programmes.rules import Document, load
from domain.wallets import queries as wallets
from domain.wallets.service import enrol
from kit.clock import MovableClock
from kit.db import Database, Session
from migrations.run import upgrade

TO_2026 = timedelta(days=3287)
"""Nine years: 1 January 2017 to 1 January 2026."""
CATEGORIES = {
    "GROCERY": "groceries",
    "FROZEN GROCERY": "groceries",
    "DRUG GM": "pharmacy",
    "FLORAL": "garden",
    "GARDEN CENTER": "garden",
}
COFFEE = {"COFFEE", "COFFEE SHOP"}


@dataclass
class Shop:
    """One brand on one programme; its clock stands where the latest basket was bought."""

    name: str
    database: Database
    brand: Brand
    document: Document
    clock: MovableClock = field(default_factory=lambda: MovableClock(LONG_AGO))
    enrolled: set[str] = field(default_factory=set)
    seconds: float = 0.0
    """How long recording took, and nothing else."""

    async def record(self, purchases: list[Purchase]) -> None:
        """Record purchases in one transaction, members enrolled before if they must be."""
        latest = max(purchase.occurred_at for purchase in purchases)
        self.clock.set(max(self.clock.now(), latest))
        started = time.monotonic()
        if not self.document.section(EnrolmentSection).on_first_purchase:
            await self._enrol(purchases)

        async def work(session: Session) -> list[str]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            outcomes = await record_purchases(
                session, self.clock.now(), self.brand, timeline, purchases
            )
            return [str(each) for each in outcomes if each.status != "recorded"]

        bad = await self.database.write(work)
        self.seconds += time.monotonic() - started
        if bad:
            raise AssertionError(bad[0])

    async def _enrol(self, purchases: list[Purchase]) -> None:
        first: dict[str, datetime] = {}
        for each in purchases:
            if each.member not in self.enrolled:
                first[each.member] = min(first.get(each.member, each.occurred_at), each.occurred_at)
        self.enrolled.update(first)

        async def work(session: Session) -> None:
            books = await wallets.books(session, self.brand.id)
            if books is None:
                raise AssertionError
            newcomers = [NewMember(name, at) for name, at in first.items()]
            await enrol(session, self.clock.now(), self.brand, books, newcomers)

        if first:
            await self.database.write(work)


@asynccontextmanager
async def opened(scratch: Cluster, name: str, text: str) -> AsyncIterator[Shop]:
    """Open a shop on a programme in the database ``name``, made anew."""
    servers = await scratch.create(name)
    await upgrade(servers.owner_database_url, servers.database_url)
    database = Database(servers.database_url, pool_size=4)
    document = load(text, SECTIONS, name)

    async def work(session: Session) -> Brand:
        applied = await apply_programme(session, LONG_AGO, document, LONG_AGO, "bench")
        brand = await brands.by_id(session, applied.brand_id)
        if brand is None:
            raise AssertionError
        return brand

    yield Shop(name, database, await database.write(work), document)
    await database.close()


def moved(limit: int | None, currency: str) -> Iterator[list[Purchase]]:
    """Read the real year as if it were 2026, in ``currency``, each line with its category."""
    known = categories()
    for block in year(limit):
        yield [
            replace(
                purchase,
                occurred_at=purchase.occurred_at + TO_2026,
                currency=currency,
                lines=tuple(_placed(line, known) for line in purchase.lines),
            )
            for purchase in block
        ]


def _placed(line: Line, known: dict[str, str]) -> Line:
    return Line(line.amount, line.discount, line.quantity, line.sku, known.get(line.sku, ""))


def categories() -> dict[str, str]:
    """Return the category of each article, in the words that the shipped programmes use."""
    spec = importlib.util.find_spec(DATA_PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"The real year is missing: install the package {DATA_PACKAGE}.")
    table = pq.read_table(Path(spec.origin).parent / "data" / "products.parquet").to_pydict()
    found = {}
    for sku, department, kind in zip(
        table["product_id"], table["department"], table["product_category"], strict=True
    ):
        plain = CATEGORIES.get(department or "", (department or "").lower())
        found[str(sku)] = "coffee" if kind in COFFEE else plain
    return found


async def recorded(shop: Shop, blocks: Iterable[list[Purchase]], what: str) -> int:
    """Record what ``blocks`` yield in batches; return how many."""
    count = 0
    waiting: list[Purchase] = []
    for block in blocks:
        waiting += block
        while len(waiting) >= BATCH:
            await shop.record(waiting[:BATCH])
            count, waiting = count + BATCH, waiting[BATCH:]
        if shop.seconds:
            report.progress(f"{what}: {count:,} baskets, {count / shop.seconds:,.0f}/s")
    if waiting:
        await shop.record(waiting)
    return count + len(waiting)


async def faults(shop: Shop) -> list[str]:
    """Run every invariant; return the codes of the broken ones."""
    async with shop.database.read() as session:
        return [code async for code, bad in violations(session) if bad]
