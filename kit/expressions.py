"""Small typed expressions that people write into files: CEL, bounded and checked when it is saved.

The language is the Common Expression Language (cel.dev). Names have dots of their own
(``event.amount`` is one name), so that each is known and typed, and a misspelt one is refused
when the file is checked rather than never met. Loops are refused: what an expression costs
depends on its length alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from cel_expr_python import cel

LENGTH_MAX = 2_000

Kind = Literal["bool", "int", "double", "string", "timestamp", "map", "counts", "texts"]
"""``map`` holds anything by name, ``counts`` whole numbers by name, ``texts`` text by name."""
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
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_LOOP = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?:\.[A-Za-z_][A-Za-z_0-9]*)*")
_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_MISFIT = re.compile(r"no matching overload for '_?([^'_]+)_?' applied to '\((.*)\)'")
_PLACE = re.compile(r"<input>:1:(\d+):")


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. ``uses`` are the names of the vocabulary that it reads."""

    text: str
    uses: frozenset[str]
    _compiled: Any

    def value(self, activation: Any) -> Any:
        """Return the value, None if it has none: a missing attribute, a division by zero."""
        found = self._compiled.eval(activation)
        return None if found.type() == cel.Type.ERROR else found.value()


class Language:
    """What expressions of one kind may speak about."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._environment = cel.NewEnv(
            variables={name: _TYPES[kind] for name, kind in vocabulary.items()}
        )

    def activation(self, values: Values) -> Any:
        """Return ``values`` as expressions take them. Datetimes must be aware."""
        return self._environment.Activation(values)

    def expression(self, text: str, result: Literal["bool", "int"]) -> Expression:
        """Return ``text`` ready to be evaluated. Raises ValueError with what to do about it."""
        if len(text) > LENGTH_MAX:
            message = f"is longer than {LENGTH_MAX:,} characters; divide it into several rules"
            raise ValueError(message)
        if "\n" in text or "\r" in text:
            message = "runs over several lines; write it on one"
            raise ValueError(message)
        bare = _STRINGS.sub('""', text)
        if loop := _LOOP.search(bare):
            message = f"uses {loop[1]}(), which repeats; name what you mean, or use in"
            raise ValueError(message)
        try:
            compiled = self._environment.compile(text)
        except RuntimeError as error:
            raise ValueError(self._explained(str(error))) from None
        kind = compiled.return_type()
        wanted = _TYPES[result]
        if kind not in (wanted, cel.Type.DYN):
            message = f"is {_called(kind)}; it must be {_WANTED[result]}"
            raise ValueError(message)
        return Expression(text, self._used(bare), compiled)

    def _used(self, bare: str) -> frozenset[str]:
        found = set()
        for name in _NAME.findall(bare):
            parts = name.split(".")
            prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
            found.update(prefix for prefix in prefixes if prefix in self.vocabulary)
        return frozenset(found)

    def _explained(self, said: str) -> str:
        if unknown := _UNKNOWN.search(said):
            known = ", ".join(sorted(self.vocabulary))
            return f"speaks of {unknown[1]!r}, which is not known here; known are {known}"
        if misfit := _MISFIT.search(said):
            kinds = misfit[2].replace("double", "decimal number").replace("int", "whole number")
            hint = "; write 25.0, not 25" if {"double", "int"} <= set(misfit[2].split(", ")) else ""
            return f"can't apply {misfit[1]} to {kinds.replace('string', 'text')}{hint}"
        if "recursion limit" in said:
            return "has too many brackets within brackets; divide it into several rules"
        place = _PLACE.search(said)
        where = f" at character {place[1]}" if place else ""
        return f"is not understood{where}: look for a bracket, quote or sign too many or too few"


def _called(kind: Any) -> str:
    names = {
        cel.Type.BOOL.name(): "true or false",
        cel.Type.INT.name(): "a whole number",
        cel.Type.DOUBLE.name(): "a decimal number",
        cel.Type.STRING.name(): "text",
    }
    return names.get(kind.name(), kind.name())
