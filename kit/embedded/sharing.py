"""A server shared by processes: the first to come starts it, the last to leave stops it.

Two locks, which the kernel releases by itself when a process is killed: everyone who uses the
server shares `users`; whoever starts or stops it holds `change` alone. While a server is being
stopped `change` has content, so that after a kill the next process completes the stop.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_held: set[int] = set()


@dataclass(frozen=True)
class Locks:
    """The two lock files of one server. They exist and are never removed."""

    users: Path
    change: Path


@contextmanager
def shared(locks: Locks, start: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run the block while the server runs.

    ``start`` is called by every process that comes and does nothing if the server is there;
    ``stop`` by the last that leaves. A forked child has no share in its parent's use.
    """
    process = os.getpid()
    users = _open(locks.users)
    try:
        with _alone(locks.change) as change:
            fcntl.flock(users, fcntl.LOCK_SH)
            if os.fstat(change).st_size:
                _stop(change, stop)
            start()
        yield
    finally:
        if os.getpid() == process:
            _leave(locks, users, stop)


def _leave(locks: Locks, users: int, stop: Callable[[], None]) -> None:
    try:
        with _alone(locks.change) as change:
            # Gives up the share in any case, and succeeds only if nobody else has one.
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _stop(change, stop)
    except BlockingIOError:
        return
    finally:
        _close(users)


def _stop(change: int, stop: Callable[[], None]) -> None:
    os.write(change, b"stopping\n")
    stop()
    os.ftruncate(change, 0)


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        _close(descriptor)


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    _held.add(descriptor)
    return descriptor


def _close(descriptor: int) -> None:
    # Unlocked by name: a child between fork and exec may hold a copy of the descriptor.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    _held.discard(descriptor)
    os.close(descriptor)


def _forget_in_child() -> None:
    # Closing leaves the parent's lock alone; unlocking would take it away.
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
