"""What anybody may ask about badges over HTTP, without signing in.

Programs get documents of Open Badges 3.0, browsers get pages. An award is public only once the
member shares it; else nobody can tell that it is there.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.badges import credentials, shown
from api.badges.addresses import Addresses
from api.badges.credentials import LIST_LENGTH, Issuer
from api.badges.keys import KeyMaker
from api.badges.page import POLICY
from api.badges.picture import drawn
from api.http import media
from api.http.visitors import Visitors
from api.language import OFFERED, chosen
from api.runtime import Runtime
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from gamification.badges import queries
from gamification.badges.queries import Award
from gamification.badges.queries_keys import SigningKey, keys
from gamification.badges.section_parts import Badge
from gamification.badges.service_keys import ensure
from kit.db import Session
from kit.words import in_language

TOKEN = "application/jwt"  # noqa: S105 - a media type
PICTURE = "image/svg+xml"

_FRESH_SECONDS = 60
_LISTS_MAX = 2**40
_VARY = {"vary": "accept, accept-language"}
_PICTURE_POLICY = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
_PAGE_HEADERS = {**_VARY, "content-security-policy": POLICY, "referrer-policy": "no-referrer"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A brand that somebody asks about, as it is now."""

    issuer: Issuer
    timeline: Timeline
    now: datetime

    @property
    def brand(self) -> Brand:
        """The brand."""
        return self.issuer.brand

    def badge(self, code: str, level: int | None = None, at: datetime | None = None) -> Badge:
        """Return a badge, as it was at an instant. Raises HTTPException if there is none."""
        found = queries.badge(self.timeline, code, at or self.now)
        found = found or queries.badge(self.timeline, code, self.now)
        if found is None or not (level is None or 1 <= level <= len(found.level)):
            raise HTTPException(404, "There is no such badge.")
        return found


class BadgeEndpoints:
    """Answers for badges in one process."""

    def __init__(self, runtime: Runtime, visitors: Visitors) -> None:
        self.visitors = visitors
        self._runtime = runtime
        self._keys = KeyMaker(runtime.settings)

    async def brand(self, request: Request) -> Response:
        """Return the brand as an issuer, or the page of its badges."""
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
        if not _browses(request):
            return _document(request, credentials.profile(asked.issuer))
        badges = queries.badges(asked.timeline.at(asked.now))
        return _page(request, shown.brand(asked.issuer, badges, _language(request)))

    async def badge(self, request: Request) -> Response:
        """Return a badge, or one of its levels, as an achievement or a page."""
        level: int | None = request.path_params.get("level")
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
        badge = asked.badge(request.path_params["badge"], level)
        if not _browses(request):
            return _document(request, credentials.achievement(asked.issuer, badge, level))
        runtime = self._runtime
        rarities = await runtime.rarities.of(runtime.database.read, asked.brand.id)
        rarity = rarities.get((badge.code, level or 1))
        return _page(request, shown.badge(asked.issuer, badge, level, rarity, _language(request)))

    async def picture(self, request: Request) -> Response:
        """Return the picture that is drawn of a badge or one of its levels."""
        level: int | None = request.path_params.get("level")
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
        badge = asked.badge(request.path_params["badge"], level)
        return _drawn(request, badge, level, None)

    async def award(self, request: Request) -> Response:
        """Return the credential of an award that is shared, or its page."""
        asked, badge, award = await self._award(request)
        if _browses(request) and not request.url.path.endswith(".json"):
            about = shown.award(asked.issuer, badge, award, asked.now, _language(request))
            return _page(request, about)
        return _document(request, credentials.credential(asked.issuer, badge, award))

    async def token(self, request: Request) -> Response:
        """Return the signed credential of an award that is shared."""
        asked, badge, award = await self._award(request)
        document = credentials.credential(asked.issuer, badge, award)
        return _answer(request, await self._signed(asked, document), TOKEN)

    async def baked(self, request: Request) -> Response:
        """Return the picture of an award that is shared, with the signed credential in it."""
        asked, badge, award = await self._award(request)
        document = credentials.credential(asked.issuer, badge, award)
        level = award.level if award.level <= len(badge.level) else None
        return _drawn(request, badge, level, await self._signed(asked, document))

    async def status(self, request: Request) -> Response:
        """Return a signed list of what is revoked."""
        number = request.path_params["number"]
        revoked = None
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
            if number < _LISTS_MAX:
                first = number * LIST_LENGTH
                end = first + LIST_LENGTH
                revoked = await queries.revoked_between(session, asked.brand.id, first, end)
        if revoked is None:
            raise HTTPException(404, "There is no such list.")
        document = credentials.status_list(asked.issuer, number, revoked, asked.now)
        return _answer(request, await self._signed(asked, document), TOKEN)

    async def keys(self, request: Request) -> Response:
        """Return the brand's public keys."""
        asked, found = await self._found_keys(request)
        return _document(request, credentials.key_set(asked.issuer.addresses, found))

    async def key(self, request: Request) -> Response:
        """Return one public key."""
        asked, found = await self._found_keys(request)
        for each in found:
            if each.kid == request.path_params["kid"]:
                return _document(request, credentials.public_key(asked.issuer.addresses, each))
        raise HTTPException(404, "There is no such key.")

    async def did(self, request: Request) -> Response:
        """Return the document of the brand's did:web."""
        asked, found = await self._found_keys(request)
        return _document(request, credentials.did_document(asked.issuer.addresses, found))

    async def _asked(self, session: Session, request: Request) -> _Asked:
        brand = await brands.by_code(session, request.path_params["brand"])
        now = self._runtime.clock.now()
        timeline = await programmes.timeline(session, brand.id, SECTIONS) if brand else None
        if brand is None or timeline is None:
            raise HTTPException(404, "There is no such brand.")
        section = queries.section(timeline, now)
        if section is None:
            raise HTTPException(404, "The brand has no badges.")
        return _Asked(Issuer(brand, self._addresses(request, brand), section), timeline, now)

    def _addresses(self, request: Request, brand: Brand) -> Addresses:
        settings = self._runtime.settings
        origin = settings.public_url
        if origin is None:
            if settings.environment == "production":
                # What callers say we are called must not get into what we sign.
                raise HTTPException(503, "LAUREL_PUBLIC_URL is not set.")
            origin = f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
        return Addresses(origin, brand.code)

    async def _award(self, request: Request) -> tuple[_Asked, Badge, Award]:
        award_id: UUID = request.path_params["award"]
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
            award = await queries.shared(session, asked.brand.id, award_id)
        if award is None:
            raise HTTPException(404, "There is no such award.")
        return asked, asked.badge(award.badge, at=award.awarded_at), award

    async def _found_keys(self, request: Request) -> tuple[_Asked, list[SigningKey]]:
        async with self._runtime.database.read() as session:
            asked = await self._asked(session, request)
            found = await keys(session, asked.brand.id)
        return asked, found or [await self._first_key(asked)]

    async def _signed(self, asked: _Asked, document: Mapping[str, Any]) -> str:
        async with self._runtime.database.read() as session:
            found = await keys(session, asked.brand.id)
        key = found[0] if found else await self._first_key(asked)
        address = asked.issuer.addresses.key(key.kid)
        return self._keys.sign(key, address, credentials.claims(dict(document)))

    async def _first_key(self, asked: _Asked) -> SigningKey:
        draft = self._keys.make()
        return await self._runtime.database.write(
            lambda session: ensure(session, asked.now, asked.brand, draft)
        )


