"""The table of what members did, by day."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class TallyRow(Base):
    """What a member did of one kind on one day of the brand's clock, refunds taken off.

    ``kind`` is "purchase", "redemption" or the kind of an activity. ``amount`` is money in the
    currency's smallest unit, ``points`` qualifying points in the asset's, ``count`` how often;
    a purchase that was wholly refunded no longer counts.
    """

    __tablename__ = "tally"
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    member_id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(Integer)
