"""Tables of the ledger. Rows of journal, transfer and their kin are never changed.

``brand_id`` and the accounts of a transfer carry no foreign key on purpose: a key-share lock on
a hot parent row costs more than all other checks together. The trigger on transfer checks them.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Xid8

INSTANT = TIMESTAMP(timezone=True)


class AssetRow(Base):
    """What is counted: a brand's points or its money. The scale can never change."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("brand_id", "code"),
        CheckConstraint("scale BETWEEN 0 AND 9", name="scale"),
        CheckConstraint("kind IN ('points', 'money')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    code: Mapped[str] = mapped_column(Text)
    scale: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)


class AccountRow(Base):
    """A place that one asset moves from or to.

    ``mode``: 0 inline (the balance row changes with each transfer), 1 deferred (append only,
    folded by the rollup); 2 is kept free for lanes. ``bound``: 0 none, 1 debits may not exceed
    credits, 2 credits may not exceed debits; holds count on the bounded side.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint(
            "brand_id", "asset_id", "code", "owner_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("bound IN (0, 1, 2)", name="bound"),
        CheckConstraint("mode IN (0, 1)", name="mode"),
        CheckConstraint("mode = 0 OR bound = 0", name="deferred_is_unbounded"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    code: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    bound: Mapped[int] = mapped_column(SmallInteger)
    mode: Mapped[int] = mapped_column(SmallInteger)
    closed_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BalanceRow(Base):
    """Running totals of an inline account: posted and pending, debits and credits apart."""

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("bound <> 1 OR dr + dr_pending <= cr", name="debits_within_credits"),
        CheckConstraint("bound <> 2 OR cr + cr_pending <= dr", name="credits_within_debits"),
        CheckConstraint("dr_pending >= 0 AND cr_pending >= 0", name="pending"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    bound: Mapped[int] = mapped_column(SmallInteger)
    dr: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cr: Mapped[int] = mapped_column(BigInteger, server_default="0")
    dr_pending: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cr_pending: Mapped[int] = mapped_column(BigInteger, server_default="0")


class JournalRow(Base):
    """One business event under one idempotency key: all of its transfers or none."""

    __tablename__ = "journal"
    __table_args__ = (UniqueConstraint("brand_id", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    key: Mapped[UUID] = mapped_column(PG_UUID)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    code: Mapped[str] = mapped_column(Text)
    effective_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    actor: Mapped[str] = mapped_column(Text)
    meta: Mapped[dict[str, object] | None] = mapped_column(JSONB)


class RefusalRow(Base):
    """Why a journal has no transfers. A refused key stays refused."""

    __tablename__ = "refusal"

    journal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text)


class ReversalRow(Base):
    """Which journal undid which other one; at most once."""

    __tablename__ = "reversal"

    reversed_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    journal_id: Mapped[int] = mapped_column(BigInteger, unique=True)


class TransferRow(Base):
    """One debit, one credit, one asset, one positive amount.

    ``kind``: 0 posted, 1 pending (a hold), 2 posts a pending one, 3 voids it, 4 expires it.
    A resolution carries the pending amount that it releases.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account <> credit_account", name="two_accounts"),
        CheckConstraint("kind BETWEEN 0 AND 4", name="kind"),
        CheckConstraint("(kind >= 2) = (pending_id IS NOT NULL)", name="pending_id"),
        CheckConstraint(
            "(kind >= 2) = (pending_amount IS NOT NULL) AND amount <= pending_amount",
            name="pending_amount",
        ),
        CheckConstraint("kind = 1 OR expires_at IS NULL", name="expires_at"),
        Index("transfer_debit_idx", "debit_account", "id"),
        Index("transfer_credit_idx", "credit_account", "id"),
        Index("transfer_journal_id_idx", "journal_id"),
        Index("transfer_xid_idx", "xid"),
        Index(
            "transfer_pending_id_key",
            "pending_id",
            unique=True,
            postgresql_where=text("pending_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    journal_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[int] = mapped_column(SmallInteger)
    debit_account: Mapped[int] = mapped_column(BigInteger)
    credit_account: Mapped[int] = mapped_column(BigInteger)
    asset_id: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(Text)
    effective_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    pending_id: Mapped[int | None] = mapped_column(BigInteger)
    pending_amount: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))


class OpenHoldRow(Base):
    """A pending transfer that nobody has resolved yet: the work list of the deadline."""

    __tablename__ = "open_hold"

    transfer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    expires_at: Mapped[datetime] = mapped_column(INSTANT, index=True)


class RollupRow(Base):
    """Totals of a deferred account over all transfers below the rollup's mark."""

    __tablename__ = "rollup"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    dr: Mapped[int] = mapped_column(BigInteger)
    cr: Mapped[int] = mapped_column(BigInteger)
    dr_pending: Mapped[int] = mapped_column(BigInteger)
    cr_pending: Mapped[int] = mapped_column(BigInteger)


class RollupMarkRow(Base):
    """The one row that says up to which transaction (exclusive) the rollup has come."""

    __tablename__ = "rollup_mark"
    __table_args__ = (CheckConstraint("single", name="single"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    upto: Mapped[int] = mapped_column(Xid8)


class EffectiveDeltaRow(Base):
    """What one brand day added to a deferred account; never a running total."""

    __tablename__ = "effective_delta"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    effective_on: Mapped[date] = mapped_column(primary_key=True)
    dr: Mapped[int] = mapped_column(BigInteger)
    cr: Mapped[int] = mapped_column(BigInteger)


class PeriodRow(Base):
    """A closed period of a brand's books: it ends on a day and begins after the one before."""

    __tablename__ = "period"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    ends_on: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(INSTANT)


class CheckpointRow(Base):
    """An account's posted totals by effective date at the end of a closed period."""

    __tablename__ = "checkpoint"

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    ends_on: Mapped[date] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    dr: Mapped[int] = mapped_column(BigInteger)
    cr: Mapped[int] = mapped_column(BigInteger)
