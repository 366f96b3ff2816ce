"""Answers that many take: made once, new for who comes, none lost, nothing left behind."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from api.boards import KEPT_SECONDS
from api.graphql.feeds import Answer, FeedError, Feeds
from tests.support.live import leaving_nothing

SECONDS_MAX = 5


class Source:
    """What is followed: a number that grows. A reading takes a moment."""

    def __init__(self) -> None:
        self.number = 0
        self.begun = self.readings = self.open = 0
        self._moved = asyncio.Event()
        self.fails = False

    def move(self) -> None:
        """Let it grow."""
        self.number += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def read(self, times: int) -> None:
        """Wait until it was read so often, and a moment."""
        async with asyncio.timeout(SECONDS_MAX):
            while self.readings < times:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)

    async def stream(self) -> AsyncGenerator[Answer, None]:
        """Yield it now and whenever it has grown."""
        self.begun += 1
        self.open += 1
        try:
            while True:
                moved = self._moved
                yield await self._read()
                await moved.wait()
                if self.fails:
                    raise OSError
        finally:
            self.open -= 1

    async def _read(self) -> Answer:
        self.readings += 1
        begun, number = time.monotonic(), self.number
        await asyncio.sleep(0.01)
        return Answer({"n": number}, failed=False, begun=begun, news=number)


async def following(feeds: Feeds, source: Source, upto: int, slow: float = 0) -> list[int]:
    """Follow until a number; return all that came."""
    found: list[int] = []
    async with (
        asyncio.timeout(SECONDS_MAX),
        feeds.joined("one", source.stream) as feed,
        aclosing(feed.answers()) as answers,
    ):
        async for answer in answers:
            assert isinstance(answer.content, dict)
            found.append(answer.content["n"])
            if found[-1] >= upto:
                break
            await asyncio.sleep(slow)
    return found


async def test_it_is_made_once_for_all_who_follow() -> None:
    feeds, source = Feeds(), Source()
    async with leaving_nothing():
        many = [asyncio.create_task(following(feeds, source, 3)) for _ in range(50)]
        for _ in range(3):
            await source.read(source.number + 1)
            source.move()
        assert [await each for each in many] == [[0, 1, 2, 3]] * 50
        assert (source.begun, source.readings, source.open, len(feeds)) == (1, 4, 0, 0)


async def test_who_is_slow_gets_the_latest() -> None:
    feeds, source = Feeds(), Source()
    slow = asyncio.create_task(following(feeds, source, 3, slow=0.5))
    for _ in range(3):
        await source.read(source.number + 1)
        source.move()
    await source.read(4)
    assert await slow == [0, 3]


async def test_who_comes_later_looks_again_together() -> None:
    feeds, source = Feeds(), Source()
    first = asyncio.create_task(following(feeds, source, 2))
    await asyncio.sleep(KEPT_SECONDS + 0.1)
    # Nobody has said so yet.
    source.number = 1
    late = [asyncio.create_task(following(feeds, source, 2)) for _ in range(20)]
    await asyncio.sleep(0)
    late[0].cancel()
    await source.read(2)
    assert (source.begun, source.readings) == (2, 2)
    source.move()
    assert [await each for each in late[1:]] == [[1, 2]] * 19
    assert await first == [0, 2]
    assert (source.readings, source.open, len(feeds)) == (3, 0, 0)


async def test_a_failure_ends_it_for_all_and_who_comes_next_begins_anew() -> None:
    feeds, source = Feeds(), Source()
    many = [asyncio.create_task(following(feeds, source, 9)) for _ in range(3)]
    await source.read(1)
    source.fails = True
    source.move()
    for each in many:
        with pytest.raises(FeedError):
            await each
    source.fails = False
    assert await following(feeds, source, 1) == [1]
    assert (source.begun, source.open, len(feeds)) == (2, 0, 0)


async def test_the_end_is_everybodys() -> None:
    async def stream() -> AsyncGenerator[Answer, None]:
        yield Answer({"n": 1}, failed=True)

    feeds = Feeds()
    async with feeds.joined("one", stream) as feed:
        assert [each.failed async for each in feed.answers()] == [True]
