"""Tables of brands and their keys. A brand is the unit of tenancy: other keys lead with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class BrandRow(Base):
    """One brand."""

    __tablename__ = "brand"
    __table_args__ = (CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="code"),)

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    currency_exponent: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class ApiKeyRow(Base):
    """A key of a brand's server or staff. Only the SHA-256 of the secret is kept."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("role IN ('server', 'staff')", name="role"),)

    id: Mapped[UUID] = mapped_column(PG_UUID, primary_key=True)
    brand_id: Mapped[int] = mapped_column(ForeignKey("brand.id"))
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
