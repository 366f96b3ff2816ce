"""A request that changes something: one transaction, done once under its key."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol, TypeVar
from uuid import UUID

import strawberry

from api.auth import Principal, Role
from api.context import Context
from domain.brands.rules import Brand
from kit.db import Session
from kit.errors import InvalidInputError
from kit.idempotency import once
from kit.ids import derived_id
from kit.texts import TEXT_LENGTH_MAX, usable

KEY = (
    "A name of your own for this request, 1 to 200 printable characters, kept for ever. The same"
    " name with the same input answers the same and changes nothing; with another input it is"
    " refused."
)
ITEMS_MAX = 250
"""How many items one request may hold."""


class Keyed(Protocol):
    """An input of a mutation: a dataclass with its key."""

    idempotency_key: str


Given = TypeVar("Given", bound=Keyed)
Work = Callable[[Session, datetime, Brand, Given], Awaitable[Any]]


async def done_once(context: Context, verb: str, given: Given, work: Work[Given]) -> Any:
    """Return what ``work`` makes of ``given``, or made when it was done before, as JSON holds it.

    Raises LaurelError for a key that can't be one or came with another input, and what ``work``
    raises: then nothing is written.
    """
    key = given.idempotency_key
    if not (0 < len(key) <= TEXT_LENGTH_MAX and key.isprintable()):
        message = f"idempotencyKey must be 1 to {TEXT_LENGTH_MAX} printable characters"
        raise InvalidInputError(message, path=("idempotency_key",))
    brand = context.principal.brand
    request = comparable(asdict(given))  # type: ignore[call-overload]

    async def write(session: Session, now: datetime) -> Any:
        return await once(
            session,
            now,
            tenant_id=brand.id,
            scope=_scope(context.principal, verb),
            key=key,
            request=request,
            work=lambda: work(session, now, brand, given),
        )

    return await context.write(write)


def brands_key(context: Context, key: str, *parts: object) -> str:
    """Return a request's key, or that of one of its parts, as one of all the brand's keys.

    Of a member's it makes one that no other caller's can be.
    """
    principal = context.principal
    if principal.role is not Role.MEMBER and not parts:
        return key
    return str(derived_id(principal.role.name, principal.external_id, key, *map(str, parts)))


def _scope(principal: Principal, verb: str) -> str:
    # Members choose their keys without knowing of each other.
    return f"{verb}:{principal.external_id}" if principal.role is Role.MEMBER else verb


def stored(outcome: Any) -> dict[str, Any]:
    """Return an outcome, a dataclass, as it is kept."""
    kept: dict[str, Any] = comparable(asdict(outcome))
    return kept


def comparable(value: Any) -> Any:
    """Return ``value`` as JSON holds it, the same for two ways to write the same."""
    if isinstance(value, dict):
        return {
            key: comparable(held) for key, held in value.items() if held is not strawberry.UNSET
        }
    if isinstance(value, list | tuple):
        return [comparable(held) for held in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, date | UUID) else value


def checked_number(items: int, name: str, code: str, maximum: int = ITEMS_MAX) -> None:
    """Raise InvalidInputError ``code`` for more items in the list ``name`` than are allowed."""
    if items > maximum:
        message = f"{name} are more than {maximum}; send them in several requests"
        raise InvalidInputError(message, code=code, path=(name,))


def checked_text(text: str, name: str) -> str:
    """Return a text that must be there. Raises InvalidInputError if it can't be kept."""
    if not usable(text):
        message = f"{name} must be 1 to {TEXT_LENGTH_MAX} printable characters"
        raise InvalidInputError(message, path=(name,))
    return text


def key_of(text: str | None) -> UUID | None:
    """Return an id as it was kept."""
    return UUID(text) if text else None


def instant_of(text: str | None) -> datetime | None:
    """Return an instant as it was kept."""
    return datetime.fromisoformat(text) if text else None
