"""Members' tokens (JWT): which key may sign them, what they must say, how development makes one."""

import asyncio
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from kit.errors import ConfigurationError
from kit.secret import kept_secret
from kit.settings import Settings
from kit.texts import usable

# A key verifies only what its kind signs: a public key must never pass for a shared secret.
_ALGORITHMS = {
    "oct": ["HS256", "HS384", "HS512"],
    "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    "EC": ["ES256", "ES384", "ES512"],
    "OKP": ["Ed25519", "EdDSA"],
}
_PUBLIC_KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
_SECRET_BYTES_MIN = 32
_LEEWAY_SECONDS = 30
_JWKS_BYTES_MAX = 1_000_000
_JWKS_SECONDS_MAX = 5
_JWKS_FRESH_SECONDS = 600
_JWKS_PAUSE_SECONDS = 30
_DEVELOPMENT_KEY = "member-token.key"

_log = structlog.get_logger("laurel.tokens")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says: the brand's code and the id by which it knows the member."""

    brand: str
    member: str
    app: str
    """The app that the token was issued to (`azp`, RFC 9068's `client_id`); empty if unsaid."""

    expires_at: datetime
    issued_at: datetime | None = None
    """When it was issued, None if it doesn't say."""


class Keys(Protocol):
    """Where the keys come from."""

    async def candidates(self, kid: str | None) -> Sequence[Key]:
        """Return the keys that may have signed a token that names the key ``kid``."""
        ...


class FixedKey:
    """One key, known from the settings."""

    def __init__(self, key: Key) -> None:
        self.key = key

    async def candidates(self, kid: str | None) -> Sequence[Key]:
        """Return the key, whatever the token calls it."""
        del kid
        return (self.key,)


class RemoteKeys:
    """An identity provider's published keys, fetched when needed and kept for ten minutes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: Sequence[Key] = ()
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def candidates(self, kid: str | None) -> Sequence[Key]:
        """Return the keys called ``kid``, all of them without one; an unknown name asks anew."""
        if not self._fresh():
            await self._renew()
        found = self._named(kid)
        if not found:
            await self._renew()
            found = self._named(kid)
        return found

    def _fresh(self) -> bool:
        return time.monotonic() - self._fetched_at < _JWKS_FRESH_SECONDS

    def _named(self, kid: str | None) -> Sequence[Key]:
        return [key for key in self._keys if kid is None or key.kid == kid]

    async def _renew(self) -> None:
        async with self._lock:
            # Made-up key names must not turn us against the provider.
            if time.monotonic() - self._tried_at < _JWKS_PAUSE_SECONDS:
                return
            self._tried_at = time.monotonic()
            try:
                self._keys = await asyncio.to_thread(_fetched, self._url)
                self._fetched_at = time.monotonic()
            except (OSError, ValueError, TypeError, JoseError) as error:
                # The keys at hand stay good: an identity provider may be away for a while.
                _log.warning("the keys of members' tokens can't be had", error=repr(error))


class Tokens:
    """Checks members' tokens against one installation's keys, issuer and audience."""

    def __init__(self, settings: Settings) -> None:
        """Read the key. Raises ConfigurationError if it is missing or unfit."""
        self._settings = settings
        self._keys = _keys(settings)

    async def claims(self, token: str, now: datetime) -> Claims | None:
        """Return what ``token`` says, None if it doesn't hold at ``now``."""
        try:
            kid = _named_key(token)
            for key in await self._keys.candidates(kid):
                if (read := self._read(token, key, now)) is not None:
                    return read
        except (JoseError, ValueError):
            return None
        return None

    def issue(
        self, brand: str, member: str, now: datetime, lasts: timedelta = timedelta(days=1)
    ) -> str:
        """Return a token. Raises ConfigurationError unless this installation may sign them."""
        key = self._keys.key if isinstance(self._keys, FixedKey) else None
        if self._settings.environment == "production" or key is None or key.key_type != "oct":
            raise ConfigurationError(
                "Tokens are issued here only in development with a shared secret;"
                " elsewhere your identity provider issues them."
            )
        claims: dict[str, object] = {
            "iss": self._settings.jwt_issuer,
            "aud": self._settings.jwt_audience,
            "sub": member,
            "brand": brand,
            "iat": int(now.timestamp()),
            "exp": int((now + lasts).timestamp()),
        }
        return jwt.encode({"alg": "HS256"}, claims, key)

    def _read(self, token: str, key: Key, now: datetime) -> Claims | None:
        try:
            decoded = jwt.decode(token, key, algorithms=_ALGORITHMS[key.key_type])
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "value": self._settings.jwt_issuer},
                aud={"essential": True, "value": self._settings.jwt_audience},
                exp={"essential": True},
                sub={"essential": True},
                brand={"essential": True},
            ).validate(decoded.claims)
        except (JoseError, ValueError, TypeError):
            return None
        told = decoded.claims
        brand, member = told["brand"], told["sub"]
        app = told.get("azp") or told.get("client_id") or ""
        if not (_usable(brand) and _usable(member) and (not app or _usable(app))):
            return None
        try:
            expires_at = datetime.fromtimestamp(told["exp"], UTC)
            issued_at = datetime.fromtimestamp(told["iat"], UTC) if "iat" in told else None
        except (ValueError, OverflowError, OSError, TypeError):
            return None
        return Claims(brand, member, str(app), expires_at, issued_at)


