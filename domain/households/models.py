"""The tables of households, of who belongs to them, and of invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class HouseholdRow(Base):
    """Members who spend together. ``ended_at`` is when its owner left."""

    __tablename__ = "household"

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    name: Mapped[str] = mapped_column(Text)
    founded_at: Mapped[datetime] = mapped_column(INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)


class HouseholdMemberRow(Base):
    """That a member belonged to a household from ``entered_at`` until ``left_at``."""

    __tablename__ = "household_member"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'adult', 'child')", name="role"),
        Index(
            "household_member_now_idx",
            "member_id",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index(
            "household_member_owner_idx",
            "household_id",
            unique=True,
            postgresql_where=text("left_at IS NULL AND role = 'owner'"),
        ),
    )

    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    entered_at: Mapped[datetime] = mapped_column(INSTANT, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    left_at: Mapped[datetime | None] = mapped_column(INSTANT)


class HouseholdInvitationRow(Base):
    """That a household's owner asked a member in. ``accepted`` is None until it is answered."""

    __tablename__ = "household_invitation"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (accepted IS NULL)", name="answer"),
        Index(
            "household_invitation_open_idx",
            "household_id",
            "member_id",
            unique=True,
            postgresql_where=text("answered_at IS NULL"),
        ),
        Index("household_invitation_member_idx", "member_id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    role: Mapped[str] = mapped_column(Text)
    invited_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    answered_at: Mapped[datetime | None] = mapped_column(INSTANT)
    accepted: Mapped[bool | None] = mapped_column()


class HouseholdChangeRow(Base):
    """That somebody changed a household, known by the key of whoever asked. Rows never change.

    ``kind`` is the verb; ``member_id`` is who entered, was asked in, left or got a role.
    """

    __tablename__ = "household_change"
    __table_args__ = (Index("household_change_household_idx", "household_id", "changed_at"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    household_id: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    invitation_id: Mapped[UUID | None] = mapped_column(ForeignKey("household_invitation.id"))
    kind: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(INSTANT)
    request: Mapped[bytes] = mapped_column(LargeBinary)
