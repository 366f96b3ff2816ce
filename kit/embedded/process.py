"""Server processes: how one is started, found, watched and ended."""

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import psutil

from kit.errors import ConfigurationError

READY_SECONDS_MAX = 120
STOP_SECONDS_MAX = 120
_LAUNCHES_MAX = 3
_PAUSE_SECONDS = 0.01
_LOG_LINES_SHOWN = 15

_log = logging.getLogger(__name__)


class Server(Protocol):
    """What `start` needs to know of a server."""

    name: str
    log: Path

    def ready(self) -> bool:
        """Tell whether the server answers clients."""
        ...

    def exists(self) -> bool:
        """Tell whether the server's process is there, ready or not."""
        ...

    def launch(self) -> int:
        """Launch the server, removing what a killed one left; return the process id."""
        ...

    def stop(self) -> None:
        """End the server cleanly and return when it has ended; do nothing if it is not there."""
        ...


def start(server: Server) -> None:
    """Return when ``server`` is ready, launching it if it is not there.

    Raises ConfigurationError with the end of its log if that fails or takes too long.
    """
    deadline = time.monotonic() + READY_SECONDS_MAX
    launches: list[int] = []
    while not server.ready():
        if not server.exists() and not (launches and lives(launches[-1])):
            if len(launches) == _LAUNCHES_MAX:
                raise _not_started(server, "ends as soon as it is started")
            launches.append(server.launch())
        if time.monotonic() > deadline:
            raise _not_started(server, f"is not ready after {READY_SECONDS_MAX} s")
        time.sleep(_PAUSE_SECONDS)


def lives(pid: int, marker: str = "") -> bool:
    """Tell whether process ``pid`` runs and has ``marker`` in its command line."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and marker in " ".join(process.cmdline())
    except psutil.Error:
        return False


def wait_for_end(pid: int, marker: str) -> None:
    """Return when the process has ended, or after `STOP_SECONDS_MAX` with a warning."""
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while lives(pid, marker):
        if time.monotonic() > deadline:
            _log.warning("process %d is still stopping after %d s", pid, STOP_SECONDS_MAX)
            return
        time.sleep(_PAUSE_SECONDS)


def kill_remains(program: str, marker: str) -> None:
    """Kill every process of ``program`` that still carries ``marker``, and wait for their end."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == program and lives(process.pid, marker):
                process.kill()
                wait_for_end(process.pid, marker)


def _not_started(server: Server, what: str) -> ConfigurationError:
    lines = server.log.read_text(errors="replace").splitlines() if server.log.exists() else []
    end = "\n".join(lines[-_LOG_LINES_SHOWN:])
    return ConfigurationError(f"{server.name} {what}. The end of {server.log}:\n{end}")
