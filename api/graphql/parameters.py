"""A GraphQL request as it comes over any transport, checked only for its shape."""

from dataclasses import dataclass, field
from typing import Any

from api.errors import RefusedError, refusal


@dataclass(frozen=True, slots=True)
class Parameters:
    """A GraphQL request: a document, or the id of one that is known here, and what goes in."""

    query: str | None
    document_id: str | None = None
    persisted_hash: str | None = None
    """The SHA-256 in hexadecimal of an automatic persisted query, as Apollo's clients send it."""
    operation_name: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)


def checked(parsed: object) -> Parameters:
    """Return ``parsed`` JSON as parameters. Raises RefusedError."""
    if not isinstance(parsed, dict):
        raise _malformed("The request must be one JSON object.")
    for name in ("query", "documentId", "operationName"):
        if not isinstance(parsed.get(name), str | None):
            raise _malformed(f"`{name}` must be a string.")
    for name in ("variables", "extensions"):
        if not isinstance(parsed.get(name), dict | None):
            raise _malformed(f"`{name}` must be an object.")
    given = Parameters(
        parsed.get("query"),
        parsed.get("documentId"),
        _persisted(parsed.get("extensions") or {}),
        parsed.get("operationName"),
        parsed.get("variables") or {},
    )
    if given.query is None and given.document_id is None and given.persisted_hash is None:
        raise _malformed("Send `query`, or the `documentId` of a trusted document.")
    return given


def _persisted(extensions: dict[str, Any]) -> str | None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    found = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(found, str) or persisted.get("version") != 1:
        raise _malformed("`extensions.persistedQuery` must have version 1 and a `sha256Hash`.")
    return found


def _malformed(message: str) -> RefusedError:
    return RefusedError(refusal("BAD_REQUEST", message))
