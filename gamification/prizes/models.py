"""The tables of prizes: what is owed and what was paid, and how much of budgets is used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

INSTANT = TIMESTAMP(timezone=True)


class PrizeDueRow(Base):
    """A prize that a member has deserved ``at``, and what became of it.

    ``kind`` says what it is, drawn already if it was a ``mystery``. States: ``owed`` until it is
    paid, not before ``pay_from``; ``held`` while the member waits for a review; ``paid``;
    ``refused`` with why; ``undone`` once it is not deserved any more. ``due_at`` is when to look
    at it next, None if there is nothing to do.

    Undone and deserved again is another ``attempt``. ``points`` is what can be spent of it,
    ``amount`` what the current attempt paid of that by ``journal_id``; ``given`` and ``taken`` are
    what all attempts paid and took back in the books. What could not be taken back is ``kept``:
    ``kept_points`` of points, or the redemption as it is; it is not paid again. ``counted``: it is
    one of those that the ``budget`` has paid for.
    """

    __tablename__ = "prize_due"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('points', 'qualifying', 'reward', 'badge', 'freeze')", name="kind"
        ),
        CheckConstraint("state IN ('owed', 'held', 'paid', 'undone', 'refused')", name="state"),
        CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="refusal"),
        CheckConstraint("points >= 0 AND amount + kept_points <= points", name="points"),
        CheckConstraint("NOT counted OR budget IS NOT NULL", name="budget"),
        Index("prize_due_member_idx", "member_id", "number"),
        Index("prize_due_brand_idx", "brand_id", "state", "number"),
        Index(
            "prize_due_due_idx", "brand_id", "due_at", postgresql_where=text("due_at IS NOT NULL")
        ),
        Index("prize_due_redemption_idx", "redemption_id", unique=True),
        Index("prize_due_journal_idx", "journal_id", unique=True),
        {"postgresql_with": {"fillfactor": 80}},
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    brand_id: Mapped[int] = mapped_column(Integer)
    member_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    mystery: Mapped[bool]
    points: Mapped[int] = mapped_column(BigInteger)
    qualifying: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str | None] = mapped_column(Text)
    count: Mapped[int | None] = mapped_column(SmallInteger)
    deserved_at: Mapped[datetime] = mapped_column(INSTANT)
    pay_from: Mapped[datetime] = mapped_column(INSTANT)
    due_at: Mapped[datetime | None] = mapped_column(INSTANT)
    state: Mapped[str] = mapped_column(Text)
    attempt: Mapped[int] = mapped_column(Integer)
    budget: Mapped[str | None] = mapped_column(Text)
    counted: Mapped[bool]
    amount: Mapped[int] = mapped_column(BigInteger)
    journal_id: Mapped[int | None] = mapped_column(BigInteger)
    redemption_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    award_id: Mapped[UUID | None] = mapped_column(PG_UUID)
    freeze_key: Mapped[UUID | None] = mapped_column(PG_UUID)
    kept: Mapped[bool]
    kept_points: Mapped[int] = mapped_column(BigInteger)
    given: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime | None] = mapped_column(INSTANT)
    refusal: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(INSTANT)


class PrizeBudgetRow(Base):
    """How many prizes a budget of a brand has paid for or is to pay for."""

    __tablename__ = "prize_budget"
    __table_args__ = (
        CheckConstraint("used >= 0", name="used"),
        {"postgresql_with": {"fillfactor": 50}},
    )

    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
