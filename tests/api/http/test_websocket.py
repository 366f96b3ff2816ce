"""graphql-transport-ws: operations of every type beside each other, each with its end."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import graphql
import pytest

from api.graphql import subscription
from api.http.session import Limits
from api.live import channel
from api.runtime import Runtime
from tests.support.client import Client, altered
from tests.support.live import BALANCE, announced
from tests.support.shop import purchase
from tests.support.socket_client import Site, Socket, accepted, codes, opened


async def test_a_query_and_its_end(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    socket.ask("1", "{ brand { code } }")
    answer = await socket.hear()
    assert (answer["type"], answer["id"]) == ("next", "1")
    assert answer["payload"]["data"] == {"brand": {"code": "grocer"}}
    assert "cost" in answer["payload"]["extensions"]
    assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_a_mutation(client: Client, socket: Socket) -> None:
    await socket.admitted(client.server)
    mutation = """mutation ($input: RecordPurchasesInput!) {
      recordPurchases(input: $input) { outcomes { status } errors { code } } }"""
    bought = {
        "externalId": "p1",
        "member": "ana",
        "occurredAt": "2026-03-01T00:00:00Z",
        "currency": "USD",
        "lines": [{"amount": "5"}],
    }
    socket.ask("1", mutation, input={"idempotencyKey": "k", "purchases": [bought]})
    answer = await socket.hear()
    assert answer["payload"]["data"]["recordPurchases"]["errors"] == []
    assert await socket.hear() == {"type": "complete", "id": "1"}
    assert (await client.shop.balance("ana")).total == 5


async def test_a_member_follows_their_balance(
    client: Client, runtime: Runtime, socket: Socket
) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(purchase("p1", "ana", 1_000, now), purchase("p2", "ben", 500, now))
    await announced(runtime)
    await socket.admitted(client.member("ana"))
    socket.ask("me", BALANCE)
    assert await total(socket) == "10"
    await client.shop.buy(purchase("p3", "ben", 7_000, now))
    await announced(runtime)
    assert await socket.silent()
    for number, wanted in enumerate(("27", "44", "61")):
        await client.shop.buy(purchase(f"a{number}", "ana", 1_700, now))
        await announced(runtime)
        assert await total(socket) == wanted
    socket.say("complete", id="me")
    await client.shop.buy(purchase("p4", "ana", 100, now))
    await announced(runtime)
    assert await socket.silent()


async def test_who_does_not_change_costs_nothing(
    client: Client, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, names = client.shop.clock.now(), [f"m{n}" for n in range(40)]
    await client.shop.buy(*(purchase(name, name, 100, now) for name in names))
    await announced(runtime)
    async with AsyncExitStack() as stack:
        sockets = {}
        for name in names:
            socket = sockets[name] = await stack.enter_async_context(opened(client.app))
            await accepted(socket)
            await socket.admitted(client.member(name))
            socket.ask("me", BALANCE)
            assert await total(socket) == "1"
        executed: list[str] = []
        execute = graphql.execution.execute_subscription_event

        def noted(executor: Any) -> Any:
            executed.append(executor.context_value.principal.external_id)
            return execute(executor)

        monkeypatch.setattr("api.graphql.following.execute_subscription_event", noted)
        await client.shop.buy(purchase("x", "m7", 500, now), purchase("y", "m9", 500, now))
        await announced(runtime)
        assert [await total(sockets[name]) for name in ("m7", "m9")] == ["6", "6"]
        assert sorted(executed) == ["m7", "m9"]


async def total(socket: Socket) -> str:
    answer = await socket.hear()
    assert (answer["type"], "errors" in answer["payload"]) == ("next", False), answer
    found: str = answer["payload"]["data"]["me"]["balance"]["total"]
    return found


async def test_who_is_not_enrolled_yet_sees_it_happen(
    client: Client, runtime: Runtime, socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_ENROLMENT_SECONDS", 0.05)
    await socket.admitted(client.member("ana"))
    socket.ask("1", BALANCE)
    assert (await socket.hear())["payload"] == {"data": {"me": None}}
    assert await socket.silent()
    assert runtime.database.connections_in_use() == 0
    await client.shop.buy(purchase("p1", "ana", 300, client.shop.clock.now()))
    assert await total(socket) == "3"


async def test_an_id_is_free_again_at_the_end(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    for _ in range(20):
        socket.ask("1", "{ brand { code } }")
        assert (await socket.hear())["type"] == "next"
        assert (await socket.hear())["type"] == "complete"
    for _ in range(20):
        socket.ask("1", BALANCE)
        socket.say("complete", id="1")
    socket.say("complete", id="never there")
    socket.ask("2", "{ brand { code } }")
    said = [await socket.hear()]
    while said[-1]["id"] != "2":
        assert said[-1]["type"] in {"next", "error"}
        said.append(await socket.hear())
    assert said[-1]["type"] == "next"


async def test_refusals_end_an_operation_only(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    socket.ask("1", "{ brand { code ")
    assert codes(await socket.hear()) == ["GRAPHQL_PARSE_FAILED"]
    socket.ask("1", "{ nothing }")
    assert codes(await socket.hear()) == ["GRAPHQL_VALIDATION_FAILED"]
    socket.ask("1", "{ figures { members } }")
    assert set(codes(await socket.hear())) == {"FORBIDDEN"}
    socket.ask("1", "query A { brand { code } } query B { brand { code } }")
    assert codes(await socket.hear()) == ["OPERATION_RESOLUTION_FAILURE"]
    socket.say("subscribe", id="1", payload={"documentId": "sha256:" + "0" * 64})
    assert (await socket.hear())["type"] == "error"
    socket.ask("1", "{ brand { code } }")
    assert (await socket.hear())["type"] == "next"


async def test_variables_that_do_not_fit(client: Client, socket: Socket) -> None:
    await socket.admitted(client.staff)
    socket.ask("1", "query ($id: ID!) { member(id: $id) { id } }", id={"no": "id"})
    answer = await socket.hear()
    assert answer["payload"]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_strangers_may_ask_what_is_public(client: Client, socket: Socket) -> None:
    assert client
    await socket.admitted()
    socket.ask("1", "{ __typename }")
    assert (await socket.hear())["payload"]["data"] == {"__typename": "Query"}
    assert (await socket.hear())["type"] == "complete"
    socket.ask("2", BALANCE)
    assert codes(await socket.hear()) == ["UNAUTHENTICATED"]


async def test_a_ping_is_answered_at_any_time(client: Client, socket: Socket) -> None:
    socket.say("ping")
    assert await socket.hear() == {"type": "pong", "payload": {}}
    socket.say("pong")
    socket.say("complete", id="1")
    await socket.admitted(client.staff)
    socket.say("ping", payload={"n": 1})
    assert await socket.hear() == {"type": "pong", "payload": {"n": 1}}
    socket.say("pong", payload={"n": 1})
    assert await socket.silent()


async def test_leaving_ends_everything(client: Client, nothing_left: None) -> None:
    del nothing_left
    async with opened(client.app) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        for number in range(10):
            socket.ask(str(number), BALANCE)
        socket.leave(1001)


async def test_sockets_are_counted(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    text = (await client.send("GET", "/metrics")).body.decode()
    assert 'laurel_open_connections{transport="websocket"} 1.0' in text


async def test_a_failure_of_ours_is_masked_and_ends_its_operation_only(
    client: Client, runtime: Runtime, admin: asyncpg.Connection, socket: Socket
) -> None:
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    (ana,) = await client.shop.member_ids("ana")
    await socket.admitted(client.member("ana"))
    socket.ask("1", BALANCE)
    assert await total(socket) == "10"
    await admin.execute("ALTER TABLE member RENAME TO away")
    try:
        await runtime.valkey.publish(channel(client.shop.brand.id, ana), b"")
        answer = await socket.hear()
    finally:
        await admin.execute("ALTER TABLE away RENAME TO member")
    assert codes(answer) == ["INTERNAL_SERVER_ERROR"]
    assert "away" not in str(answer)
    socket.ask("1", BALANCE)
    assert await total(socket) == "10"


async def test_deferred_parts_come_one_by_one(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    settings = runtime.settings.model_copy(update={"defer": True})
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    async with opened(Site(altered(runtime, settings=settings), client, Limits())) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        socket.ask("1", "{ me { externalId ... @defer { balance { total } } } }")
        first = await socket.hear()
        assert first["payload"]["data"] == {"me": {"externalId": "ana"}}
        assert first["payload"]["hasNext"] is True
        second = await socket.hear()
        assert (second["type"], second["payload"]["hasNext"]) == ("next", False)
        assert "10" in str(second["payload"])
        assert await socket.hear() == {"type": "complete", "id": "1"}


async def test_what_is_deferred_and_not_wanted_any_more_holds_nothing(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    settings = runtime.settings.model_copy(update={"defer": True})
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    site = Site(altered(runtime, settings=settings), client, Limits(send_seconds=0.1))
    async with opened(site) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        socket.reads.clear()
        socket.ask("1", "{ me { externalId ... @defer { balance { total } } } }")
        await asyncio.sleep(0.3)
        assert runtime.database.connections_in_use() == 0
