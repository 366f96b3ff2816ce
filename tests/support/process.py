"""The command `laurel` as a process of its own, on the test's servers."""

import asyncio
import os
import sys

from kit.embedded import Servers

COMMAND = (sys.executable, "-c", "from api.cli import main; main()")


def environment(servers: Servers) -> dict[str, str]:
    """Return the environment in which a process uses ``servers``."""
    return {
        **os.environ,
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
