"""What one GraphQL operation works with: who calls, at which instant, its reads, its write."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from api.auth import Principal
from api.caller import Caller
from api.graphql.allowances import GUESSES
from api.graphql.loaders import Loaders
from api.graphql.reads import Reads
from api.graphql.signing import Cursors
from api.runtime import Runtime
from kit.buckets import Buckets
from kit.db import Session
from kit.errors import LaurelError

T = TypeVar("T")


class Context:
    """The context of one operation. Resolvers get no session but that of `reads`, for a moment."""

    def __init__(self, runtime: Runtime, caller: Caller, buckets: Buckets, secret: bytes) -> None:
        self.caller = caller
        self._buckets = buckets
        self._secret = secret
        self.reads = Reads(runtime.database)
        self.runtime = runtime
        self.now = runtime.clock.now()
        self._loaders: Loaders | None = None

    @property
    def principal(self) -> Principal:
        """Who calls."""
        return self.caller.principal

    @property
    def language(self) -> str:
        """The language in which people are spoken to: `en` or `vi`."""
        return self.caller.language

    @property
    def loaders(self) -> Loaders:
        """The batched reads of the caller's brand. Raises UnauthenticatedError without one."""
        if self._loaders is None:
            self._loaders = Loaders(self.reads, self.principal.brand, self.now)
        return self._loaders

    def cursors(self, name: str) -> Cursors:
        """Return how the cursors of a list of the caller's brand are written and read."""
        return Cursors(self._secret, f"{self.principal.brand.id}:{name}")

    async def refresh(self) -> None:
        """Begin again at this instant: what was read before is not true any more."""
        await self.close()
        self.now = self.runtime.clock.now()

    async def close(self) -> None:
        """End what is still being read, and forget what was."""
        await self.reads.close()
        self._loaders = None

    async def may_guess(self, kind: str) -> None:
        """Refuse a look for something guessable, such as a code, after too many that missed.

        Each execution of a field counts, whatever the number of requests: aliases give no more
        guesses. Raises LaurelError `TOO_MANY_GUESSES`.
        """
        left = await self._buckets.take(self._guesses(kind), 0, GUESSES)
        if left.available < 1:
            message = "Too many of these were looked for and not found; wait a minute."
            raise LaurelError(message, code="TOO_MANY_GUESSES")

    async def missed(self, kind: str) -> None:
        """Count a look that found nothing."""
        await self._buckets.take(self._guesses(kind), 1, GUESSES, force=True)

    def _guesses(self, kind: str) -> str:
        return f"guess:{kind}:{self.caller.account}"

    async def write(self, work: Callable[[Session, datetime], Awaitable[T]]) -> T:
        """Run ``work`` as one transaction at one instant; what is read later sees its effect."""
        await self.close()
        now = self.runtime.clock.now()
        done = await self.runtime.database.write(lambda session: work(session, now))
        self.now = now
        return done


Info = strawberry.Info[Context, None]
