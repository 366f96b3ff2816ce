"""The table of applied programme versions. Rows are added, never changed."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class ProgrammeVersionRow(Base):
    """One brand's programme from ``effective_from`` until its next version's."""

    __tablename__ = "programme_version"
    __table_args__ = (UniqueConstraint("brand_id", "effective_from"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    effective_from: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    document: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    applied_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    applied_by: Mapped[str] = mapped_column(Text)
