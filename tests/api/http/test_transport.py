"""GET and what may be kept of it, other origins, compression, answers in parts, the clock."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import pytest
from graphql import OperationType

from api.auth import Authenticator
from api.caller import Caller
from api.graphql.engine import Engine
from api.graphql.parameters import Parameters
from api.http.graphql import GraphQLEndpoint
from api.http.places import Places
from api.http.stream import Streams
from api.runtime import Runtime
from tests.support.client import Client, altered, changed, got
from tests.support.shop import Shop, purchase

TERMS = '{ programme(brand: "grocer") { pointsName ladders { code } } }'
ME = "query Me { me { externalId } }"
ACCEPT = {"accept": "application/graphql-response+json"}


MEANT = {**ACCEPT, "apollo_require_preflight": "true"}


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


async def test_pages_that_nobody_named_read_what_is_public_only(client: Client) -> None:
    page = {"origin": "https://community.example"}
    preflight = {**page, "access-control-request-method": "POST"}
    wanted = {**preflight, "access-control-request-headers": "content-type"}
    allowed = await client.send("OPTIONS", "/graphql", headers=wanted)
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "authorization" not in allowed.headers["access-control-allow-headers"]
    answer = await client.post({"query": TERMS}, origin=page["origin"])
    assert answer.headers["access-control-allow-origin"] == "*"
    signed_in = {**preflight, "access-control-request-headers": "Authorization, content-type"}
    refused = await client.send("OPTIONS", "/graphql", headers=signed_in)
    assert "access-control-allow-origin" not in refused.headers
    token = {"authorization": f"Bearer {client.member('ana')}"}
    answer = await client.post({"query": TERMS}, **token, **page)
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


def hurry(client: Client, runtime: Runtime, seconds_max: dict[OperationType, float]) -> None:
    """Give the client's application an engine that has less time."""
    authenticator = Authenticator(runtime.database, client.tokens)
    engine = Engine(runtime, seconds_max)
    streams = Streams(runtime, authenticator, engine, Places())
    client.app.state.graphql = GraphQLEndpoint(runtime, authenticator, engine, streams)


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
    hurry(client, runtime, {kind: 0.3})
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


async def test_time_is_up_for_what_comes_later(
    runtime: Runtime, grocer: Shop, admin: asyncpg.Connection
) -> None:
    async with changed(runtime, grocer, defer=True) as client:
        settings = runtime.settings.model_copy(update={"defer": True})
        hurry(client, altered(runtime, settings=settings), {OperationType.QUERY: 0.3})
        async with locked(admin, "purchase"):
            asked = {"query": DEFERRED}
            answer = await client.post(asked, client.staff, accept="multipart/mixed")
            assert b'{"brand":{"code":"grocer"}}' in answer.body
            assert b"TIMEOUT" in answer.body
            assert answer.body.endswith(b'"hasNext":false}\r\n-----\r\n')
            await settled(runtime)


async def test_parts_that_nobody_takes_hold_nothing(runtime: Runtime, grocer: Shop) -> None:
    async with changed(runtime, grocer, defer=True) as client:
        settings = runtime.settings.model_copy(update={"defer": True})
        engine = Engine(altered(runtime, settings=settings))
        authenticator = Authenticator(runtime.database, client.tokens)
        caller = Caller(await authenticator.principal(f"Bearer {client.staff}", grocer.clock.now()))
        only = frozenset({OperationType.QUERY})
        prepared = await engine.prepare(Parameters(DEFERRED), caller, only=only)
        outcome = await engine.run(prepared)
        assert outcome.rest is not None
        await settled(runtime)
        assert [part["hasNext"] async for part in outcome.rest][-1] is False
