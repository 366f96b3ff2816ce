"""Answers that are made once and taken by many, each from where they came in."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from api.boards import KEPT_SECONDS
from kit.tasks import ended

Content = dict[str, Any] | orjson.Fragment
"""An answer, as it is or as the JSON that it is."""

_log = structlog.get_logger("laurel.graphql")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and whether it tells of a failure."""

    content: Content
    failed: bool
    begun: float = 0
    """When what it tells was begun to be read, as `time.monotonic` counts."""
    news: object = None
    """What has changed, if it is another one than before."""


Stream = Callable[[], AsyncGenerator[Answer, None]]
"""Begins a row of answers: one now, and then one whenever there is news."""


class Feed:
    """One row of answers, for all who come. Whoever is slow finds the latest one only."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._fresh: Answer | None = None
        self._latest: Answer | None = None
        self._told = asyncio.Event()
        self._making = asyncio.create_task(self._make())
        self._looking: asyncio.Task[Answer] | None = None
        self.followers = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self._making.done()

    async def answers(self) -> AsyncGenerator[Answer, None]:
        """Yield an answer that is as new as any reading, and then those with other news."""
        last: Answer | None = None
        if self._latest is not None:
            last = await self._look()
            yield last
        while True:
            told, answer = self._told, self._latest
            if answer is not None and (last is None or _is_news(answer, last)):
                last = answer
                yield answer
            elif self.is_over:
                if self._making.cancelled() or self._making.exception():
                    raise FeedError
                return
            else:
                await told.wait()

    async def aclose(self) -> None:
        """End it."""
        await ended(self._making, *([self._looking] if self._looking else []))

    async def _make(self) -> None:
        try:
            async with aclosing(self._stream()) as answers:
                async for answer in answers:
                    self._fresh = self._latest = answer
                    began = time.monotonic()
                    self._tell()
                    # All who are told have their turn now; then others have half as long.
                    await asyncio.sleep(0)
                    await asyncio.sleep((time.monotonic() - began) / 2)
        except Exception:
            _log.exception("what many follow has failed")
            raise
        finally:
            self._tell()

    def _tell(self) -> None:
        told, self._told = self._told, asyncio.Event()
        told.set()

    async def _look(self) -> Answer:
        """Return what is right now, read once for all who come at the same time."""
        fresh = self._fresh
        if fresh is not None and fresh.begun >= time.monotonic() - KEPT_SECONDS:
            return fresh
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._read())
            self._looking.add_done_callback(_looked_at)
        # Who leaves must not take the reading from the others.
        return await asyncio.shield(self._looking)

    async def _read(self) -> Answer:
        async with aclosing(self._stream()) as answers:
            self._fresh = await anext(answers)
        return self._fresh


class Feeds:
    """The feeds of a process: each lives as long as somebody follows it."""

    def __init__(self) -> None:
        self._feeds: dict[Hashable, Feed] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._feeds)

    @asynccontextmanager
    async def joined(self, of: Hashable, stream: Stream) -> AsyncIterator[Feed]:
        """Follow a feed for the block; whoever is the first begins it with ``stream``."""
        feed = self._feeds.get(of)
        if feed is None or feed.is_over:
            feed = self._feeds[of] = Feed(stream)
        feed.followers += 1
        try:
            yield feed
        finally:
            feed.followers -= 1
            if not feed.followers:
                if self._feeds.get(of) is feed:
                    del self._feeds[of]
                await feed.aclose()


class FeedError(Exception):
    """What many follow has failed; it is logged once."""


def _is_news(answer: Answer, last: Answer) -> bool:
    return answer.begun >= last.begun and answer.news != last.news


def _looked_at(looking: asyncio.Task[Answer]) -> None:
    if not looking.cancelled():
        looking.exception()
