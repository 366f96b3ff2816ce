"""The tables of results, of the people on boards, of leagues and of fair play."""

from datetime import datetime
from typing import Any
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

INSTANT = TIMESTAMP(timezone=True)


class BoardSaltRow(Base):
    """What makes the made-up names of a brand's members impossible to guess. It never changes."""

    __tablename__ = "board_salt"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class BoardAliasRow(Base):
    """The name by which a member wants to be listed; ``folded`` is what nobody else may have.

    One that staff removed stays, so that nobody takes it again; one that its member gave up goes.
    """

    __tablename__ = "board_alias"
    __table_args__ = (
        Index("board_alias_name_idx", "brand_id", "folded", unique=True),
        Index(
            "board_alias_member_idx",
            "member_id",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    alias: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(INSTANT)
    removed_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BoardAbsenceRow(Base):
    """That a member is not listed: ``hidden`` by choice, ``banned``, or ``excluded`` as staff.

    ``board`` is '' for all boards, ``window_id`` 0 for all windows of the board. It holds while
    ``ended_at`` is NULL; a ban ``until`` an instant is ended by a job, so that a fact tells of it.
    """

    __tablename__ = "board_absence"
    __table_args__ = (
        CheckConstraint("kind IN ('hidden', 'banned', 'excluded')", name="kind"),
        Index(
            "board_absence_open_idx",
            "member_id",
            "board",
            "window_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "board_absence_until_idx",
            "until",
            postgresql_where=text("ended_at IS NULL AND until IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    board: Mapped[str] = mapped_column(Text)
    window_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    kind: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(INSTANT)
    until: Mapped[datetime | None] = mapped_column(INSTANT)
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BoardPersonChangeRow(Base):
    """Who changed what of a member's place on boards, and why. It never changes.

    Aliases are not repeated here, so that they can be forgotten; ``request`` is the hash of all
    that was asked under the key from which ``id`` derives.
    """

    __tablename__ = "board_person_change"
    __table_args__ = (Index("board_person_change_member_idx", "member_id", "changed_at", "id"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(Text)
    board: Mapped[str] = mapped_column(Text)
    window_id: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime] = mapped_column(INSTANT)


class BoardResultRow(Base):
    """The place of a member or a team in a frozen window. It never changes.

    ``place`` is the ordinal one; ``rank`` is that of the board's kind of ranking. A million rows
    are written at once: no foreign key is looked up for each.
    """

    __tablename__ = "board_result"
    __table_args__ = (Index("board_result_entity_idx", "entity", "window_id", unique=True),)

    window_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    brand_id: Mapped[int] = mapped_column()
    entity: Mapped[UUID] = mapped_column(PG_UUID)
    score: Mapped[int] = mapped_column(BigInteger)
    reached_at: Mapped[datetime] = mapped_column(INSTANT)
    rank: Mapped[int] = mapped_column(BigInteger)


class BoardResultNameRow(Base):
    """The alias that stood at a place when the window froze; deleted when it must be forgotten.

    Who had none is shown by a made-up name, which follows from the salt.
    """

    __tablename__ = "board_result_name"

    entity: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    window_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)


class BoardDisqualificationRow(Base):
    """That a place in a frozen window gets no prize any more, and why. It never changes."""

    __tablename__ = "board_disqualification"
    __table_args__ = (UniqueConstraint("window_id", "entity"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    window_id: Mapped[int] = mapped_column(BigInteger)
    entity: Mapped[UUID] = mapped_column(PG_UUID)
    actor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    request: Mapped[bytes] = mapped_column(LargeBinary)
    disqualified_at: Mapped[datetime] = mapped_column(INSTANT)


class BoardPrizeRow(Base):
    """That a prize of a frozen window is owed to a member; the prize itself is one of prizes.

    ``entry`` is the number of the prize in the programme that judged the window's end.
    """

    __tablename__ = "board_prize"
    __table_args__ = (Index("board_prize_window_idx", "window_id"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    window_id: Mapped[int] = mapped_column(BigInteger)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    entity: Mapped[UUID] = mapped_column(PG_UUID)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    entry: Mapped[int] = mapped_column()
    undone_at: Mapped[datetime | None] = mapped_column(INSTANT)


class BoardFlagRow(Base):
    """That what a member did looks unfair; staff clear or confirm it, prizes wait for them.

    ``evidence`` says which happenings; ``id`` derives from rule and evidence, so that the same
    is not raised twice. ``from_at`` and ``upto_at`` are the first and the last of them.
    """

    __tablename__ = "board_flag"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'cleared', 'confirmed')", name="state"),
        CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (actor IS NULL)",
            name="decided",
        ),
        Index("board_flag_member_idx", "member_id", "raised_at", "id"),
        Index("board_flag_brand_idx", "brand_id", "state", "raised_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    rule: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    from_at: Mapped[datetime] = mapped_column(INSTANT)
    upto_at: Mapped[datetime] = mapped_column(INSTANT)
    raised_at: Mapped[datetime] = mapped_column(INSTANT)
    decided_at: Mapped[datetime | None] = mapped_column(INSTANT)
    actor: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)


class LeagueMemberRow(Base):
    """In which league a member is after the last week that was played, and whether they play.

    ``week`` is the number of that week, counted from the first Monday of 1970.
    """

    __tablename__ = "league_member"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    league: Mapped[str | None] = mapped_column(Text)
    week: Mapped[int | None] = mapped_column()
    away: Mapped[bool] = mapped_column(server_default=text("false"))


class LeagueSeatRow(Base):
    """The one cohort in which a member plays a week; what came of it once the week is over."""

    __tablename__ = "league_seat"
    __table_args__ = (
        CheckConstraint("outcome IN ('promoted', 'stayed', 'relegated')", name="outcome"),
        CheckConstraint("(place IS NULL) = (outcome IS NULL)", name="place"),
        Index("league_seat_cohort_idx", "window_id", "league", "cohort"),
        Index("league_seat_member_idx", "member_id", "window_id"),
    )

    window_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    league: Mapped[str] = mapped_column(Text)
    cohort: Mapped[int] = mapped_column()
    seated_at: Mapped[datetime] = mapped_column(INSTANT)
    place: Mapped[int | None] = mapped_column()
    outcome: Mapped[str | None] = mapped_column(Text)


class LeagueWeekRow(Base):
    """That a week of leagues has begun, and when what came of it was written."""

    __tablename__ = "league_week"
    __table_args__ = (Index("league_week_brand_idx", "brand_id", "week", unique=True),)

    window_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    week: Mapped[int] = mapped_column()
    seated_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)
