"""What one GraphQL operation works with: who calls, at which instant, its reads, its write."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from api.auth import Principal
from api.graphql.loaders import Loaders
from api.runtime import Runtime
from kit.db import Session

T = TypeVar("T")


class Context:
    """The context of one operation. Resolvers get no session: each read opens a short one."""

    def __init__(self, runtime: Runtime, principal: Principal, now: datetime) -> None:
        self.principal = principal
        self.now = now
        self.database = runtime.database
        self._clock = runtime.clock
        self._loaders: Loaders | None = None

    @property
    def loaders(self) -> Loaders:
        """The batched reads of the caller's brand. Raises UnauthenticatedError without one."""
        if self._loaders is None:
            self._loaders = Loaders(self.database, self.principal.brand, self.now)
        return self._loaders

    async def write(self, work: Callable[[Session, datetime], Awaitable[T]]) -> T:
        """Run ``work`` as one transaction at one instant; what is read later sees its effect."""
        now = self._clock.now()
        done = await self.database.write(lambda session: work(session, now))
        self.now = now
        self._loaders = None
        return done


Info = strawberry.Info[Context, None]
