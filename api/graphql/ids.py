"""Global ids: one opaque string per object, whatever its type."""

import base64
import binascii
from typing import NamedTuple
from uuid import UUID

import strawberry

_LENGTH_MAX = 200


class GlobalId(NamedTuple):
    """What an id says: a type of the schema and the key of one object of it."""

    kind: str
    key: str


def encode(kind: str, key: str) -> strawberry.ID:
    """Return the id of the ``kind`` called ``key``."""
    plain = f"{kind}:{key}".encode()
    return strawberry.ID(base64.urlsafe_b64encode(plain).decode().rstrip("="))


def decode(text: str) -> GlobalId | None:
    """Return what an id says, None if it is no id of ours: nothing has such an id."""
    if len(text) > _LENGTH_MAX or not text.isascii():
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        kind, separator, key = plain.decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return GlobalId(kind, key) if separator and encode(kind, key) == text else None


def uuid_of(text: str) -> UUID | None:
    """Return the UUID that is a key, None for what is none: an object has one id only."""
    try:
        number = UUID(text)
    except ValueError:
        return None
    return number if str(number) == text else None


def uuid_in(text: str, kind: str) -> UUID | None:
    """Return the UUID in the id of a ``kind``, None for what is no such id."""
    named = decode(text)
    return uuid_of(named.key) if named and named.kind == kind else None
