"""A brand with its programme applied, and short ways to do things there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from api.programmes import apply_programme
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.earning.service import record_activities, record_purchases
from domain.earning.service_preview import Preview, preview_purchase
from domain.earning.service_record import EventOutcome
from domain.earning.service_refund import RefundOutcome, refund_purchases
from domain.expiry.service_spend import settle
from domain.gifts.rules import NewGift
from domain.gifts.service import GiftOutcome, give
from domain.ledger.rules import Outcome, Resolution
from domain.members import queries as members
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.programmes.rules import load
from domain.wallets import queries as wallets
from domain.wallets.queries import WalletBalance
from domain.wallets.service import enrol
from domain.wallets.service_hold import Hold, HoldOutcome, hold
from kit.clock import MovableClock
from kit.db import Database, Session

ROOT = Path(__file__).parents[2]
LONG_AGO = datetime(2010, 1, 1, tzinfo=UTC)


def purchase(
    external_id: str,
    member: str,
    amount: int,
    occurred_at: datetime,
    *,
    category: str = "",
    channel: str = "",
) -> Purchase:
    """Return a purchase of one line in US dollars; ``amount`` is in cents."""
    line = Line(amount=amount, category=category)
    return Purchase(external_id, member, occurred_at, "USD", (line,), channel=channel)


@dataclass(frozen=True)
class Shop:
    """One brand in the test database. Each verb is one transaction at the clock's instant."""

    database: Database
    clock: MovableClock
    brand: Brand

    async def buy(self, *purchases: Purchase) -> list[EventOutcome]:
        """Record purchases in one batch."""

        async def work(session: Session) -> list[EventOutcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            return await record_purchases(
                session, self.clock.now(), self.brand, timeline, purchases
            )

        return await self.database.write(work)

    async def act(self, *activities: Activity) -> list[EventOutcome]:
        """Record activities in one batch."""

        async def work(session: Session) -> list[EventOutcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            return await record_activities(
                session, self.clock.now(), self.brand, timeline, activities
            )

        return await self.database.write(work)

    async def preview(self, purchase: Purchase) -> Preview:
        """Return what a purchase would earn."""
        async with self.database.read() as session:
            timeline = await programmes.timeline(session, self.brand.id, SECTIONS)
            return await preview_purchase(session, self.clock.now(), self.brand, timeline, purchase)

    async def apply(self, programme: str, effective_from: datetime) -> None:
        """Put the text of another programme in force from then on."""
        document = load(programme, SECTIONS, "test")
        await self.database.write(
            lambda session: apply_programme(
                session, self.clock.now(), document, effective_from, "test"
            )
        )

    async def enrol(self, *newcomers: NewMember) -> None:
        """Enrol members, with what is known of them."""

        async def work(session: Session) -> None:
            books = await wallets.books(session, self.brand.id)
            assert books is not None
            await enrol(session, self.clock.now(), self.brand, books, newcomers)

        await self.database.write(work)

    async def refund(self, *refunds: Refund) -> list[RefundOutcome]:
        """Record refunds in one batch."""

        async def work(session: Session) -> list[RefundOutcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            return await refund_purchases(session, self.clock.now(), self.brand, timeline, refunds)

        return await self.database.write(work)

    async def hold(self, *holds: Hold) -> list[HoldOutcome]:
        """Reserve points in one batch."""

        async def work(session: Session) -> list[HoldOutcome]:
            books = await wallets.books(session, self.brand.id)
            assert books is not None
            return await hold(session, self.clock.now(), self.brand, books, holds)

        return await self.database.write(work)

    async def settle(self, *items: Resolution) -> list[Outcome]:
        """End holds in one batch."""

        async def work(session: Session) -> list[Outcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            return await settle(session, self.clock.now(), self.brand, timeline, items)

        return await self.database.write(work)

    async def give(self, *gifts: NewGift) -> list[GiftOutcome]:
        """Let members give each other points in one batch."""

        async def work(session: Session) -> list[GiftOutcome]:
            timeline = await programmes.timeline_to_write(session, self.brand.id, SECTIONS)
            return await give(session, self.clock.now(), self.brand, timeline, gifts)

        return await self.database.write(work)

    async def member_ids(self, *external_ids: str) -> list[UUID]:
        """Return the ids of members the brand knows by these names."""
        async with self.database.read() as session:
            found = await members.by_external_ids(session, self.brand.id, external_ids)
        return [found[name].id for name in external_ids]

    async def balance(self, external_id: str) -> WalletBalance:
        """Return what a member has now."""
        (member_id,) = await self.member_ids(external_id)
        async with self.database.read() as session:
            found = await wallets.balances(session, self.clock.now(), self.brand.id, [member_id])
        return found[member_id]


async def opened_shop(
    database: Database,
    clock: MovableClock,
    programme: str,
    *,
    effective_from: datetime = LONG_AGO,
) -> Shop:
    """Apply a programme: the name of a shipped file, or the text of one."""
    text = programme
    if "\n" not in programme:
        text = (ROOT / "programmes" / f"{programme}.toml").read_text()
    document = load(text, SECTIONS, "test")

    async def work(session: Session) -> Brand:
        applied = await apply_programme(session, clock.now(), document, effective_from, "test")
        brand = await brands.by_id(session, applied.brand_id)
        assert brand is not None
        return brand

    return Shop(database, clock, await database.write(work))


def cents(amounts: Sequence[int]) -> tuple[Line, ...]:
    """Return one line per amount."""
    return tuple(Line(amount=amount) for amount in amounts)
