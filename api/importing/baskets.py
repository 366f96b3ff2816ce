"""From rows to purchases: neighbouring rows of one purchase become its lines."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from api.importing.shape import HEADER_FIELDS, Item, Read, Reject, Rows, shortened
from domain.earning.rules import Line, Purchase

LINES_MAX = 10_000

_NAMELESS_HELD_MAX = 1000


class _Span(NamedTuple):
    """Rows ``start`` to ``end`` of one key; ``head`` is its purchase id and header fields."""

    key: str | None
    head: tuple[Any, ...]
    start: int
    end: int
    agreed: bool


def baskets(stream: Iterable[Rows]) -> Iterator[list[Item]]:
    """Yield the purchases and rejects of each block; a purchase may span blocks."""
    held: Rows | None = None
    dropped: str | None = None
    for block in stream:
        rows = held.followed_by(block) if held else _without_leading(block, dropped)
        held, dropped = None, (dropped if block and not rows else None)
        cut = _last_start(rows)
        if cut == 0 and len(rows) > LINES_MAX:
            dropped = next(key for key in rows.key if key is not None)
            cut = len(rows)
        if cut < len(rows):
            held = rows.part(cut, len(rows))
            held.faults = {line: rows.faults[line] for line in held.line if line in rows.faults}
        if cut:
            yield _assembled(rows.part(0, cut))
    if held:
        yield _assembled(held)


def _without_leading(rows: Rows, key: str | None) -> Rows:
    """Return ``rows`` without the first ones of an overlong purchase that was rejected."""
    if key is None:
        return rows
    start = next(
        (index for index, each in enumerate(rows.key) if each not in (key, None)), len(rows)
    )
    return rows.part(start, len(rows))


def _last_start(rows: Rows) -> int:
    """Return where the last purchase begins, which the next block may continue."""
    end = len(rows)
    start = end
    while start and rows.key[start - 1] is None and end - start < _NAMELESS_HELD_MAX:
        start -= 1
    last = rows.key[start - 1] if start else None
    if last is None:
        return end
    while start and rows.key[start - 1] in (last, None):
        start -= 1
    return start


def _assembled(rows: Rows) -> list[Item]:
    cells = rows.cells
    if rows.faults:
        rows.key = _joined(rows.key)
    lines = list(
        map(
            Line,
            cells["amount"],
            cells["discount"],
            cells["quantity"],
            cells["sku"],
            cells["category"],
        )
    )
    items: list[Item] = []
    for span in _spans(rows):
        if span.key is None:
            items.extend(_reject(rows, index, index + 1) for index in range(span.start, span.end))
        elif rows.faults and not rows.faults.keys().isdisjoint(rows.line[span.start : span.end]):
            items.append(_reject(rows, span.start, span.end))
        else:
            items.append(_basket(rows.line[span.start], span, lines[span.start : span.end]))
    return items


def _joined(keys: list[str | None]) -> list[str | None]:
    """Give rows without a key that stand inside a purchase to that purchase.

    Such a row is most likely a damaged line of it, and a purchase must not lose a line.
    """
    joined = keys.copy()
    before: str | None = None
    since = 0
    for index, key in enumerate(keys):
        if key is None:
            continue
        if key == before:
            joined[since:index] = [key] * (index - since)
        before, since = key, index + 1
    return joined


def _spans(rows: Rows) -> Iterator[_Span]:
    """Yield the runs of equal keys. Rows of one run should agree on the header fields."""
    heads = zip(
        rows.key,
        rows.cells["purchase_id"],
        *(rows.cells[name] for name in HEADER_FIELDS),
        strict=True,
    )
    span: _Span | None = None
    end = 0
    for head, run in groupby(heads):
        start, end = end, end + len(list(run))
        key = head[0]
        if span and span.key == key:
            span = span._replace(end=end, agreed=False)
            continue
        if span:
            yield span
        span = _Span(key, head[1:], start, end, agreed=True)
    if span:
        yield span


def _basket(line: int, span: _Span, lines: list[Line]) -> Item:
    external_id, member, occurred_at, currency, channel, store = span.head
    if len(lines) > LINES_MAX:
        message = f"a purchase may have at most {LINES_MAX} lines"
        return Reject(line, external_id, "PURCHASE_TOO_LONG", message, "")
    purchase = Purchase(external_id, member, occurred_at, currency, tuple(lines), channel, store)
    if span.agreed:
        return Read(line, purchase)
    message = f"its lines disagree on one of {', '.join(HEADER_FIELDS)}"
    return Reject(line, external_id, "PURCHASE_INCONSISTENT", message, as_text(purchase))


def _reject(rows: Rows, start: int, end: int) -> Reject:
    """Return the reject of a purchase of which at least one line is at fault."""
    wrong = list(dict.fromkeys(line for line in rows.line[start:end] if line in rows.faults))
    (code, message), raw = rows.faults[wrong[0]]
    names = (name for name in rows.cells["purchase_id"][start:end] if isinstance(name, str))
    lost = f"; the whole purchase of {end - start} lines is left out" if end - start > 1 else ""
    more = f"; {len(wrong) - 1} more of its lines are at fault" if len(wrong) > 1 else ""
    return Reject(wrong[0], next(names, ""), code, message + lost + more, raw)


def as_text(purchase: Purchase) -> str:
    """Return a purchase as one line of JSON for the reject file, shortened if it is long."""
    return shortened(orjson.dumps(purchase).decode())
