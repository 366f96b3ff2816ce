"""A whole request under one key: done once, answered the same way ever after."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Session
from kit.errors import IdempotencyConflictError
from kit.ids import content_hash


class RequestRow(Base):
    """The input's hash and the outcome of a request, rejections included."""

    __tablename__ = "request"

    tenant_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    # JSON as text: jsonb refuses a NUL that a caller sent and the outcome repeats.
    outcome: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


async def once(
    session: Session,
    now: datetime,
    *,
    tenant_id: int,
    scope: str,
    key: str,
    request: object,
    work: Callable[[], Awaitable[Any]],
) -> Any:
    """Return the stored outcome of ``key``, or run ``work`` and store what it returns.

    ``scope`` separates the verbs and callers that share a tenant; ``request`` and the outcome are
    anything JSON can hold. Two requests with one key run one after the other. If ``work`` raises,
    nothing is stored. Raises `IdempotencyConflictError` if the key came with another request.
    """
    hashed = content_hash(orjson.dumps(request, option=orjson.OPT_SORT_KEYS))
    inserted = await session.value(
        "INSERT INTO request (tenant_id, scope, key, input_hash, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true",
        tenant_id,
        scope,
        key,
        hashed,
        now,
    )
    if not inserted:
        stored = await session.one(
            "SELECT input_hash, outcome FROM request"
            " WHERE tenant_id = $1 AND scope = $2 AND key = $3",
            tenant_id,
            scope,
            key,
        )
        if stored is None or stored["input_hash"] != hashed:
            message = f"The idempotency key {key!r} was used before with another input."
            raise IdempotencyConflictError(message, path=("idempotencyKey",))
        return orjson.loads(stored["outcome"] or "null")
    outcome = await work()
    await session.fetch(
        "UPDATE request SET outcome = $4 WHERE tenant_id = $1 AND scope = $2 AND key = $3",
        tenant_id,
        scope,
        key,
        orjson.dumps(outcome).decode(),
    )
    return outcome


async def known(session: Session, *, tenant_id: int, scope: str, key: str) -> bool:
    """Return whether ``key`` was answered before."""
    found = await session.value(
        "SELECT outcome IS NOT NULL FROM request WHERE tenant_id = $1 AND scope = $2 AND key = $3",
        tenant_id,
        scope,
        key,
    )
    return bool(found)
