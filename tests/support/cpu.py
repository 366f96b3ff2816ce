"""How much of a core a piece of work takes, apart from what watches the tests themselves."""

import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")

_YARDSTICK_MILLISECONDS = 1.9
"""What `_yardstick` takes on the machine for which milliseconds are said: 2 quiet cores."""


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


def _yardstick() -> float:
    """Return the CPU, in milliseconds, that a fixed piece of work takes on this machine now."""
    begun = time.process_time()
    seen: dict[int, str] = {}
    for number in range(10_000):
        seen[number & 255] = str(number)
    return (time.process_time() - begun) * 1_000


async def _cost(work: Callable[[int], Awaitable[T]], number: int) -> tuple[float, T]:
    """Return what ``work`` takes, as a quiet machine would say it, and what it gave.

    A busy neighbour slows both: what else takes as long as the yardstick is as dear as it.
    """
    before = _yardstick()
    begun = time.process_time()
    answer = await work(number)
    taken = (time.process_time() - begun) * 1_000
    return taken * _YARDSTICK_MILLISECONDS * 2 / (before + _yardstick()), answer


async def least(
    work: Callable[[int], Awaitable[T]], enough: float, times: int = 10
) -> tuple[float, T]:
    """Do ``work``, numbered from 0; return the least CPU it took and what it gave.

    It is done again, for a busy machine's sake, until it takes no more than ``enough``. CPU is in
    milliseconds of a quiet machine (`_cost`) and is that of the whole process.
    """
    found: list[float] = []
    with _unwatched():
        for number in range(times):
            taken, answer = await _cost(work, number)
            found.append(taken)
            if taken <= enough:
                break
    return min(found), answer


async def beside(
    first: Callable[[int], Awaitable[object]],
    second: Callable[[int], Awaitable[object]],
    times: int,
) -> tuple[float, float]:
    """Do two things in turns, many times; return the median of the CPU of each.

    In milliseconds of a quiet machine (`_cost`).
    """
    found: tuple[list[float], list[float]] = ([], [])
    with _unwatched():
        for number in range(times):
            for work, noted in zip((first, second), found, strict=True):
                noted.append((await _cost(work, number))[0])
    one, other = (sorted(each)[times // 2] for each in found)
    return one, other
