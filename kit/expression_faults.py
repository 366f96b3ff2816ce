"""What is wrong with an expression, in words of somebody who is no programmer."""

import difflib
import re
from collections.abc import Collection

LOOPS = ("all", "exists", "exists_one", "map", "filter")
FUNCTIONS = (
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "has",
    "int",
    "double",
    "string",
    "timestamp",
    "duration",
)
"""What people may need; the engine knows some more."""

_UNKNOWN = re.compile(r"undeclared reference to '([^']*)'")
_MISFIT = re.compile(r"no matching overload for '([^']+)' applied to '(.*)'")
_NO_TABLE = re.compile(r"expression of type '([^']+)' cannot be the operand of a select")
_PLACE = re.compile(r"<input>:1:(\d+):")
_BEFORE = re.compile(r"(?<![\w.])(\d+)\s*$")
_AFTER = re.compile(r"[^\w\s]*\s*(\d+)(?![\w.])")
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(", re.ASCII)
_LOOP = re.compile(rf"\.\s*({'|'.join(LOOPS)})\s*\(")

_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a decimal number",
    "string": "text",
    "bytes": "bytes",
    "timestamp": "an instant",
    "google.protobuf.timestamp": "an instant",
    "duration": "a length of time",
    "google.protobuf.duration": "a length of time",
    "dyn": "an attribute",
    "null": "nothing",
    "list": "a list",
    "map": "a table of names",
}
# What people write who know another language, and what it is here.
_HABITS = (
    (r"=>|=<", "write >= or <="),
    (r"[\u2018-\u201f\u00ab\u00bb]", 'write straight quotes: "'),
    (r"\b(?i:and|or|not)\b", "write && for and, || for or, ! for not"),
    (r"\b(?i:if|then|else)\b", "write condition ? one : other"),
    (r"<>", "write != for not equal"),
    (r"(?<![=!<>])=(?!=)", "write == to compare"),
    (r"[$€£¥%]", "write numbers without a sign for money or percent"),
    (r"\d,\d", "write decimals with a point: 12.5"),
    (r";", "write && between conditions"),
)


def explained(said: str, bare: str, names: Collection[str]) -> str:
    """Return what the engine ``said``, as a fault with its remedy.

    ``bare`` is the expression with its strings blanked out, ``names`` what it may speak about.
    """
    place = _PLACE.search(said)
    at = int(place[1]) - 1 if place else 0
    if loop := _LOOP.search(bare):
        message = f"uses {loop[1]}(), which repeats; name what you mean, or use in"
    elif "recursion" in said:
        message = "is too deeply nested or too long a chain; divide it into several rules"
    elif unknown := _UNKNOWN.search(said):
        message = _unknown(unknown[1], bare, names)
    elif misfit := _MISFIT.search(said):
        message = _misfit(misfit[1], misfit[2], bare, at)
    elif no_table := _NO_TABLE.search(said):
        message = f"looks for a name within {kind_named(no_table[1])} at character {at + 1}"
        message += "; only tables have names within"
    elif "has()" in said:
        message = "asks has() for what is always there; ask for one name within a table"
    else:
        message = _unclear(bare, at if place else None)
    return message


def kind_named(kind: str) -> str:
    """Return the engine's name of a kind as people call it."""
    plain = kind.lower()
    return _KINDS.get(plain) or _KINDS.get(re.split(r"[(<]", plain)[0], "no value")


def _unknown(name: str, bare: str, names: Collection[str]) -> str:
    if name == "matches":
        return "uses matches(), whose cost depends on the pattern; use startsWith, contains or in"
    if name in FUNCTIONS:
        return f"uses {name}() without a text before it; write text.{name}(...)"
    if name in _CALLED.findall(bare):
        known = "known are " + ", ".join(f"{each}()" for each in FUNCTIONS)
        return f"uses {name}(), which is not known here; {_like(name, FUNCTIONS) or known}"
    hint = _like(name, names) or _like(".".join(name.split(".")[:2]), names)
    quotes = "text goes in quotes; " if "." not in name else ""
    hint = hint or f"{quotes}known are {', '.join(sorted(names))}"
    return f"speaks of {name!r}, which is not known here; {hint}"


def _like(name: str, names: Collection[str]) -> str | None:
    last = name.rsplit(".", maxsplit=1)[-1]
    close = [each for each in names if each.rsplit(".", maxsplit=1)[-1] == last]
    close += difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    return f"did you mean {close[0]!r}?" if close else None


def _misfit(operator: str, kinds: str, bare: str, at: int) -> str:
    if operator == "_?_:_":
        return "must be condition ? one : other, where one and other are of the same kind"
    each = _split(kinds[kinds.index("(") + 1 : -1])
    sign = operator.strip("_@").replace("_", " ")
    if sign.isidentifier() and sign != "in":
        sign += "()"
    applied = " and ".join(kind_named(kind) for kind in each)
    return f"can't apply {sign} to {applied} at character {at + 1}{_hint(set(each), bare, at)}"


def _hint(kinds: set[str], bare: str, at: int) -> str:
    if kinds == {"int", "double"}:
        whole = _BEFORE.search(bare[:at]) or _AFTER.match(bare, at)
        return f"; write {whole[1]}.0" if whole else "; put double() around the whole number"
    if "string" in kinds and kinds & {"int", "double"}:
        return '; text goes in quotes, such as "5"'
    if "string" in kinds and "google.protobuf.Timestamp" in kinds:
        return '; write timestamp("2026-05-01T00:00:00Z")'
    return ""


def _split(kinds: str) -> list[str]:
    """Return the parts of a list of kinds: ``int, map(string, int)`` has two."""
    parts, depth = [""], 0
    for letter in kinds:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _unclear(bare: str, at: int | None) -> str:
    where = "" if at is None else f" at character {at + 1}"
    habit = next((hint for habit, hint in _HABITS if re.search(habit, bare)), None)
    remedy = habit or "look for a bracket, quote or sign too many or too few"
    return f"is not understood{where}; {remedy}"
