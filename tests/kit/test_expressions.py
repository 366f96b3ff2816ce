"""Expressions that people write: what they may say, what they cost, and how faults are told."""

from datetime import UTC, datetime
from time import process_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit.expressions import LENGTH_MAX, Expression, Language, Vocabulary

VOCABULARY: Vocabulary = {
    "event.amount": "double",
    "event.attributes": "map",
    "line.sku": "string",
    "done": "counts",
    "done.lately": "counts",
    "ranks": "texts",
    "tier": "string",
    "days": "int",
    "now": "timestamp",
    "now.birthday": "bool",
}
VALUES: dict[str, Any] = {
    "event.amount": 25.5,
    "event.attributes": {"nights": 3, "half": 1.5, "whole": 4.0, "zone": "eu", "list": [1]},
    "line.sku": "A-1",
    "done": {"stay": 2},
    "done.lately": {},
    "ranks": {"status": "Gold"},
    "tier": "Gold",
    "days": 10,
    "now": datetime(2026, 3, 2, 12, tzinfo=UTC),
    "now.birthday": False,
}
LANGUAGE = Language(VOCABULARY)
ACTIVATION = LANGUAGE.activation(VALUES)


def condition(text: str) -> bool | int | None:
    return LANGUAGE.expression(text, "bool").value(ACTIVATION)


def number(text: str) -> bool | int | None:
    return LANGUAGE.expression(text, "int").value(ACTIVATION)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('event.amount >= 25.0 && tier in ["Gold", "Reserve"]', True),
        ("event . amount < 25.0", False),
        ('line.sku.startsWith("A-") && !now.birthday', True),
        ('now > timestamp("2026-01-01T00:00:00Z")', True),
        ("has(event.attributes.nights) && event.attributes.nights >= 3", True),
        ("event.attributes.nights > 2.5", True),
        ('ranks["status"] == "Gold" && ranks.status == tier', True),
        ('tier == "Gold" // said of the main ladder', True),
        # Without a value.
        ("event.attributes.missing == 3", None),
        ('ranks.other == "Gold"', None),
        ("10 / (days - 10) > 1", None),
        ("9223372036854775807 + days > 0", None),
        ("event.attributes.zone", None),
        # What was never counted was counted 0 times.
        ("done.stay == 2", True),
        ('done["review"] == 0 && done.review == 0 && done . lately . x == 0', True),
        ('has(done.review) || "review" in done || has(done.lately.review)', False),
        ("'done.review' == \"done.review\" && done.lately['a b'] < 1", True),
    ],
)
def test_conditions(text: str, value: bool | None) -> None:  # noqa: FBT001
    assert condition(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("int(event.amount) / 10", 2),
        ('days * 2 + done["stay"] * 3 + done["review"]', 26),
        ("event.attributes.nights", 3),
        ("event.attributes.whole", 4),
        ("event.attributes.half", None),
        ("event.attributes.zone", None),
        ("event.attributes.list", None),
        ("event.attributes.missing", None),
        ("event.attributes.nights > 2 ? 5 : 0", 5),
    ],
)
def test_whole_numbers(text: str, value: int | None) -> None:
    found = number(text)
    assert (found, type(found)) == (value, type(value))


def test_what_an_expression_reads_is_known() -> None:
    text = 'tier == "days" && ranks["a"] != ranks.b && done . lately.x > 1 && now.birthday'
    expression = LANGUAGE.expression(text, "bool")
    assert expression.uses == {"tier", "ranks", "done.lately", "now.birthday"}
    assert expression.keys == {("ranks", "a"), ("ranks", "b"), ("done.lately", "x")}
    nothing = LANGUAGE.expression('\'\'\'it\'s\'\'\' == """a "tier" \\"""" || now < now', "bool")
    assert nothing.uses == {"now"}


