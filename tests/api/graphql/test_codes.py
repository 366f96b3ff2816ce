"""Every code in the source is one of the schema's, or never part of a mutation's answer."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from api.graphql.codes import ErrorCode
from tests.support.tree import files, shown

# No resolver comes there: it is answered on a terminal, in a file, or before anything is run.
OUTSIDE = re.compile(
    r"api/(commands|http|importing|simulating)/|(domain|gamification)/\w+/invariants\w*\.py"
)
ELSEWHERE = {
    "the command line: programmes, books, settings": {
        "ASSET_SCALE",
        "BRAND_CURRENCY_FIXED",
        "BRAND_TIME_ZONE_FIXED",
        "CONFIGURATION",
        "EFFECTIVE_FROM_IN_THE_PAST",
        "EFFECTIVE_FROM_NOT_AFTER_LATEST",
        "EFFECTIVE_FROM_OUT_OF_RANGE",
        "EFFECTIVE_FROM_WITHOUT_ZONE",
        "FAULTY_DOCUMENT",
        "NOT_FOUND",
        "PERIOD_NOT_OVER",
        "POINTS_FIXED",
        "PROGRAMME_INCOMPLETE",
        "PROGRAMME_REFUSED",
        "UNKNOWN_BRAND",
    },
    "errors of queries, whose answer has no place for refusals": {
        "DATE_OUT_OF_RANGE",
        "PAGE_SIZE_OUT_OF_RANGE",
        "TOO_MANY_IDS",
        "TOO_MANY_STATES",
        "UNAUTHENTICATED",
    },
    "files alone: the DateTime of the schema always has a zone": {"DATE_WITHOUT_ZONE"},
    "decided by the wallet before: the ledger's own word would be our fault, a REFUSED and a log": {
        "ACCOUNT_CLOSED",
        "ACCOUNT_NOT_FOUND",
        "ALREADY_REVERSED",
        "ASSET_MISMATCH",
        "EMPTY_JOURNAL",
        "INSUFFICIENT_BALANCE",
        "JOURNAL_NOT_FOUND",
        "SAME_ACCOUNT",
    },
    "holds, which the verbs of redemptions make and end by themselves": {
        "EXCEEDS_HOLD",
        "HOLD_EXPIRED",
        "HOLD_NOT_EXPIRED",
        "HOLD_NOT_FOUND",
        "HOLD_RESOLVED",
    },
    "decided before freezes are given": {
        "INVALID_TEXT",
    },
    "prizes alone take freezes back, by keys that they gave": {
        "UNKNOWN_KEY",
    },
    "decided by redemptions before": {
        "EXCEEDS_SPENDING",
    },
    "kept beside what is given without asking": {
        "TIER_KEPT",
    },
    "told as IDEMPOTENCY_CONFLICT": {
        "KEY_CONFLICT",
    },
    "told as UNKNOWN_MEMBER by the verb that was asked": {
        "MEMBER_NOT_FOUND",
    },
}
NEVER_ANSWERED = set().union(*ELSEWHERE.values())
ANSWERED = {code.name for code in ErrorCode}

WORDS = re.compile(r"[A-Z]+(_[A-Z]+)+")


def codes(tree: ast.AST) -> Iterator[str]:
    """Yield what is given as ``code`` somewhere: names, or patterns of names made at run time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield from written(node.value)
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "code":
                    yield from written(each.value)


def words(tree: ast.AST) -> Iterator[str]:
    """Yield all that looks like a code, wherever it is handed over, but no names of a module."""
    offered = {text for part in ast.walk(tree) if offers(part) for text in written(part)}
    every = (text for text in written(tree) if WORDS.fullmatch(text.replace(".*", "A")))
    return (text for text in every if text not in offered)


def offers(part: ast.AST) -> bool:
    return isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "__all__"


def written(tree: ast.AST) -> Iterator[str]:
    parts = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            held = (part.value if isinstance(part, ast.Constant) else ".*" for part in node.values)
            text = "".join(map(str, held))
        elif isinstance(node, ast.Constant) and id(node) not in parts:
            text = str(node.value)
        else:
            continue
        if re.fullmatch(r"[A-Z_.*]+", text):
            yield text


@cache
def found() -> dict[str, str]:
    """Return each code in the source with a file that has it."""
    result: dict[str, str] = {}
    for path in files(".py", below=("api", "domain", "gamification", "kit", "partners")):
        if OUTSIDE.match(shown(path)):
            continue
        tree = ast.parse(path.read_text())
        # Concepts also hand codes over without naming the parameter.
        given = codes(tree) if shown(path).startswith(("api/", "kit/")) else words(tree)
        result |= dict.fromkeys([*given, *codes(tree)], shown(path))
    for path in files(".sql", below=("migrations",)):
        quoted = re.findall(r"'([A-Z]+_[A-Z_]+)'", path.read_text())
        result |= dict.fromkeys(quoted, shown(path))
    return result


def named(pattern: str) -> set[str]:
    return {code for code in ANSWERED | NEVER_ANSWERED if re.fullmatch(pattern, code)}


def test_each_code_is_in_the_schema_or_never_answered() -> None:
    unknown = {code: path for code, path in found().items() if not named(code)}
    assert not unknown, "add them to ErrorCode and the catalogues, or to ELSEWHERE with the reason"


def test_no_code_is_both_or_gone() -> None:
    assert not ANSWERED & NEVER_ANSWERED
    assert set().union(*map(named, found())) == ANSWERED | NEVER_ANSWERED


def test_a_new_code_would_be_found() -> None:
    source = """
class NewError(LaurelError):
    code = "BRAND_NEW"

def f(name):
    raise LaurelError("message", code="NEW" if name else f"{name}_NEWER")
    return refused("NEWEST_OF_ALL", f"a {name}", "lines")
"""
    tree = ast.parse(source)
    assert set(codes(tree)) == {"BRAND_NEW", "NEW", ".*_NEWER"}
    assert set(words(tree)) == {"BRAND_NEW", ".*_NEWER", "NEWEST_OF_ALL"}
