"""Files of codes for a pool: read in blocks, handed on, counted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeAlias

from api.importing.from_csv import records
from api.importing.run import EXIT_FINE, EXIT_NOT_RUN, EXIT_WITH_REJECTS
from api.importing.shape import Fault, Reject, SourceError, shortened
from api.importing.text import TextLines, in_blocks
from domain.vouchers.service_pools import AddedCodes

HEADERS = frozenset({"code", "codes"})
"""First fields that are a header without being announced as one."""


class CodeLine(NamedTuple):
    """A line's number, what stands there for a code, and why the line can't be read, if so."""

    line: int
    text: str
    fault: Fault | None


Add: TypeAlias = Callable[[Sequence[str]], Awaitable[AddedCodes]]


class CodeFile:
    """An opened file of codes: iterate over it once. ``done`` of ``total`` bytes are read.

    The first column of a file named .csv, the whole lines of any other; both also .gz. Raises
    SourceError if it can't be opened.
    """

    def __init__(self, path: Path, *, delimiter: str = ",", header: bool = False) -> None:
        if not path.is_file():
            message = f"{path} is not a file."
            raise SourceError(message)
        self._lines = TextLines(path)
        self._delimiter = delimiter if ".csv" in [each.lower() for each in path.suffixes] else None
        self._header = header
        self.total = self._lines.total

    @property
    def done(self) -> int:
        """How much of ``total`` has been read."""
        return self._lines.done

    def close(self) -> None:
        """Close the file without reading it further."""
        self._lines.close()

    def __iter__(self) -> Iterator[list[CodeLine]]:
        """Yield the lines, some thousands at a time. Raises SourceError where the file breaks."""
        return in_blocks(self._codes(), lambda line: len(line.text))

    def _codes(self) -> Iterator[CodeLine]:
        found = iter(self._whole() if self._delimiter is None else self._cells(self._delimiter))
        first = next(found, None)
        if first and not self._header and first.text.strip().lower() not in HEADERS:
            yield first
        yield from found

    def _whole(self) -> Iterator[CodeLine]:
        for line in self._lines:
            yield CodeLine(line.number, line.text.rstrip("\r\n"), line.fault)

    def _cells(self, delimiter: str) -> Iterator[CodeLine]:
        for record in records(self._lines, delimiter):
            yield CodeLine(record.line, record.cells[0], record.fault)


@dataclass(slots=True)
class CodeSummary:
    """The counts of an import of codes, growing while it runs."""

    added: int = 0
    known: int = 0
    rejected: int = 0
    failure: SourceError | None = None
    started: float = field(default_factory=monotonic)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Codes per second."""
        return (self.added + self.known) / self.seconds if self.seconds else 0.0

    @property
    def exit_code(self) -> int:
        """0: all fine; 1: finished with rejects; 2: the file could not be read to its end."""
        if self.failure:
            return EXIT_NOT_RUN
        return EXIT_WITH_REJECTS if self.rejected else EXIT_FINE


async def carry(
    source: Iterable[list[CodeLine]],
    add: Add,
    *,
    reject: Callable[[Reject], None],
    progress: Callable[[CodeSummary], None],
) -> CodeSummary:
    """Add all codes of ``source``, a block at a time, and return the counts.

    A worker thread reads one block ahead. Where a file breaks off, ``failure`` is set and what was
    added stands. What ``add`` raises is passed on.
    """
    summary = CodeSummary()
    blocks = iter(source)
    ahead = _next(blocks)
    try:
        while lines := await _or_failure(ahead, summary):
            ahead = _next(blocks)
            await _add(lines, add, summary, reject)
            summary.seconds = monotonic() - summary.started
            progress(summary)
    finally:
        # A thread can't be cancelled; wait for its block so that the file can be closed.
        await asyncio.gather(ahead, return_exceptions=True)
    return summary


def _next(blocks: Iterator[list[CodeLine]]) -> "asyncio.Task[list[CodeLine] | None]":
    return asyncio.create_task(asyncio.to_thread(next, blocks, None))


async def _or_failure(
    ahead: "asyncio.Task[list[CodeLine] | None]", summary: CodeSummary
) -> list[CodeLine] | None:
    try:
        return await ahead
    except SourceError as error:
        summary.failure = error
        return None


async def _add(
    lines: Sequence[CodeLine],
    add: Add,
    summary: CodeSummary,
    reject: Callable[[Reject], None],
) -> None:
    readable = [line for line in lines if line.fault is None]
    done = await add([line.text for line in readable])
    summary.added += done.added
    summary.known += done.known
    bad = [(line, *line.fault) for line in lines if line.fault is not None]
    bad += [(readable[place], why.code, why.message) for place, why in done.refused]
    for line, code, message in sorted(bad):
        summary.rejected += 1
        reject(Reject(line.line, "", code, message, shortened(line.text)))
