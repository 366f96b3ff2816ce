"""Purchases from JSON lines: flat rows, or whole purchases with their ``lines``."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from api.importing.columns import Block, ObjectColumn, convert, plan_columns
from api.importing.mapping import Mapping
from api.importing.shape import Fault, Rows
from api.importing.text import TextLine, TextLines, in_blocks

# Exact: a number with a fraction becomes a Decimal, never a float.
_DECODER = json.JSONDecoder(parse_float=Decimal)


class JsonlRows:
    """The rows of a JSONL file, one object per line. Empty lines are skipped."""

    def __init__(self, path: Path, mapping: Mapping, currency: str, decimals: int) -> None:
        self._plan = plan_columns(mapping, None, currency, decimals)
        self.lines = TextLines(path)

    def __iter__(self) -> Iterator[Rows]:
        """Yield checked rows, some thousands at a time."""
        lines = (line for line in self.lines if line.text.strip())
        for some in in_blocks(lines, lambda line: len(line.text)):
            yield convert(self._block(some), self._plan)

    def _block(self, some: list[TextLine]) -> Block:
        rows: list[dict[str, Any]] = []
        origin: list[TextLine] = []
        faults: dict[int, Fault] = {}
        whole: set[int] = set()
        for line in some:
            found = _rows_of(line)
            if isinstance(found, Fault):
                faults[len(rows)] = found
                found = [{}]
            elif line.fault:
                faults[len(rows)] = line.fault
            if len(found) > 1 or "lines" in found[0]:
                whole.add(line.number)
            rows.extend(found)
            origin.extend([line] * len(found))
        return Block(
            lines=[line.number for line in origin],
            columns={
                name: ObjectColumn([row.get(name) for row in rows]) for name in self._plan.names
            },
            raw=lambda index: origin[index].text.rstrip("\r\n"),
            faults=faults,
            whole=frozenset(whole),
        )


def _rows_of(line: TextLine) -> list[dict[str, Any]] | Fault:
    """Return the flat rows of one object; those of a whole purchase keep ``lines`` as a mark."""
    if line.fault and line.fault.code == "ROW_TOO_LONG":
        return line.fault
    try:
        value = _DECODER.decode(line.text.strip())
    except (ValueError, RecursionError, ArithmeticError) as error:
        return Fault("ROW_MALFORMED", f"the line is not valid JSON: {_first_words(error)}")
    if not isinstance(value, dict):
        return Fault("ROW_MALFORMED", "the line is not a JSON object")
    return _lines_of(value) if "lines" in value else [value]


def _lines_of(purchase: dict[str, Any]) -> list[dict[str, Any]] | Fault:
    lines = purchase["lines"]
    if not isinstance(lines, list) or not all(isinstance(each, dict) for each in lines):
        return Fault("LINES_MALFORMED", "lines must be a list of objects")
    header = purchase | {"lines": None}
    return [header | each for each in lines] or Fault("LINES_MISSING", "there are no lines")


def _first_words(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
