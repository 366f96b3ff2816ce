"""Documents that a request names instead of sending: trusted ones, and Apollo's persisted ones.

Trusted documents come from manifests that our apps' builds write: Relay's `persisted.json`
(`{id: text}`) and Apollo's (`{"format": "apollo-persisted-query-manifest", ...}`). Each is known by
its id there and by `sha256:` with the hash of its text, as the GraphQL-over-HTTP draft proposes.

Automatic persisted queries are what other people's Apollo clients do: a hash first, and the text
with it when the hash is unknown. They are kept in Valkey per brand, under the hash of the text
itself, so that nobody can put one text in another's place.
"""

import hashlib
import re
from collections import OrderedDict
from pathlib import Path

import orjson
import structlog

from api.errors import RefusedError, refusal
from api.graphql.parameters import Parameters
from kit.errors import ConfigurationError
from kit.valkey import Call, Nodes

KEPT_SECONDS = 24 * 3600
KEPT_PLACES = 1_024
"""How many documents Valkey keeps for the callers of one brand. Each has its place by its hash and
takes it from whichever was there, so that nobody can fill it up."""
_KEPT_LENGTH_TOTAL = 1_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
_APOLLO = "apollo-persisted-query-manifest"

_log = structlog.get_logger("laurel.documents")


def read_manifests(path: Path | None) -> dict[str, str]:
    """Return the trusted documents of a manifest or a folder of manifests, by every id.

    Raises ConfigurationError if a file can't be read as one.
    """
    if path is None:
        return {}
    trusted: dict[str, str] = {}
    for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
        try:
            found = read_manifest(file)
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{file} is no manifest of documents: {error}") from None
        for name, text in found.items():
            if trusted.get(name, text) != text:
                raise ConfigurationError(f"{file} has another document {name!r} than before.")
            trusted |= {name: text, f"sha256:{_hash(text)}": text}
    return trusted


def read_manifest(file: Path) -> dict[str, str]:
    """Return a manifest's documents by their ids. Raises OSError or ValueError."""
    parsed = orjson.loads(file.read_bytes())
    if isinstance(parsed, dict) and parsed.get("format") == _APOLLO:
        listed = parsed.get("operations")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise ValueError("`operations` must be a list of objects")
        parsed = {each.get("id"): each.get("body") for each in listed}
    pairs = parsed.items() if isinstance(parsed, dict) else [(None, None)]
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ValueError("it must be an object with a string under each id")
    return dict(pairs)


class KnownDocuments:
    """Finds the text that a request means."""

    def __init__(self, trusted: dict[str, str], valkey: Nodes) -> None:
        self._trusted = trusted
        self._texts = frozenset(trusted.values())
        self._valkey = valkey
        self._persisted: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._length = 0

    @property
    def texts(self) -> frozenset[str]:
        """Every trusted document."""
        return self._texts

    async def text(self, given: Parameters, tenant: str, *, trusted_only: bool) -> str:
        """Return the document that ``given`` means. Raises RefusedError if it is not known."""
        if given.document_id is not None:
            return self._named(given)
        text = given.query
        if given.persisted_hash is not None:
            text = await self._by_hash(given.persisted_hash, given.query, tenant)
        if text is None:
            raise AssertionError
        if trusted_only and text not in self._texts:
            message = "Only documents that were registered before are run for this caller."
            raise RefusedError(refusal("DOCUMENT_NOT_TRUSTED", message))
        return text

    async def keep(self, given: Parameters, tenant: str) -> None:
        """Keep a valid document that came with its hash, for whoever of ``tenant`` sends it."""
        if given.persisted_hash is None or given.query is None:
            return
        if given.query in self._texts:
            return
        digest = given.persisted_hash.lower()
        if (tenant, digest) in self._persisted:
            return
        self._remember(tenant, digest, given.query)
        place = _place(tenant, digest)
        (reply,) = await self._valkey.soon(
            [Call(place, ("SET", place, given.query, "EX", KEPT_SECONDS))]
        )
        if isinstance(reply, Exception):
            # The client sends the text again to whoever doesn't know it.
            _log.warning("a persisted query is kept here only", error=repr(reply))

    def _named(self, given: Parameters) -> str:
        found = self._trusted.get(given.document_id or "")
        if given.query is not None:
            message = "Send `query` or `documentId`, not both."
            raise RefusedError(refusal("BAD_REQUEST", message))
        if found is None:
            message = "No trusted document has this `documentId`; register the app's manifest."
            raise RefusedError(refusal("DOCUMENT_NOT_FOUND", message))
        return found

    async def _by_hash(self, digest: str, text: str | None, tenant: str) -> str:
        digest = digest.lower()
        if text is not None:
            if _hash(text) != digest:
                message = "`sha256Hash` is not the hash of `query`."
                raise RefusedError(refusal("PERSISTED_QUERY_HASH_MISMATCH", message))
            return text
        found = self._trusted.get(f"sha256:{digest}") or await self._found(tenant, digest)
        if found is None:
            # Apollo's clients look for this very message.
            raise RefusedError(refusal("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound"))
        return found

    async def _found(self, tenant: str, digest: str) -> str | None:
        known = self._persisted.get((tenant, digest))
        if known is not None:
            self._persisted.move_to_end((tenant, digest))
            return known
        if not _DIGEST.fullmatch(digest):
            return None
        place = _place(tenant, digest)
        (stored,) = await self._valkey.soon([Call(place, ("GET", place))])
        if isinstance(stored, Exception):
            _log.warning("persisted queries can't be had", error=repr(stored))
            return None
        text = None if stored is None else str(stored, "utf-8", "replace")
        # Its place may be another's by now.
        if text is None or _hash(text) != digest:
            return None
        self._remember(tenant, digest, text)
        return text

    def _remember(self, tenant: str, digest: str, text: str) -> None:
        if (tenant, digest) in self._persisted:
            return
        self._persisted[tenant, digest] = text
        self._length += len(text)
        while self._length > _KEPT_LENGTH_TOTAL:
            _, dropped = self._persisted.popitem(last=False)
            self._length -= len(dropped)


def _place(tenant: str, digest: str) -> bytes:
    return f"laurel:document:{tenant}:{int(digest[:8], 16) % KEPT_PLACES}".encode()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
