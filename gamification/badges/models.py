"""The tables of awards of badges, and of the keys that sign credentials of them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class BadgeAwardRow(Base):
    """That a member was awarded a level of a badge. Only revoking and sharing change it.

    ``period`` is the first day of the day, week, month or year that a badge awarded so often
    counts in. ``source`` is "rule", "hand" or what gave it, such as "challenge:<code>".
    ``status_index`` is its place on the brand's lists of what is revoked. Whoever shares it makes
    its credential public, with a name on it if ``shown_name`` is there.
    """

    __tablename__ = "badge_award"
    __table_args__ = (
        CheckConstraint("level > 0", name="level"),
        CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)"
            " AND (revoked_at IS NULL) = (reason IS NULL)",
            name="revoked",
        ),
        CheckConstraint("shown_name IS NULL OR shared_at IS NOT NULL", name="shared"),
        Index(
            "badge_award_held_idx",
            "member_id",
            "badge",
            "level",
            "period",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        Index("badge_award_member_idx", "member_id", "awarded_at", "id"),
        Index("badge_award_status_idx", "brand_id", "status_index", unique=True),
        Index(
            "badge_award_revoked_idx",
            "brand_id",
            "status_index",
            postgresql_where=text("revoked_at IS NOT NULL"),
        ),
        Index(
            "badge_award_badge_idx",
            "brand_id",
            "badge",
            "level",
            "member_id",
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    badge: Mapped[str] = mapped_column(Text)
    level: Mapped[int] = mapped_column(SmallInteger)
    period: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    awarded_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime | None] = mapped_column(INSTANT)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)
    status_index: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
    revoked_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    shared_at: Mapped[datetime | None] = mapped_column(INSTANT)
    shown_name: Mapped[str | None] = mapped_column(Text)


class BadgeKeyRow(Base):
    """A key that signs a brand's credentials. All stay published; the one not retired signs.

    ``public`` is a JWK, ``sealed`` the private one as only this installation can open it.
    """

    __tablename__ = "badge_key"
    __table_args__ = (
        Index(
            "badge_key_current_idx",
            "brand_id",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    public: Mapped[dict[str, str]] = mapped_column(JSONB)
    sealed: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(INSTANT)
    retired_at: Mapped[datetime | None] = mapped_column(INSTANT)
