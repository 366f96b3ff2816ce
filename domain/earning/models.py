"""Tables of purchases, activities and refunds, of what they earned, and what caps used up.

Rows of what happened never change.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
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
    context: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class ActivityRow(Base):
    """Something a member did that is no purchase, and what it earned under which version.

    ``amount`` is money that goes with it, in the currency's smallest unit.
    """

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("brand_id", "external_id"),
        Index("activity_member_idx", "member_id", "occurred_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column(Text)
    member_id: Mapped[UUID] = mapped_column(PG_UUID)
    kind: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    channel: Mapped[str] = mapped_column(Text)
    store: Mapped[str] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(BigInteger)
    attributes: Mapped[dict[str, object]] = mapped_column(JSONB)
    computed: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column(BigInteger)
    version_id: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AwardRow(Base):
    """What one rule gave for one purchase or activity: a movement with a lot of its own.

    ``rule`` is "base" for the rate. ``part`` counts from 0: what a cap carried into later
    periods stands in further parts.
    """

    __tablename__ = "award"

    event_id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(BigInteger)
    qualifies: Mapped[bool] = mapped_column(Boolean)
    journal_id: Mapped[int] = mapped_column(BigInteger, unique=True)


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
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class ClawBackRow(Base):
    """What a refund took back of one award, and what it should have.

    ``points_owed`` became a debt of the member; what is neither there nor owed was forgiven.
    """

    __tablename__ = "claw_back"
    __table_args__ = (
        CheckConstraint(
            "points_reversed >= 0 AND points_owed >= 0"
            " AND points_reversed + points_owed <= points_due",
            name="points",
        ),
        Index("claw_back_award_idx", "award_journal_id"),
    )

    refund_id: Mapped[UUID] = mapped_column(ForeignKey("refund.id"), primary_key=True)
    award_journal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    brand_id: Mapped[int] = mapped_column(Integer)
    points_due: Mapped[int] = mapped_column(BigInteger)
    points_reversed: Mapped[int] = mapped_column(BigInteger)
    points_owed: Mapped[int] = mapped_column(BigInteger)
    journal_id: Mapped[int | None] = mapped_column(BigInteger)


class CapUseRow(Base):
    """How much of a cap a member has used up, in the cap's own unit: points, times or money."""

    __tablename__ = "cap_use"

    member_id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    cap: Mapped[str] = mapped_column(Text, primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)


class BudgetUseRow(Base):
    """How much of a cap that everyone shares is used up. Whoever takes from it locks the row."""

    __tablename__ = "budget_use"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cap: Mapped[str] = mapped_column(Text, primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
