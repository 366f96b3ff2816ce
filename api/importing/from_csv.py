"""Purchases from CSV."""

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from api.importing.columns import Block, Plan, TextColumn, convert, plan_columns
from api.importing.mapping import Mapping
from api.importing.shape import Fault, Rows, SourceError
from api.importing.text import TextLine, TextLines, in_blocks

_RECORD_LINES_MAX = 1000


class Record(NamedTuple):
    """One CSV record: the line it begins on, its cells, and what is wrong with it as a whole."""

    line: int
    length: int
    cells: list[str]
    fault: Fault | None


class CsvRows:
    """The rows of a CSV file with a header. Raises SourceError if the header can't serve."""

    def __init__(self, path: Path, mapping: Mapping, currency: str, decimals: int) -> None:
        self.lines = TextLines(path)
        try:
            self._open(path, mapping, currency, decimals)
        except SourceError:
            self.lines.close()
            raise

    def _open(self, path: Path, mapping: Mapping, currency: str, decimals: int) -> None:
        self._delimiter = mapping.delimiter
        self._records = records(self.lines, mapping.delimiter)
        first = next(self._records, None)
        if first is None or first.fault:
            reason = first.fault.message if first and first.fault else "there is none"
            message = f"The header line of {path} can't be read: {reason}."
            raise SourceError(message)
        self._header = first.cells
        names = [name.strip() for name in first.cells]
        self._plan: Plan = plan_columns(mapping, names, currency, decimals)
        self._places = {name: names.index(name) for name in self._plan.names}

    def __iter__(self) -> Iterator[Rows]:
        """Yield checked rows, some thousands at a time."""
        for records in in_blocks(self._records, lambda record: record.length):
            yield convert(self._block(records), self._plan)

    def _block(self, records: list[Record]) -> Block:
        faults: dict[int, Fault] = {}
        rows: list[Sequence[str | None]] = [record.cells for record in records]
        for index, record in enumerate(records):
            fault = record.fault or self._misfit(record.cells)
            if fault:
                faults[index] = fault
                if len(record.cells) != len(self._header) or fault.code == "HEADER_REPEATED":
                    rows[index] = self._in_place(record)
        cells = list(zip(*rows, strict=True))
        return Block(
            lines=[record.line for record in records],
            columns={name: TextColumn(cells[place]) for name, place in self._places.items()},
            raw=lambda index: _joined(records[index].cells),
            faults=faults,
        )

    def _in_place(self, record: Record) -> list[str | None]:
        """Return the cells up to the moment, if it stands in its column; else none of them.

        A moment in its place shows that no cell before it has shifted or is cut short.
        """
        cells = record.cells
        if record.fault and record.fault.code == "ROW_MALFORMED":
            cells = cells[0].split('"')[0].split(self._delimiter)[:-1]
        (name,) = self._plan.sources["occurred_at"]
        place = self._places[name]
        sound = place < len(cells) and isinstance(
            self._plan.memos["occurred_at"][cells[place]], datetime
        )
        kept = cells[: place + 1] if sound else []
        return [*kept, *[None] * (len(self._header) - len(kept))]

    def _misfit(self, cells: list[str]) -> Fault | None:
        if len(cells) != len(self._header):
            return Fault(
                "ROW_WIDTH", f"the row has {len(cells)} fields, the header {len(self._header)}"
            )
        if cells == self._header:
            return Fault("HEADER_REPEATED", "the header line stands here once more")
        return None


class _Feed:
    """Hands lines to the csv reader and remembers those of the current record."""

    def __init__(self, lines: TextLines) -> None:
        self._lines = iter(lines)
        self._again: deque[TextLine] = deque()
        self.taken: list[TextLine] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if len(self.taken) == _RECORD_LINES_MAX:
            message = f"a quoted field is still open after {_RECORD_LINES_MAX} lines"
            raise csv.Error(message)
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line.text

    def put_back(self) -> TextLine:
        """Return the record's first line and have the others read again."""
        first, *others = self.taken
        self._again.extendleft(reversed(others))
        return first


def records(lines: TextLines, delimiter: str) -> Iterator[Record]:
    """Yield the records. One that is not CSV costs its first line; reading resumes after it."""
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            first = feed.put_back()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            wrong = first.fault or Fault("ROW_MALFORMED", f"the row is not valid CSV: {error}")
            yield Record(first.number, len(first.text), [first.text.rstrip("\r\n")], wrong)
            continue
        if cells:
            fault = next((line.fault for line in feed.taken if line.fault), None)
            length = sum(len(line.text) for line in feed.taken)
            yield Record(feed.taken[0].number, length, cells, fault)


def _joined(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
