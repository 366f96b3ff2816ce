"""The file of what was not imported, and why."""

import csv
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from api.importing.shape import Reject, SourceError

_HEADER = Reject._fields


class Rejects:
    """Writes rejects as CSV to ``path``; leaves none of its own behind if there were none.

    Use it as a context manager. Raises SourceError if the file can't be written, or if one
    stands there that an import did not write.
    """

    def __init__(self, path: Path, *, source: Path) -> None:
        self.path = path
        self.count = 0
        try:
            # A file of rejects from before is ours to remove; anything else that exists is not.
            self._removable = not path.is_symlink() and (
                not path.exists() or (path.is_file() and path.stat().st_size > 0)
            )
            if path.is_file() and (path.samefile(source) or not _is_ours(path)):
                message = f"{path} exists and is no file of rejects; name another with --rejects."
                raise SourceError(message, code="REJECTS_UNWRITABLE")
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            message = f"{path} can't be written: {error.strerror}; name another with --rejects."
            raise SourceError(message, code="REJECTS_UNWRITABLE") from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(_HEADER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.count:
            self._empty()
        self._file.close()
        if not self.count and self._removable:
            with suppress(OSError):
                self.path.unlink()

    def _empty(self) -> None:
        # A device or a pipe has no length to cut.
        with suppress(OSError):
            self._file.seek(0)
            self._file.truncate()

    def write(self, reject: Reject) -> None:
        """Add one reject."""
        self.count += 1
        self._writer.writerow(reject)


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(200)
    return not start or start.startswith(",".join(_HEADER).encode())
