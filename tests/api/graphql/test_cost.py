"""What operations cost: declared for every list, exact, never too little, and quick to work out."""

import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from api.auth import Role
from api.demo.queries import _FIGURES, _HOME, _PURCHASE
from api.graphql import limits, paging
from api.graphql.cost import COST_MAX, Cost, Costs
from api.graphql.pricing import price
from api.graphql.schema import core, sdl

SCHEMA = core()
RELAXED = build_schema(sdl().replace("!", ""))
"""The same, but what is null harms nothing around it."""
RECORD = """
mutation ($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) { outcomes { member { balance { total } } error { code } } }
}
"""


def costs(text: str, schema: GraphQLSchema = SCHEMA) -> list[Cost]:
    """Return what each operation of a valid document costs."""
    document = parse(text)
    assert validate(schema, document) == []
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    known = Costs(schema, fragments)
    return [
        known.of(each) for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]


def cost(text: str, **variables: object) -> int:
    (only,) = costs(text)
    return only.of(variables)


def test_the_demo() -> None:
    # me, balance, its expiry, two tiers with what counted, the next tier and what is missing,
    # three benefits, a page of three rewards, one of three vouchers, four challenges, two
    # streaks, a page of five badges, and five movements with their edges in a page.
    games = 4 + 2 + (1 + 5)
    assert cost(_HOME) == 1 + 2 + 4 + 2 + 3 + (1 + 3) + (1 + 3) + games + (1 + 5 * 2)
    # Figures with a sum and tiers; three members with edges and balances in a page.
    assert cost(_FIGURES) == (200 + 1 + 10) + (1 + 3 * 3)
    bought: dict[str, Any] = {"purchases": [{"lines": [{}]}]}
    # The outcome with awards, the member's balance and tier with benefits, and an error; a half
    # for each line, rounded up in the end.
    assert cost(_PURCHASE, input=bought) == 10 + 1 + 1 + (1 + 3 + 1 + 1 + 1 + 3 + 1) + 1


def test_pages() -> None:
    assert cost("{ members { nodes { id } } }") == 1 + 20
    assert cost(
        "{ members(first: 7) { nodes { id } edges { cursor } pageInfo { endCursor } } }"
    ) == (1 + 7 + 7 + 1)
    assert cost("{ members(last: 7) { edges { node { id } } } }") == 1 + 14
    assert cost("{ members(first: 0) { nodes { id } } }") == 1
    assert cost("{ members(first: 3, last: 4) { nodes { id } } }") == 1 + 4
    assert cost("{ members(first: null) { nodes { id } } }") == 1 + 20
    assert cost("{ members(first: -5) { nodes { id } } }") == 1
    assert cost("{ members(first: 100000) { nodes { id } } }") == 1 + 100
    assert cost("{ members(first: 10) { nodes { movements(first: 10) { nodes { code } } } } }") == (
        1 + 10 + 10 * (1 + 10)
    )


def test_what_costs_nothing_costs_one() -> None:
    assert cost("{ __typename }") == 1
    assert costs("{ __typename }")[0].of({}) == 1


def test_attacks_and_bulk() -> None:
    aliases = " ".join(f"a{n}: members(first: 100) {{ nodes {{ id }} }}" for n in range(30))
    assert cost(f"{{ {aliases} }}") == 30 * 101
    by_id = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Member { balance { total } } } }"
    assert cost(by_id, ids=["x"] * 100) == 200
    assert cost('{ nodes(ids: ["x", "y"]) { id } }') == 2
    assert cost('{ nodes(ids: "x") { id } }') == 1
    # Ten for the mutation, one for each that is sent, four for each outcome.
    assert cost(RECORD, input={"purchases": [{}] * 250}) == 10 + 250 + 250 * 4
    silent = (
        "mutation ($input: RecordPurchasesInput!) { recordPurchases(input: $input) { __typename } }"
    )
    assert cost(silent, input={"purchases": [{}] * 250}) == 10 + 250


def test_a_list_that_is_written_out_counts_its_items() -> None:
    start = "recordPurchases(input: {idempotencyKey: $key, purchases:"
    outcomes = ") { outcomes { externalId } } }"
    line = '{amount: "1.00"}'
    for sent, expected in (
        (f"[{bought('[]')}, {bought('[]')}]", 10 + 2 + 2),
        (bought("[]"), 10 + 1 + 1),
        ("[]", 10),
        (f"[{bought(f'[{line}, {line}]')}, {bought(line)}]", 10 + 2 + 2 + 2),
    ):
        text = f"mutation ($key: String!) {{ {start} {sent}}}{outcomes}"
        assert cost(text, key="k") == expected
    some = f"mutation ($key: String!, $some: [PurchaseInput!]!) {{ {start} $some}}{outcomes}"
    assert cost(some, key="k", some=[{"lines": [1] * 7}] * 3) == 10 + 2 * 3 + 11
    lines = f"($key: String!, $lines: [PurchaseLineInput!]!) {{ {start} [{bought('$lines')}]}}"
    assert cost(f"mutation {lines}{outcomes}", key="k", lines=[1] * 31) == 10 + 2 + 16
    fixed = costs(f"mutation ($key: String!) {{ {start} [{bought(line)}]}}{outcomes}")[0].of({})
    assert fixed == 10 + 2 + 1


