"""From an HTTP request to a GraphQL request, or a refusal: nothing here trusts its input."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from api.errors import RefusedError, refusal
from api.graphql.parameters import Parameters, checked

BODY_SECONDS_MAX = 30
UNSUPPORTED = "UNSUPPORTED_MEDIA_TYPE"


def bad_request(
    message: str,
    status: int = 400,
    code: str = "BAD_REQUEST",
    headers: Mapping[str, str] | None = None,
) -> RefusedError:
    """Return what to raise for a request that is no GraphQL request over HTTP."""
    return RefusedError(refusal(code, message, status, headers))


async def from_body(request: Request, bytes_max: int) -> Parameters:
    """Return the parameters in a body. Raises RefusedError."""
    _check_type(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise bad_request("Send the body uncompressed.", 415, UNSUPPORTED)
    try:
        parsed = orjson.loads(await _body(request, bytes_max))
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The body is no JSON: {error.msg}") from None
    return checked(parsed)


def from_address(request: Request) -> Parameters:
    """Return the parameters in the address of a GET request. Raises RefusedError."""
    given = request.query_params
    parsed: dict[str, Any] = {
        name: given.get(name) or None for name in ("query", "documentId", "operationName")
    }
    for name in ("variables", "extensions"):
        try:
            parsed[name] = orjson.loads(given.get(name) or b"null")
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            raise bad_request(f"`{name}` is no JSON.") from None
    return checked(parsed)


def _check_type(content_type: str) -> None:
    kind, *options = [part.strip().lower() for part in content_type.split(";")]
    charsets = [option[8:].strip('"') for option in options if option.startswith("charset=")]
    if kind != "application/json" or any(each not in {"utf-8", "utf8"} for each in charsets):
        message = "Send the request as `Content-Type: application/json` in UTF-8."
        raise bad_request(message, 415, UNSUPPORTED)


async def _body(request: Request, bytes_max: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _read(request, bytes_max)
    except TimeoutError:
        message = f"The body did not come within {BODY_SECONDS_MAX} s."
        raise bad_request(message, 408, "REQUEST_TIMEOUT", {"connection": "close"}) from None


async def _read(request: Request, bytes_max: int) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        raise _too_large(bytes_max)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise _too_large(bytes_max)
    return bytes(body)


def _too_large(bytes_max: int) -> RefusedError:
    # The rest is not read, so the connection can't be used again.
    message = f"The body has more than {bytes_max} bytes; divide it."
    return bad_request(message, 413, "PAYLOAD_TOO_LARGE", {"connection": "close"})
