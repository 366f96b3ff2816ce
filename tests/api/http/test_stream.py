"""Server-sent events: one operation a stream, ended by either side, nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.http import stream
from api.http.graphql import GraphQLEndpoint
from api.live import channel
from api.runtime import Runtime
from tests.support.client import Client
from tests.support.event_client import streamed
from tests.support.live import BALANCE, announced, leaving_nothing
from tests.support.shop import purchase

FOLLOW = {"query": BALANCE}


@pytest.fixture(autouse=True)
async def nothing_left(client: Client) -> AsyncIterator[None]:
    assert client
    async with leaving_nothing():
        yield


async def test_a_query_and_its_end(client: Client) -> None:
    async with streamed(client.app, {"query": "{ brand { code } }"}, client.staff) as events:
        await events.head()
        assert events.status == 200
        assert events.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert events.headers["cache-control"] == "no-store"
        assert events.headers["x-accel-buffering"] == "no"
        assert "content-length" not in events.headers
        assert "content-encoding" not in events.headers
        assert (await events.next())["data"] == {"brand": {"code": "grocer"}}
        assert await events.hear() == ("complete", None)
        assert await events.hear() == ("end", None)


async def test_a_member_follows_their_balance(client: Client, runtime: Runtime) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("p0", "ana", 1_000, now))
    async with streamed(
        client.app, FOLLOW, client.member("ana"), headers={"accept-encoding": "gzip"}
    ) as events:
        await events.head()
        assert await total(events.next()) == "10"
        assert runtime.database.connections_in_use() == 0
        for number, wanted in enumerate(("20", "30"), 1):
            await client.shop.buy(purchase(f"p{number}", "ana", 1_000, now))
            await announced(runtime)
            assert await total(events.next()) == wanted


async def total(answer: Any) -> str:
    found: str = (await answer)["data"]["me"]["balance"]["total"]
    return found


async def test_get_may_query_and_follow_but_not_change(client: Client) -> None:
    async with streamed(client.app, FOLLOW, client.member("ana"), method="GET") as events:
        await events.head()
        assert await events.next() == {"data": {"me": None}}
    mutation = {"query": 'mutation { recordPurchases(input: {idempotencyKey: "k", purchases: []})'}
    mutation["query"] += "{ __typename } }"
    async with streamed(client.app, mutation, client.server, method="GET") as events:
        assert (await events.head()).status == 405
    async with streamed(client.app, mutation, client.server) as events:
        await events.head()
        assert "errors" not in await events.next()


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("{ brand {", 400, "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        (BALANCE, 401, "UNAUTHENTICATED"),
    ],
)
async def test_what_is_refused_is_no_stream(
    client: Client, query: str, status: int, code: str
) -> None:
    async with streamed(client.app, {"query": query}) as events:
        await events.head()
        answer = await events.body()
        assert events.headers["content-type"].startswith("application/json")
    assert answer["errors"][0]["extensions"]["code"] == code
    # Readers of plain JSON are told of a refused document with 200.
    assert events.status in {status, 200}
    assert status != 401 or events.status == 401


async def test_a_stream_over_a_token_that_ends(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CHECK_SECONDS", 0.05)
    token = client.tokens.issue("grocer", "ana", client.shop.clock.now(), timedelta(seconds=60))
    async with streamed(client.app, FOLLOW, token) as events:
        await events.head()
        await events.next()
        client.shop.clock.move(timedelta(seconds=60))
        (error,) = (await events.next())["errors"]
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert error["message"] == "The token has expired."
        assert await events.hear() == ("complete", None)
        assert await events.hear() == ("end", None)


async def test_a_silent_stream_says_that_it_lives(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_ALIVE_SECONDS", 0.05)
    async with streamed(client.app, FOLLOW, client.member("ana")) as events:
        await events.head()
        await events.next()
        await asyncio.sleep(0.3)
        assert events.sent.qsize() > 3
        assert events.sent.get_nowait()["body"] == b":\n\n"


async def test_who_takes_nothing_is_left(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_SEND_SECONDS_MAX", 0.1)
    async with streamed(client.app, FOLLOW, client.member("ana")) as events:
        await events.head()
        events.reads.clear()
        await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
        await asyncio.sleep(0.3)
        assert len(endpoint(client).streams.places) == 0


async def test_a_stream_ends_when_the_server_leaves(client: Client) -> None:
    async with streamed(client.app, FOLLOW, client.member("ana")) as events:
        await events.head()
        await events.next()
        endpoint(client).streams.leaving.set()
        # Without `complete`: the client shall come again, to another process.
        assert await events.hear() == ("end", None)


async def test_a_caller_holds_so_many_streams(client: Client) -> None:
    token = client.member("ana")
    streams = [streamed(client.app, FOLLOW, token) for _ in range(20)]
    for each in streams:
        await (await each.__aenter__()).head()
    async with streamed(client.app, FOLLOW, token) as late:
        await late.head()
        assert (late.status, late.headers["retry-after"]) == (429, "10")
        answer = await late.body()
    assert answer["errors"][0]["extensions"]["code"] == "TOO_MANY_CONNECTIONS"
    text = (await client.send("GET", "/metrics")).body.decode()
    assert 'laurel_open_connections{transport="events"} 20.0' in text
    for each in streams:
        await each.__aexit__(None, None, None)
    assert len(endpoint(client).streams.places) == 0


async def test_a_failure_of_ours_is_masked_and_ends_the_stream(
    client: Client, runtime: Runtime, admin: asyncpg.Connection
) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("p0", "ana", 1_000, now))
    async with streamed(client.app, FOLLOW, client.member("ana")) as events:
        await events.head()
        await events.next()
        await admin.execute("ALTER TABLE member RENAME TO away")
        try:
            (ana,) = await ids(runtime)
            with capture_logs() as said:
                await runtime.valkey.publish(channel(client.shop.brand.id, ana), b"")
                (error,) = (await events.next())["errors"]
        finally:
            await admin.execute("ALTER TABLE away RENAME TO member")
        assert error["message"] == "Something went wrong here; it was noted."
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "a resolver failed" in [each["event"] for each in said]
        assert await events.hear() == ("complete", None)
        assert await events.hear() == ("end", None)


async def ids(runtime: Runtime) -> list[UUID]:
    async with runtime.database.read() as session:
        return [row["id"] for row in await session.fetch("SELECT id FROM away")]


def endpoint(client: Client) -> GraphQLEndpoint:
    found: GraphQLEndpoint = client.app.state.graphql
    return found
