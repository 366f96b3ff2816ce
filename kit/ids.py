"""The only place that makes identifiers and randomness."""

import hashlib
import os
import secrets
import time
from uuid import UUID

_VERSION_7 = 0x7000
_VERSION_8 = 0x8000
_VARIANT = 0x8000000000000000


def new_id() -> UUID:
    """Return a time-ordered UUID version 7 (RFC 9562, section 5.7)."""
    millis = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    high = (millis << 16) | _VERSION_7 | (random >> 68)
    low = _VARIANT | (random & 0x3FFFFFFFFFFFFFFF)
    return UUID(int=(high << 64) | low)


def derived_id(*parts: str) -> UUID:
    """Return the UUID version 8 (RFC 9562, section 5.8) that ``parts`` always lead to.

    A write that follows from another write (the journal of a purchase, the bonus of a fact)
    takes its idempotency key from here, so that doing it again is recognised.
    """
    # A key is only compared: any text may be one, also what no encoding can store.
    digest = content_hash(*(part.encode(errors="surrogatepass") for part in parts))
    high = int.from_bytes(digest[:8], "big") & ~0xF000 | _VERSION_8
    low = int.from_bytes(digest[8:16], "big") & 0x3FFFFFFFFFFFFFFF | _VARIANT
    return UUID(int=(high << 64) | low)


def random_bytes(count: int) -> bytes:
    """Return ``count`` bytes that nobody can guess."""
    return os.urandom(count)


def new_secret() -> str:
    """Return 256 bits of randomness as URL-safe text."""
    return secrets.token_urlsafe(32)


def content_hash(*parts: bytes) -> bytes:
    """Return the SHA-256 of ``parts``, each preceded by its length so that borders count."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