def _usable(value: object) -> bool:
    return isinstance(value, str) and usable(value)


def _named_key(token: str) -> str | None:
    header = orjson.loads(urlsafe_b64decode(token.partition(".")[0].encode()))
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else None


def _keys(settings: Settings) -> FixedKey | RemoteKeys:
    if settings.jwks_url:
        return RemoteKeys(settings.jwks_url)
    if settings.jwt_key:
        return FixedKey(_imported(settings.jwt_key))
    if settings.environment == "production":
        raise ConfigurationError(
            "Set LAUREL_JWKS_URL or LAUREL_JWT_KEY: without one members can't sign in."
        )
    return FixedKey(OctKey.import_key(kept_secret(settings.data_dir / _DEVELOPMENT_KEY)))


def _imported(text: str) -> Key:
    if not text.lstrip().startswith("-----BEGIN"):
        if len(text.encode()) < _SECRET_BYTES_MIN:
            raise ConfigurationError(
                f"LAUREL_JWT_KEY is a secret of fewer than {_SECRET_BYTES_MIN} bytes: lengthen it."
            )
        return OctKey.import_key(text)
    for kind in _PUBLIC_KINDS.values():
        with suppress(JoseError, ValueError, TypeError, AttributeError):
            return kind.import_key(text)
    raise ConfigurationError("LAUREL_JWT_KEY is no RSA, EC or Ed25519 key in PEM.")


def _fetched(url: str) -> Sequence[Key]:
    if not url.startswith(("https://", "http://")):
        raise ValueError("LAUREL_JWKS_URL must begin with https://")
    with urllib.request.urlopen(url, timeout=_JWKS_SECONDS_MAX) as answer:  # noqa: S310
        body = answer.read(_JWKS_BYTES_MAX + 1)
    if len(body) > _JWKS_BYTES_MAX:
        raise ValueError("the key set is too large")
    document = orjson.loads(body)
    published = document.get("keys") if isinstance(document, dict) else None
    return [key for each in published or () if (key := _public_key(each)) is not None]


def _public_key(published: Any) -> Key | None:
    # A kind that we don't know, such as one for encryption, must not cost us the others.
    kind = published.get("kty") if isinstance(published, dict) else None
    if kind not in _PUBLIC_KINDS or published.get("use", "sig") != "sig":
        return None
    with suppress(JoseError, ValueError, TypeError, KeyError):
        return _PUBLIC_KINDS[kind].import_key(published)
    return None