def bought(lines: str) -> str:
    """Return a purchase as it is written in a document."""
    return (
        '{externalId: "a", member: "b", occurredAt: "2026-01-01T00:00:00Z", currency: "USD",'
        f" lines: {lines}}}"
    )


@pytest.mark.parametrize(
    ("first", "length"),
    [
        (0, 0),
        (7, 7),
        (-7, 0),
        (10**30, 100),
        (7.0, 7),
        (1e300, 100),
        (float("inf"), 100),
        (float("nan"), 100),
        (True, 100),
        ("7", 100),
        ([7], 100),
        ({"a": 1}, 100),
        (None, 20),
    ],
)
def test_whatever_a_number_is(first: object, length: int) -> None:
    text = "query ($first: Int) { members(first: $first) { nodes { id } } }"
    assert cost(text, first=first) == 1 + length


@pytest.mark.parametrize(
    ("given_input", "purchases", "lines"),
    [
        ({"purchases": [1, 2, None]}, 3, 0),
        ({"purchases": {}}, 1, 0),
        ({"purchases": "abc"}, 1, 0),
        ({"purchases": None}, 0, 0),
        ({"purchases": [{"lines": None}, {"lines": 1}, {}]}, 3, 1),
        ({"purchases": {"lines": [[], []]}}, 1, 2),
        ({"purchases": [[{"lines": [1] * 99}], []]}, 2, 0),
        ({"purchases": [{"lines": [{}] * 10}] * 3}, 3, 30),
        ({}, 0, 0),
        ([], 0, 0),
        ("x", 0, 0),
        (None, 0, 0),
    ],
)
def test_whatever_an_input_is(given_input: object, purchases: int, lines: int) -> None:
    assert cost(RECORD, input=given_input) == 10 + purchases * 5 + math.ceil(lines / 2)


def test_defaults_of_variables() -> None:
    text = "query ($first: Int = 3) { members(first: $first) { nodes { id } } }"
    assert cost(text) == 1 + 3
    assert cost(text, first=5) == 1 + 5
    assert cost(text, first=None) == 1 + 20
    assert cost("query ($first: Int) { members(first: $first) { nodes { id } } }") == 1 + 20


def test_a_variable_that_is_no_length_counts_nothing() -> None:
    assert costs("query ($id: ID!) { member(id: $id) { id } }")[0].of({}) == 1


@pytest.mark.parametrize("first", [0, 3, 20, 100])
def test_a_variable_costs_what_a_literal_costs(first: int) -> None:
    text = """
    query (VARIABLE) {
      a: members(first: FIRST) { ...page nodes { movements(last: 2) { nodes { code } } } }
      b: members(last: FIRST) { ...page }
    }
    fragment page on MemberConnection {
      nodes { ...one }
      ... { edges { node { ...one movements(first: FIRST) { nodes { code } } } } }
      pageInfo { endCursor }
    }
    fragment one on Member { balance { upcomingExpiries { at } } }
    """
    literal = text.replace("(VARIABLE)", "").replace("FIRST", str(first))
    variable = text.replace("VARIABLE", "$n: Int!").replace("FIRST", "$n")
    node = 1 + 1 + 12
    expected = 2 * (1 + 1 + first * (node + 1 + node + 1 + first)) + first * (1 + 1 + 2)
    assert cost(literal) == cost(variable, n=first) == expected


def test_operations_of_a_document_cost_apart() -> None:
    text = """
    query A($n: Int = 1) { ...page }
    query B($n: Int = 2) { ...page brand { id } }
    fragment page on Query { members(first: $n) { nodes { id } } }
    """
    a, b = costs(text)
    assert (a.of({}), b.of({}), b.of({"n": 9})) == (2, 4, 11)


def test_everybody_may_read_the_whole_schema() -> None:
    everything = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    assert 400 < cost(everything) <= min(limits.most(role) for role in Role)


