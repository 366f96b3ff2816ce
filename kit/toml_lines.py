"""On which line of a TOML text a setting stands: the standard parser doesn't tell."""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]

DEPTH_MAX = 16
"""What is nested deeper has the line of what is around it."""

_STRING = (
    r'"""(?:[^\\]|\\.)*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_NAME = re.compile(rf"{_STRING}|[\w-]+", re.DOTALL)
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=\s*")
_VALUE = re.compile(rf"{_STRING}|[^\s,\]}}#]+(?: [0-9:.]+[^\s,\]}}#]*)?", re.DOTALL)
_REST_OF_LINE = re.compile(r"[^\n]*")


def lines_by_path(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, of each table, key and item of a list in valid TOML.

    A table without a header of its own has the line of the first that names it. Of a text that
    is no TOML, lines that can't be read are passed over.
    """
    return _Reader(text).read()


def find_line(lines: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of ``path``, or of the nearest table around it that has one."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


@dataclass
class _Reader:
    """Reads a text from one end to the other; nothing in it is nested by recursion."""

    text: str
    at: int = 0
    lines: dict[Path, int] = field(default_factory=dict)
    counts: dict[Path, int] = field(default_factory=dict)

    def read(self) -> dict[Path, int]:
        """Return the lines of all paths."""
        self.ends = [found.start() for found in re.finditer("\n", self.text)]
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header() or table
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self.lines

    def _header(self) -> Path | None:
        start = self.at
        repeated = self.text.startswith("[[", start)
        self.at += 1 + repeated
        self._skip(_BLANK)
        names = self._names()
        self._skip(_REST_OF_LINE)
        path: Path = ()
        for position, name in enumerate(names[:DEPTH_MAX], start=1):
            path += (name,)
            if repeated and position == len(names):
                self.counts[path] = self.counts.get(path, -1) + 1
            self._note(path, start)
            if path in self.counts:
                path += (self.counts[path],)
                self._note(path, start)
        return path or None

    def _pair(self, table: Path) -> None:
        """Read one key and its value, whatever is nested in it."""
        # What is open: a list at a path with the number of its item, or an inline table.
        opened: list[tuple[Path, int | None]] = []
        path = self._key(table)
        while path is not None:
            letter = self.text[self.at : self.at + 1]
            if letter in {"[", "{"}:
                opened.append((path, 0 if letter == "[" else None))
                self.at += 1
            elif not self._skip(_VALUE):
                path = None
                continue
            path = self._next(opened)
        self._skip(_REST_OF_LINE)

    def _next(self, opened: list[tuple[Path, int | None]]) -> Path | None:
        """Return the path of the next value in what is open; None at its end."""
        while opened:
            self._skip(_BLANK)
            letter = self.text[self.at : self.at + 1]
            around, number = opened[-1]
            if letter in {"]", "}"}:
                opened.pop()
                self.at += 1
            elif letter == ",":
                self.at += 1
                opened[-1] = around, None if number is None else number + 1
            elif number is None:
                return self._key(around)
            else:
                return self._note((*around, number), self.at)
        return None

    def _key(self, around: Path) -> Path | None:
        start = self.at
        names = self._names()
        if not names or not self._skip(_EQUALS):
            return None
        for length in range(1, min(len(names), DEPTH_MAX)):
            self._note((*around, *names[:length]), start)
        return self._note((*around, *names), start)

    def _names(self) -> tuple[str, ...]:
        names: list[str] = []
        while found := _NAME.match(self.text, self.at):
            names.append(_plain(found[0]))
            self.at = found.end()
            if not self._skip(_DOT):
                break
        return tuple(names)

    def _note(self, path: Path, start: int) -> Path:
        path = path[:DEPTH_MAX]
        self.lines.setdefault(path, bisect_left(self.ends, start) + 1)
        return path

    def _skip(self, what: re.Pattern[str]) -> bool:
        found = what.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found is not None


def _plain(name: str) -> str:
    if name[0] not in "\"'":
        return name
    try:
        found = tomllib.loads(f"name = {name}")["name"]
    except tomllib.TOMLDecodeError:
        return name
    return str(found)
