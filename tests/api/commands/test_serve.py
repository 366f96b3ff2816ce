"""`laurel serve` and `laurel worker` as processes: started, used, told to stop."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from api.commands import serve
from kit import log
from kit.embedded import Servers
from kit.errors import ConfigurationError
from kit.settings import Settings
from tests.support.process import run, run_here, start
from tests.support.serving import SECONDS_MAX, free_port, sent, stopped, until_ready
from tests.support.shop import Shop


@pytest.mark.parametrize(("workers", "number"), [("1", signal.SIGINT), ("2", signal.SIGTERM)])
async def test_serve(servers: Servers, grocer: Shop, workers: str, number: int) -> None:
    assert grocer
    code, out, err = await run_here(servers, "token", "--brand", "grocer", "--member", "ana")
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
        said = await stopped(process, number)
    lines = [orjson.loads(line) for line in said.splitlines()]
    (operation,) = [line for line in lines if line["event"] == "operation"]
    assert (operation["operation"], operation["brand"]) == ("Hello", "grocer")
    assert "Traceback" not in said


def test_serve_says_what_is_missing() -> None:
    settings = Settings(environment="production")
    with pytest.raises(ConfigurationError, match="LAUREL_JWKS_URL or LAUREL_JWT_KEY"):
        serve.ready(settings, 1).__enter__()


async def test_worker(servers: Servers) -> None:
    process = await start(servers, "worker")
    assert process.stderr
    async with asyncio.timeout(SECONDS_MAX):
        line = await process.stderr.readline()
        while b'"working"' not in line:
            assert line, "it ended"
            line = await process.stderr.readline()
    await stopped(process)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


async def test_serve_on_a_port_that_is_taken(servers: Servers, taken: int) -> None:
    refused(await run(servers, "serve", "--port", str(taken)), taken)


async def test_a_demo_on_a_port_that_is_taken(
    servers: Servers, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "configure", lambda _: None)
    monkeypatch.setenv("LAUREL_DATA_DIR", str(tmp_path))
    refused(await run_here(servers, "demo", "--port", str(taken)), taken)


def refused(result: tuple[int, str, str], port: int) -> None:
    code, out, err = result
    assert (code, out) == (1, "")
    assert err.startswith(f"CONFIGURATION: 127.0.0.1:{port} can't be listened on")
    assert "--port" in err
