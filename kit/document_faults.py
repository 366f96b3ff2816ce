"""What a model refused of a document, as path and message, in words of who wrote it."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kit.toml_lines import Path

PROBLEMS_MAX = 100
_NO_SHAPE = object()

_SYNTAX = {
    "Invalid value": "put quotes around text and around numbers with a point",
    "Cannot overwrite a value": "this setting stands here twice; leave one out",
    "Cannot declare": "this header stands here twice; a list has double ones: [[...]]",
    "Illegal character": "a quote is missing at the end of the line",
    "Unterminated string": "a quote is missing at its end",
    "Invalid initial character for a key part": "write a name; { ... } stands on one line",
    "Expected newline or end of document": "write one setting to a line, and text in quotes",
    "Expected '=' after a key": "write name = value",
    "Unclosed array": "a closing ] is missing",
    "Expected ']'": "a closing ] is missing",
    "Unclosed inline table": "a closing } is missing",
}

_SHAPES = {
    "missing": "is missing; add it",
    "tuple_type": "is not a list; put square brackets around it",
    "model_type": "is not one table; write one header in single brackets, or { name = value }",
}


def spell(path: Path) -> str:
    """Return a path as people write it: ``tiers.ladder[2].threshold``, counting from 1."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def syntax_remedy(said: str) -> str:
    """Return what to do about what the parser ``said``, to be put behind it."""
    return next((f"; {hint}" for fault, hint in _SYNTAX.items() if said.startswith(fault)), "")


def written_name(name: str, field: FieldInfo) -> str:
    """Return what a field of a model is called in a document."""
    return field.alias or name


def faults(
    model: type[BaseModel], tables: Mapping[str, Any], details: Sequence[ErrorDetails]
) -> Iterator[tuple[Path, str]]:
    """Yield path and message of each fault that ``model`` found in ``tables``.

    Of more than ``PROBLEMS_MAX``, those that come first in the model, and one more.
    """
    seen: set[Path] = set()
    for each in details[: PROBLEMS_MAX + 1]:
        path, value, around = _place(tables, each)
        # One of several shapes was meant: a table, or a word. The others' faults are noise.
        branched = around is not _NO_SHAPE
        other = (each["type"] == "literal_error") == isinstance(around, Mapping)
        empty = each["type"] == "too_short" and value  # Nothing in it was right, which is told.
        if empty or (branched and (other or path in seen)):
            continue
        seen.add(path)
        message = _message(model, path, each, value)
        meaning = _meaning(model, path)
        yield path, f"{message} ({meaning})" if meaning else message


def _place(tables: Mapping[str, Any], details: ErrorDetails) -> tuple[Path, Any, Any]:
    """Return where a fault is, what stands there, and what shapes were tried on, if any.

    The model names the shapes that it tried in the path, as if they were settings.
    """
    path: Path = ()
    at: Any = tables
    around: Any = _NO_SHAPE
    for position, step in enumerate(details["loc"], start=1):
        if _has(at, step):
            at = at[step]
            path += (step,)
        elif details["type"] == "missing" and position == len(details["loc"]):
            path += (step,)
        else:
            around = at
    return path, at, around


def _has(at: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(at, list) and step < len(at)
    return isinstance(at, Mapping) and step in at


def _message(model: type[BaseModel], path: Path, details: ErrorDetails, value: Any) -> str:
    kind = details["type"]
    if kind == "extra_forbidden":
        return _unknown(model, path)
    if kind == "literal_error":
        return _no_choice(details["ctx"]["expected"], value)
    if kind == "value_error":
        return details["msg"].removeprefix("Value error, ")
    if kind == "tuple_type" and isinstance(value, Mapping):
        return f"is a list of tables; write its header in double brackets: [[{spell(path)}]]"
    if kind == "string_too_long":
        return f"is longer than {details['ctx']['max_length']:,} characters; divide it"
    return _SHAPES.get(kind) or re.sub("^(Input|String|Tuple) should", "must", details["msg"])


def _unknown(model: type[BaseModel], path: Path) -> str:
    parent = _model_at(model, path[:-1])
    names = sorted(_names(parent)) if parent else []
    hint = like(str(path[-1]), names) or f"known here: {', '.join(names)}"
    return f"is not a known setting; {hint}"


def _no_choice(expected: str, value: Any) -> str:
    known = re.findall(r"'([^']*)'", expected)
    hint = like(value, known) if isinstance(value, str) else None
    return f"must be one of {expected}" + (f"; {hint}" if hint else "")


def like(name: str, names: Sequence[str]) -> str | None:
    """Return the question whether the one of ``names`` that looks most like ``name`` was meant."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else None


def _names(model: type[BaseModel]) -> dict[str, str]:
    return {written_name(name, field): name for name, field in model.model_fields.items()}


def _meaning(model: type[BaseModel], path: Path) -> str | None:
    parent = _model_at(model, path[:-1])
    name = _names(parent).get(str(path[-1])) if parent and path else None
    return parent.model_fields[name].description if parent and name else None


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    found: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int) or found is None:
            continue
        name = _names(found).get(step)
        found = _model_in(found.model_fields[name].annotation) if name else None
    return found


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((each for each in inner if each), None)
