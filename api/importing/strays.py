"""Rows that name no purchase: to which one a damaged row may belong.

A purchase that is recorded without one of its lines can't be mended by a later import, one that
is rejected can. So where a damaged row may be a line of a neighbour, that neighbour is rejected.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from api.importing.shape import WHOLE_MARK, Fault, RowFault, Rows

_HEAD = ("member_id", "occurred_at")
# What these say of their row is certain: it is no damaged line of a neighbour.
_APART = frozenset({"HEADER_REPEATED", "LINES_MISSING", "LINES_MALFORMED"})


class _Place(NamedTuple):
    """A row to compare the next one with: its line, its key and its `_HEAD` cells."""

    line: int
    key: str | None
    head: tuple[object, ...]
    raw: str


def attributed(stream: Iterable[Rows]) -> Iterator[Rows]:
    """Yield the same rows; a stray one gets the key before it and puts a fault on the next.

    Neither happens where the row's member or moment shows that it is of another purchase.
    """
    before: _Place | None = None
    stray: _Place | None = None
    for rows in stream:
        if rows.faults or stray:
            for index, key in enumerate(rows.key):
                if key is None and rows.faults[rows.line[index]].fault.code in _APART:
                    continue
                place = _place(rows, index)
                if key is not None:
                    if stray:
                        _suspect(rows, stray, place)
                    before, stray = place, None
                    continue
                stray = place
                before = before if before and _may_be_one(before, place) else None
                rows.key[index] = before.key if before else None
                stray = stray._replace(key=rows.key[index])
        elif len(rows):
            before = _place(rows, len(rows) - 1)
        yield rows


def _place(rows: Rows, index: int) -> _Place:
    line = rows.line[index]
    head = tuple(rows.cells[name][index] for name in _HEAD)
    raw = rows.faults[line].raw if line in rows.faults else ""
    return _Place(line, rows.key[index], head, raw)


def _may_be_one(named: _Place, stray: _Place) -> bool:
    """Tell whether nothing known of ``stray`` speaks against its being a line of ``named``."""
    if named.key is None or WHOLE_MARK in named.key:
        return False
    return all(
        isinstance(left, Fault) or isinstance(right, Fault) or left == right
        for left, right in zip(named.head, stray.head, strict=True)
    )


def _suspect(rows: Rows, stray: _Place, following: _Place) -> None:
    if stray.key == following.key or not _may_be_one(following, stray):
        return
    message = f"line {stray.line} before it names no purchase and may belong to this one"
    fault = RowFault(Fault("LINE_IN_DOUBT", message), stray.raw)
    rows.faults.setdefault(following.line, fault)
