"""Purchases from Parquet."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from api.importing.cells import Stamp
from api.importing.columns import Block, Memo, Plan, convert, plan_columns
from api.importing.mapping import Mapping
from api.importing.shape import Fault, Rows, SourceError

_BLOCK_ROWS = 16_384
_BLOCK_BYTES = 64 << 20
_READ_BUFFER_BYTES = 1 << 20
_MONEY = ("amount", "discount")
# Microseconds in one unit, as a fraction.
_MICROS = {"s": (1_000_000, 1), "ms": (1000, 1), "us": (1, 1), "ns": (1, 1000)}
_DAY_MICROS = (86_400_000_000, 1)


class ArrowColumn:
    """Cells of one column of a record batch."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def convert(self, memo: Memo) -> tuple[list[Any], bool]:
        """Return the parsed cells, and whether a fault is among them."""
        encoded = _plain(self._array).dictionary_encode(null_encoding="encode")
        kind = self._array.type
        parsed = [memo[value] for value in _values(encoded.dictionary, kind)]
        return [parsed[place] for place in encoded.indices.to_pylist()], Fault in map(type, parsed)


class ParquetRows:
    """The rows of a Parquet file. Raises SourceError if it is damaged or a column can't serve."""

    def __init__(self, path: Path, mapping: Mapping, currency: str, decimals: int) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path, buffer_size=_READ_BUFFER_BYTES)
            schema = self._file.schema_arrow
        except (OSError, pa.ArrowException) as error:
            message = f"{path} is no readable Parquet file, or a truncated one: {error}."
            raise SourceError(message, code="SOURCE_TRUNCATED") from error
        try:
            self._plan: Plan = plan_columns(mapping, schema.names, currency, decimals)
            _check_types(self._plan, schema, mapping)
        except SourceError:
            self._file.close()
            raise
        self.total = self._file.metadata.num_rows
        self.done = 0

    def __iter__(self) -> Iterator[Rows]:
        """Yield checked rows, some thousands at a time. Raises SourceError on a damaged page."""
        batches = self._file.iter_batches(
            batch_size=_block_rows(self._file.metadata), columns=self._plan.names
        )
        with self._file:
            while batch := self._next(batches):
                first = self.done + 1
                self.done += batch.num_rows
                yield convert(_block(batch, first), self._plan)

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        try:
            return next(batches, None)
        except (OSError, pa.ArrowException) as error:
            message = f"{self._path} is damaged after row {self.done}: {error}."
            raise SourceError(message, code="SOURCE_TRUNCATED") from error


def _block_rows(metadata: pq.FileMetaData) -> int:
    """Return how many rows to read at once: fewer if they are long."""
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    longest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
    return max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // max(longest, 1)))


def _block(batch: pa.RecordBatch, first: int) -> Block:
    return Block(
        lines=list(range(first, first + batch.num_rows)),
        columns={name: ArrowColumn(batch.column(name)) for name in batch.schema.names},
        raw=partial(_raw, batch),
    )


def _raw(batch: pa.RecordBatch, index: int) -> str:
    row = {
        name: _values(_plain(column.slice(index, 1)), column.type)[0]
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return json.dumps(row, default=str, ensure_ascii=False)


def _plain(array: Any) -> Any:
    """Return the array without a dictionary, instants as bare integers of their unit."""
    if pa.types.is_dictionary(array.type):
        return _plain(array.dictionary_decode())
    if pa.types.is_timestamp(array.type) or pa.types.is_date64(array.type):
        return array.cast(pa.int64())
    return array.cast(pa.int32()) if pa.types.is_date32(array.type) else array


def _values(array: Any, kind: Any) -> list[Any]:
    """Return the cells of a plain array as Python values; text that is not UTF-8 as bytes."""
    if pa.types.is_dictionary(kind):
        return _values(array, kind.value_type)
    if not pa.types.is_temporal(kind):
        try:
            return list(array.to_pylist())
        except UnicodeDecodeError:
            return list(array.cast(pa.large_binary()).to_pylist())
    times, over = _micros(kind)
    aware = pa.types.is_timestamp(kind) and kind.tz is not None
    return [
        None if value is None else Stamp(value * times // over, aware)
        for value in array.to_pylist()
    ]


def _micros(kind: Any) -> tuple[int, int]:
    if pa.types.is_date32(kind):
        return _DAY_MICROS
    return _MICROS["ms" if pa.types.is_date64(kind) else kind.unit]


def _check_types(plan: Plan, schema: pa.Schema, mapping: Mapping) -> None:
    for field, names in plan.sources.items():
        for name in names:
            kind = schema.field(name).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            remedy = _remedy(field, kind, mapping)
            if remedy:
                message = f"Column {name!r} for {field} is of type {kind}: {remedy}."
                raise SourceError(message, code="COLUMN_TYPE", path=(field,))


def _remedy(field: str, kind: Any, mapping: Mapping) -> str | None:
    """Return what to do about a column type that can't feed a field, None if it can."""
    types = pa.types
    stamp = types.is_timestamp(kind) or types.is_date(kind)
    text = types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind)
    if field == "occurred_at":
        if not stamp:
            return None if text else "export it as a timestamp or as ISO 8601 text"
        aware = types.is_timestamp(kind) and kind.tz is not None
        return None if aware or mapping.zone else "it has no zone; give time_zone in the mapping"
    if field in _MONEY and (types.is_float32(kind) or types.is_float16(kind)):
        return "32 bits can't carry cents exactly; export it as decimal or as double"
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    return None if text or number else "export it as text or as a number"
