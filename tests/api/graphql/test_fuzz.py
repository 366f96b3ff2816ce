"""Schemathesis against a real server: whatever it makes up, nothing on the server fails."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette

from api.tokens import Tokens
from kit.clock import SystemClock
from kit.embedded import Servers
from kit.settings import Settings
from tests.support.client import client_of
from tests.support.process import environment, start
from tests.support.serving import free_port, stopped, until_ready
from tests.support.shop import Shop, purchase

SECRET = "a secret that is long enough for anyone"
SEED = "1"
SECONDS_MAX = 15


@pytest.mark.parametrize("caller", ["staff", "server", "member"])
async def test_generated_operations(
    servers: Servers,
    grocer: Shop,
    caller: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = grocer.clock.now() - timedelta(days=3)
    await grocer.buy(*(purchase(f"p{n}", f"m{n % 7}", 1_000 * n, at) for n in range(30)))
    monkeypatch.setenv("LAUREL_JWT_KEY", SECRET)
    # Else nearly every answer would be that it asks too much.
    monkeypatch.setenv("LAUREL_ALLOWANCE", "10000")
    tokens = Tokens(Settings())
    client = await client_of(Starlette(), grocer, tokens)
    token = {
        "staff": client.staff,
        "server": client.server,
        # By the clock of the other process.
        "member": tokens.issue("grocer", "m1", SystemClock().now()),
    }[caller]
    port = free_port()
    process = await start(servers, "serve", "--port", str(port))
    try:
        await until_ready(process, port)
        code, said = await fuzzed(servers, port, token, tmp_path)
    finally:
        log = await stopped(process)
    assert code == 0, said
    assert "Traceback" not in log, log
    assert '"a resolver failed"' not in log
    assert '"event":"operation"' in log


async def fuzzed(servers: Servers, port: int, token: str, place: Path) -> tuple[int, str]:
    command = (
        *(sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/graphql"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--phases", "fuzzing,stateful", "--max-time", str(SECONDS_MAX)),
        *("--max-examples", "500", "--seed", SEED, "--no-color", "--continue-on-failure"),
        *("--checks", "not_a_server_error,response_schema_conformance"),
        *("--suppress-health-check", "all", "--generation-database", "none"),
    )
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=place,
        env={
            **environment(servers),
            "SCHEMATHESIS_HOOKS": "tests.support.schemathesis_hooks",
            "PYTHONPATH": str(Path(__file__).parents[3]),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()
