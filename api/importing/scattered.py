"""Bring the rows of each purchase together on disk when a file scatters them."""

import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson

from api.importing.shape import FIELDS, Fault, RowFault, Rows

PARTITIONS = 64

_BLOCK_ROWS = 16_384


def gathered(stream: Iterable[Rows]) -> Iterator[Rows]:
    """Yield the same rows, those of one key together, in the order of their lines.

    Rows pass through temporary files, one per part of the keys, so that memory holds one part
    of the file at a time.
    """
    with tempfile.TemporaryDirectory(prefix="laurel-import-") as folder:
        paths = [Path(folder) / f"{number}.jsonl" for number in range(PARTITIONS)]
        files = [path.open("ab") for path in paths]
        try:
            for rows in stream:
                _scatter(rows, files)
        finally:
            for file in files:
                file.close()
        for path in paths:
            yield from _gather(path)
            path.unlink()


def _scatter(rows: Rows, files: Sequence[IO[bytes]]) -> None:
    columns = [rows.cells[name] for name in FIELDS]
    for line, key, *cells in zip(rows.line, rows.key, *columns, strict=True):
        part = zlib.crc32((key or "").encode()) % len(files)
        row = [line, key, rows.faults.get(line), cells]
        files[part].write(orjson.dumps(row, default=tuple, option=orjson.OPT_APPEND_NEWLINE))


def _gather(path: Path) -> Iterator[Rows]:
    with path.open("rb") as file:
        found = [orjson.loads(line) for line in file]
    order = {key: place for place, key in enumerate(dict.fromkeys(row[1] for row in found))}
    found.sort(key=lambda row: order[row[1]])
    for start in range(0, len(found), _BLOCK_ROWS):
        yield _rows(found[start : start + _BLOCK_ROWS])


def _rows(found: list[Any]) -> Rows:
    columns = zip(*(row[3] for row in found), strict=True)
    cells = {name: list(column) for name, column in zip(FIELDS, columns, strict=True)}
    cells["occurred_at"] = [_moment(value) for value in cells["occurred_at"]]
    faults = {row[0]: RowFault(Fault(*row[2][0]), row[2][1]) for row in found if row[2]}
    return Rows([row[0] for row in found], [row[1] for row in found], cells, faults)


def _moment(value: object) -> object:
    return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else value
