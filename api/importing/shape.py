"""The words the import speaks: documented columns, faults, rows, and what comes out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from domain.earning.rules import Purchase
from kit.errors import LaurelError

HEADER_FIELDS = ("member_id", "occurred_at", "currency", "channel", "store")
LINE_FIELDS = ("amount", "discount", "quantity", "sku", "category")
FIELDS = ("purchase_id", *HEADER_FIELDS, *LINE_FIELDS)
REQUIRED_FIELDS = ("purchase_id", "member_id", "occurred_at", "amount")

RAW_LENGTH_MAX = 1000

# Stands in the key of a row that no neighbour may join; no identifier can hold it.
WHOLE_MARK = "\n"


class SourceError(LaurelError):
    """The file, or the mapping for it, can't be read: nothing of it can be trusted further."""

    code = "SOURCE_UNREADABLE"


class Fault(NamedTuple):
    """Why a cell or a row can't be taken. Stands in the place of the value."""

    code: str
    message: str


class RowFault(NamedTuple):
    """The first fault of a row, with the row as it stood in the file."""

    fault: Fault
    raw: str


class Read(NamedTuple):
    """A purchase and the number of the file's line on which it begins."""

    line: int
    purchase: Purchase


class Reject(NamedTuple):
    """A purchase, or a row that belongs to none, that was not imported, and why."""

    line: int
    external_id: str
    code: str
    message: str
    raw: str


Item: TypeAlias = Read | Reject


class Measured(Protocol):
    """An opened file. ``done`` of ``total`` (bytes or rows) have been read."""

    @property
    def total(self) -> int:
        """How much there is to read."""
        ...

    @property
    def done(self) -> int:
        """How much of it has been read."""
        ...


class Source(Measured, Protocol):
    """An opened file of purchases."""

    def __iter__(self) -> Iterator[list[Item]]:
        """Yield the purchases and rejects, some thousands at a time; raises SourceError."""
        ...


@dataclass(slots=True)
class Rows:
    """Checked rows, column by column; equal neighbouring keys are one purchase.

    A key is None where a row does not say to which purchase it belongs. ``faults`` is keyed by
    line; wherever it has an entry, cells of that line may hold a `Fault` instead of a value.
    """

    line: list[int]
    key: list[str | None]
    cells: dict[str, list[Any]]
    faults: dict[int, RowFault] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.line)

    def part(self, start: int, end: int) -> "Rows":
        """Return the rows from ``start`` up to, not including, ``end``."""
        return Rows(
            self.line[start:end],
            self.key[start:end],
            {name: cells[start:end] for name, cells in self.cells.items()},
            self.faults,
        )

    def followed_by(self, other: "Rows") -> "Rows":
        """Return these rows and then the ``other`` ones."""
        return Rows(
            self.line + other.line,
            self.key + other.key,
            {name: cells + other.cells[name] for name, cells in self.cells.items()},
            self.faults | other.faults,
        )


def shortened(raw: str) -> str:
    """Return ``raw`` cut to what a reject file should carry, what is not UTF-8 as escapes."""
    cut = raw if len(raw) <= RAW_LENGTH_MAX else raw[:RAW_LENGTH_MAX] + "…"
    return cut.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
