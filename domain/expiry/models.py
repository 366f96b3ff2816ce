"""The table of warnings already given."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class ExpiryWarningRow(Base):
    """That the owner of an account was warned of points that end at ``expires_at``.

    ``days`` is which of the programme's warnings it was: so many days before.
    """

    __tablename__ = "expiry_warning"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    expires_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    days: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
