"""Open a file of purchases, whatever its format."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from api.importing.baskets import baskets
from api.importing.from_csv import CsvRows
from api.importing.from_jsonl import JsonlRows
from api.importing.from_parquet import ParquetRows
from api.importing.mapping import Mapping
from api.importing.scattered import gathered
from api.importing.shape import Item, Rows, SourceError
from api.importing.strays import attributed

Format: TypeAlias = Literal["auto", "csv", "jsonl", "parquet"]

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_READERS: dict[Format, type[CsvRows | JsonlRows | ParquetRows]] = {
    "csv": CsvRows,
    "jsonl": JsonlRows,
    "parquet": ParquetRows,
}


class Purchases:
    """An opened file of purchases: iterate over it once, in a worker thread if need be."""

    def __init__(self, rows: CsvRows | JsonlRows | ParquetRows, *, scattered: bool) -> None:
        self._rows = rows
        self._meter = rows if isinstance(rows, ParquetRows) else rows.lines
        self._scattered = scattered
        self.total = self._meter.total

    @property
    def done(self) -> int:
        """How much of ``total`` has been read."""
        return self._meter.done

    def __iter__(self) -> Iterator[list[Item]]:
        """Yield the purchases and rejects, some thousands at a time. Raises SourceError."""
        rows: Iterable[Rows] = attributed(self._rows)
        return baskets(gathered(rows) if self._scattered else rows)


def open_purchases(
    path: Path,
    format: Format,  # noqa: A002 - it is the option's name
    mapping: Mapping,
    brand_currency: str,
    exponent: int,
    *,
    scattered: bool = False,
) -> Purchases:
    """Open ``path`` and check that its columns can feed purchases of a brand.

    ``exponent`` is the number of decimals of ``brand_currency``. ``scattered`` is for files in
    which the lines of one purchase do not stand together. Raises SourceError if the file can't
    be opened, is empty or damaged, or lacks a column; its message says what to do.
    """
    if not path.is_file():
        message = f"{path} is not a file."
        raise SourceError(message)
    kind = _format_of(path) if format == "auto" else format
    reader = _READERS[kind]
    return Purchases(reader(path, mapping, brand_currency, exponent), scattered=scattered)


def _format_of(path: Path) -> Format:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    if suffixes and suffixes[-1] in _SUFFIXES:
        return _SUFFIXES[suffixes[-1]]
    message = f"The format of {path.name} can't be told from its name; say it with --format."
    raise SourceError(message, code="FORMAT_UNKNOWN")
