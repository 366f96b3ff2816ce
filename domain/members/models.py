"""The tables of members and of where they lived before."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class MemberRow(Base):
    """A person in one brand's programme, known to the brand by ``external_id``.

    ``joined_at`` is business time: enrolment, or the earliest purchase that was reported.
    ``region`` is where the law that protects the member's points applies, such as CA-ON;
    ``attributes`` are text, numbers and yes or no by name, for the programme's rules.
    """

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("brand_id", "external_id"),
        Index(
            "member_birthday_idx",
            "brand_id",
            text("(extract(month FROM birthday) * 100 + extract(day FROM birthday))"),
            postgresql_where=text("birthday IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    external_id: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str | None] = mapped_column(Text)
    birthday: Mapped[date | None] = mapped_column()
    region: Mapped[str | None] = mapped_column(Text)
    attributes: Mapped[dict[str, object]] = mapped_column(JSONB, server_default="{}")
    joined_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class MemberMoveRow(Base):
    """That the law of ``region`` held for a member until ``moved_at``, and another one since."""

    __tablename__ = "member_move"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    moved_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    region: Mapped[str | None] = mapped_column(Text)
