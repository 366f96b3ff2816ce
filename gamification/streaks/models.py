"""The tables of freezes that were given, of repairs, of milestones and of what was told."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class StreakFreezeRow(Base):
    """Freezes of a streak that a member was given or won; those that are bought are redemptions.

    Those not used when they are taken back, ``taken_at``, are gone.
    """

    __tablename__ = "streak_freeze"
    __table_args__ = (
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("taken_at >= granted_at", name="taken_at"),
        Index("streak_freeze_member_idx", "member_id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    streak: Mapped[str] = mapped_column(Text)
    units: Mapped[int] = mapped_column(Integer)
    source: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(INSTANT)
    taken_at: Mapped[datetime | None] = mapped_column(INSTANT)


class StreakRepairRow(Base):
    """That a member had a broken streak repaired. Rows never change.

    It was free, or is paid for by the ``unit``-th of a redemption, from 1 on.
    """

    __tablename__ = "streak_repair"
    __table_args__ = (
        CheckConstraint("(redemption_id IS NULL) = (unit IS NULL) AND unit > 0", name="unit"),
        UniqueConstraint("redemption_id", "unit"),
        Index("streak_repair_member_idx", "member_id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    streak: Mapped[str] = mapped_column(Text)
    redemption_id: Mapped[UUID | None] = mapped_column(ForeignKey("redemption.id"))
    unit: Mapped[int | None] = mapped_column(Integer)
    repaired_at: Mapped[datetime] = mapped_column(INSTANT)


class StreakMilestoneRow(Base):
    """That a member reached a length of a streak for the ``time``-th time: a prize was owed.

    ``life`` counts from 0 on how often the streak began anew in the programme. Undone by a
    return it has ``undone_at``, until it is reached again; ``on_refund`` is what was said then.
    """

    __tablename__ = "streak_milestone"
    __table_args__ = (
        CheckConstraint("length > 0 AND time > 0 AND life >= 0", name="numbers"),
        CheckConstraint("on_refund IN ('keep', 'take_back')", name="on_refund"),
        UniqueConstraint("member_id", "streak", "life", "length", "time"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    streak: Mapped[str] = mapped_column(Text)
    life: Mapped[int] = mapped_column(Integer)
    length: Mapped[int] = mapped_column(Integer)
    time: Mapped[int] = mapped_column(Integer)
    on_refund: Mapped[str] = mapped_column(Text)
    period: Mapped[date] = mapped_column(Date)
    reached_at: Mapped[datetime] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    undone_at: Mapped[datetime | None] = mapped_column(INSTANT)


class StreakToldRow(Base):
    """What facts have told of a member's streak.

    Nothing is decided by it but whether something is news.
    """

    __tablename__ = "streak_told"
    __table_args__ = (
        CheckConstraint("length >= 0 AND life >= 0", name="numbers"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    streak: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    life: Mapped[int] = mapped_column(Integer)
    length: Mapped[int] = mapped_column(Integer)
    kept_on: Mapped[date | None] = mapped_column(Date)
    frozen_on: Mapped[date | None] = mapped_column(Date)
    broken_at: Mapped[datetime | None] = mapped_column(INSTANT)
