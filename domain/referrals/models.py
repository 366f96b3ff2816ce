"""The tables of members' codes and of who brought whom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class ReferralCodeRow(Base):
    """The code by which a member brings friends. It never changes."""

    __tablename__ = "referral_code"
    __table_args__ = (UniqueConstraint("brand_id", "code"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    code: Mapped[str] = mapped_column(Text)


class ReferralRow(Base):
    """That a friend named a member's code, and what came of it.

    States: ``review``, somebody of staff must look at it first; ``pending``, the friend has until
    before ``expires_at`` to do what counts; ``qualified`` by ``event_id``, which can be returned
    until ``rewards_at``; ``rewarded``; ``refused``, for the ``reason``. The version in force when
    the code was named says what counts.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(
            "state IN ('review', 'pending', 'qualified', 'rewarded', 'refused')", name="state"
        ),
        CheckConstraint("state = 'refused' OR friend_id <> referrer_id", name="sides"),
        CheckConstraint("state NOT IN ('review', 'refused') OR reason IS NOT NULL", name="reason"),
        CheckConstraint(
            "(state IN ('qualified', 'rewarded')) = (event_id IS NOT NULL)"
            " AND (event_id IS NULL) = (qualified_at IS NULL)"
            " AND (event_id IS NULL) = (rewards_at IS NULL)",
            name="event",
        ),
        CheckConstraint("(state = 'rewarded') = (rewarded_at IS NOT NULL)", name="rewarded"),
        Index(
            "referral_friend_idx",
            "friend_id",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
        ),
        Index(
            "referral_declined_idx",
            "friend_id",
            postgresql_where=text("state = 'refused' AND reviewed_at IS NOT NULL"),
        ),
        Index("referral_referrer_idx", "referrer_id", "claimed_at", "id"),
        Index("referral_brand_idx", "brand_id", "state", "claimed_at", "id"),
        Index("referral_rewards_idx", "rewards_at", postgresql_where=text("state = 'qualified'")),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    referrer_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    friend_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    version_id: Mapped[int] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    event_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    qualified_at: Mapped[datetime | None] = mapped_column(INSTANT)
    rewards_at: Mapped[datetime | None] = mapped_column(INSTANT)
    rewarded_at: Mapped[datetime | None] = mapped_column(INSTANT)
    reviewed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    reviewed_by: Mapped[str | None] = mapped_column(Text)
    review_note: Mapped[str | None] = mapped_column(Text)
