"""The endpoint ``/graphql``: one HTTP request in, one operation run, one answer out."""

import asyncio
import hashlib
import ipaddress
from collections.abc import AsyncIterator, Coroutine, Mapping
from typing import Any, TypeVar

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response, StreamingResponse

from api.auth import ANONYMOUS, Authenticator, Principal, Role, UnauthenticatedError
from api.caller import Caller
from api.errors import Refusal, RefusedError, refused
from api.graphql.engine import Engine, Outcome, Prepared
from api.graphql.parameters import Parameters
from api.http import media
from api.http.credentials import unauthenticated
from api.http.parameters import bad_request, from_address, from_body
from api.http.stream import Streams, left
from api.language import chosen
from api.runtime import Runtime

PUBLIC_SECONDS = 60
_BODY_BYTES_MAX = {
    Role.ANONYMOUS: 100_000,
    Role.MEMBER: 100_000,
    Role.SERVER: 1_000_000,
    Role.STAFF: 1_000_000,
}
# Codes of requests that are wrong as HTTP already.
_HTTP_CODES = frozenset({"BAD_REQUEST", "PREFLIGHT_REQUIRED"})
_OK, _BAD_REQUEST = 200, 400
_BOUNDARY = "-"
_CLIENT_LENGTH_MAX = 100
_GET = frozenset({OperationType.QUERY})
_POST = _GET | {OperationType.MUTATION}
_FOLLOWED = frozenset({OperationType.SUBSCRIPTION})
# No form and no image can send these: a browser asks us first, or a program sent them.
_DELIBERATE = ("authorization", "apollo-require-preflight", "x-apollo-operation-name")

T = TypeVar("T")


class GraphQLEndpoint:
    """Answers over HTTP."""

    def __init__(
        self, runtime: Runtime, authenticator: Authenticator, engine: Engine, streams: Streams
    ) -> None:
        self._runtime = runtime
        self._authenticator = authenticator
        self._engine = engine
        self.streams = streams

    async def respond(self, request: Request) -> Response:
        """Return the answer to ``request``; every failure has one, too."""
        kind = media.JSON
        try:
            kind = _kind(request)
            return await self._respond(request, kind)
        except RefusedError as error:
            return _refusal(error.refusal, kind)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _respond(self, request: Request, kind: str) -> Response:
        if request.method not in {"GET", "POST"}:
            message = "Use POST or GET."
            raise bad_request(message, 405, "METHOD_NOT_ALLOWED", {"allow": "GET, POST"})
        caller = await self._caller(request)
        get = request.method == "GET"
        if get:
            parameters = from_address(request)
            _check_deliberate(request, parameters)
        else:
            parameters = await from_body(request, _BODY_BYTES_MAX[caller.principal.role])
        streamed = kind == media.EVENTS
        only = (_GET if get else _POST) | (_FOLLOWED if streamed else frozenset())
        prepared = await self._engine.prepare(parameters, caller, only=only)
        if streamed:
            return self.streams.respond(request, prepared)
        if prepared.document.incremental and not _takes_parts(request):
            message = "Send `Accept: multipart/mixed` with a document that uses `@defer`."
            raise bad_request(message, 406, "NOT_ACCEPTABLE")
        outcome = await self._outcome(request, prepared)
        if outcome.rest is not None:
            return _in_parts(outcome.content, outcome.rest)
        if get and prepared.operation.public and caller.principal is ANONYMOUS:
            return _public(request, outcome, kind)
        return _answer(outcome.content, _status(outcome.status, kind), kind)

    async def _outcome(self, request: Request, prepared: Prepared) -> Outcome:
        if prepared.operation.type is OperationType.MUTATION:
            # It is one transaction: better done than half told.
            return await self._engine.run(prepared)
        return await _unless_gone(request, self._engine.run(prepared))

    async def _caller(self, request: Request) -> Caller:
        stranger = caller_of(request, ANONYMOUS)
        try:
            principal = await self._authenticator.principal(
                request.headers.get("authorization"), self._runtime.clock.now()
            )
        except UnauthenticatedError as error:
            # Whoever tries credentials pays for it as the stranger that it is.
            await self._engine.charge(stranger, 1)
            raise RefusedError(unauthenticated(error)) from None
        return stranger if principal is ANONYMOUS else caller_of(request, principal)


