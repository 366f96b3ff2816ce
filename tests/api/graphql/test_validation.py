"""Documents are judged as graphql-core judges them, only sooner, and given up when it is too much.

Each document, sound or broken, must have the very errors that the library finds, in its order.
"""

import random
import re

import pytest
from graphql import (
    GraphQLError,
    build_schema,
    get_introspection_query,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis_graphql import from_schema

from api.demo import queries
from api.graphql.schema import core
from api.graphql.validation import OVERLAPS_MAX, SHARED_MAX, VALUE_LENGTH_MAX, faults

SCHEMA = core(defer=True)
SDL = """
interface Named { name: String! other(at: Int = 1): Named }
type Tree implements Named {
  name: String! other(at: Int = 1): Named trees(by: By!, in: [In!]): [Tree!]
}
type Leaf implements Named { name: String! other(at: Int = 1): Named size(unit: Unit!): Float }
union Either = Tree | Leaf
enum Unit { METRE FOOT }
input By @oneOf { id: ID name: String }
input In { unit: Unit = FOOT required: Int! deep: In list: [[Int]] }
type Query { tree(id: ID): Tree either: Either named(in: In): Named }
type Mutation { plant(in: In!): Tree }
type Subscription { grown(unit: Unit): Leaf tree: Tree }
"""
SMALL = build_schema(SDL)
SOUND = [
    get_introspection_query(),
    queries._HOME,  # noqa: SLF001 - what a newcomer pastes
    queries._FIGURES,  # noqa: SLF001
    queries._PURCHASE,  # noqa: SLF001
    """
    query A($id: ID, $in: In = {required: 1}, $if: Boolean!) {
      tree(id: $id) @include(if: $if) { ...T trees(by: {id: $id}, in: [$in]) { name } }
      either { __typename ... on Leaf { size(unit: METRE) } ...T @skip(if: false) }
      named(in: {required: 2, list: [[1, null], [2]], deep: {required: 3, unit: FOOT}}) { ...N }
    }
    fragment T on Tree { other { ...N } ...N }
    fragment N on Named { name other(at: 2) { name } }
    """,
    "subscription S($unit: Unit) { grown(unit: $unit) { name } }",
    'mutation M { plant(in: {required: 1, unit: METRE}) { name trees(by: {name: "x"}) { name } } }',
    "query B { tree { ...T @defer } } fragment T on Tree { name }",
    '"described" query C("too" $a: ID) { tree(id: $a) { name } }',
    "type T { a: Int } extend schema @a { query: T }",
]
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\.\.\.|[$@]?\w+|[^\s]')
WORDS = TOKEN.findall(
    "{ } ( ) [ ] : $ @ ! = ... on query mutation fragment Tree Leaf Named Either In $id $in T"
    ' name other tree trees size unit by in id required 1 1.5 "x" true null METRE @skip if'
)


def said(errors: list[GraphQLError]) -> list[object]:
    return [(error.message, error.locations) for error in errors]


def same(text: str, *, hide: bool = False) -> int:
    """See that the errors are the same; return how many there are."""
    document = parse(text)
    for schema in (SMALL, SCHEMA):
        expected = said(validate(schema, document, max_errors=50, hide_suggestions=hide))
        found = said(faults(schema, document, errors_max=50, hide_suggestions=hide))
        assert found[:50] == expected[:50], text
        assert len(found) == len(expected)
    return len(found)


@pytest.mark.parametrize("text", SOUND)
def test_the_same_errors(text: str) -> None:
    same(text)


def test_the_same_errors_in_what_is_broken() -> None:
    chance = random.Random(3)
    errors = tried = 0
    while tried < 100:
        tokens = TOKEN.findall(chance.choice(SOUND))
        for _ in range(chance.choice([1, 1, 2, 3])):
            place = chance.randrange(len(tokens))
            match chance.randrange(4):
                case 0:
                    tokens[place] = chance.choice(WORDS)
                case 1:
                    tokens.insert(place, chance.choice(WORDS))
                case 2:
                    tokens[place:place] = tokens[place : place + chance.choice([1, 2, 4, 8])]
                case _:
                    del tokens[place]
        try:
            parse(" ".join(tokens))
        except GraphQLError:
            continue
        tried += 1
        errors += same(" ".join(tokens), hide=chance.random() < 0.5)
    assert errors > tried


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(query=from_schema(SDL))
def test_the_same_errors_in_what_is_made_up(query: str) -> None:
    same(query)


def refusals(text: str, errors_max: int = 10) -> list[str]:
    found = faults(SMALL, parse(text), errors_max=errors_max, hide_suggestions=True)
    return [error.message for error in found]


def test_after_so_many_errors_no_more_are_looked_for() -> None:
    found = refusals("{ " + "nothing " * 30 + "}")
    assert found[:10] == ["Cannot query field 'nothing' on type 'Query'."] * 10
    assert found[10:] == ["There are more faults than these; they were not looked for."]


def intertwined(count: int) -> str:
    spreads = " ".join(f"...F{number}" for number in range(count))
    body = "tree { name other { name } trees(by: {id: 1}) { name } }"
    parts = [f"fragment F{number} on Query {{ {body} }}" for number in range(count)]
    return f"{{ {spreads} }} {' '.join(parts)}"


def test_what_takes_too_long_to_judge_is_refused() -> None:
    assert refusals(intertwined(20)) == []
    (found,) = refusals(intertwined(60))
    assert found.startswith("It is too much work")
    assert OVERLAPS_MAX == 5_000


def test_variables_are_not_looked_at_for_each_operation_without_end() -> None:
    text = "".join(f"query Q{number}($a: Int) {{ ...F }} " for number in range(20))
    few = "fragment F on Query { named(in: {required: $a, list: [[$a $a]]}) { name } }"
    assert all("'$a'" in message for message in refusals(text + few, 10**6))
    many = (
        f"fragment F on Query {{ named(in: {{list: [{'$a ' * (SHARED_MAX // 15)}]}}) {{ name }} }}"
    )
    assert any(
        message.startswith("It is too much work") for message in refusals(text + many, 10**6)
    )


def test_a_long_value_has_one_fault() -> None:
    def named(length: int) -> str:
        return "{ named(in: {" + " ".join(f"x{n}: 1" for n in range(length)) + "}) { name } }"

    assert len(refusals(named(5))) == 6
    assert len(refusals(named(VALUE_LENGTH_MAX // 5))) == 1


def test_what_python_says_of_a_value_is_not_told() -> None:
    assert refusals("{ named(in: {required: %s}) { name } }" % ("1" * 5_000)) == [
        "A value is not what its type takes."
    ]


def test_nesting_without_end_is_given_up() -> None:
    deep = 190
    chain = "".join(
        f"fragment F{n} on Tree {{ {'... {' * deep} ...F{n + 1} {'}' * deep} }} " for n in range(9)
    )
    text = f"{{ tree {{ ...F0 }} }} {chain} fragment F9 on Tree {{ name }}"
    found = refusals(text)
    assert not found or found[-1].startswith("It is too much work")
