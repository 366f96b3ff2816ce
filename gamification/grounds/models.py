"""The table of members whom games look at again as time goes by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base


class GameLookRow(Base):
    """When games are to judge a member again though nothing happens, the earliest such instant."""

    __tablename__ = "game_look"
    __table_args__ = (Index("game_look_due_idx", "brand_id", "due_at"),)

    member_id: Mapped[UUID] = mapped_column(PG_UUID, ForeignKey("member.id"), primary_key=True)
    brand_id: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
