"""How failures leave this installation: a class, a stable reason, and never what is inside.

``extensions.code`` is the class of the failure, in the words that GraphQL clients know;
``extensions.reason`` is the error's own stable code; ``extensions.correlationId`` finds its log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from graphql import GraphQLError

from kit.errors import LaurelError
from kit.log import correlation_id

MESSAGE_LENGTH_MAX = 500
ERRORS_MAX = 20

_log = structlog.get_logger("laurel.api")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is not run. ``code`` is the class that all its errors share."""

    code: str
    errors: Sequence[GraphQLError]
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    """What the answer says besides its errors."""


class RefusedError(Exception):
    """A request is not run, and this is why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


def refusal(
    code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None
) -> Refusal:
    """Return a refusal with one message."""
    return Refusal(code, [GraphQLError(message)], status, headers or {})


def refused(refusal: Refusal) -> dict[str, Any]:
    """Return the answer to a request that is not run: errors and no data."""
    answer: dict[str, Any] = {
        "errors": [
            _shown(error, refusal.code, _reason(error.original_error))
            for error in refusal.errors[:ERRORS_MAX]
        ]
    }
    if refusal.extensions:
        answer["extensions"] = dict(refusal.extensions)
    return answer


def shown(error: GraphQLError, code: str | None = None) -> dict[str, Any]:
    """Return an error of execution as a client may see it; log it if it is our own fault.

    With ``code`` it is an expected one of that class.
    """
    if code is not None:
        return _shown(error, code, None)
    origin = error
    while isinstance(origin.original_error, GraphQLError):
        origin = origin.original_error
    cause = origin.original_error
    if isinstance(cause, LaurelError):
        code = "UNAUTHENTICATED" if cause.code == "UNAUTHENTICATED" else "BAD_USER_INPUT"
        return _shown(error, code, cause.code)
    # Errors about arguments point to them from the start; those about answers only to a path.
    if cause is None and (error.path is None or (origin is not error and origin.nodes)):
        return _shown(error, "BAD_USER_INPUT", None)
    _log.error("a resolver failed", path=error.path, exc_info=cause or error)
    masked = GraphQLError(
        "Something went wrong here; it was noted.", nodes=error.nodes, path=error.path
    )
    return _shown(masked, "INTERNAL_SERVER_ERROR", None)


def _reason(cause: BaseException | None) -> str | None:
    return cause.code if isinstance(cause, LaurelError) else None


def _shown(error: GraphQLError, code: str, reason: str | None) -> dict[str, Any]:
    message = error.message
    if len(message) > MESSAGE_LENGTH_MAX:
        message = message[:MESSAGE_LENGTH_MAX] + "…"
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [place.formatted for place in error.locations[:ERRORS_MAX]]
    if error.path is not None:
        formatted["path"] = list(error.path)
    extensions: dict[str, Any] = {"code": code, "correlationId": str(correlation_id())}
    if reason is not None:
        extensions["reason"] = reason
    formatted["extensions"] = extensions
    return formatted
