"""Carry what a source reads to whatever records it, and count what happened."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol, TypeAlias

from api.importing.baskets import as_text
from api.importing.shape import Item, Read, Reject, Source, SourceError
from domain.earning.rules import Purchase

BATCH = 500

EXIT_FINE = 0
EXIT_WITH_REJECTS = 1
EXIT_NOT_RUN = 2


class Outcome(Protocol):
    """What became of one purchase, as the recording verb tells it."""

    @property
    def status(self) -> str:
        """``recorded``, ``replayed`` (it was there before, unchanged) or ``refused``."""
        ...

    @property
    def points(self) -> int:
        """Points the purchase earned, in the smallest unit of the points."""
        ...

    @property
    def code(self) -> str | None:
        """Why it was refused: the stable code."""
        ...

    @property
    def message(self) -> str | None:
        """Why it was refused, in words."""
        ...


Record: TypeAlias = Callable[[list[Purchase]], Awaitable[Sequence[Outcome]]]


@dataclass(slots=True)
class Summary:
    """The counts of an import, growing while it runs. ``failure`` is why it broke off."""

    recorded: int = 0
    replayed: int = 0
    refused: int = 0
    rejected: int = 0
    lines: int = 0
    points: int = 0
    failure: SourceError | None = None
    started: float = field(default_factory=monotonic)
    seconds: float = 0.0

    @property
    def purchases(self) -> int:
        """Purchases that were handed to the database."""
        return self.recorded + self.replayed + self.refused

    @property
    def rate(self) -> float:
        """Purchases per second."""
        return self.purchases / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """0: all fine; 1: finished with rejects; 2: the file could not be read to its end."""
        if self.failure:
            return EXIT_NOT_RUN
        return EXIT_WITH_REJECTS if self.refused or self.rejected else EXIT_FINE


async def run(
    source: Source,
    record: Record,
    *,
    batch: int = BATCH,
    limit: int | None = None,
    reject: Callable[[Reject], None],
    progress: Callable[[Summary], None],
) -> Summary:
    """Record everything ``source`` holds, ``batch`` purchases at a time, and return the counts.

    Reading runs one block ahead in a worker thread while the database works. A file that breaks
    off ends the import with ``failure`` set; what was recorded until then stands, and running it
    again with the whole file continues. What ``record`` raises is passed on.
    """
    summary = Summary()

    async def store(items: list[Item]) -> None:
        await _record(items, record, summary, reject)
        summary.seconds = monotonic() - summary.started
        progress(summary)

    waiting: list[Item] = []
    blocks = iter(source if limit is None else _first(source, limit))
    ahead = _next_block(blocks)
    try:
        while items := await _or_failure(ahead, summary):
            ahead = _next_block(blocks)
            waiting += items
            while len(waiting) >= batch:
                some, waiting = waiting[:batch], waiting[batch:]
                await store(some)
        if waiting:
            await store(waiting)
    finally:
        # A thread can't be cancelled; wait for its block so that the file can be closed.
        await asyncio.gather(ahead, return_exceptions=True)
    summary.seconds = monotonic() - summary.started
    return summary


async def _or_failure(
    ahead: "asyncio.Task[list[Item] | None]", summary: Summary
) -> list[Item] | None:
    """Return the next block, or None at the end of the file or where it breaks off."""
    try:
        return await ahead
    except SourceError as error:
        summary.failure = error
        return None


def _next_block(blocks: Iterator[list[Item]]) -> "asyncio.Task[list[Item] | None]":
    return asyncio.create_task(asyncio.to_thread(_next_filled, blocks))


def _next_filled(blocks: Iterator[list[Item]]) -> list[Item] | None:
    return next((items for items in blocks if items), None)


def _first(blocks: Iterable[list[Item]], limit: int) -> Iterator[list[Item]]:
    """Yield blocks until ``limit`` purchases and rejects have been read."""
    for items in blocks:
        yield items[:limit]
        limit -= len(items)
        if limit <= 0:
            return


async def _record(
    items: list[Item], record: Record, summary: Summary, reject: Callable[[Reject], None]
) -> None:
    reads = [item for item in items if isinstance(item, Read)]
    outcomes = await record([read.purchase for read in reads]) if reads else ()
    for read, outcome in zip(reads, outcomes, strict=True):
        _count(read, outcome, summary, reject)
    for item in items:
        if isinstance(item, Reject):
            summary.rejected += 1
            reject(item)


def _count(
    read: Read, outcome: Outcome, summary: Summary, reject: Callable[[Reject], None]
) -> None:
    purchase = read.purchase
    summary.lines += len(purchase.lines)
    if outcome.status == "refused":
        summary.refused += 1
        code, message = outcome.code or "REFUSED", outcome.message or ""
        reject(Reject(read.line, purchase.external_id, code, message, as_text(purchase)))
    elif outcome.status == "replayed":
        summary.replayed += 1
    else:
        summary.recorded += 1
        summary.points += outcome.points
