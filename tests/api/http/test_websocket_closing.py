"""graphql-transport-ws: who may open a socket, what ends it, and every close code."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from api.http.session import Limits
from api.runtime import Runtime
from domain.brands import queries
from domain.brands.service import revoke_keys
from kit.db import Database, Session
from tests.support.client import Client, altered
from tests.support.live import BALANCE
from tests.support.socket_client import Closed, Site, Socket, accepted, codes, opened


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
    site = Site(altered(runtime, settings=settings), client, Limits())
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


async def test_1011_when_nobody_can_be_known(
    client: Client, runtime: Runtime, nothing_left: None
) -> None:
    del nothing_left
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    site = Site(altered(runtime, database=nowhere), client, Limits())
    async with opened(site) as socket:
        await accepted(socket)
        with capture_logs() as said:
            socket.say("connection_init", payload={"authorization": f"Bearer {client.staff}"})
            assert await socket.hear() == Closed(1011, "Internal error")
    assert [each["event"] for each in said] == ["a socket failed"]
    await nowhere.close()


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