KNOWN = ", ".join(sorted(VOCABULARY))
NESTED = "is too deeply nested or too long a chain; divide it into several rules"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # Unknown names and functions.
        ("event.amout > 1.0", "speaks of 'event.amout', which is not known here; did you mean"),
        (
            "evnt.amount > 1.0",
            "'evnt.amount', which is not known here; did you mean 'event.amount'",
        ),
        ("amount > 25", "'amount', which is not known here; did you mean 'event.amount'?"),
        ("event.atributes.x == 1", "'event.atributes.x', which is not known here; did you mean"),
        (
            "tier == Gold",
            f"'Gold', which is not known here; text goes in quotes; known are {KNOWN}",
        ),
        ("a.b.c", f"'a.b.c', which is not known here; known are {KNOWN}"),
        (
            "line.sku.startswith('a')",
            "startswith(), which is not known here; did you mean 'startsW",
        ),
        ("line.sku.lower() == 'a'", "uses lower(), which is not known here; known are size(), con"),
        ("startsWith(tier, 'a')", "without a text before it; write text.startsWith(...)"),
        (
            'tier.matches("G.*")',
            "uses matches(), whose cost depends on the pattern; use startsWith",
        ),
        # Kinds that don't fit.
        (
            "event.amount > 25",
            "> to a decimal number and a whole number at character 14; write 25.0",
        ),
        (
            "25 < event.amount",
            "< to a whole number and a decimal number at character 4; write 25.0",
        ),
        ("days > 1.5", "can't apply > to a whole number and a decimal number at character 6; put"),
        ("tier == 5", "to text and a whole number at character 6; text goes in quotes, such as"),
        ('now > "2026-01-01"', "to an instant and text at character 5; write timestamp("),
        ("now - now > 5", "to a length of time and a whole number at character 11"),
        ("!tier", "can't apply ! to text at character 1"),
        ("tier in days", "can't apply in to text and a whole number at character 6"),
        ("done > 3", "can't apply > to a table of names and a whole number at character 6"),
        ("done[1] > 3", "can't apply [ ] to a table of names and a whole number at character 5"),
        ("size(days) > 1", "can't apply size() to a whole number at character 5"),
        ("[{'a': [1, 2]}] == days", "can't apply == to a list and a whole number"),
        ("days ? 1 : 2", "must be condition ? one : other, where one and other are of the same"),
        ("tier.name == 'a'", "looks for a name within text at character 5; only tables have names"),
        ("has(tier)", "asks has() for what is always there; ask for one name within a table"),
        ("event.amount", "is a decimal number; it must be true or false"),
        ("google.protobuf.Any{}", "is no value; it must be true or false"),
        ("null", "is nothing; it must be true or false"),
        # Habits of other languages.
        ('tier = "Gold"', "is not understood at character 6; write == to compare"),
        ("days => 5", "is not understood at character 6; write >= or <="),
        ("days <> 5", "is not understood at character 7; write != for not equal"),
        ("days > 5 and days < 7", "write && for and, || for or, ! for not"),
        ("if days > 5 then true", "write condition ? one : other"),
        ("tier == “Gold”", "write straight quotes"),
        ("event.amount > 25,5", "write decimals with a point: 12.5"),
        ("event.amount > $25", "write numbers without a sign for money or percent"),
        ("days > 5; days < 9", "write && between conditions"),
        ("(days > 5", "at character 10; look for a bracket, quote or sign too many or too few"),
        ('"\ud800" == tier', "is not understood; look for a bracket, quote or sign too many"),
        # Endless and huge.
        ("[1].all(x, x > 0)", "uses all(), which repeats; name what you mean, or use in"),
        ("event.attributes.map(x, x).size() > 0", "uses map(), which repeats"),
        ('r"\\" == "" || [1].exists(x, x > 0) || "" == r"\\"', "is not understood"),
        ("(" * 500 + "true" + ")" * 500, NESTED),
        ("[" * 500 + "]" * 500, NESTED),
        ("1" + "+1" * 900 + " > 1", NESTED),
        ("event.attributes" + ".a" * 900, NESTED),
        ("true ? 1 : " * 100 + "1", NESTED),
        ("days > 1 " + "|| days > 2 " * 200, "is longer than 2,000 characters; divide it into sev"),
        ("days > 1 &&\n days < 5", "runs over several lines; write it on one"),
        ("days > 1\r", "runs over several lines; write it on one"),
    ],
)
def test_a_fault_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^") as refused:
        LANGUAGE.expression(text, "bool")
    assert message in str(refused.value)


def test_a_vocabulary_without_tables_has_no_lookups() -> None:
    expression = Language({"spend": "double"}).expression("int(spend)", "int")
    assert expression.uses == {"spend"}
    assert not expression.keys


# The longest of what is allowed; each was the slowest of its sort when this was written.
SLOW = [
    "!" * (LENGTH_MAX - 4) + "true",
    "||".join(["days==1"] * 220),
    "days in [" + ",".join(["123"] * 490) + "]",
    '"' + "a" * 1_000 + '".contains("' + "a" * 900 + 'b")',
    "size(" + "+".join(["line.sku"] * 28) + ") > 5",
    "||".join(["done.abc==1"] * 150),
]


@pytest.mark.parametrize("text", SLOW, ids=lambda text: text[:10])
def test_the_costliest_expressions_are_cheap(text: str) -> None:
    expression = LANGUAGE.expression(text[:LENGTH_MAX], "bool")
    activation = LANGUAGE.activation(VALUES | {"line.sku": "a" * 200})
    begun = process_time()
    for _ in range(20):
        expression.value(activation)
    assert process_time() - begun < 20 * 0.005


WORDS = st.sampled_from(
    [
        *VOCABULARY, "tier", "days", "1", "2.5", '"Gold"', "'it'", "true", "null", "[1, 2]",
        "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "!", "-", "+", "*", "/", "%",
        "==", "!=", "<", ">=", "&&", "||", "in", "has(", "size(", ".all(", ".map(", ".x", '"',
        "'", '"""', "r'", "//", "\\", "\n", "matches(", "int(", "`", "done.x", "ranks['a']",
    ]
)  # fmt: skip
SOUP = st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=60)


@settings(max_examples=300, deadline=None)
@given(SOUP, st.sampled_from(["bool", "int"]))
@example('done["' + "x" * 100 + '"]' + " " * 1_800 + "> 1", "bool")
def test_any_text_is_an_expression_or_a_fault(text: str, result: Any) -> None:
    expression, fault = read(text, result)
    assert "<input>" not in fault
    if expression is not None:
        assert expression.uses <= VOCABULARY.keys()
        assert expression.value(ACTIVATION) in {None, True, False} or result == "int"


def read(text: str, result: Any) -> tuple[Expression | None, str]:
    try:
        return LANGUAGE.expression(text, result), ""
    except ValueError as error:
        return None, str(error)
