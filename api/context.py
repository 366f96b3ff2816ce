"""What one GraphQL operation works with: who calls, at which instant, its reads, its write."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from api.auth import Principal
from api.caller import Caller
from api.graphql.board_reads import BoardReads
from api.graphql.guesses import Guesses
from api.graphql.loaders import Loaders
from api.graphql.reads import Reads
from api.graphql.signing import Cursors
from api.runtime import Runtime
from domain.brands.rules import Brand
from kit.db import Session

T = TypeVar("T")


class Context:
    """The context of one operation. Resolvers get no session but that of `reads`, for a moment."""

    def __init__(self, runtime: Runtime, caller: Caller, guesses: Guesses, secret: bytes) -> None:
        self.caller = caller
        self._guesses = guesses
        self._secret = secret
        self.reads = Reads(runtime.database)
        self.runtime = runtime
        self.now = runtime.clock.now()
        self._loaders: Loaders | None = None
        self._boards: BoardReads | None = None

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

    @property
    def boards(self) -> BoardReads:
        """The batched reads of its boards. Raises UnauthenticatedError without one."""
        if self._boards is None:
            brand, views = self.principal.brand, self.runtime.views
            self._boards = BoardReads(
                self.reads, self.loaders, views, brand, self.now, self.language
            )
        return self._boards

    def cursors(self, name: str, brand: Brand | None = None) -> Cursors:
        """Return how the cursors of a list of a brand, else the caller's, are written and read."""
        return Cursors(self._secret, f"{(brand or self.principal.brand).id}:{name}")

    async def refresh(self) -> None:
        """Begin again at this instant: what was read before is not true any more."""
        await self.close()
        self.now = self.runtime.clock.now()

    async def close(self) -> None:
        """End what is still being read, and forget what was."""
        reads, self.reads = self.reads, Reads(self.runtime.database)
        self._loaders = self._boards = None
        await reads.close()

    async def guessed(self, kind: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return what ``look`` finds of something guessable, such as a code.

        Raises LaurelError `TOO_MANY_GUESSES`.
        """
        return await self._guesses.found(self.caller.account, kind, look)

    async def write(self, work: Callable[[Session, datetime], Awaitable[T]]) -> T:
        """Run ``work`` as one transaction at one instant; what is read later sees its effect."""
        await self.close()
        now = self.runtime.clock.now()
        done = await self.runtime.database.write(lambda session: work(session, now))
        self.now = now
        return done


Info = strawberry.Info[Context, None]
