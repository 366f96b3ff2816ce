"""Small typed expressions that people write into files: CEL, bounded and checked when it is saved.

The language is the Common Expression Language (cel.dev). Names have dots of their own
(``event.amount`` is one name), so that each is known and typed, and a misspelt one is refused
when the file is checked rather than never met. There are no loops and no patterns: what an
expression costs depends on its length alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeAlias

from cel_expr_python import cel

from kit.expression_faults import LOOPS, explained, kind_named

LENGTH_MAX = 2_000

Kind = Literal["bool", "int", "double", "string", "timestamp", "map", "counts", "texts"]
"""``map`` holds anything by name, ``counts`` whole numbers by name, ``texts`` text by name."""
Result = Literal["bool", "int"]
Vocabulary: TypeAlias = Mapping[str, Kind]
Values: TypeAlias = Mapping[str, Any]

_TYPES = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "counts": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "texts": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
}
_WANTED = {"bool": "true or false", "int": "a whole number"}
# matches() is left out because a pattern of a few characters can take half a second.
_CONFIG = f"""
name: "laurel"
stdlib:
  exclude_macros: [{", ".join(LOOPS)}]
  exclude_functions: [{{name: "matches"}}]
"""
_STRING = (
    r'"""(?:[^\\]|\\.)*?"""'
    r"|'''(?:[^\\]|\\.)*?'''"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'(?:[^'\\]|\\.)*'"
)
_STRINGS = re.compile(_STRING)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression.

    ``uses`` are the names of the vocabulary that it reads, ``keys`` what it looks up by a fixed
    name: ``tiers["status"]`` is ("tiers", "status").
    """

    text: str
    uses: frozenset[str]
    keys: frozenset[tuple[str, str]]
    _result: Result
    _compiled: Any

    def value(self, activation: Any) -> bool | int | None:
        """Return the value, None if it has none: a missing attribute, a division by zero.

        Also None if an attribute made it a value of another kind than the expression must have.
        What was never counted counts as 0.
        """
        # An error's value is a text, and so of another kind as well.
        found = self._compiled.eval(activation).value()
        if self._result == "bool":
            return found if isinstance(found, bool) else None
        if isinstance(found, float) and found.is_integer():
            return int(found)
        return found if type(found) is int else None


class Language:
    """What expressions of one kind may speak about."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._environment = cel.NewEnv(
            config=cel.NewEnvConfigFromYaml(_CONFIG),
            variables={name: _TYPES[kind] for name, kind in vocabulary.items()},
        )
        self._lookup = _lookup(vocabulary)

    def activation(self, values: Values) -> Any:
        """Return ``values`` as expressions take them. Datetimes must be aware."""
        return self._environment.Activation(values)

    def expression(self, text: str, result: Result) -> Expression:
        """Return ``text`` ready to be evaluated. Raises ValueError with what to do about it."""
        if len(text) > LENGTH_MAX:
            message = f"is longer than {LENGTH_MAX:,} characters; divide it into several rules"
            raise ValueError(message)
        if "\n" in text or "\r" in text:
            message = "runs over several lines; write it on one"
            raise ValueError(message)
        compiled = self._compiled(text)
        kind = compiled.return_type()
        wanted = _TYPES[result]
        if kind not in (wanted, cel.Type.DYN):
            message = f"is {kind_named(kind.name())}; it must be {_WANTED[result]}"
            raise ValueError(message)
        counted = self._counted(text)
        if counted != text:
            compiled = self._compiled(counted)
        return Expression(text, self.names(text), self.keys(text), result, compiled)

    def _compiled(self, text: str) -> Any:
        try:
            return self._environment.compile(text)
        except (RuntimeError, TypeError) as error:  # TypeError: half a character pair.
            bare = _STRINGS.sub(lambda found: '"' + " " * (len(found[0]) - 2) + '"', text)
            raise ValueError(explained(str(error), bare, self.vocabulary)) from None

    def names(self, text: str) -> frozenset[str]:
        """Return the names of the vocabulary that an expression reads."""
        found: set[str] = set()
        for name in _NAME.findall(_STRINGS.sub('""', text)):
            parts = _plain(name).split(".")
            prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            found.update(islice((each for each in prefixes if each in self.vocabulary), 1))
        return frozenset(found)

    def keys(self, text: str) -> frozenset[tuple[str, str]]:
        """Return what an expression looks up by a fixed name: the table's name, and the key."""
        return frozenset(
            (_plain(found["name"]), found["word"] or found["key"][1:-1])
            for found in self._lookup.finditer(text)
            if found["name"]
        )

    def _counted(self, text: str) -> str:
        # The engine calls a key that isn't there an error; who never did a thing did it 0 times.
        def with_zero(found: re.Match[str]) -> str:
            name = _plain(found["name"] or "")
            if self.vocabulary.get(name) != "counts":
                return found[0]
            key = found["key"] or f'"{found["word"]}"'
            return f"({key} in {name} ? {name}[{key}] : 0)"

        return self._lookup.sub(with_zero, text)


def _plain(name: str) -> str:
    return re.sub(r"\s", "", name)


def _lookup(vocabulary: Vocabulary) -> re.Pattern[str]:
    """Return what finds lookups by a fixed name; what has() asks and strings are passed over."""
    tables = [name for name, kind in vocabulary.items() if kind in ("map", "counts", "texts")]
    tables.sort(key=len, reverse=True)
    names = "|".join(re.escape(name).replace(r"\.", r"\s*\.\s*") for name in tables) or r"(?!)"
    return re.compile(
        rf"\bhas\s*\([^()]*\)|{_STRING}|(?<![\w.])(?P<name>{names})\s*"
        rf"(?:\[\s*(?P<key>{_STRING})\s*\]|\.\s*(?P<word>[A-Za-z_]\w*)(?!\w|\s*\())",
        re.ASCII,
    )
