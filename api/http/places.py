"""How many connections one caller may hold open in this process at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.auth import Role
from api.caller import Caller
from api.errors import refusal

FULL = refusal(
    "TOO_MANY_CONNECTIONS",
    "You hold too many streams and sockets open; end some of them.",
    429,
    {"retry-after": "10"},
)
"""What is said to whoever asks for one place more."""

_PLACES = {
    # Everyone behind one router has one address.
    Role.ANONYMOUS: 50,
    Role.MEMBER: 20,
    Role.SERVER: 20,
    Role.STAFF: 20,
}


class Places:
    """Counts sockets and streams by whom they belong to."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def full(self, caller: Caller) -> bool:
        """Return whether the caller holds all that they may."""
        return self._taken[caller.account] >= _PLACES[caller.principal.role]

    @contextmanager
    def held(self, caller: Caller) -> Iterator[None]:
        """Take one place for the block."""
        self._taken[caller.account] += 1
        try:
            yield
        finally:
            self._taken[caller.account] -= 1
            if not self._taken[caller.account]:
                del self._taken[caller.account]

    def __len__(self) -> int:
        """Return how many places are taken."""
        return self._taken.total()