def routes() -> list[Route]:
    """Return the routes of badges; the application's state has its `BadgeEndpoints`."""
    return [
        _route("/badges/{brand}", "brand"),
        _route("/badges/{brand}/keys", "keys"),
        _route("/badges/{brand}/keys/{kid}", "key"),
        _route("/badges/{brand}/did.json", "did"),
        _route("/badges/{brand}/status/{number:int}", "status"),
        _route("/badges/{brand}/awards/{award:uuid}.svg", "baked"),
        _route("/badges/{brand}/awards/{award:uuid}.jwt", "token"),
        _route("/badges/{brand}/awards/{award:uuid}.json", "award"),
        _route("/badges/{brand}/awards/{award:uuid}", "award"),
        _route("/badges/{brand}/{badge}.svg", "picture"),
        _route("/badges/{brand}/{badge}/{level:int}.svg", "picture"),
        _route("/badges/{brand}/{badge}", "badge"),
        _route("/badges/{brand}/{badge}/{level:int}", "badge"),
    ]


def _route(path: str, name: str) -> Route:
    async def answer(request: Request) -> Response:
        endpoints: BadgeEndpoints = request.app.state.badges
        await endpoints.visitors.charge(request)
        found: Response = await getattr(endpoints, name)(request)
        return found

    return Route(path, answer, methods=["GET"])


def _browses(request: Request) -> bool:
    offered = (media.JSON, media.HTML)
    return media.wanted(request.headers.get("accept", ""), offered) == media.HTML


def _language(request: Request) -> str:
    asked = request.query_params.get("lang")
    return asked if asked in OFFERED else chosen(request.headers.get("accept-language", ""))


def _drawn(request: Request, badge: Badge, level: int | None, token: str | None) -> Response:
    language = _language(request)
    title = credentials.title(badge, level, language)
    content = drawn(in_language(badge.name, language), title, level, token)
    return _answer(request, content, PICTURE, _PICTURE_POLICY | {"vary": "accept-language"})


def _document(request: Request, content: Mapping[str, Any]) -> Response:
    return _answer(request, orjson.dumps(content), media.JSON, _VARY)


def _page(request: Request, content: str) -> Response:
    headers = {**_PAGE_HEADERS, "content-language": _language(request)}
    return _answer(request, content, media.HTML, headers)


def _answer(
    request: Request, content: str | bytes, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer what is the same for everybody, so that whoever stands between may keep it."""
    body = content.encode() if isinstance(content, str) else content
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    told = {
        "content-type": kind if kind == TOKEN else f"{kind}; charset=utf-8",
        "cache-control": f"public, max-age={_FRESH_SECONDS}",
        "etag": tag,
        **(headers or {}),
    }
    asked = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if tag in asked or f"W/{tag}" in asked or "*" in asked:
        return Response(status_code=304, headers=told)
    return Response(body, headers=told)
