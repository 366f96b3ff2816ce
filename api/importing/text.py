"""Lines of a text file: plain or gzip, bounded in length, with what is wrong with each."""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, TypeVar, cast

from api.importing.shape import Fault, SourceError

LINE_BYTES_MAX = 1 << 20
BLOCK_ROWS_MAX = 8192
BLOCK_LENGTH_MAX = 8 << 20

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")
_TOO_LONG = Fault("ROW_TOO_LONG", f"the row is longer than {LINE_BYTES_MAX} bytes")
_NOT_UTF8 = Fault("NOT_UTF8", "the row is not valid UTF-8")


T = TypeVar("T")


class TextLine(NamedTuple):
    """A physical line with its number from 1. Bytes that are not UTF-8 become surrogates."""

    number: int
    text: str
    fault: Fault | None


class TextLines:
    """The physical lines of a file, read once. ``done`` counts bytes of the file itself."""

    def __init__(self, path: Path) -> None:
        try:
            self.total = path.stat().st_size
            self._raw = path.open("rb")
        except OSError as error:
            message = f"{path} can't be opened: {error.strerror}."
            raise SourceError(message) from error
        start = self._raw.peek(len(_BOM))
        if not start:
            self._raw.close()
            message = f"{path} is empty."
            raise SourceError(message, code="SOURCE_EMPTY")
        if start.startswith(_WIDE_BOMS):
            self._raw.close()
            message = f"{path} is UTF-16; save it as UTF-8."
            raise SourceError(message)
        self._path = path
        packed = start.startswith(_GZIP_MAGIC)
        packed_file = gzip.open(self._raw) if packed else self._raw  # noqa: SIM115 - see close()
        self._file = cast("IO[bytes]", packed_file)

    @property
    def done(self) -> int:
        """Bytes read so far, all of them once the file is closed."""
        return self.total if self._raw.closed else self._raw.tell()

    def close(self) -> None:
        """Close the file without reading it further."""
        self._file.close()
        self._raw.close()

    def __iter__(self) -> Iterator[TextLine]:
        """Yield each line. Raises SourceError where a compressed file breaks off."""
        number = 0
        try:
            with self._raw, self._file:
                while data := self._file.readline(LINE_BYTES_MAX + 1):
                    number += 1
                    yield self._line(number, data)
        except (EOFError, OSError, zlib.error) as error:
            message = f"{self._path} breaks off or is damaged after line {number}: {error}."
            raise SourceError(message, code="SOURCE_TRUNCATED") from error

    def _line(self, number: int, data: bytes) -> TextLine:
        if number == 1:
            data = data.removeprefix(_BOM)
        if len(data) > LINE_BYTES_MAX:
            self._skip_line(data)
            start = data[: LINE_BYTES_MAX // 64].decode(errors="surrogateescape")
            return TextLine(number, start + "\n", _TOO_LONG)
        try:
            return TextLine(number, data.decode(), None)
        except UnicodeDecodeError:
            return TextLine(number, data.decode(errors="surrogateescape"), _NOT_UTF8)

    def _skip_line(self, data: bytes) -> None:
        while data and not data.endswith(b"\n"):
            data = self._file.readline(LINE_BYTES_MAX)


def in_blocks(rows: Iterable[T], length: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield rows in lists of bounded number and of bounded total length."""
    block: list[T] = []
    total = 0
    for row in rows:
        block.append(row)
        total += length(row)
        if len(block) >= BLOCK_ROWS_MAX or total >= BLOCK_LENGTH_MAX:
            yield block
            block, total = [], 0
    if block:
        yield block
