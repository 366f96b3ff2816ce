"""The directory of the servers: whose it is, who must reach it, what runs in its name."""

import importlib.util
import logging
import os
import pwd
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kit.embedded.sharing import Locks
from kit.errors import ConfigurationError
from kit.ids import content_hash

_SERVER_USER = "laurel-embedded"
_USER_SECONDS_MAX = 3
_PAUSE_SECONDS = 0.01
_SOCKET_BYTES_MAX = 103
_LOG_BYTES_MAX = 10_000_000
_LINES_SHOWN = 15
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
_DETACHED = 'exec "$@" </dev/null >>"$0" 2>&1 & echo $!'

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """The data directory of the servers and the account that owns what is in it."""

    directory: Path
    user: int
    group: int

    @classmethod
    def prepare(cls, data_dir: Path) -> "Place":
        """Create ``data_dir`` if it is missing and find out whose it is.

        Raises ConfigurationError if the directory can't be used by this process.
        """
        try:
            directory = data_dir.expanduser().resolve()
            directory.mkdir(parents=True, exist_ok=True)
            place = cls(directory, *_account(directory))
            for path in (directory / "postgres", directory / "valkey"):
                place._check_owner(path)
        except OSError as error:
            raise _unusable(data_dir, error) from error
        return place

    @property
    def marker(self) -> str:
        """A word that only the command lines of this directory's servers contain."""
        identity = f"{self.directory}:{self.directory.stat().st_ino}"
        return "laurel-" + content_hash(identity.encode()).hex()[:16]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an error of the operating system into one that says what to do."""
        try:
            yield
        except OSError as error:
            raise _unusable(self.directory, error) from error

    def _check_owner(self, path: Path) -> None:
        owner = path.stat().st_uid if path.exists() else self.user
        if owner != self.user:
            user, other = (_user_name(number) or number for number in (self.user, owner))
            message = (
                f"{path} belongs to the user {other}, but its server would run as {user}. Run as "
                f"{other}, give it away with `chown -R {user} {path}`, or name another place with "
                "LAUREL_DATA_DIR."
            )
            raise ConfigurationError(message)

    def own(self, path: Path) -> None:
        """Give ``path`` to the account of the servers."""
        if os.geteuid() == 0:
            os.chown(path, self.user, self.group)

    def private_directory(self, path: Path) -> Path:
        """Create ``path`` if it is missing, for the servers' account alone."""
        if not path.exists():
            path.mkdir(mode=0o700)
            self.own(path)
        return path

    def locks(self, name: str) -> Locks:
        """Return the locks of the server called ``name``."""
        stem = self.directory / name
        locks = Locks(stem.with_suffix(".users.lock"), stem.with_suffix(".change.lock"))
        for path in (locks.users, locks.change):
            if not path.exists():
                path.touch(mode=0o600)
                if os.geteuid() == 0:
                    owner = self.directory.stat()
                    os.chown(path, owner.st_uid, owner.st_gid)
        return locks

    def socket_directory(self, wanted: Path, socket_name: str) -> Path:
        """Return ``wanted``, or a short private directory if a socket's path there is too long."""
        if len(os.fsencode(wanted / socket_name)) <= _SOCKET_BYTES_MAX:
            return wanted
        # Never TMPDIR: every process must arrive at the same place.
        return Path("/tmp") / f"{self.marker}-{wanted.name}"  # noqa: S108

    def prepare_socket_directory(self, directory: Path) -> None:
        """Create ``directory`` or check that nobody else can have put a socket there.

        Raises ConfigurationError if it is not private.
        """
        self.private_directory(directory)
        found = directory.lstat()
        if found.st_uid != self.user or found.st_mode & 0o077 or directory.is_symlink():
            message = f"{directory} is not private to the servers' account: remove it."
            raise ConfigurationError(message)

    def run(self, command: Sequence[str], text: str = "") -> str:
        """Run ``command`` as the servers' account in a session of its own; return its output.

        Raises ConfigurationError with what the command said if it fails.
        """
        other = os.geteuid() == 0
        done = subprocess.run(  # noqa: S603
            command,
            input=text,
            user=self.user if other else None,
            group=self.group if other else None,
            extra_groups=[] if other else None,
            env=_ENVIRONMENT,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-_LINES_SHOWN:])
            message = f"{Path(command[0]).name} failed in {self.directory}:\n{said}"
            raise ConfigurationError(message)
        return done.stdout

    def launch(self, command: Sequence[str], log: Path) -> int:
        """Start ``command`` detached from this process and terminal; return its process id."""
        if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.1"))
        return int(self.run(["/bin/sh", "-c", _DETACHED, str(log), *command]))

    def admit(self, *trees: Path) -> None:
        """Let the servers' account reach this place and read ``trees``; for root only."""
        if os.geteuid():
            return
        for path in (self.directory / "x", *trees):
            for parent in path.resolve().parents:
                self._let_pass(parent)
        for tree in filter(Path.exists, trees):
            for path in (tree, *tree.rglob("*")):
                if path.is_symlink():
                    continue
                mode = path.stat().st_mode
                wanted = mode | (0o005 if mode & 0o100 else 0o004)
                if wanted != mode:
                    path.chmod(wanted)

    def _let_pass(self, directory: Path) -> None:
        found = directory.stat()
        if found.st_mode & 0o001 or (found.st_uid == self.user and found.st_mode & 0o100):
            return
        _log.warning(
            "let other users pass through %s (chmod o+x): PostgreSQL refuses to run as root",
            directory,
        )
        directory.chmod(found.st_mode | 0o001)


def _account(directory: Path) -> tuple[int, int]:
    """Return user and group of the servers; for root, who may not run them, somebody else's."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    for path in (directory / "postgres", directory / "valkey", directory):
        owner = path.stat() if path.exists() else None
        # initdb wants an account with a name; what is initialised runs as its owner regardless.
        if owner and owner.st_uid and (path != directory or _user_name(owner.st_uid)):
            return owner.st_uid, owner.st_gid
    entry = _server_user()
    return entry.pw_uid, entry.pw_gid


def _server_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(_SERVER_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", _SERVER_USER]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        said = done.stderr.strip()
    except OSError as error:
        said = str(error)
    # Another process may have been quicker, or hold the lock of the user list.
    deadline = time.monotonic() + _USER_SECONDS_MAX
    while time.monotonic() < deadline:
        with suppress(KeyError):
            return pwd.getpwnam(_SERVER_USER)
        time.sleep(_PAUSE_SECONDS)
    message = (
        "PostgreSQL refuses to run as root, and no user could be created for it "
        f"({said}). Run as an ordinary user, or set LAUREL_DATABASE_URL and "
        "LAUREL_VALKEY_URL."
    )
    raise ConfigurationError(message)


def _user_name(user: int) -> str | None:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return None


def _unusable(data_dir: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"The embedded servers can't use {data_dir}: {error}. Make it a directory on a local disk "
        "that this user may write, or name another place with LAUREL_DATA_DIR."
    )


def package_directory(name: str) -> Path:
    """Return where the package ``name`` is, without importing it (they warn, and take 0.4 s).

    Raises ConfigurationError if it is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        message = f"The package {name} is missing: reinstall, or set the servers' addresses."
        raise ConfigurationError(message)
    return Path(found.origin).resolve().parent
