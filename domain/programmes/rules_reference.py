"""What a programme file may say, as a page for people: made of its JSON Schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.programmes.rules import SectionKinds
from domain.programmes.rules_difference import spelled
from domain.programmes.rules_schema import json_schema
from kit.documents import TEXT_LENGTH_MAX

Schema = Mapping[str, Any]

_PATTERN_WORDS = {
    "^[0-9]{1,12}": "number in quotes",
    "^[a-z]": "code",
    "^[0-9]{2}-": "day of the year",
    "^((?:[01]": "hours",
}


def reference(sections: SectionKinds) -> str:
    """Return every setting of every table, in Markdown: its kind, what it is without it, meaning.

    Settings that a file must have stand first and are bold.
    """
    whole = json_schema(sections)
    page = _Page(whole["$defs"])
    for name, section in whole["properties"].items():
        needed = "" if name in whole["required"] else " (may be left out)"
        page.table(f"`[{name}]`{needed}", name, section["$ref"])
    return "\n".join(page.lines) + "\n"


class _Page:
    """Collects the lines; each kind of table is described once, where it first comes."""

    def __init__(self, kinds: Schema) -> None:
        self.lines: list[str] = []
        self._kinds = kinds
        self._told: set[str] = set()

    def table(self, heading: str, path: str, kind: str) -> None:
        """Add one table and, below it, the tables within it."""
        name = kind.rpartition("/")[2]
        if name in self._told:
            return
        self._told.add(name)
        schema = self._kinds[name]
        needed = set(schema.get("required", ()))
        self.lines += [f"### {heading}", "", *schema["description"].splitlines(), ""]
        self.lines += ["| setting | value | without it | meaning |", "| --- | --- | --- | --- |"]
        properties = sorted(schema["properties"].items(), key=lambda each: each[0] not in needed)
        for setting, each in properties:
            called = f"**`{setting}`**" if setting in needed else f"`{setting}`"
            default = f"`{spelled(each['default'])}`" if "default" in each else ""
            meaning = each.get("description", "").replace("|", "\\|")
            self.lines.append(f"| {called} | {_value(each)} | {default} | {meaning} |")
        self.lines.append("")
        for setting, each in properties:
            place = f"{path}.{setting}"
            for inner in _tables(each.get("items", {})):
                self.table(f"`[[{place}]]`", place, inner)
            for inner in _tables(each):
                self.table(f"`{place} = {{ ... }}`", place, inner)


def _tables(schema: Schema) -> Iterator[str]:
    for each in (schema, *schema.get("anyOf", ())):
        if "$ref" in each:
            yield each["$ref"]


def _value(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_value(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        choices = schema.get("enum") or [schema["const"]]
        return ", ".join(f"`{spelled(each)}`" for each in choices)
    match schema.get("type"):
        case None:
            words = "table"
        case "array":
            inner = schema["items"]
            words = "tables" if "$ref" in inner else f"list of {_value(inner)}"
        case "boolean":
            words = "`true`, `false`"
        case "integer":
            words = _whole(schema)
        case _:
            words = _text(schema)
    return words


def _whole(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is None:
        return "whole number"
    return f"{least:,} to {most:,}" if most is not None else f"{least:,} or more"


def _text(schema: Schema) -> str:
    if "format" in schema:
        return "day" if schema["format"] == "date" else "instant"
    pattern = schema.get("pattern", "")
    words = (word for start, word in _PATTERN_WORDS.items() if pattern.startswith(start))
    longest = schema.get("maxLength", 0)
    return next(words, "expression" if longest > TEXT_LENGTH_MAX else "text")
