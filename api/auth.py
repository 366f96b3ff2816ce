"""Who calls: an API key or a member's token becomes a principal, and nothing else does."""

import time
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from urllib.parse import quote

from api.tokens import Claims, Tokens
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.brands.service import KEY_PREFIX, secret_hash
from domain.members import queries as members
from kit.db import Database
from kit.errors import LaurelError

_HEADER_LENGTH_MAX = 8192
# A brand's name may change; its id, code, zone and currency never do.
_BRAND_SECONDS = 10


class UnauthenticatedError(LaurelError):
    """The caller gave no credentials where some are needed, or none that hold."""

    code = "UNAUTHENTICATED"


class Role(Enum):
    """The kinds of caller. Permissions are declared per kind on every field."""

    ANONYMOUS = "anyone"
    MEMBER = "members"
    SERVER = "the brand's servers"
    STAFF = "the brand's staff"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. All but anonymous ones belong to one brand and see no other's rows."""

    role: Role = Role.ANONYMOUS
    home: Brand | None = None
    external_id: str = ""
    """By which the brand knows a member; empty for other callers."""
    account: str = ""
    """Whose allowance is charged: an app's member or an API key; empty for anonymous callers."""
    expires_at: datetime | None = None
    """When the credentials end, None if they say nothing of it."""

    @property
    def brand(self) -> Brand:
        """The brand of a caller who has one. Raises UnauthenticatedError for the others."""
        if self.home is None:
            raise UnauthenticatedError("Sign in: send an Authorization header with a bearer token.")
        return self.home


ANONYMOUS = Principal()


class Authenticator:
    """Turns the Authorization header into a principal with one indexed read."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens
        self._brands: dict[str, tuple[Brand, float]] = {}
        self._erasing: set[int] = set()

    async def principal(self, authorization: str | None, now: datetime) -> Principal:
        """Return the caller. Raises UnauthenticatedError for credentials that do not hold."""
        if not authorization:
            return ANONYMOUS
        scheme, _, credentials = authorization.partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials or len(credentials) > _HEADER_LENGTH_MAX:
            raise UnauthenticatedError("Send the header as `Authorization: Bearer TOKEN`.")
        if credentials.startswith(KEY_PREFIX):
            return await self._key_holder(credentials)
        return await self._member(credentials, now)

    async def _key_holder(self, secret: str) -> Principal:
        async with self._database.alone() as session:
            found = await brands.by_key(session, secret_hash(secret))
        if found is None:
            raise UnauthenticatedError("The API key is unknown or was revoked.")
        key_id, role, brand = found
        kind = Role.SERVER if role == "server" else Role.STAFF
        return Principal(kind, brand, account=f"key:{key_id}")

    async def _member(self, token: str, now: datetime) -> Principal:
        claims = await self._tokens.claims(token, now)
        if claims is None:
            raise UnauthenticatedError("The token is not valid here, or has expired.")
        brand = await self._brand(claims.brand)
        if brand is None or await self._erased(brand, claims):
            raise UnauthenticatedError("The token is not valid here, or has expired.")
        # Quoted, so that no app can be named to look like another app's member.
        account = f"member:{quote(claims.app, safe='')}:{quote(claims.member, safe='')}"
        return Principal(Role.MEMBER, brand, claims.member, account, claims.expires_at)

    async def _brand(self, code: str) -> Brand | None:
        known, until = self._brands.get(code, (None, 0.0))
        if known is None or until < time.monotonic():
            async with self._database.alone() as session:
                known = await brands.by_code(session, code)
                # Where nobody was ever erased there is nothing to ask for each request.
                if known is not None and await members.has_erased(session, known.id):
                    self._erasing.add(known.id)
            if known is not None:
                self._brands[code] = known, time.monotonic() + _BRAND_SECONDS
        return known

    async def _erased(self, brand: Brand, claims: Claims) -> bool:
        """Return whether the member of the token was erased since it was issued."""
        if brand.id not in self._erasing:
            return False
        async with self._database.alone() as session:
            before = await members.refused_before(session, brand.id, claims.member)
        if before is None:
            return False
        return claims.issued_at is None or claims.issued_at <= before
