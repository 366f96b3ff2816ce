"""Documents by id, GET and what may be kept of it, other origins, compression, parts, the clock."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg
import orjson
import pytest
import redis.asyncio
from graphql import OperationType

from api.auth import Authenticator
from api.graphql.engine import Engine
from api.http.graphql import GraphQLEndpoint
from api.http.places import Places
from api.http.stream import Streams
from api.runtime import Runtime
from api.tokens import Tokens
from kit.errors import ConfigurationError
from tests.support.client import Answer, Client, client_of, serving
from tests.support.serving import free_port
from tests.support.shop import Shop, purchase

TERMS = '{ programme(brand: "grocer") { pointsName tiers { name threshold { amount } } } }'
ME = "query Me { me { externalId } }"
ACCEPT = {"accept": "application/graphql-response+json"}
APOLLO = "apollo-persisted-query-manifest"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


@asynccontextmanager
async def changed(runtime: Runtime, shop: Shop, **settings: Any) -> AsyncIterator[Client]:
    """A client of an application with other settings."""
    given = replace(runtime, settings=runtime.settings.model_copy(update=settings))
    async with serving(given) as app:
        yield await client_of(app, shop, Tokens(given.settings))


MEANT = {**ACCEPT, "apollo_require_preflight": "true"}


async def got(client: Client, address: dict[str, str], **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.send("GET", "/graphql", headers=given, address=urlencode(address))


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
    away = redis.asyncio.from_url(f"redis://127.0.0.1:{free_port()}")
    async with serving(replace(runtime, valkey=away)) as app:
        client = await client_of(app, grocer, Tokens(runtime.settings))
        ana, asked = client.member("ana"), {"extensions": persisted(ME)}
        assert (await client.post(asked, ana)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        assert (await client.post({**asked, "query": ME}, ana)).data == {"me": None}
        assert (await client.post(asked, ana)).data == {"me": None}
    await away.aclose()


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "application/json"},
        {"content_type": "Application/JSON; charset=utf-8"},
        {"apollo_require_preflight": "true"},
        {"x_apollo_operation_name": "Terms"},
        {"sec_fetch_site": "same-origin", "sec_fetch_mode": "cors"},
        {"sec_fetch_mode": "cors"},
    ],
)
async def test_a_get_that_somebody_meant(client: Client, headers: dict[str, str]) -> None:
    assert (await got(client, {"query": TERMS}, **headers)).data["programme"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "*/*"},
        {"accept": "application/json"},
        {"accept": "image/avif,image/webp,*/*;q=0.8", "sec_fetch_mode": "no-cors"},
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "cors"},
        {"sec_fetch_site": "none", "sec_fetch_mode": "navigate"},
    ],
)
async def test_a_get_that_a_page_may_have_caused(client: Client, headers: dict[str, str]) -> None:
    answer = await got(client, {"query": TERMS}, **headers)
    assert (answer.status, answer.codes) == (400, ["PREFLIGHT_REQUIRED"])


async def test_a_trusted_document_needs_no_preflight(
    runtime: Runtime, grocer: Shop, manifests: Path
) -> None:
    async with changed(runtime, grocer, documents=manifests) as client:
        answer = await got(client, {"documentId": "terms-1"})
        assert answer.data["programme"]["pointsName"] == "Points"


async def test_what_is_public_may_be_kept(client: Client) -> None:
    first = await got(client, {"query": TERMS}, **MEANT)
    assert first.headers["cache-control"] == "public, max-age=60"
    assert "authorization" in first.headers["vary"]
    assert set(first.json) == {"data"}
    tag = first.headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = await got(client, {"query": TERMS}, if_none_match=known, **MEANT)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    other = await got(client, {"query": TERMS}, if_none_match='"x"', **MEANT)
    assert other.status == 200


@pytest.mark.parametrize("query", ["{ brand { code } }", f"{{ x: __typename ...T }} {TERMS}", "{"])
async def test_what_is_not_public_is_not_kept(client: Client, query: str) -> None:
    answer = await got(client, {"query": query}, authorization=f"Bearer {client.staff}", **MEANT)
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_what_fails_is_not_kept(client: Client, admin: asyncpg.Connection) -> None:
    await admin.execute("ALTER TABLE brand RENAME TO brand_away")
    try:
        answer = await got(client, {"query": TERMS}, **MEANT)
    finally:
        await admin.execute("ALTER TABLE brand_away RENAME TO brand")
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    assert answer.headers["cache-control"] == "no-store"


async def test_pages_of_other_origins(runtime: Runtime, grocer: Shop) -> None:
    ours = "https://community.example"
    preflight = {
        "origin": ours,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with changed(runtime, grocer, allowed_origins=(ours,)) as client:
        allowed = await client.send("OPTIONS", "/graphql", headers=preflight)
        assert allowed.headers["access-control-allow-origin"] == ours
        theirs = {**preflight, "origin": "https://evil.example"}
        refused = await client.send("OPTIONS", "/graphql", headers=theirs)
        assert "access-control-allow-origin" not in refused.headers
        answer = await client.post({"query": TERMS}, origin=ours)
        assert answer.headers["access-control-allow-origin"] == ours
        assert "access-control-allow-credentials" not in answer.headers


async def test_without_settings_no_other_origin_may_ask(client: Client) -> None:
    answer = await client.post({"query": TERMS}, origin="https://community.example")
    assert "access-control-allow-origin" not in answer.headers


async def test_long_answers_are_compressed(client: Client) -> None:
    wanted = {"accept-encoding": "gzip"}
    query = "{ __schema { types { name fields { name } } } }"
    long = await client.post({"query": query}, client.staff, **wanted)
    assert long.headers["content-encoding"] == "gzip"
    assert "data" in orjson.loads(gzip.decompress(long.body))
    short = await client.post({"query": ME}, client.member("ana"), **wanted)
    assert "content-encoding" not in short.headers


DEFERRED = 'query { brand { code } ... @defer(label: "figures") { figures { members } } }'


async def test_parts_of_an_answer_may_come_later(runtime: Runtime, grocer: Shop) -> None:
    async with changed(runtime, grocer, defer=True) as client:
        asked = {"query": DEFERRED}
        answer = await client.post(asked, client.staff, accept="multipart/mixed")
        assert answer.headers["content-type"].startswith('multipart/mixed; boundary="-"')
        *parts, end = answer.body.decode().split("\r\n---")
        assert end == "--\r\n"
        bodies = [orjson.loads(part.partition("\r\n\r\n")[2]) for part in parts if part]
        assert bodies[0]["data"] == {"brand": {"code": "grocer"}}
        assert bodies[0]["pending"] == [{"id": "0", "path": [], "label": "figures"}]
        later = [each for body in bodies for each in body.get("incremental", ())]
        assert [each["data"] for each in later] == [{"figures": {"members": "0"}}]
        assert bodies[-1]["hasNext"] is False
        plain = await client.post(asked, client.staff, accept="application/json")
        assert (plain.status, plain.codes) == (406, ["NOT_ACCEPTABLE"])


async def test_a_part_that_fails_is_masked(
    runtime: Runtime, grocer: Shop, admin: asyncpg.Connection
) -> None:
    await admin.execute("ALTER TABLE member RENAME TO member_away")
    try:
        async with changed(runtime, grocer, defer=True) as client:
            asked = {"query": DEFERRED}
            answer = await client.post(asked, client.staff, accept="multipart/mixed")
    finally:
        await admin.execute("ALTER TABLE member_away RENAME TO member")
    assert b"INTERNAL_SERVER_ERROR" in answer.body
    assert b"member_away" not in answer.body
    assert b"does not exist" not in answer.body


async def test_defer_is_off_unless_it_is_wanted(client: Client) -> None:
    answer = await client.post({"query": DEFERRED}, client.staff)
    assert answer.codes == ["GRAPHQL_VALIDATION_FAILED"]


REFUND = """
mutation {
  refundPurchase(input: {
    idempotencyKey: "k", externalId: "r", purchase: "p1", occurredAt: "2026-03-01T00:00:00Z"
  }) { refund { status } }
}
"""


@asynccontextmanager
async def locked(admin: asyncpg.Connection, table: str) -> AsyncIterator[None]:
    async with admin.transaction():
        await admin.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.mark.parametrize(
    ("kind", "query", "table"),
    [
        (OperationType.QUERY, "{ members { nodes { balance { total } } } }", "wallet"),
        (
            OperationType.MUTATION,
            REFUND,
            "wallet",
        ),
    ],
)
async def test_time_is_up(
    runtime: Runtime,
    client: Client,
    admin: asyncpg.Connection,
    kind: OperationType,
    query: str,
    table: str,
) -> None:
    await client.shop.buy(purchase("p1", "ana", 500, client.shop.clock.now()))
    authenticator = Authenticator(runtime.database, client.tokens)
    engine = Engine(runtime, {kind: 0.3})
    streams = Streams(runtime, authenticator, engine, Places())
    client.app.state.graphql = GraphQLEndpoint(runtime, authenticator, engine, streams)
    async with locked(admin, table):
        answer = await client.ask(query, client.staff)
        assert (answer.status, answer.codes) == (503, ["TIMEOUT"])
        await settled(runtime)
    assert (await client.shop.balance("ana")).total == 5
    assert "errors" not in (await client.ask(query, client.staff)).json


async def test_a_query_ends_when_its_caller_leaves(
    runtime: Runtime, client: Client, admin: asyncpg.Connection
) -> None:
    await client.shop.buy(purchase("p1", "ana", 500, client.shop.clock.now()))
    async with locked(admin, "wallet"):
        query = orjson.dumps({"query": "{ members { nodes { balance { total } } } }"})
        headers = {"content-type": "application/json", "authorization": f"Bearer {client.staff}"}
        answer = await client.send("POST", "/graphql", query, headers, leaves_after=0.3)
        assert answer.status == 400
        await settled(runtime)


async def settled(runtime: Runtime) -> None:
    """Wait until no connection is at work: nothing goes on behind an answer."""
    async with asyncio.timeout(5):
        while runtime.database.connections_in_use():
            await asyncio.sleep(0.01)
