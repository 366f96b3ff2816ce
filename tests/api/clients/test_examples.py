"""The examples of clients, run as their readers run them: each says exactly this."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.node import script
from tests.support.process import COMMAND
from tests.support.served import Site
from tests.support.tree import ROOT

SAID = """\
m1 has 77 points and is Insider.
  with it: Birthday cake
271.75 USD more make VIB.
  p5: 23
  p4: 4
and before:
  p3: 30
  p2: 8
  p1: 12
refused: CURRENCY_MISMATCH: The shop uses another currency. Please convert the amounts first.
"""
SECONDS_MAX = 20


def environment(site: Site) -> dict[str, str]:
    return {
        **os.environ,
        "LAUREL_URL": site.address,
        "LAUREL_TOKEN": site.member(),
        "LAUREL_KEY": site.server,
    }


@pytest.mark.parametrize("name", ["apollo", "urql"])
def test_apollo_and_urql(clients: Path, site: Site, name: str) -> None:
    done = script(clients, name, environment(site))
    assert done.stderr == ""
    assert done.stdout == SAID


def test_relay_with_trusted_documents(clients: Path, site: Site) -> None:
    manifest = clients / "relay" / "persisted.json"
    known = manifest.read_text()
    done = script(clients, "relay", environment(site))
    assert done.stderr == ""
    assert done.stdout == SAID
    assert manifest.read_text() == known, "commit docs/clients/relay/persisted.json"


def test_gql(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "docs/clients/gql/main.py"],
        cwd=ROOT,
        env=environment(site),
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == SAID


async def test_the_documents_pass_our_own_check(site: Site) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "schema", "check-documents", "docs/clients"),
        cwd=ROOT,
        env=site.environment,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert (process.returncode, out) == (0, b"good operations: 7, errors: 0, warnings: 0\n")


async def test_gql_follows_a_subscription(site: Site) -> None:
    await site.buy("live-1", "live", 7_700)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "docs/clients/gql/live.py"),
        cwd=ROOT,
        env={**environment(site), "LAUREL_TOKEN": site.member("live")},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS_MAX):
            assert await process.stdout.readline() == b"77 points, Insider\n"
            await site.buy("live-2", "live", 30_000)
            assert await process.stdout.readline() == b"377 points, VIB\n"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