def caller_of(request: HTTPConnection, principal: Principal) -> Caller:
    """Return the caller of a request or of a socket, by its headers and its peer."""
    given = request.headers
    name = given.get("x-client-name") or given.get("apollographql-client-name") or ""
    version = given.get("x-client-version") or given.get("apollographql-client-version")
    return Caller(
        principal,
        _address(request.client.host if request.client else ""),
        chosen(given.get("accept-language", "")),
        (f"{name}/{version}" if version else name)[:_CLIENT_LENGTH_MAX],
    )


def _address(peer: str) -> str:
    try:
        known = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    # One home has a whole network of addresses of the sixth version.
    return (
        str(ipaddress.ip_network((known, 64), strict=False))
        if isinstance(known, ipaddress.IPv6Address)
        else peer
    )


def _kind(request: Request) -> str:
    offered = (media.JSON, media.GRAPHQL, media.EVENTS, media.PARTS)
    kind = media.wanted(request.headers.get("accept", ""), offered)
    if kind is None:
        message = f"Accept {media.GRAPHQL} or {media.JSON}."
        raise bad_request(message, 406, "NOT_ACCEPTABLE")
    return media.JSON if kind == media.PARTS else kind


def _takes_parts(request: Request) -> bool:
    return media.wanted(request.headers.get("accept", ""), (media.PARTS,)) is not None


def _check_deliberate(request: Request, parameters: Parameters) -> None:
    """Refuse what another site's page could make a browser send without being asked.

    The rule is Apollo Server's, widened by documents that were registered before, by pages of our
    own, and by programs: every browser that sends `Sec-Fetch-Mode` sends `Sec-Fetch-Site`, too.
    """
    given = request.headers
    site, mode = given.get("sec-fetch-site"), given.get("sec-fetch-mode")
    if (
        parameters.document_id is None
        and not any(name in given for name in _DELIBERATE)
        and given.get("content-type", "").partition(";")[0].strip().lower() != media.JSON
        and site != "same-origin"
        and not (mode == "cors" and site is None)
    ):
        message = "Send the header `apollo-require-preflight: true` with a GET request."
        raise bad_request(message, code="PREFLIGHT_REQUIRED")


async def _unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` gives. Raises ClientDisconnect, ending it, if the caller leaves."""
    running, gone = asyncio.ensure_future(work), asyncio.ensure_future(left(request.receive))
    try:
        await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        raise ClientDisconnect
    finally:
        gone.cancel()
        running.cancel()


def _refusal(found: Refusal, kind: str) -> Response:
    # Readers of plain JSON take anything but 200 as a broken connection; what is no GraphQL
    # request at all, or a matter of HTTP, says so all the same.
    kind = kind if kind == media.GRAPHQL else media.JSON
    status = found.status if found.code in _HTTP_CODES else _status(found.status, kind)
    return _answer(refused(found), status, kind, found.headers)


def _status(status: int, kind: str) -> int:
    return _OK if status == _BAD_REQUEST and kind != media.GRAPHQL else status


def _public(request: Request, outcome: Outcome, kind: str) -> Response:
    """Answer what is the same for everybody, so that whoever stands between may keep it."""
    content = {name: part for name, part in outcome.content.items() if name != "extensions"}
    if "errors" in content:
        return _answer(content, _status(outcome.status, kind), kind)
    body = orjson.dumps(content)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "content-type": f"{kind}; charset=utf-8",
        "cache-control": f"public, max-age={PUBLIC_SECONDS}",
        "etag": tag,
        "vary": "accept, accept-language, authorization",
    }
    asked = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    if tag in asked or f"W/{tag}" in asked or "*" in asked:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)


def _answer(
    content: dict[str, Any], status: int, kind: str, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(content),
        status,
        {"content-type": f"{kind}; charset=utf-8", "cache-control": "no-store", **(headers or {})},
    )


def _in_parts(first: dict[str, Any], rest: AsyncIterator[dict[str, Any]]) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield _part(first)
        async for content in rest:
            yield _part(content)
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()

    kind = f'{media.PARTS}; boundary="{_BOUNDARY}"; deferSpec=20220824'
    return StreamingResponse(parts(), media_type=kind, headers={"cache-control": "no-store"})


def _part(content: dict[str, Any]) -> bytes:
    head = f"\r\n--{_BOUNDARY}\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"
    return head.encode() + orjson.dumps(content)
