"""The table of gifts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class GiftRow(Base):
    """Points that one member gave to another. Rows never change.

    The journals that moved them carry the gift's id as their reference.
    """

    __tablename__ = "gift"
    __table_args__ = (
        CheckConstraint("points > 0 AND giver_id <> receiver_id", name="sides"),
        Index("gift_giver_idx", "giver_id", "given_at", "id"),
        Index("gift_receiver_idx", "receiver_id", "given_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    giver_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    receiver_id: Mapped[UUID] = mapped_column(ForeignKey("member.id"))
    points: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    request: Mapped[bytes] = mapped_column(LargeBinary)
