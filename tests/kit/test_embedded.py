"""The embedded servers, with real processes: sharing, stopping, kills, accounts, refusals."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import redis

from kit.db import Database
from kit.embedded import Servers, resolve, running
from kit.embedded.place import Place
from kit.embedded.process import kill_remains
from kit.errors import ConfigurationError
from kit.settings import Settings

ROOT = os.geteuid() == 0
OTHER_USER = "nobody"
USE_UNTIL_TOLD = """
import sys
from pathlib import Path
from kit.embedded import running
with running(Path(sys.argv[1])):
    print("in", flush=True)
    {body}
"""
WAIT = "sys.stdin.readline()"


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield an absent directory below one that other users may pass, unlike tmp_path."""
    with _directory() as directory:
        yield directory
        _kill_servers(directory)


@pytest.fixture(scope="module")
def _filled_directory() -> Iterator[Path]:
    with _directory() as directory:
        with running(directory):
            pass
        yield directory


@pytest.fixture
def filled_place(_filled_directory: Path) -> Iterator[Path]:
    """Yield a directory in which servers ran before and none runs now: a warm start is quick."""
    yield _filled_directory
    _kill_servers(_filled_directory)


@contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="laurel-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"


def _kill_servers(place: Path) -> None:
    if place.is_dir():
        for program in ("postgres", "valkey-server"):
            kill_remains(program, Place.prepare(place).marker)


def servers_of(place: Path) -> dict[str, int]:
    """Return the process ids of the running servers of ``place`` by program."""
    marker = Place.prepare(place).marker
    found: dict[str, int] = {}
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        command = process.info["cmdline"] or [""]
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if alive and marker in " ".join(command) and not command[0].startswith("postgres:"):
            found[process.info["name"]] = process.pid
    return found


