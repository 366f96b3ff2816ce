"""The tables of challenges: who joined, what everyone did of shared bars, what was completed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class ChallengeEntryRow(Base):
    """That a member joined a challenge, and left it again by the request ``left_by``."""

    __tablename__ = "challenge_entry"
    __table_args__ = (
        CheckConstraint("(left_at IS NULL) = (left_by IS NULL)", name="left"),
        CheckConstraint("left_at >= joined_at", name="span"),
        Index(
            "challenge_entry_open_idx",
            "member_id",
            "challenge",
            unique=True,
            postgresql_where=text("left_at IS NULL"),
        ),
        Index("challenge_entry_member_idx", "member_id", "joined_at"),
        Index("challenge_entry_left_idx", "left_by"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    challenge: Mapped[str] = mapped_column(Text)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    joined_at: Mapped[datetime] = mapped_column(INSTANT)
    left_at: Mapped[datetime | None] = mapped_column(INSTANT)
    left_by: Mapped[UUID | None] = mapped_column(PG_UUID)


class ChallengeCompletionRow(Base):
    """That a member reached a level of a challenge in a window, for the ``round``-th time.

    States: ``living``, as the history says so; ``undone``, as it does not any more; ``kept``, the
    same, but the prize was paid and stays. ``reached_at`` and its brand ``day`` are those of what
    reached it, ``version_id`` was in force then. ``points`` is what boards count for it while it
    lives. ``prize_ids`` are the prizes that it owes or owed.
    """

    __tablename__ = "challenge_completion"
    __table_args__ = (
        CheckConstraint("state IN ('living', 'kept', 'undone')", name="state"),
        CheckConstraint("round >= 1 AND points >= 0", name="numbers"),
        Index(
            "challenge_completion_key_idx",
            "member_id",
            "challenge",
            "window_key",
            "level",
            "round",
            unique=True,
        ),
        Index(
            "challenge_completion_window_idx", "brand_id", "challenge", "window_key", "member_id"
        ),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    challenge: Mapped[str] = mapped_column(Text)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    window_key: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(Integer)
    version_id: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[datetime] = mapped_column(INSTANT)
    day: Mapped[date] = mapped_column(Date)
    points: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    prize_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID))
    settled_at: Mapped[datetime] = mapped_column(INSTANT)


class ChallengeShareRow(Base):
    """What a member did on a day of the brand for a bar that is shared, ``team`` "": everyone's.

    ``version_id`` began the stretch over which the challenge says the same. ``done`` is in whole
    or smallest units; 0 once it is undone.
    """

    __tablename__ = "challenge_share"
    __table_args__ = (
        CheckConstraint("done >= 0", name="done"),
        Index("challenge_share_member_idx", "member_id"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    challenge: Mapped[str] = mapped_column(Text, primary_key=True)
    window_key: Mapped[str] = mapped_column(Text, primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    team: Mapped[str] = mapped_column(Text)
    done: Mapped[int] = mapped_column(BigInteger)


class ChallengeBarRow(Base):
    """What all members did on a day for a bar: the sum of their shares."""

    __tablename__ = "challenge_bar"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    challenge: Mapped[str] = mapped_column(Text, primary_key=True)
    window_key: Mapped[str] = mapped_column(Text, primary_key=True)
    team: Mapped[str] = mapped_column(Text, primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    done: Mapped[int] = mapped_column(BigInteger)


class ChallengeMarkRow(Base):
    """That a bar has reached a level, on a day; None once it has fallen below again.

    ``spread_after`` is the last of the members by id who were told of it, None once all were.
    """

    __tablename__ = "challenge_mark"
    __table_args__ = (
        Index(
            "challenge_mark_spread_idx",
            "brand_id",
            postgresql_where=text("spread_after IS NOT NULL"),
        ),
    )

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    challenge: Mapped[str] = mapped_column(Text, primary_key=True)
    window_key: Mapped[str] = mapped_column(Text, primary_key=True)
    team: Mapped[str] = mapped_column(Text, primary_key=True)
    level: Mapped[str] = mapped_column(Text, primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger)
    reached_on: Mapped[date | None] = mapped_column(Date)
    spread_after: Mapped[UUID | None] = mapped_column(PG_UUID)
