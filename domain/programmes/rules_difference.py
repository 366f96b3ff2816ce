"""What one programme file says otherwise than another, setting by setting."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Literal

from pydantic import BaseModel

from domain.programmes.rules import Document
from kit.document_faults import written_name

Kind = Literal["added", "removed", "changed", "moved"]
Items = Mapping[str, tuple[Any, Any]]
"""By what they are called: what was read, and what is written."""

# What tells apart the items of a list: the first of these that they have.
_KEYS = ("code", "name", "from_")


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that two files write otherwise.

    ``path`` names it as people do: ``earning.rule "Check-in".points``. ``before`` and ``after``
    are spelled as in the file, None if it isn't there. What is ``moved`` stands at another place
    of its list, whose order ``before`` and ``after`` give.
    """

    path: str
    kind: Kind
    before: str | None
    after: str | None

    def describe(self) -> str:
        """Return the difference as one line of text."""
        match self.kind:
            case "added":
                return f"{self.path}: added" + (f", {self.after}" if self.after else "")
            case "removed":
                return f"{self.path}: removed" + (f", {self.before}" if self.before else "")
            case "changed":
                return f"{self.path}: {self.before or '(not set)'} → {self.after or '(not set)'}"
            case _:
                return f"{self.path}: order {self.before} → {self.after}"


def differences(before: Document | None, after: Document) -> list[Difference]:
    """Return what ``after`` says otherwise than ``before``, in the order of the sections.

    Two spellings of one value are no difference, nor is a default that is written out. Lists
    are compared by the names or codes of what is in them. Without ``before`` all is added.
    """
    old = before.sections if before else {}
    old_written = before.written if before else {}
    names = dict.fromkeys([*old, *after.sections])
    return [
        difference
        for name in names
        for difference in _parts(
            name,
            old.get(name),
            after.sections.get(name),
            old_written.get(name, {}),
            after.written.get(name, {}),
        )
    ]


def _parts(
    path: str,
    old: BaseModel | None,
    new: BaseModel | None,
    old_written: Mapping[str, Any],
    new_written: Mapping[str, Any],
) -> Iterator[Difference]:
    """Yield how two tables differ; a table that isn't there has nothing set."""
    there = new if new is not None else old
    assert there is not None, "a table that neither file has differs in nothing"
    for name, field in type(there).model_fields.items():
        called = written_name(name, field)
        was, now = getattr(old, name, None), getattr(new, name, None)
        if old is not None and new is not None and was == now:
            continue
        was_written, now_written = old_written.get(called), new_written.get(called)
        if was_written is None and now_written is None:
            continue
        place = f"{path}.{called}"
        if isinstance(was or now, tuple):
            yield from _lists(place, was or (), now or (), was_written or (), now_written or ())
        else:
            yield _leaf(place, was_written, now_written)


def _leaf(path: str, was: Any, now: Any) -> Difference:
    return Difference(
        path,
        "changed",
        None if was is None else spelled(was),
        None if now is None else spelled(now),
    )


def _lists(
    path: str,
    was: Sequence[Any],
    now: Sequence[Any],
    was_written: Sequence[Any],
    now_written: Sequence[Any],
) -> Iterator[Difference]:
    old, new = _named(was, was_written), _named(now, now_written)
    for name in dict.fromkeys([*old, *new]):
        place = f"{path}{name}"
        if name not in new:
            yield Difference(place, "removed", _settings(old[name][1]), None)
        elif name not in old:
            yield Difference(place, "added", None, _settings(new[name][1]))
        elif isinstance(new[name][0], BaseModel):
            (before, before_written), (after, after_written) = old[name], new[name]
            yield from _parts(place, before, after, before_written, after_written)
    common = [name for name in old if name in new]
    moved = [name for name in new if name in old]
    if common != moved:
        yield Difference(path, "moved", _order(common), _order(moved))


def _named(read: Sequence[Any], written: Sequence[Any]) -> Items:
    """Return items by what they are called, as it follows the name of their list."""
    seen: Counter[str] = Counter()
    items: dict[str, tuple[Any, Any]] = {}
    for number, (each, text) in enumerate(zip_longest(read, written), start=1):
        name = f" {spelled(each if text is None else text)}"
        if isinstance(each, BaseModel):
            own = (getattr(each, key, None) for key in _KEYS)
            name = next((f" {spelled(key)}" for key in own if key is not None), f"[{number}]")
        seen[name] += 1
        items[name if seen[name] == 1 else f"{name} ({seen[name]})"] = each, text
    return items


def _settings(written: Any) -> str | None:
    """Return what a table sets besides its name; None for a plain value, which is all it is."""
    if not isinstance(written, Mapping):
        return None
    return spelled({name: each for name, each in written.items() if name not in _KEYS})


def _order(names: Sequence[str]) -> str:
    return ", ".join(name.strip() for name in names)


def spelled(value: Any) -> str:
    """Return a value as a file writes it on one line."""
    match value:
        case bool():
            text = "true" if value else "false"
        case str():
            text = json.dumps(value, ensure_ascii=False)
        case Decimal():
            text = f'"{value.normalize():f}"'
        case date():
            text = value.isoformat()
        case Mapping():
            inner = ", ".join(f"{name} = {spelled(each)}" for name, each in value.items())
            text = f"{{ {inner} }}" if inner else "{}"
        case list() | tuple():
            text = f"[{', '.join(spelled(each) for each in value)}]"
        case _:
            text = str(value)
    return text
