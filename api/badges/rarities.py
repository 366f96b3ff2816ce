"""How rare badges are, counted once a minute for all who ask in one process."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from gamification.badges import queries
from gamification.badges.queries import Rarity
from kit.db import Session

FRESH_SECONDS = 60
Known: TypeAlias = Mapping[tuple[str, int], Rarity]
"""By the code of a badge and the number of a level; what nobody has is not there."""
Opened: TypeAlias = Callable[[], AbstractAsyncContextManager[Session]]


class Rarities:
    """How rare badges are, as it was a minute ago at most."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, Known]] = {}

    async def of(self, opened: Opened, brand_id: int) -> Known:
        """Return how many members hold each level of each badge of a brand.

        ``opened`` opens a session to count in, if it is time to.
        """
        found = self._fresh(brand_id)
        if found is None:
            async with opened() as session:
                found = self._fresh(brand_id)
                if found is None:
                    found = await queries.rarity(session, brand_id)
                    self._known[brand_id] = time.monotonic() + FRESH_SECONDS, found
        return found

    def _fresh(self, brand_id: int) -> Known | None:
        until, found = self._known.get(brand_id, (0.0, {}))
        return found if time.monotonic() < until else None
