"""The messages of graphql-transport-ws: what a client may send, and why a connection ends."""

from dataclasses import dataclass
from typing import Any

import orjson

from api.errors import RefusedError
from api.graphql.parameters import Parameters, checked

SUBPROTOCOL = "graphql-transport-ws"
ID_LENGTH_MAX = 200
_REASON_BYTES_MAX = 123


class ClosingError(Exception):
    """The connection shall be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        # A close frame has no room for more.
        self.reason = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Init:
    """The first message; its payload may hold credentials."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered with a pong."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pong:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Run an operation of any type under this id."""

    id: str
    parameters: Parameters


@dataclass(frozen=True, slots=True)
class Complete:
    """End the operation with this id."""

    id: str


Message = Init | Ping | Pong | Subscribe | Complete


def read(text: str, bytes_max: int) -> Message:
    """Return what a client says. Raises ClosingError 4400."""
    encoded = text.encode(errors="surrogatepass")
    if len(encoded) > bytes_max:
        raise _invalid(f"a message has more than {bytes_max} bytes")
    try:
        said = orjson.loads(encoded)
    except orjson.JSONDecodeError:
        raise _invalid("a message is no JSON") from None
    if not isinstance(said, dict):
        raise _invalid("a message is no object")
    match said.get("type"):
        case "connection_init":
            return Init(_payload(said))
        case "ping":
            return Ping(_payload(said))
        case "pong":
            _payload(said)
            return Pong()
        case "subscribe":
            return Subscribe(_id(said), _parameters(said))
        case "complete":
            return Complete(_id(said))
    raise _invalid("a message has no type that a client sends")


def written(kind: str, **fields: object) -> str:
    """Return a message to a client."""
    return orjson.dumps({"type": kind, **fields}).decode()


def _payload(said: dict[str, Any]) -> dict[str, Any]:
    payload = said.get("payload")
    if not isinstance(payload, dict | None):
        raise _invalid("a payload is no object")
    return payload or {}


def _id(said: dict[str, Any]) -> str:
    found = said.get("id")
    if not isinstance(found, str) or not 0 < len(found) <= ID_LENGTH_MAX:
        raise _invalid(f"an id is no string of 1 to {ID_LENGTH_MAX} characters")
    return found


def _parameters(said: dict[str, Any]) -> Parameters:
    try:
        return checked(said.get("payload"))
    except RefusedError as error:
        raise _invalid(error.refusal.errors[0].message) from None


def _invalid(reason: str) -> ClosingError:
    return ClosingError(4400, f"Invalid message: {reason}")
