"""Tables of purchases and refunds, and what caps have used up. Purchases never change."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class PurchaseRow(Base):
    """A basket as reported, and what it earned under which version of the programme.

    ``lines`` is a list of [amount, discount, quantity, sku, category] in the order reported.
    ``computed`` is what the rules said before period caps, ``points`` what was awarded.
    """

    __tablename__ = "purchase"
    __table_args__ = (
        UniqueConstraint("brand_id", "external_id"),
        Index("purchase_member_idx", "member_id", "occurred_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column(Text)
    member_id: Mapped[UUID] = mapped_column(PG_UUID)
    occurred_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    channel: Mapped[str] = mapped_column(Text)
    store: Mapped[str] = mapped_column(Text)
    lines: Mapped[list[object]] = mapped_column(JSONB)
    amount: Mapped[int] = mapped_column(BigInteger)
    computed: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column(BigInteger)
    version_id: Mapped[int] = mapped_column(BigInteger)
    journal_id: Mapped[int | None] = mapped_column(BigInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class RefundRow(Base):
    """Money given back on a purchase, line by line, and the points that went with it.

    ``points_due`` is what should have been taken back, ``points_reversed`` what was there.
    """

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("brand_id", "external_id"),
        CheckConstraint("points_reversed BETWEEN 0 AND points_due", name="points"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column(Text)
    purchase_id: Mapped[UUID] = mapped_column(ForeignKey("purchase.id"), index=True)
    occurred_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    amount: Mapped[int] = mapped_column(BigInteger)
    line_amounts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    points_due: Mapped[int] = mapped_column(BigInteger)
    points_reversed: Mapped[int] = mapped_column(BigInteger)
    journal_id: Mapped[int | None] = mapped_column(BigInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class CapUseRow(Base):
    """How many points of a period cap a member has used up."""

    __tablename__ = "cap_use"

    member_id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    cap: Mapped[str] = mapped_column(Text, primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)