@contextmanager
def user_process(
    place: Path, body: str = WAIT, command: str = sys.executable, **how: Any
) -> Iterator["subprocess.Popen[str]"]:
    """Run another process that uses the servers of ``place`` and is inside at the yield."""
    script = USE_UNTIL_TOLD.format(body=body)
    with subprocess.Popen(
        [command, "-c", script, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **({"cwd": Path.cwd()} | how),
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "in\n"
            yield process
        finally:
            process.kill()


def leave(process: "subprocess.Popen[str]") -> None:
    process.communicate("\n", timeout=30)
    assert process.returncode == 0


async def ask(url: str, sql: str) -> Any:
    database = Database(url, pool_size=1)
    try:
        async with database.alone() as session:
            return await session.value(sql)
    finally:
        await database.close()


@contextmanager
def cache_of(servers: Servers) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(servers.valkey_url) as client:
        yield client


async def test_every_url_leads_to_its_role_and_only_the_owner_makes_tables(place: Path) -> None:
    with running(place) as servers:
        urls = (servers.database_url, servers.owner_database_url, servers.admin_database_url)
        roles = [await ask(url, "SELECT current_user::text") for url in urls]
        await ask(servers.owner_database_url, "CREATE TABLE made (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await ask(servers.database_url, "CREATE TABLE refused (id int)")
        with cache_of(servers) as cache:
            assert cache.ping()
    assert roles == ["laurel_app", "laurel_owner", "postgres"]
    assert servers_of(place) == {}


async def test_database_is_durable_utf8_and_not_on_the_network(place: Path) -> None:
    with running(place, valkey=False) as servers:
        shown = {
            name: await ask(servers.database_url, f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "server_encoding", "listen_addresses")
        }
        locale = "SELECT datlocale FROM pg_database WHERE datname = 'laurel'"
        assert await ask(servers.database_url, locale) == "C.UTF-8"
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "server_encoding": "UTF8",
        "listen_addresses": "",
    }
    assert servers.valkey_url == ""
    assert not (place / "valkey").exists()


def test_the_last_of_two_processes_stops_the_servers(filled_place: Path) -> None:
    with user_process(filled_place) as first, user_process(filled_place) as second:
        started = servers_of(filled_place)
        leave(first)
        assert servers_of(filled_place) == started
        leave(second)
    assert set(started) == {"postgres", "valkey-server"}
    assert servers_of(filled_place) == {}


def test_nested_uses_in_one_process_stop_at_the_outermost(filled_place: Path) -> None:
    with running(filled_place):
        started = servers_of(filled_place)
        with running(filled_place):
            pass
        assert servers_of(filled_place) == started
    assert servers_of(filled_place) == {}


def test_four_processes_at_once_on_an_empty_directory(place: Path) -> None:
    script = USE_UNTIL_TOLD.format(body=WAIT)
    command = [sys.executable, "-c", script, str(place)]
    users = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "in\n"
    for user in users:
        leave(user)
    assert servers_of(place) == {}


@pytest.mark.parametrize("body", ["sys.exit(0)", "raise KeyboardInterrupt", "raise ValueError"])
def test_leaving_by_an_exception_stops_the_servers(filled_place: Path, body: str) -> None:
    with user_process(filled_place, body, stderr=subprocess.DEVNULL) as process:
        process.wait(30)
    assert servers_of(filled_place) == {}


def test_servers_are_out_of_reach_of_the_terminals_signals(filled_place: Path) -> None:
    with running(filled_place):
        sessions = {os.getsid(pid) for pid in servers_of(filled_place).values()}
    assert os.getsid(0) not in sessions


def test_servers_survive_a_killed_user_and_the_next_one_stops_them(filled_place: Path) -> None:
    with user_process(filled_place) as process:
        process.kill()
    left = servers_of(filled_place)
    with running(filled_place):
        assert servers_of(filled_place) == left
    assert set(left) == {"postgres", "valkey-server"}
    assert servers_of(filled_place) == {}


def test_a_stop_that_was_killed_is_completed(filled_place: Path) -> None:
    with user_process(filled_place) as process:
        process.kill()
    left = servers_of(filled_place)
    for name in ("postgres", "valkey"):
        (filled_place / f"{name}.change.lock").write_text("stopping\n")
    with running(filled_place):
        assert not set(servers_of(filled_place).values()) & set(left.values())


def test_a_forked_child_neither_keeps_nor_stops_the_servers(filled_place: Path) -> None:
    falls_through = "child = os.fork(); child and os.waitpid(child, 0); print('out', flush=True)"
    with user_process(filled_place, f"import os; {falls_through}; child and {WAIT}") as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["out\n", "out\n"]
        assert set(servers_of(filled_place)) == {"postgres", "valkey-server"}
        leave(process)
    assert servers_of(filled_place) == {}

    sleeps = "child = os.fork(); child or time.sleep(60); print(child, flush=True)"
    with user_process(filled_place, f"import os, time; {sleeps}; {WAIT}") as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        with running(filled_place):
            pass
        assert servers_of(filled_place) == {}
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("pid_is_reused", [False, True])
async def test_data_survives_killed_servers(place: Path, *, pid_is_reused: bool) -> None:
    with running(place) as servers:
        await ask(servers.owner_database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        with cache_of(servers) as cache:
            cache.set("kept", "42")
            cache.save()
        for pid in servers_of(place).values():
            os.kill(pid, signal.SIGKILL)
    if pid_is_reused:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            lines = (place / "postgres" / name).read_text().splitlines()
            (place / "postgres" / name).write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with running(place) as servers:
        assert await ask(servers.owner_database_url, "SELECT answer FROM kept") == 42
        with cache_of(servers) as cache:
            assert cache.get("kept") == b"42"


def test_valkey_keeps_its_content_over_a_clean_stop(filled_place: Path) -> None:
    with running(filled_place, postgres=False) as servers, cache_of(servers) as cache:
        cache.set("kept", "42")
    with running(filled_place, postgres=False) as servers, cache_of(servers) as cache:
        assert cache.get("kept") == b"42"


def test_what_a_killed_first_start_left_is_removed(place: Path) -> None:
    (place / "postgres.new.killed").mkdir(parents=True)
    with running(place, valkey=False):
        assert not list(place.glob("postgres.new.*"))


def test_a_path_too_long_for_a_socket(place: Path) -> None:
    place = place / ("with space, \"quotes' and $(signs) %41" + "x" * 80)
    with running(place) as servers:
        marker = Place.prepare(place).marker
        assert asyncio.run(ask(servers.database_url, "SELECT 1")) == 1
        with cache_of(servers) as cache:
            assert cache.ping()
        assert len(list(Path("/tmp").glob(f"{marker}-*"))) == 2  # noqa: S108
    assert not list(Path("/tmp").glob(f"{marker}-*"))  # noqa: S108


def test_refuses_data_of_another_version(place: Path) -> None:
    (place / "postgres").mkdir(parents=True)
    (place / "postgres" / "PG_VERSION").write_text("15\n")
    if ROOT:
        place_account = Place.prepare(place.parent / "empty")
        os.chown(place / "postgres", place_account.user, place_account.group)
    with pytest.raises(ConfigurationError, match="was made by PostgreSQL 15"), running(place):
        pass


def test_refuses_a_place_that_is_no_directory(place: Path) -> None:
    place.write_text("a file")
    with pytest.raises(ConfigurationError, match="LAUREL_DATA_DIR"), running(place):
        pass
    place.unlink()


def test_says_what_the_log_says_when_a_server_does_not_start(place: Path) -> None:
    with running(place, valkey=False):
        pass
    (place / "postgres" / "global" / "pg_control").unlink()
    with (
        pytest.raises(ConfigurationError, match="could not find the database system"),
        running(place, valkey=False),
    ):
        pass


def test_settings_with_addresses_start_nothing(place: Path) -> None:
    given = Settings(data_dir=place, database_url="postgresql://there", valkey_url="redis://there")
    with resolve(given) as servers:
        assert servers == Servers(
            database_url="postgresql://there",
            owner_database_url="postgresql://there",
            valkey_url="redis://there",
        )
    assert not place.exists()


def test_settings_start_only_what_is_missing(place: Path) -> None:
    with resolve(Settings(data_dir=place, database_url="postgresql://there")) as servers:
        assert servers.valkey_url.startswith("unix://")
        assert set(servers_of(place)) == {"valkey-server"}
    with (
        pytest.raises(ConfigurationError, match="LAUREL_DATABASE_URL"),
        resolve(Settings(data_dir=place, owner_database_url="postgresql://there")),
    ):
        pass


def other_user() -> Mapping[str, Any]:
    """Return how to run a process as another user; skip if this machine can't."""
    if not ROOT:
        pytest.skip("only root can become another user")
    path = os.pathsep.join([str(Path.cwd()), *(entry for entry in sys.path if entry)])
    how = {
        "user": OTHER_USER,
        "group": "nogroup",
        "extra_groups": [],
        "cwd": "/",
        "env": {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]},
    }
    for command in (sys.executable, "/usr/bin/python3"):
        arguments = [command, "-c", "import kit.embedded"]
        try:
            subprocess.run(arguments, check=True, **how)  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError):
            continue
        return how | {"command": command}
    pytest.skip("no interpreter that another user may run")


def test_an_ordinary_user_and_then_root_on_the_same_directory(place: Path) -> None:
    how = other_user()
    place.mkdir()
    shutil.chown(place, OTHER_USER)
    with user_process(place, **how) as process, running(place):
        started = servers_of(place)
        leave(process)
        assert servers_of(place) == started
    with running(place):
        owners = {psutil.Process(pid).username() for pid in servers_of(place).values()}
    with user_process(place, **how) as process:
        leave(process)
    assert owners == {OTHER_USER}
    assert servers_of(place) == {}


def test_an_ordinary_user_is_told_what_to_do_about_roots_directory(place: Path) -> None:
    how = dict(other_user())
    with running(place):
        pass
    script = USE_UNTIL_TOLD.format(body=WAIT)
    command = [how.pop("command"), "-c", script, str(place)]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    assert "ConfigurationError" in refused.stderr
    assert "chown -R nobody" in refused.stderr
