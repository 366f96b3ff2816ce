"""The table of members."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class MemberRow(Base):
    """A person in one brand's programme, known to the brand by ``external_id``.

    ``joined_at`` is business time: enrolment, or the earliest purchase that was reported.
    """

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("brand_id", "external_id"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    external_id: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str | None] = mapped_column(Text)
    joined_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
