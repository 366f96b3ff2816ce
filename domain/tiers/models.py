"""The table of what counts towards a tier. The tier itself is computed, never stored."""

from uuid import UUID

from sqlalchemy import BigInteger, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class QualifyingSpendRow(Base):
    """A member's spend in one calendar year of the brand, refunds taken off."""

    __tablename__ = "qualifying_spend"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    member_id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int] = mapped_column(BigInteger)
