"""The command `laurel` on the test's servers: as a process of its own, or within this one."""

import asyncio
import os
import sys
from functools import partial

from typer.testing import CliRunner

from api.cli import app
from kit.embedded import Servers

COMMAND = (sys.executable, "-c", "from api.cli import main; main()")


def environment(servers: Servers) -> dict[str, str]:
    """Return the environment in which a process uses ``servers``."""
    # What is started over and over keeps what it compiled.
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "LAUREL_DATABASE_URL": servers.database_url,
        "LAUREL_OWNER_DATABASE_URL": servers.owner_database_url,
        "LAUREL_VALKEY_URL": servers.valkey_url,
    }


async def start(servers: Servers, *arguments: str) -> asyncio.subprocess.Process:
    """Start `laurel` with these arguments."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=environment(servers),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # What it prints is read at its end; it must not wait for that.
        limit=2**30,
    )


async def run(servers: Servers, *arguments: str) -> tuple[int, str, str]:
    """Run `laurel` to its end; return its exit code and what it printed."""
    process = await start(servers, *arguments)
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def run_here(servers: Servers, *arguments: str) -> tuple[int, str, str]:
    """Run `laurel` to its end in a thread of this process, which has loaded everything already.

    For commands that neither set up logging nor listen to signals; one at a time.
    """
    invoke = partial(CliRunner().invoke, app, arguments, env=environment(servers))
    done = await asyncio.to_thread(invoke)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr
