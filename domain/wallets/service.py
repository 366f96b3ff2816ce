"""The verbs by which members get points: open, enrol, accrue.

Every verb locks the wallets it touches first, decides on what it then reads, posts to the ledger
and writes the lots, so that lots and ledger agree at every commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import Bound, Journal, Mode, NewAccount, Transfer
from domain.members import service as members
from domain.members.queries import Member
from domain.members.service import NewMember
from domain.wallets import service_debt, service_erase, store
from domain.wallets.queries import Books
from domain.wallets.rules import open_day
from domain.wallets.section import PointsSection
from domain.wallets.service_posting import post_all
from domain.wallets.store import NewLot
from kit.db import Session
from kit.errors import LaurelError

SYSTEM_ACCOUNTS = ("issuance", "redemption", "breakage")


@dataclass(frozen=True, slots=True)
class Accrual:
    """Points to give by ``rule``: from when they can be spent and until before when.

    ``available_at`` is AWAITING_RELEASE for points that wait for the brand, which can be spent
    ``release_days`` days after it releases them. ``fixed``: what the member does later does not
    move the end. ``begins_at`` is from when their life counts, if that is not ``earned_at``,
    ``version_id`` the version of the programme that gives them, if that is not the one in force
    then. ``code`` is what members and staff read as the kind of movement.
    """

    key: UUID
    account_id: int
    points: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    reference: str
    rule: str
    fixed: bool = False
    release_days: int | None = None
    begins_at: datetime | None = None
    version_id: int | None = None
    code: str = "accrual"


async def open_books(session: Session, brand: Brand, section: PointsSection) -> Books:
    """Open the brand's points unit and its own accounts, as far as they are missing.

    Raises LaurelError (POINTS_FIXED, ASSET_SCALE): a brand's unit and scale never change.
    """
    code = await session.value(
        "SELECT code FROM asset WHERE brand_id = $1 AND kind = 'points'", brand.id
    )
    if code not in (None, section.code):
        message = f"The brand counts in {code!r}, which can't become {section.code!r}."
        raise LaurelError(message, code="POINTS_FIXED", path=("points", "code"))
    asset = await ledger.open_asset(session, brand, section.code, section.scale, "points")
    accounts = await ledger.open_accounts(
        session,
        brand.id,
        [NewAccount(asset.id, name, mode=Mode.DEFERRED) for name in SYSTEM_ACCOUNTS],
    )
    return Books(asset.id, asset.scale, *accounts)


async def open_wallets(
    session: Session, brand: Brand, books: Books, member_ids: Sequence[UUID]
) -> None:
    """Open the wallets that these members don't have yet."""
    accounts = await ledger.open_accounts(
        session,
        brand.id,
        [
            NewAccount(books.asset_id, "member", member_id, Bound.DEBITS_WITHIN_CREDITS)
            for member_id in member_ids
        ],
    )
    await session.fetch(
        "INSERT INTO wallet (account_id, brand_id, member_id, asset_id)"
        " SELECT a, $1, m, $2 FROM unnest($3::bigint[], $4::uuid[]) AS n(a, m)"
        " ORDER BY a ON CONFLICT DO NOTHING",
        brand.id,
        books.asset_id,
        accounts,
        list(member_ids),
    )


async def enrol(
    session: Session, now: datetime, brand: Brand, books: Books, newcomers: Sequence[NewMember]
) -> dict[str, Member]:
    """Enrol people together with their wallets; return all of them by external id."""
    enrolled = await members.enrol(session, now, brand, newcomers)
    await open_wallets(session, brand, books, [member.id for member in enrolled.values()])
    return enrolled


async def accrue(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    accruals: Sequence[Accrual],
    *,
    pays_debts: bool = True,
) -> list[int]:
    """Give points, each accrual a lot of its own; return the journals.

    What comes for who was erased is forfeited at once.
    Who is in debt pays it out of the new lots at once, also of pending ones. Where their ends
    follow the member and are not known yet, ``pays_debts`` is False: `expiry.redate` lets them
    pay. The caller holds
    the wallets' locks and has seen that the keys are new. Raises LaurelError if the ledger
    refuses one, which then no accrual of the list survives.
    """
    if not accruals:
        return []
    closed = await ledger_queries.closed_to(session, brand.id)
    journals = [
        Journal(
            key=item.key,
            code=item.code,
            effective_at=item.earned_at,
            effective_on=open_day(brand, item.earned_at, closed, now),
            transfers=(
                Transfer(books.issuance, item.account_id, books.asset_id, item.points, item.code),
            ),
            meta={"reference": item.reference, "rule": item.rule},
        )
        for item in accruals
    ]
    journal_ids = await post_all(session, now, brand, journals)
    new = await store.insert_lots(
        session,
        brand.id,
        [
            NewLot(
                journal_id=journal_id,
                account_id=item.account_id,
                amount=item.points,
                earned_at=item.begins_at or item.earned_at,
                available_at=item.available_at,
                expires_at=item.expires_at,
                fixed=item.fixed,
                release_days=item.release_days,
                version_id=item.version_id,
            )
            for item, journal_id in zip(accruals, journal_ids, strict=True)
        ],
    )
    if pays_debts:
        await service_debt.pay(session, now, brand, books, new)
    await service_erase.forfeit_new(session, now, brand, books, new)
    return journal_ids
