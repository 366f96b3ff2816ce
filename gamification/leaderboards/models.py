"""The tables of boards: what members did by the day, windows, and the scores in them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)

CHANGES = Sequence("board_change_seq", metadata=Base.metadata)
"""What every change of a score is numbered by."""


class BoardWindowRow(Base):
    """A stretch of days over which a board counts, for the whole brand or one scope of it.

    ``scope`` is '' for the whole brand, else such as "store:12", "tier:Gold" or "city:Hanoi".
    The days are ``starts_on`` and all before ``ends_on`` (NULL: no end). States: ``filling``,
    scores are not complete yet; ``open``; ``closing``; ``frozen``, nothing changes any more.
    ``head`` is the highest ``seq`` of the window's scores. ``filled_to`` is the last entity that
    a window which is filling has looked at.
    """

    __tablename__ = "board_window"
    __table_args__ = (
        CheckConstraint("state IN ('filling', 'open', 'closing', 'frozen')", name="state"),
        CheckConstraint(
            "period IN ('day', 'week', 'month', 'season', 'all', 'rolling')", name="period"
        ),
        CheckConstraint("(period = 'season') = (season IS NOT NULL)", name="season"),
        CheckConstraint("(state = 'frozen') = (frozen_at IS NOT NULL)", name="frozen"),
        Index(
            "board_window_days_idx",
            "brand_id",
            "board",
            "scope",
            "period",
            "starts_on",
            "ends_on",
            unique=True,
            postgresql_where=text("period <> 'season'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "board_window_season_idx",
            "brand_id",
            "board",
            "scope",
            "season",
            unique=True,
            postgresql_where=text("period = 'season'"),
        ),
        Index("board_window_head_idx", "head"),
        Index(
            "board_window_ends_idx",
            "brand_id",
            "ends_on",
            postgresql_where=text("state <> 'frozen'"),
        ),
        Index(
            "board_window_filling_idx",
            "brand_id",
            postgresql_where=text("state = 'filling'"),
        ),
        Index(
            "board_window_rolling_idx",
            "brand_id",
            "ends_on",
            postgresql_where=text("period = 'rolling'"),
        ),
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    board: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date] = mapped_column()
    ends_on: Mapped[date | None] = mapped_column()
    season: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    head: Mapped[int] = mapped_column(BigInteger, server_default="0")
    filled_to: Mapped[UUID | None] = mapped_column(PG_UUID)
    opened_at: Mapped[datetime] = mapped_column(INSTANT)
    frozen_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BoardDayRow(Base):
    """What a member, or a team, did on a brand's day as a board counts it; none: no row.

    ``scope`` is '' or a store's, such as "store:12". ``score`` is the day's sum, best or latest,
    as the board keeps it; ``reached_at`` when the last happening in it was. ``team`` is the team
    that a member's row counts for.
    """

    __tablename__ = "board_day"
    __table_args__ = (
        # Partial only so that nobody is led this way who asks for days of an entity, or this index
        # and the key look alike to a planner that knows no figures yet.
        Index(
            "board_day_day_idx",
            "brand_id",
            "board",
            "scope",
            "day",
            postgresql_where=text("scope <> '#'"),
        ),
        Index(
            "board_day_team_idx",
            "brand_id",
            "board",
            "team",
            "day",
            postgresql_where=text("team IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )

    brand_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    board: Mapped[str] = mapped_column(Text, primary_key=True)
    entity: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    score: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[datetime] = mapped_column(INSTANT)
    events: Mapped[int] = mapped_column(Integer)
    team: Mapped[UUID | None] = mapped_column(PG_UUID)


class BoardScoreRow(Base):
    """The score of a member, or of a team, in a window. Who leaves is not ``listed`` any more.

    ``seq`` is drawn anew with every change, under a lock, so that its order is that of commits.
    """

    __tablename__ = "board_score"
    __table_args__ = (
        Index("board_score_seq_idx", "window_id", "seq"),
        {"postgresql_with": {"fillfactor": 80}},
    )

    window_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entity: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    score: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[datetime] = mapped_column(INSTANT)
    listed: Mapped[bool] = mapped_column()
    seq: Mapped[int] = mapped_column(BigInteger)


class BoardTeamRow(Base):
    """The name of a team; ``entity`` derives from it."""

    __tablename__ = "board_team"

    entity: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    name: Mapped[str] = mapped_column(Text)


class BoardFillRow(Base):
    """By which version a brand's boards are filled, and how far that has come.

    ``shapes`` says how each board looked. The days from ``since`` on are counted anew for the
    members behind ``after``, in the order of their ids; ``done`` says that none is left. The
    windows of ``boards`` are written whether or not a day's score has changed.
    """

    __tablename__ = "board_fill"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger)
    shapes: Mapped[dict[str, str]] = mapped_column(JSONB)
    boards: Mapped[list[str]] = mapped_column(ARRAY(Text))
    since: Mapped[datetime] = mapped_column(INSTANT)
    after: Mapped[UUID | None] = mapped_column(PG_UUID)
    done: Mapped[bool] = mapped_column()


class BoardLookRow(Base):
    """When time alone gives a member another tier, so that boards by tier must look again."""

    __tablename__ = "board_look"
    __table_args__ = (Index("board_look_due_idx", "due_at"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    due_at: Mapped[datetime] = mapped_column(INSTANT)
