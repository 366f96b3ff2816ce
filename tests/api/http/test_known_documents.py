"""Documents that are named instead of sent: trusted ones and Apollo's persisted ones."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.graphql.engine import Engine
from api.runtime import Runtime
from api.tokens import Tokens
from kit.errors import ConfigurationError
from tests.support.client import Client, changed, client_of, got, on_valkey, serving
from tests.support.shop import Shop

TERMS = '{ programme(brand: "grocer") { pointsName ladders { code } } }'
ME = "query Me { me { externalId } }"
ACCEPT = {"accept": "application/graphql-response+json"}
APOLLO = "apollo-persisted-query-manifest"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """A folder with a manifest of Relay's compiler and one of Apollo's."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "relay.json").write_bytes(orjson.dumps({"me-1": ME}))
    operation = {"id": "terms-1", "name": "Terms", "type": "query", "body": TERMS}
    apollo = {"format": APOLLO, "version": 1, "operations": [operation]}
    (folder / "apollo.json").write_bytes(orjson.dumps(apollo))
    return folder


@pytest.mark.parametrize("name", ["me-1", f"sha256:{digest(ME)}"])
async def test_a_trusted_document_by_its_id(
    runtime: Runtime, grocer: Shop, manifests: Path, name: str
) -> None:
    async with changed(runtime, grocer, documents=manifests) as client:
        answer = await client.post({"documentId": name}, client.member("ana"))
        assert answer.data == {"me": None}
        both = await client.post({"documentId": name, "query": ME}, client.member("ana"))
        assert (both.status, both.codes) == (400, ["BAD_REQUEST"])


async def test_an_unknown_document_id(client: Client) -> None:
    answer = await client.post({"documentId": "x"}, client.member("ana"), **ACCEPT)
    assert (answer.status, answer.codes) == (400, ["DOCUMENT_NOT_FOUND"])


async def test_apps_may_be_held_to_their_documents(
    runtime: Runtime, grocer: Shop, manifests: Path
) -> None:
    async with changed(runtime, grocer, documents=manifests, documents_only=True) as client:
        ana = client.member("ana")
        assert (await client.post({"documentId": "me-1"}, ana)).data == {"me": None}
        assert (await client.ask(ME, ana)).data == {"me": None}
        # One space more and it is another document.
        for token in (ana, ""):
            refused = await client.post({"query": ME + " "}, token, **ACCEPT)
            assert (refused.status, refused.codes) == (400, ["DOCUMENT_NOT_TRUSTED"])
        hashed = {"query": ME + " ", "extensions": persisted(ME + " ")}
        assert (await client.post(hashed, ana)).codes == ["DOCUMENT_NOT_TRUSTED"]
        assert (await client.ask("{ brand { code } }", client.server)).data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"a": 1}',
        b'{"format": "apollo-persisted-query-manifest"}',
        b'{"format": "apollo-persisted-query-manifest", "operations": [1]}',
        b'{"format": "apollo-persisted-query-manifest", "operations": [{"id": "a"}]}',
    ],
)
async def test_a_manifest_that_is_none(runtime: Runtime, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(content)
    settings = runtime.settings.model_copy(update={"documents": file})
    with pytest.raises(ConfigurationError, match=r"manifest\.json"):
        Engine(replace(runtime, settings=settings))


async def test_two_manifests_must_not_disagree(runtime: Runtime, manifests: Path) -> None:
    (manifests / "z.json").write_bytes(orjson.dumps({"me-1": TERMS}))
    settings = runtime.settings.model_copy(update={"documents": manifests})
    with pytest.raises(ConfigurationError, match="me-1"):
        Engine(replace(runtime, settings=settings))


async def test_automatic_persisted_queries(runtime: Runtime, grocer: Shop, client: Client) -> None:
    text = f"{ME} # {client.server}"
    ana, asked = client.member("ana"), {"extensions": persisted(text)}
    unknown = await client.post(asked, ana)
    assert (unknown.status, unknown.codes) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
    assert unknown.json["errors"][0]["message"] == "PersistedQueryNotFound"
    assert (await client.post({**asked, "query": text}, ana)).data == {"me": None}
    assert (await client.post(asked, ana)).data == {"me": None}
    async with changed(runtime, grocer) as another_process:
        assert (await another_process.post(asked, ana)).data == {"me": None}
        # What one brand's callers sent is not there for others.
        assert (await another_process.post(asked)).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_a_hash_stands_for_its_own_text_only(client: Client) -> None:
    ana = client.member("ana")
    poisoned = {"query": "{ brand { code } }", "extensions": persisted(ME)}
    answer = await client.post(poisoned, ana, **ACCEPT)
    assert (answer.status, answer.codes) == (400, ["PERSISTED_QUERY_HASH_MISMATCH"])


async def test_a_document_that_is_none_is_not_kept(client: Client) -> None:
    ana, text = client.member("ana"), "{ nothing }"
    await client.post({"query": text, "extensions": persisted(text)}, ana)
    answer = await client.post({"extensions": persisted(text)}, ana)
    assert answer.codes == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    "extensions",
    [
        {"persistedQuery": 1},
        {"persistedQuery": {"version": 2, "sha256Hash": "a"}},
        {"persistedQuery": {"version": 1}},
        {"persistedQuery": {"version": 1, "sha256Hash": 1}},
    ],
)
async def test_persisted_queries_of_no_form(client: Client, extensions: object) -> None:
    answer = await client.post({"extensions": extensions})
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])


async def test_persisted_queries_while_valkey_is_away(runtime: Runtime, grocer: Shop) -> None:
    async with on_valkey(runtime) as without, serving(without) as app:
        client = await client_of(app, grocer, Tokens(runtime.settings))
        ana, asked = client.member("ana"), {"extensions": persisted(ME)}
        assert (await client.post(asked, ana)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        assert (await client.post({**asked, "query": ME}, ana)).data == {"me": None}
        assert (await client.post(asked, ana)).data == {"me": None}


async def test_a_trusted_document_needs_no_preflight(
    runtime: Runtime, grocer: Shop, manifests: Path
) -> None:
    async with changed(runtime, grocer, documents=manifests) as client:
        answer = await got(client, {"documentId": "terms-1"})
        assert answer.data["programme"]["pointsName"] == "Points"
