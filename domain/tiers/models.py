"""The table of granted status. A tier that is earned is computed, never stored."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class StatusGrantRow(Base):
    """A tier given by hand, from ``starts_at`` until before ``ends_at`` (None: for good).

    Never changed but for ``revoked_at``, from which on it counts no more.
    """

    __tablename__ = "status_grant"
    __table_args__ = (Index("status_grant_member_idx", "member_id"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    ladder: Mapped[str] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(INSTANT)
    ends_at: Mapped[datetime | None] = mapped_column(INSTANT)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    granted_at: Mapped[datetime] = mapped_column(INSTANT)
    revoked_at: Mapped[datetime | None] = mapped_column(INSTANT)
