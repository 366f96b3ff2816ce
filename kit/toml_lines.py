"""On which line of a TOML text a setting stands: the standard parser doesn't tell."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'|\s*\.\s*)+)\s*=""")


def lines_by_path(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each table header and of each key at a line's start.

    An approximation that suffices for messages: keys of inline tables are not listed, and a
    line of a multi-line list that looks like ``key =`` is taken for one.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    in_text = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not in_text and (header := _HEADER.match(line)):
            table = _table(header[2], counts, repeated=header[1] == "[[")
            lines.setdefault(table, number)
            if isinstance(table[-1], int):
                lines.setdefault(table[:-1], number)
        elif not in_text and (key := _KEY.match(line)):
            lines.setdefault(table + _names(key[1]), number)
        in_text ^= (line.count('"""') + line.count("'''")) % 2 == 1
    return lines


def find_line(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of ``path``, or of the nearest table around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _table(header: str, counts: dict[Path, int], *, repeated: bool) -> Path:
    names = _names(header)
    path: Path = ()
    for position, name in enumerate(names, start=1):
        path += (name,)
        if repeated and position == len(names):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _names(dotted: str) -> tuple[str, ...]:
    try:
        inner: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted.strip(),)
    names: list[str] = []
    while isinstance(inner, dict):
        name, inner = next(iter(inner.items()))
        names.append(name)
    return tuple(names)
