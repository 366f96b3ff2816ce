"""From an HTTP request to a GraphQL request, or a refusal: nothing here trusts its input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request

BODY_BYTES_MAX = 1_000_000


class BadRequestError(Exception):
    """The request is no GraphQL request over HTTP."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Parameters:
    """A GraphQL request as it came."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] = field(default_factory=dict)


async def from_body(request: Request) -> Parameters:
    """Return the parameters in a body. Raises BadRequestError."""
    _check_type(request.headers.get("content-type", ""))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BadRequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body uncompressed.")
    try:
        parsed = orjson.loads(await _body(request))
    except orjson.JSONDecodeError as error:
        raise BadRequestError(400, "BAD_REQUEST", f"The body is no JSON: {error.msg}") from None
    return _checked(parsed)


def from_address(request: Request) -> Parameters:
    """Return the parameters in the address of a GET request. Raises BadRequestError."""
    given = request.query_params
    parsed: dict[str, Any] = {"query": given.get("query")}
    parsed["operationName"] = given.get("operationName") or None
    for name in ("variables", "extensions"):
        try:
            parsed[name] = orjson.loads(given.get(name) or b"null")
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            raise BadRequestError(400, "BAD_REQUEST", f"`{name}` is no JSON.") from None
    return _checked(parsed)


def _check_type(content_type: str) -> None:
    kind, *options = [part.strip().lower() for part in content_type.split(";")]
    charsets = [option[8:].strip('"') for option in options if option.startswith("charset=")]
    if kind != "application/json" or any(each not in {"utf-8", "utf8"} for each in charsets):
        message = "Send the request as `Content-Type: application/json` in UTF-8."
        raise BadRequestError(415, "UNSUPPORTED_MEDIA_TYPE", message)


async def _body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > BODY_BYTES_MAX:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
    return bytes(body)


def _too_large() -> BadRequestError:
    # The rest is not read, so the connection can't be used again.
    message = f"The body has more than {BODY_BYTES_MAX} bytes; divide it."
    return BadRequestError(413, "PAYLOAD_TOO_LARGE", message, {"connection": "close"})


def _checked(parsed: object) -> Parameters:
    if not isinstance(parsed, dict):
        raise BadRequestError(400, "BAD_REQUEST", "The request must be one JSON object.")
    query, name = parsed.get("query"), parsed.get("operationName")
    variables, extensions = parsed.get("variables"), parsed.get("extensions")
    if not isinstance(query, str):
        raise BadRequestError(400, "BAD_REQUEST", "`query` must be a string.")
    if not (name is None or isinstance(name, str)):
        raise BadRequestError(400, "BAD_REQUEST", "`operationName` must be a string.")
    if not (variables is None or isinstance(variables, dict)):
        raise BadRequestError(400, "BAD_REQUEST", "`variables` must be an object.")
    if not (extensions is None or isinstance(extensions, dict)):
        raise BadRequestError(400, "BAD_REQUEST", "`extensions` must be an object.")
    return Parameters(query, name, variables or {})
