"""Looks for what can be guessed, such as a card's number: few of them may find nothing."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.graphql.allowances import GUESSES
from kit.buckets import Buckets
from kit.errors import LaurelError

T = TypeVar("T")

UNDER_WAY_MAX = 300
"""Looks of one caller at once: what none of them has found yet is not counted."""


class Guesses:
    """Counts callers' looks that found nothing. Make one per process."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._under_way: Counter[str] = Counter()

    async def found(
        self, account: str, kind: str, look: Callable[[], Awaitable[T | None]]
    ) -> T | None:
        """Return what ``look`` finds, unless the account has looked for too many that are not.

        Each execution of a field counts, whatever the number of requests: neither aliases nor
        requests at once give more guesses. Raises LaurelError `TOO_MANY_GUESSES`.
        """
        key = f"guess:{kind}:{account}"
        left = await self._buckets.take(key, 0, GUESSES)
        if left.available < 1 or self._under_way[key] >= UNDER_WAY_MAX:
            message = "Too many of these were looked for and not found; wait a minute."
            raise LaurelError(message, code="TOO_MANY_GUESSES")
        self._under_way[key] += 1
        try:
            found = await look()
            if found is None:
                await self._buckets.take(key, 1, GUESSES, force=True)
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
        return found
