"""The tables of members, of where they lived before, and of who was merged or erased."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class MemberRow(Base):
    """A person in one brand's programme, known to the brand by ``external_id``.

    ``joined_at`` is business time: enrolment, or the earliest purchase that was reported.
    ``region`` is where the law that protects the member's points applies, such as CA-ON;
    ``attributes`` are text, numbers and yes or no by name, for the programme's rules.
    ``merged_into`` is the member who is the same person and is left, never one who was merged
    too: the row is a name of that member then. ``erased_at`` is when nobody could tell any more
    who it was.
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
        Index("member_merged_idx", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
        CheckConstraint("merged_into <> id", name="merged_into"),
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
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("member.id"))
    erased_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class MemberMoveRow(Base):
    """That the law of ``region`` held for a member until ``moved_at``, and another one since."""

    __tablename__ = "member_move"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    moved_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    region: Mapped[str | None] = mapped_column(Text)


class MemberMergeRow(Base):
    """That two members turned out to be one person, known by a key. Rows never change."""

    __tablename__ = "member_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> absorbed_id", name="sides"),
        Index("member_merge_kept_idx", "kept_id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    kept_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    absorbed_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    merged_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    request: Mapped[bytes] = mapped_column(LargeBinary)


class MemberErasureRow(Base):
    """That a member was erased, known by a key. Rows never change.

    ``request`` is a hash of the name too, which nobody can tell who has not the key.
    """

    __tablename__ = "member_erasure"

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), unique=True)
    points: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    erased_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    request: Mapped[bytes] = mapped_column(LargeBinary)


class ErasedNameRow(Base):
    """That the tokens of a name which were issued before ``erased_at`` name nobody any more.

    Only a hash is kept, and nothing says whose name it was.
    """

    __tablename__ = "erased_name"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    name_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
