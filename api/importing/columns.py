"""From the columns of a file to checked rows, every distinct value parsed once.

The same cell parsers serve every format. A column is turned into its distinct values and the
places where they stand, so exact parsing in Python costs little even for millions of rows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any, Protocol

from api.importing import cells
from api.importing.cells import Parse
from api.importing.mapping import Mapping as FileMapping
from api.importing.shape import (
    FIELDS,
    REQUIRED_FIELDS,
    WHOLE_MARK,
    Fault,
    RowFault,
    Rows,
    SourceError,
    shortened,
)
from kit.texts import TEXT_LENGTH_MAX

_NAMES_SHOWN_MAX = 60
_REMEMBERED_MAX = 100_000


class Memo(dict[Any, Any]):
    """A parser that remembers what short cells became; look a cell up to have it parsed."""

    def __init__(self, parse: Parse) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, value: Any) -> Any:
        parsed = self.parse(value)
        if type(value) not in (str, bytes) or len(value) <= TEXT_LENGTH_MAX:
            if len(self) >= _REMEMBERED_MAX:
                self.clear()
            self[value] = parsed
        return parsed


class Column(Protocol):
    """One foreign column of a block."""

    def convert(self, memo: Memo) -> tuple[list[Any], bool]:
        """Return the parsed cells, and whether a fault is among them."""
        ...


class TextColumn:
    """Cells read from text: strings, or None where the row ended early."""

    def __init__(self, values: Sequence[str | None]) -> None:
        self._values = values

    def convert(self, memo: Memo) -> tuple[list[Any], bool]:
        """Return the parsed cells, and whether a fault is among them."""
        parsed = [memo[value] for value in self._values]
        return parsed, Fault in map(type, parsed)


class ObjectColumn:
    """Cells of any kind, as JSON has them; equal cells of different kinds stay apart."""

    def __init__(self, values: Sequence[object]) -> None:
        self._values = values

    def convert(self, memo: Memo) -> tuple[list[Any], bool]:
        """Return the parsed cells, and whether a fault is among them."""
        parsed = [memo.parse(value) for value in self._values]
        return parsed, Fault in map(type, parsed)


@dataclass(frozen=True, slots=True)
class Block:
    """Some thousands of raw rows. ``faults``: rows, by index, that are wrong as a whole.

    ``whole`` names the lines that each hold a whole purchase, which no neighbour may join.
    ``raw`` gives back the text of the row at an index, for the reject file.
    """

    lines: list[int]
    columns: Mapping[str, Column]
    raw: Callable[[int], str]
    faults: Mapping[int, Fault] = field(default_factory=dict)
    whole: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """For each documented field: the foreign columns, the parser, the value without a column."""

    sources: dict[str, tuple[str, ...]]
    memos: dict[str, Memo]
    defaults: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Every foreign column that is needed, once."""
        return list(dict.fromkeys(name for names in self.sources.values() for name in names))


def plan_columns(
    mapping: FileMapping, found: Sequence[str] | None, currency: str, decimals: int
) -> Plan:
    """Decide which column feeds which field. ``found`` is None where rows carry their own names.

    Raises SourceError if a needed column is absent or stands there twice.
    """
    constants = mapping.constants.model_dump(exclude_none=True)
    sources = {field: _names(mapping, field, found) for field in FIELDS if field not in constants}
    sources |= dict.fromkeys(constants, ())
    parsers = _parsers(mapping, currency, decimals)
    defaults: dict[str, Any] = {"currency": currency, "discount": 0, "quantity": 1}
    defaults |= dict.fromkeys(("sku", "category", "channel", "store"), "")
    for name, text in constants.items():
        defaults[name] = parsers[name](text)
        if isinstance(defaults[name], Fault):
            message = f"The mapping's constants.{name} can't be used: {defaults[name].message}."
            raise SourceError(message, code="MAPPING_INVALID", path=("constants", name))
    memos = {name: Memo(parse) for name, parse in parsers.items()}
    return Plan(sources, memos, defaults)


def convert(block: Block, plan: Plan) -> Rows:
    """Parse a block. Where a row is at fault, a Fault stands in place of its value."""
    count = len(block.lines)
    faulty = bool(block.faults)
    parsed: dict[str, list[Any]] = {}
    for name in FIELDS:
        if plan.sources[name]:
            parsed[name], wrong = _summed(block, plan, name)
            faulty = faulty or wrong
        else:
            parsed[name] = [plan.defaults[name]] * count
    rows = Rows(block.lines, parsed["purchase_id"], parsed)
    if faulty:
        _note_faults(block, rows)
    if block.whole:
        rows.key = [
            f"{key}{WHOLE_MARK}{line}" if key is not None and line in block.whole else key
            for key, line in zip(rows.key, rows.line, strict=True)
        ]
    return rows


def _summed(block: Block, plan: Plan, name: str) -> tuple[list[Any], bool]:
    first, *others = plan.sources[name]
    total, faulty = block.columns[first].convert(plan.memos[name])
    for other in others:
        more, wrong = block.columns[other].convert(plan.memos[name])
        faulty = faulty or wrong
        total = list(map(_plus if faulty else add, total, more))
    return total, faulty


def _plus(left: int | Fault, right: int | Fault) -> int | Fault:
    if isinstance(left, Fault):
        return left
    return right if isinstance(right, Fault) else left + right


def _note_faults(block: Block, rows: Rows) -> None:
    found = dict(block.faults)
    for name in FIELDS:
        for index, value in enumerate(rows.cells[name]):
            if type(value) is Fault:
                found.setdefault(index, value)
    for index in sorted(found):
        fault = RowFault(found[index], shortened(block.raw(index)))
        rows.faults.setdefault(block.lines[index], fault)
    rows.key = [key if isinstance(key, str) else None for key in rows.key]


def _names(mapping: FileMapping, name: str, found: Sequence[str] | None) -> tuple[str, ...]:
    given = getattr(mapping.columns, name)
    names = tuple(given) if isinstance(given, list) else (given or name,)
    if found is None:
        return names
    if not given and names[0] not in found and name not in REQUIRED_FIELDS:
        return ()
    for wanted in names:
        if wanted not in found:
            raise SourceError(_missing(name, wanted, found), code="COLUMN_MISSING", path=(name,))
        if found.count(wanted) > 1:
            message = f"Column {wanted!r} stands in the file {found.count(wanted)} times."
            raise SourceError(message, code="COLUMN_TWICE", path=(name,))
    return names


def _missing(name: str, wanted: str, found: Sequence[str]) -> str:
    shown = ", ".join(found[:_NAMES_SHOWN_MAX]) or "none"
    return (
        f"Column {wanted!r} for {name} is not in the file. Columns found: {shown}. "
        f"Say in a mapping file which of them it is, for example: [columns] {name} = "
        f'"{found[0] if found else "their_name"}", and give it with --mapping.'
    )


def _parsers(mapping: FileMapping, currency: str, decimals: int) -> dict[str, Parse]:
    text = {
        name: cells.text_parser(name, required=name in REQUIRED_FIELDS)
        for name in ("purchase_id", "member_id", "sku", "category", "channel", "store")
    }
    default = mapping.constants.currency or currency
    return {
        **text,
        "occurred_at": cells.moment_parser(mapping.zone),
        "currency": cells.currency_parser(default, currency),
        "amount": cells.amount_parser("amount", decimals, required=True),
        "discount": cells.amount_parser("discount", decimals, required=False),
        "quantity": cells.quantity_parser(),
    }
