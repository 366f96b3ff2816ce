"""How much of a core a piece of work takes, apart from what watches the tests themselves."""

import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def untraced() -> Iterator[None]:
    """Measure no coverage for the block, which would double its time."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


@contextmanager
def _unwatched() -> Iterator[None]:
    """Don't clear away either what other tests left behind."""
    gc.collect()
    gc.disable()
    try:
        with untraced():
            yield
    finally:
        gc.enable()


async def least(
    work: Callable[[int], Awaitable[T]], enough: float, times: int = 10
) -> tuple[float, T]:
    """Do ``work``, numbered from 0; return the least CPU it took and what it gave.

    It is done again, for a busy machine's sake, until it takes no more than ``enough``. CPU is in
    milliseconds and is that of the whole process.
    """
    found: list[float] = []
    with _unwatched():
        for number in range(times):
            begun = time.process_time()
            answer = await work(number)
            found.append((time.process_time() - begun) * 1_000)
            if found[-1] <= enough:
                break
    return min(found), answer


async def beside(
    first: Callable[[int], Awaitable[object]],
    second: Callable[[int], Awaitable[object]],
    times: int,
) -> tuple[float, float]:
    """Do two things in turns, many times; return the median of the CPU of each, in milliseconds."""
    found: tuple[list[float], list[float]] = ([], [])
    with _unwatched():
        for number in range(times):
            for work, noted in zip((first, second), found, strict=True):
                begun = time.process_time()
                await work(number)
                noted.append((time.process_time() - begun) * 1_000)
    one, other = (sorted(each)[times // 2] for each in found)
    return one, other
