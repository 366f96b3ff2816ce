"""A batched read for which several fields of one operation may wait."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from api.graphql.reads import Reads
from kit.db import Session

K = TypeVar("K")
V = TypeVar("V")
Read = Callable[[Session, list[K]], Coroutine[Any, Any, Mapping[K, V]]]


class _GivenUpError(Exception):
    """A read was ended; nobody who calls waits for it any more."""


class Shared(DataLoader[K, V]):
    """A loader of what several wait for: who gives up waiting ends it for nobody else."""

    def __init__(self, load_fn: Callable[[list[K]], Awaitable[Sequence[V]]]) -> None:
        async def load(keys: list[K]) -> Sequence[V]:
            try:
                return await load_fn(keys)
            except asyncio.CancelledError:
                # Else another loader that waits for this one would do so for ever.
                raise _GivenUpError from None

        super().__init__(load_fn=load)

    def load(self, key: K) -> Awaitable[V]:
        """Return what becomes the value of ``key``."""
        found = asyncio.ensure_future(super().load(key))
        if found.done():
            return found
        # Those who wait may all be gone when it fails.
        found.add_done_callback(_looked_at)
        return asyncio.shield(found)


def batched(reads: Reads, read: Read[K, V]) -> DataLoader[K, V | None]:
    """Return a loader of what ``read`` finds by its keys in one go; None for what it doesn't."""

    async def load(keys: list[K]) -> Sequence[V | None]:
        async with reads.session() as session:
            found = await read(session, keys)
        return [found.get(key) for key in keys]

    return Shared(load_fn=load)


def _looked_at(found: asyncio.Future[Any]) -> None:
    if not found.cancelled():
        found.exception()
