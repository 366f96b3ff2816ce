"""Tables of wallets and their lots. A lot's rest changes; what changed it is never forgotten."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class WalletRow(Base):
    """A member's account in one asset. The row is the lock of all that belongs to the member.

    ``owed`` is what refunds should have taken while open holds reserved it; never more than they
    hold. ``debt`` is what they should have taken and what is earned next will pay: the balance
    of the member's debt account. ``forgiven`` is what they should have taken and was spent: what
    is left of the wallet's rows of forgiveness.

    ``merged_into`` is the wallet of the member who is the same person and is left: it has all the
    lots, this one only what was booked before. ``erased_at`` is when its owner was erased.
    """

    __tablename__ = "wallet"
    __table_args__ = (
        UniqueConstraint("member_id", "asset_id"),
        Index("wallet_merged_idx", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id"), primary_key=True, autoincrement=False
    )
    brand_id: Mapped[int] = mapped_column(Integer)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    owed: Mapped[int] = mapped_column(BigInteger, server_default="0")
    debt: Mapped[int] = mapped_column(BigInteger, server_default="0")
    forgiven: Mapped[int] = mapped_column(BigInteger, server_default="0")
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("wallet.account_id"))
    erased_at: Mapped[datetime | None] = mapped_column(INSTANT)


class LotRow(Base):
    """Points of one accrual: spendable from ``available_at`` until before ``expires_at``.

    ``remaining`` can be spent, ``held`` is reserved by open holds, the rest is gone: ``expired``
    of it by its end, as far as that is booked. ``fixed`` says that what the member does does not
    move the end; ``release_days`` is how many days after the brand's release it can be spent,
    None if it needs none any more. ``forgone`` is what refunds would have taken of it if it had
    not ended: never more than has. ``version_id`` is the version of the programme that judged
    what they are for, None if it is the one in force when they were earned.
    """

    __tablename__ = "lot"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND held >= 0 AND remaining + held <= amount", name="rest"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("expired >= 0 AND remaining + held + expired <= amount", name="expired"),
        CheckConstraint("forgone BETWEEN 0 AND amount", name="forgone"),
        Index(
            "lot_open_idx",
            "account_id",
            "expires_at",
            "id",
            postgresql_where=text("remaining > 0 OR held > 0"),
        ),
        Index("lot_expiry_idx", "expires_at", postgresql_where=text("remaining > 0")),
        Index("lot_expired_idx", "account_id", "expires_at", postgresql_where=text("expired > 0")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(BigInteger)
    journal_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger, server_default="0")
    earned_at: Mapped[datetime] = mapped_column(INSTANT)
    available_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    fixed: Mapped[bool] = mapped_column(Boolean, server_default="false")
    release_days: Mapped[int | None] = mapped_column(SmallInteger)
    expired: Mapped[int] = mapped_column(BigInteger, server_default="0")
    version_id: Mapped[int | None] = mapped_column(BigInteger)
    forgone: Mapped[int] = mapped_column(BigInteger, server_default="0")


class LotUseRow(Base):
    """How much a journal took out of a lot; negative: put back."""

    __tablename__ = "lot_use"

    journal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, index=True
    )
    amount: Mapped[int] = mapped_column(BigInteger)


class HoldReturnRow(Base):
    """That a journal gave back points which the hold had spent."""

    __tablename__ = "hold_return"

    journal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hold_id: Mapped[int] = mapped_column(BigInteger, index=True)


class ForgivenessRow(Base):
    """What a refund should have taken, and the member had spent.

    It is taken out of what comes back of spendings up to the transfer ``upto``, from points that
    had not ended at ``forgiven_at``; ``collected`` of it has been. What the member earns and
    spends later has nothing to do with it.
    """

    __tablename__ = "forgiveness"
    __table_args__ = (
        CheckConstraint("points > 0 AND collected BETWEEN 0 AND points", name="points"),
        Index(
            "forgiveness_open_idx", "account_id", "id", postgresql_where=text("collected < points")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    account_id: Mapped[int] = mapped_column(BigInteger)
    upto: Mapped[int] = mapped_column(BigInteger)
    forgiven_at: Mapped[datetime] = mapped_column(INSTANT)
    points: Mapped[int] = mapped_column(BigInteger)
    collected: Mapped[int] = mapped_column(BigInteger, server_default="0")
