"""Cursors that nobody else can make: a key of a list, signed for that list of that brand.

A cursor of another list, another member or another brand is refused as one that was changed is.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from kit.errors import ConfigurationError
from kit.secret import kept_secret
from kit.settings import Settings

_SECRET_BYTES_MIN = 32
_FILE = "cursors.key"
_MARK_BYTES = 12
_LENGTH_MAX = 200
_PURPOSE = b"laurel.cursor"


def signing_secret(settings: Settings) -> bytes:
    """Return what cursors are signed with. Raises ConfigurationError if it is missing or short."""
    if settings.secret_key is None:
        if settings.environment == "production":
            raise ConfigurationError(
                "Set LAUREL_SECRET_KEY to 32 random bytes or more, the same for every process."
            )
        return _digest(kept_secret(settings.data_dir / _FILE).encode())
    if len(settings.secret_key.encode()) < _SECRET_BYTES_MIN:
        raise ConfigurationError(f"LAUREL_SECRET_KEY is shorter than {_SECRET_BYTES_MIN} bytes.")
    return _digest(settings.secret_key.encode())


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one list, named by ``scope``."""

    secret: bytes
    scope: str

    def write(self, key: object) -> str:
        """Return the cursor of the item with this key."""
        plain = str(key).encode()
        return base64.urlsafe_b64encode(self._mark(plain) + plain).decode().rstrip("=")

    def read(self, text: str) -> str:
        """Return the key in a cursor. Raises ValueError for what is no cursor of this list."""
        if len(text) > _LENGTH_MAX:
            raise ValueError
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        signed = base64.b64decode(padded, altchars=b"-_", validate=True)
        plain = signed[_MARK_BYTES:]
        genuine = hmac.compare_digest(signed[:_MARK_BYTES], self._mark(plain))
        if not genuine or self.write(plain.decode()) != text:
            raise ValueError
        return plain.decode()

    def _mark(self, plain: bytes) -> bytes:
        made = hashlib.blake2b(
            self.scope.encode() + b"\0" + plain, digest_size=_MARK_BYTES, key=self.secret
        )
        return made.digest()


def _digest(secret: bytes) -> bytes:
    return hashlib.blake2b(secret, digest_size=32, person=_PURPOSE).digest()
