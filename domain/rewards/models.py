"""The tables of redemptions, of what pays them, of stock, and of what was given by itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class RedemptionRow(Base):
    """``quantity`` of a reward that a member asked for, and what became of it.

    ``points``, ``money`` and ``value`` are those of all of it together, in smallest units. States:
    ``waiting`` for a second person, ``held`` until it is fulfilled, both until ``deadline``;
    ``fulfilled``; ``returned`` after that; ``cancelled`` or ``lapsed`` before it.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND points >= 0 AND money >= 0", name="amounts"),
        CheckConstraint(
            "state IN ('waiting', 'held', 'fulfilled', 'returned', 'cancelled', 'lapsed')",
            name="state",
        ),
        CheckConstraint("(state IN ('waiting', 'held')) = (deadline IS NOT NULL)", name="deadline"),
        Index("redemption_member_idx", "member_id", "requested_at", "id"),
        Index("redemption_brand_idx", "brand_id", "requested_at", "id"),
        Index("redemption_reward_idx", "brand_id", "reward", "member_id"),
        Index("redemption_deadline_idx", "deadline", postgresql_where=text("deadline IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    household_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    reward: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    version_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int] = mapped_column(Integer)
    points: Mapped[int] = mapped_column(BigInteger)
    money: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    automatic: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(INSTANT)
    requested_by: Mapped[str] = mapped_column(Text)
    deadline: Mapped[datetime | None] = mapped_column(INSTANT)
    approved_at: Mapped[datetime | None] = mapped_column(INSTANT)
    approved_by: Mapped[str | None] = mapped_column(Text)
    fulfilled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    fulfilled_by: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)
    ended_by: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    request: Mapped[bytes] = mapped_column(LargeBinary)


class RedemptionPartRow(Base):
    """The points that one member pays of a redemption, reserved and then spent by ``hold_id``."""

    __tablename__ = "redemption_part"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        Index("redemption_part_hold_idx", "hold_id", unique=True),
    )

    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"), primary_key=True)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)
    hold_id: Mapped[int] = mapped_column(BigInteger)


class RedemptionStepRow(Base):
    """What somebody did with a redemption, and the ``state`` it led to. Rows never change."""

    __tablename__ = "redemption_step"
    __table_args__ = (Index("redemption_step_redemption_idx", "redemption_id", "taken_at"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    redemption_id: Mapped[UUID] = mapped_column(ForeignKey("redemption.id"))
    state: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    taken_at: Mapped[datetime] = mapped_column(INSTANT)
    request: Mapped[bytes] = mapped_column(LargeBinary)


class RewardStockRow(Base):
    """How many of a reward are taken, and how many staff added to what the programme says.

    ``taken`` counts what is asked for, reserved or fulfilled, and not given back. There is a row
    for every reward that any version gave a stock: one without an end is no row that all wait for.
    """

    __tablename__ = "reward_stock"
    __table_args__ = (
        CheckConstraint("taken >= 0", name="taken"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    reward: Mapped[str] = mapped_column(Text, primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger, server_default="0")
    added: Mapped[int] = mapped_column(BigInteger, server_default="0")


class StockChangeRow(Base):
    """Stock that staff added (or took, negative), and why. Rows never change."""

    __tablename__ = "stock_change"
    __table_args__ = (Index("stock_change_reward_idx", "brand_id", "reward", "changed_at"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    reward: Mapped[str] = mapped_column(Text)
    units: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(INSTANT)


class AutomaticRewardRow(Base):
    """That a member got a reward without asking, on an ``occasion``, once.

    The occasion names what it was for: a move into a tier, a year's birthday, an activity. What
    could not be given has a ``refusal``, why. Moves have their ``ladder``, the ``tier`` and that
    ``before`` it. A move that a refund or a correction undid has ``undone_at``; its
    ``redemption_id`` stays only if the voucher was used by then, until the next move takes it over
    and gives nothing.
    """

    __tablename__ = "automatic_reward"

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    reward: Mapped[str] = mapped_column(Text, primary_key=True)
    occasion: Mapped[str] = mapped_column(Text, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    redemption_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    refusal: Mapped[str | None] = mapped_column(Text)
    ladder: Mapped[str | None] = mapped_column(Text)
    tier: Mapped[str | None] = mapped_column(Text)
    before: Mapped[str | None] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(INSTANT)
    undone_at: Mapped[datetime | None] = mapped_column(INSTANT)


class RewardLookRow(Base):
    """When to look again whether a member's points buy a reward, though nothing happens.

    There is one for whoever has points that can't be spent yet, while points buy by themselves.
    """

    __tablename__ = "reward_look"
    __table_args__ = (Index("reward_look_due_idx", "due_at"),)

    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(INSTANT)


class RewardStartRow(Base):
    """The latest version under which all members of a brand were looked at as it began."""

    __tablename__ = "reward_start"

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInteger)