def hostile() -> Iterator[tuple[str, str]]:
    yield (
        "fan-out",
        "{ ...F0 }"
        + "".join(f" fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
        + " fragment F60 on Query { brand { id } }",
    )
    yield (
        "chains of types",
        ('{ __type(name: "Query") { ' + "ofType { " * 180 + "name" + " }" * 180 + " } }"),
    )
    yield "inline fragments", "{ " + "... { " * 190 + "__typename" + " }" * 190 + " }"
    pages = " ".join(f"p{n}: movements(first: $v{n}) {{ nodes {{ code }} }}" for n in range(15))
    members = " ".join(f"m{n}: members(first: $v{n}) {{ ...F }}" for n in range(15))
    variables = ", ".join(f"$v{n}: Int" for n in range(30))
    yield (
        "variables",
        f"""
    query ({variables}) {{ {members} }}
    fragment F on MemberConnection {{ nodes {{ ...G }} edges {{ node {{ ...G }} }} }}
    fragment G on Member {{ {pages} }}
    """,
    )
    operations = " ".join(f"query Q{n}($n: Int) {{ ...F }}" for n in range(20))
    page = "members(first: $n) { nodes { id } }"
    fields = " ".join("brand { code name }" for _ in range(130))
    yield (
        "operations",
        (f"{operations} fragment F on Query {{ {fields} {page} }}"),
    )


@pytest.mark.parametrize(("name", "text"), list(hostile()))
def test_hostile_documents_are_priced_quickly(name: str, text: str) -> None:
    document = parse(text)
    assert limits.check_list_depth(SCHEMA, document) is None
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    begun = time.process_time()
    known = Costs(SCHEMA, fragments)
    made = [known.of(each) for each in operations]
    compiled = time.process_time() - begun
    begun = time.process_time()
    variables = {f"v{n}": 100 for n in range(30)}
    found = made[0].of(variables)
    evaluated = time.process_time() - begun
    assert compiled < 0.02, name
    assert evaluated < 0.002, name
    assert 1 <= found <= COST_MAX
    assert (found == COST_MAX) is (name == "fan-out")


def test_a_usual_query_is_priced_in_no_time() -> None:
    text = "query ($n: Int) { me { balance { total } movements(first: $n) { nodes { code } } } }"
    (made,) = costs(text)
    seconds = []
    for _ in range(20):
        begun = time.process_time()
        for _ in range(100):
            made.of({"n": 5})
        seconds.append(time.process_time() - begun)
    # 2 µs, and much more while lines are counted.
    assert min(seconds) / 100 < 40e-6


def objects(value: object) -> int:
    """Return how many objects are in an answer."""
    if isinstance(value, Mapping):
        return 1 + sum(objects(each) for each in value.values())
    return sum(objects(each) for each in value) if isinstance(value, list) else 0


def longest(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Answer with as many objects as can come back."""
    coordinate = f"{info.parent_type.name}.{info.field_name}"
    kind = info.parent_type.fields[info.field_name].type
    if not is_composite_type(get_named_type(kind)):
        return None
    if "first" in arguments or "last" in arguments:
        asked = [arguments.get("first"), arguments.get("last")]
        sizes = [each for each in asked if each is not None]
        if len(sizes) > 1 or not all(0 <= each <= paging.PAGE_MAX for each in sizes):
            raise ValueError
        return {"size": sizes[0] if sizes else paging.PAGE_DEFAULT}
    if not is_list_type(get_nullable_type(kind)):
        sent = [each for each in arguments.get("input", {}).values() if isinstance(each, list)]
        return {"size": len(sent[0]) if sent else 0}
    if coordinate == "Query.nodes":
        return [{} for _ in arguments["ids"]]
    declared = price(info.parent_type.fields[info.field_name])
    return [{} for _ in range(declared.size or 0 if declared else source["size"])]


SCALARS = {
    "BigInt": st.just(nodes.String("1")),
    "Cursor": st.just(nodes.String("c")),
    "DateTime": st.just(nodes.String("2026-03-01T00:00:00Z")),
    "Date": st.just(nodes.String("2026-03-01")),
    "Decimal": st.just(nodes.String("1.00")),
    "Points": st.just(nodes.String("1")),
}
# Mostly lengths that are not refused.
GENERATED = from_schema(sdl(), custom_scalars=SCALARS).map(
    lambda text: re.sub(
        r"(first|last): -?(\d+)", lambda found: f"{found[1]}: {int(found[2]) % 105}", text
    )
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(text=GENERATED, kind=st.sampled_from(["Member", "Brand"]))
def test_never_less_than_the_objects_that_can_come_back(text: str, kind: str) -> None:
    document = parse(text)
    if validate(SCHEMA, document):
        # The generator names a member in several ways at once.
        return
    result = execute_sync(
        RELAXED,
        document,
        field_resolver=longest,
        type_resolver=lambda *_: kind,
    )
    found = objects(result.data) - 1
    assert found <= cost(text), text
