"""graphql-transport-ws: every message, every close code, and nothing left behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from api.graphql import subscription
from api.http.session import Limits
from api.live import channel
from api.runtime import Runtime
from domain.brands import queries
from domain.brands.service import revoke_keys
from kit.db import Database, Session
from tests.support.client import Client
from tests.support.live import BALANCE, announced, leaving_nothing
from tests.support.shop import purchase
from tests.support.socket_client import Closed, Site, Socket, accepted, opened


@pytest.fixture
async def nothing_left(client: Client) -> AsyncIterator[None]:
    assert client
    async with leaving_nothing():
        yield


@pytest.fixture
async def socket(client: Client, nothing_left: None) -> AsyncIterator[Socket]:
    """An accepted socket of the application."""
    del nothing_left
    async with opened(client.app) as socket:
        assert await accepted(socket) == "graphql-transport-ws"
        yield socket


def codes(message: dict[str, Any]) -> list[str]:
    assert message["type"] == "error", message
    return [error["extensions"]["code"] for error in message["payload"]]


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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '"connection_init"',
        "{}",
        '{"type": 1}',
        '{"type": "start", "id": "1"}',
        '{"type": "connection_ack"}',
        '{"type": "next", "id": "1", "payload": {}}',
        '{"type": "connection_init", "payload": 1}',
        '{"type": "ping", "payload": []}',
        '{"type": "pong", "payload": "x"}',
        '{"type": "complete"}',
        '{"type": "complete", "id": ""}',
        '{"type": "subscribe", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "%s", "payload": {"query": "{ a }"}}' % ("x" * 201),
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ a }", "variables": []}}',
        '{"type": "ping", "payload": {"x": "%s"}}' % ("x" * 100_000),
        '{"type": "ping", "payload": {"x": "\\ud800"}}',
        '{"type": "ping", "payload": {"x": "\ud800"}}',
        "[" * 5_000,
    ],
)
async def test_4400_what_is_no_message(client: Client, socket: Socket, text: str) -> None:
    await socket.admitted(client.member("ana"))
    socket.say_text(text)
    closed = await socket.hear()
    assert closed.code == 4400
    assert closed.reason.startswith("Invalid message: ")


async def test_4400_binary(socket: Socket) -> None:
    socket.say_bytes(b'{"type": "connection_init"}')
    assert (await socket.hear()).code == 4400


async def test_4401_an_operation_before_the_greeting(socket: Socket) -> None:
    socket.ask("1", "{ __typename }")
    assert await socket.hear() == Closed(4401, "Unauthorized")


@pytest.mark.parametrize("given", ["Bearer x.y.z", "Basic YTpi", "Bearer lk_made-up", 1, {}, " "])
async def test_4403_credentials_that_do_not_hold(socket: Socket, given: object) -> None:
    socket.say("connection_init", payload={"authorization": given})
    closed = await socket.hear()
    assert closed.code == 4403
    assert closed.reason.startswith("Forbidden: ")


async def test_the_name_of_the_header_will_do(client: Client, socket: Socket) -> None:
    socket.say("connection_init", payload={"Authorization": f"Bearer {client.staff}"})
    assert await socket.hear() == {"type": "connection_ack"}


async def test_4403_when_the_token_ends(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    site = Site(runtime, client, Limits(check_seconds=0.05))
    token = client.tokens.issue("grocer", "ana", client.shop.clock.now(), timedelta(seconds=60))
    async with opened(site) as socket:
        await accepted(socket)
        await socket.admitted(token)
        socket.ask("1", BALANCE)
        assert (await socket.hear())["type"] == "next"
        client.shop.clock.move(timedelta(seconds=59))
        assert await socket.silent()
        # To the second, though a new request would still be given some leeway.
        client.shop.clock.move(timedelta(seconds=1))
        assert await socket.hear() == Closed(4403, "Forbidden: The token has expired.")


async def test_4403_at_the_instant_a_token_ends(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    now = client.shop.clock.now()
    token = client.tokens.issue("grocer", "ana", now, timedelta(seconds=1))
    client.shop.clock.move(timedelta(milliseconds=800))
    async with opened(Site(runtime, client, Limits())) as socket:
        await accepted(socket)
        began = asyncio.get_running_loop().time()
        await socket.admitted(token)
        client.shop.clock.move(timedelta(milliseconds=200))
        assert (await socket.hear()).code == 4403
        assert 0.15 < asyncio.get_running_loop().time() - began < 5


async def test_4403_soon_after_a_key_is_revoked(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    brand, clock = client.shop.brand, client.shop.clock

    async def revoke(session: Session) -> set[UUID]:
        ids = [key.id for key in await queries.keys(session, brand.id)]
        return await revoke_keys(session, clock.now(), brand, ids)

    async with opened(Site(runtime, client, Limits(check_seconds=0.05))) as socket:
        await accepted(socket)
        await socket.admitted(client.server)
        assert await socket.silent()
        await client.shop.database.write(revoke)
        assert (await socket.hear()).code == 4403


@pytest.mark.parametrize("offered", [(), ("graphql-ws",), ("GRAPHQL-TRANSPORT-WS",)])
async def test_4406_another_protocol(
    client: Client, nothing_left: None, offered: tuple[str, ...]
) -> None:
    del nothing_left
    async with opened(client.app, subprotocols=offered) as socket:
        assert await accepted(socket) is None
        assert await socket.hear() == Closed(4406, "Subprotocol not acceptable")


async def test_4408_no_greeting_in_time(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    async with opened(Site(runtime, client, Limits(init_seconds=0.2))) as socket:
        await accepted(socket)
        socket.say("ping")
        assert (await socket.hear())["type"] == "pong"
        assert await socket.hear() == Closed(4408, "Connection initialisation timeout")


async def test_4409_an_id_in_use(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    socket.ask("mine", BALANCE)
    assert (await socket.hear())["type"] == "next"
    socket.ask("mine", BALANCE)
    assert await socket.hear() == Closed(4409, "Subscriber for mine already exists")


async def test_4429_a_second_greeting(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    socket.say("connection_init")
    assert await socket.hear() == Closed(4429, "Too many initialisation requests")


async def test_too_many_operations_at_once(client: Client, socket: Socket) -> None:
    await socket.admitted(client.member("ana"))
    for number in range(20):
        socket.ask(str(number), BALANCE)
        assert (await socket.hear())["type"] == "next"
    socket.ask("20", BALANCE)
    refused = await socket.hear()
    assert (refused["id"], codes(refused)) == ("20", ["TOO_MANY_OPERATIONS"])
    socket.say("complete", id="3")
    await asyncio.sleep(0.1)
    socket.ask("20", BALANCE)
    assert (await socket.hear())["type"] == "next"


async def test_a_caller_holds_so_many_sockets(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    site = Site(runtime, client, Limits())
    sockets = [opened(site) for _ in range(21)]
    held = [await each.__aenter__() for each in sockets]
    for socket in held[:20]:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
    await accepted(held[20])
    held[20].say("connection_init", payload={"authorization": f"Bearer {client.member('ana')}"})
    assert await held[20].hear() == Closed(4429, "Too many connections")
    async with opened(site) as another:
        await accepted(another)
        await another.admitted(client.member("ben"))
    for each in sockets:
        await each.__aexit__(None, None, None)
    assert len(site.places) == 0


async def test_an_address_holds_so_many_sockets(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    site = Site(runtime, client, Limits())
    sockets = [opened(site, address="192.0.2.1") for _ in range(50)]
    for each in sockets:
        await accepted(await each.__aenter__())
    async with opened(site, address="192.0.2.1") as late:
        assert (await late.heard())["status"] == 429
    async with opened(site, address="192.0.2.2") as neighbour:
        await accepted(neighbour)
    for each in sockets:
        await each.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (None, "accept"),
        ("http://test", "accept"),
        ("https://TEST", "accept"),
        ("https://friend.example", "accept"),
        ("https://evil.example", "http.response.start"),
        ("https://test.evil.example", "http.response.start"),
        ("https://evil.example/test", "http.response.start"),
        ("null", "http.response.start"),
        ("", "http.response.start"),
        ("http://[", "http.response.start"),
    ],
)
async def test_origins(
    client: Client, runtime: Runtime, nothing_left: None, origin: str | None, answer: str
) -> None:
    del nothing_left
    settings = runtime.settings.model_copy(update={"allowed_origins": ("https://friend.example",)})
    site = Site(replace(runtime, settings=settings), client, Limits())
    headers = {} if origin is None else {"origin": origin}
    async with opened(site, headers=headers) as socket:
        message = await socket.heard()
    assert message["type"] == f"websocket.{answer}"
    assert message.get("status", 403) == 403


async def test_a_server_that_can_only_close_refuses_so(client: Client) -> None:
    headers = {"origin": "https://evil.example"}
    async with opened(client.app, headers=headers, denials=False) as socket:
        assert (await socket.heard())["type"] == "websocket.close"


async def test_who_takes_nothing_is_left(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    async with opened(Site(runtime, client, Limits(send_seconds=0.1))) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        socket.reads.clear()
        socket.ask("1", BALANCE)
        await asyncio.sleep(0.5)
        socket.reads.set()
        assert await socket.hear() == Closed(1008, "Too slow")


async def test_who_says_too_much_waits(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    limits = Limits(messages_at_once=5, messages_per_second=50)
    async with opened(Site(runtime, client, limits)) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        began = asyncio.get_running_loop().time()
        for _ in range(24):
            socket.say("ping")
        for _ in range(24):
            assert (await socket.hear())["type"] == "pong"
        assert asyncio.get_running_loop().time() - began > 0.3


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


async def test_1011_when_nobody_can_be_known(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    site = Site(replace(runtime, database=nowhere), client, Limits())
    async with opened(site) as socket:
        await accepted(socket)
        with capture_logs() as said:
            socket.say("connection_init", payload={"authorization": f"Bearer {client.staff}"})
            assert await socket.hear() == Closed(1011, "Internal error")
    assert [each["event"] for each in said] == ["a socket failed"]
    await nowhere.close()


async def test_deferred_parts_come_one_by_one(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    settings = runtime.settings.model_copy(update={"defer": True})
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    async with opened(Site(replace(runtime, settings=settings), client, Limits())) as socket:
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


async def test_who_leaves_in_the_handshake_leaves_no_failure(
    client: Client, runtime: Runtime
) -> None:
    site = Site(runtime, client, Limits())
    async with opened(site) as socket:
        scope, receive = socket.scope, socket.receive

    async def gone(message: Message) -> None:
        raise OSError(message["type"])

    socket.to_server.put_nowait({"type": "websocket.connect"})
    with capture_logs() as said:
        await site(scope, receive, gone)
    assert said == []
    assert len(site.places) == 0


async def test_what_is_deferred_and_not_wanted_any_more_holds_nothing(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    settings = runtime.settings.model_copy(update={"defer": True})
    await client.shop.buy(purchase("p0", "ana", 1_000, client.shop.clock.now()))
    site = Site(replace(runtime, settings=settings), client, Limits(send_seconds=0.1))
    async with opened(site) as socket:
        await accepted(socket)
        await socket.admitted(client.member("ana"))
        socket.reads.clear()
        socket.ask("1", "{ me { externalId ... @defer { balance { total } } } }")
        await asyncio.sleep(0.3)
        assert runtime.database.connections_in_use() == 0
