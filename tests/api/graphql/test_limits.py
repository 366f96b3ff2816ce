"""What one document may ask for at most."""

import pytest
from graphql import build_schema, parse, validate

from api.auth import Role
from api.graphql import limits
from api.graphql.schema import core


def test_lists_in_lists_in_lists() -> None:
    schema = build_schema("type Query { a: [A] } type A { a: [A!]! one: A name: [String] }")

    def refused(text: str) -> str | None:
        document = parse(text)
        assert validate(schema, document) == []
        error = limits.check_list_depth(schema, document)
        return error.message if error else None

    assert refused("{ a { a { a { name one { one { name } } } } } }") is None
    assert refused("{ a { a { one { a { a { name } } } } } }") == (
        "Lists lie 4 deep in each other; 3 are allowed."
    )
    hidden = "{ a { ...A } } fragment A on A { ... { a { ...B ...B } } } fragment B on A"
    assert refused(f"{hidden} {{ ... on A {{ a {{ name }} }} }}") is None
    assert refused(f"{hidden} {{ ... on A {{ a {{ a {{ name }} }} }} }}") is not None
    assert refused("{ __schema { types { fields { args { type { name } } } } } }") is None


def test_lists_of_our_own_schema() -> None:
    deep = "{ members { edges { node { movements { edges { node { code } } } } } } }"
    assert limits.check_list_depth(core(), parse(deep)) is None


@pytest.mark.parametrize("role", Role)
def test_each_kind_of_caller_has_a_cap(role: Role) -> None:
    most = limits.most(role)
    assert limits.check_cost(most, role) is None
    refused = limits.check_cost(most + 1, role)
    assert refused is not None
    assert refused.message.startswith(f"The operation costs {most + 1}; {most} are allowed. Ask")
    assert 500 <= most <= 5_000
