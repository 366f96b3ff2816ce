"""`laurel serve` and `laurel worker` as processes: started, used, told to stop."""

import asyncio
import signal
import socket

import orjson
import pytest

from kit.embedded import Servers
from tests.support.process import run, start
from tests.support.serving import SECONDS_MAX, free_port, sent, stopped, until_ready
from tests.support.shop import Shop


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve(servers: Servers, grocer: Shop, workers: str) -> None:
    assert grocer
    code, out, err = await run(servers, "token", "--brand", "grocer", "--member", "ana")
    assert code == 0, err
    port = free_port()
    process = await start(servers, "serve", "--port", str(port), "--workers", workers)
    try:
        await until_ready(process, port)
        answer = await asyncio.to_thread(
            sent,
            f"http://127.0.0.1:{port}/graphql",
            {"query": "query Hello { brand { code } }"},
            {"authorization": f"Bearer {out.strip()}"},
        )
        assert answer["data"] == {"brand": {"code": "grocer"}}
    finally:
        said = await stopped(process)
    lines = [orjson.loads(line) for line in said.splitlines()]
    (operation,) = [line for line in lines if line["event"] == "operation"]
    assert (operation["operation"], operation["brand"]) == ("Hello", "grocer")
    assert "Traceback" not in said


async def test_serve_stops_at_a_keystroke(servers: Servers) -> None:
    port = free_port()
    process = await start(servers, "serve", "--port", str(port))
    try:
        await until_ready(process, port)
    finally:
        await stopped(process, signal.SIGINT)


async def test_serve_says_what_is_missing(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUREL_ENVIRONMENT", "production")
    code, _, err = await run(servers, "serve", "--port", str(free_port()))
    assert code == 1
    assert "LAUREL_JWKS_URL or LAUREL_JWT_KEY" in err
    assert "Traceback" not in err


async def test_worker(servers: Servers) -> None:
    process = await start(servers, "worker")
    assert process.stderr
    async with asyncio.timeout(SECONDS_MAX):
        line = await process.stderr.readline()
        while b'"working"' not in line:
            assert line, "it ended"
            line = await process.stderr.readline()
    await stopped(process)


@pytest.mark.parametrize("command", ["serve", "demo"])
async def test_a_port_that_is_taken(servers: Servers, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = await run(servers, command, "--port", str(port))
    assert (code, out) == (1, "")
    assert f"127.0.0.1:{port} can't be listened on" in err
    assert "--port" in err
