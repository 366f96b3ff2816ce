"""The tables of vouchers, of their uses, and of the codes that wait in pools."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class VoucherRow(Base):
    """What a redemption gave, shown at a till by its ``code``.

    ``value`` is how much money is on it, None for what is used as a whole; ``used`` is how much
    of that is gone. It is good until before ``expires_at``. ``used_at`` is when nothing was left
    of it, ``returned_at`` when it was given back unused: both for good, and never both.
    """

    __tablename__ = "voucher"
    __table_args__ = (
        UniqueConstraint("brand_id", "code"),
        CheckConstraint("used >= 0 AND used <= coalesce(value, 0)", name="used"),
        CheckConstraint("used_at IS NULL OR returned_at IS NULL", name="end"),
        CheckConstraint("returned_at IS NULL OR used = 0", name="returned"),
        Index("voucher_member_idx", "member_id", "issued_at", "id"),
        Index("voucher_redemption_idx", "redemption_id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    redemption_id: Mapped[UUID] = mapped_column(PG_UUID)
    reward: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    version_id: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str] = mapped_column(Text)
    value: Mapped[int | None] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger, server_default="0")
    issued_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    used_at: Mapped[datetime | None] = mapped_column(INSTANT)
    returned_at: Mapped[datetime | None] = mapped_column(INSTANT)


class VoucherUseRow(Base):
    """One use of a voucher at a till. Rows never change.

    ``amount`` is how much money of it was used, ``rest`` what was left then, None for what has
    no value.
    """

    __tablename__ = "voucher_use"
    __table_args__ = (Index("voucher_use_voucher_idx", "voucher_id"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    voucher_id: Mapped[UUID] = mapped_column(ForeignKey("voucher.id"))
    amount: Mapped[int | None] = mapped_column(BigInteger)
    rest: Mapped[int | None] = mapped_column(BigInteger)
    store: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(INSTANT)
    request: Mapped[bytes] = mapped_column(LargeBinary)


class PoolCodeRow(Base):
    """A code that a brand brought along, to be given once. ``voucher_id`` is what it became."""

    __tablename__ = "pool_code"
    __table_args__ = (
        UniqueConstraint("brand_id", "code"),
        Index(
            "pool_code_free_idx",
            "brand_id",
            "pool",
            "id",
            postgresql_where=text("voucher_id IS NULL"),
        ),
        Index(
            "pool_code_voucher_idx",
            "voucher_id",
            unique=True,
            postgresql_where=text("voucher_id IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    pool: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(INSTANT)
    voucher_id: Mapped[UUID | None] = mapped_column(PG_UUID)
