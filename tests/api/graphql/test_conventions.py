"""The conventions of `docs/api.md` that can be read off a schema, on every part of it."""

import re
from datetime import UTC, datetime

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from api.graphql import deprecations
from api.graphql.deprecations import FORM, NOTICE_MONTHS
from api.graphql.schema import core
from tests.support import operations
from tests.support.inputs import caps, inputs, name_of
from tests.support.operations import Step

SCHEMA = core()
TYPES = [
    each
    for each in SCHEMA.type_map.values()
    if not is_introspection_type(each) and not is_specified_scalar_type(each)
]
ROOTS = operations.roots(SCHEMA)

PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")
CAMEL = re.compile(r"[a-z][a-z0-9]*([A-Z][a-z0-9]*)*")
SCREAMING = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")

NEVER_FAIL = {"Query.brand"}
"""Roots that read nothing: the caller's brand is known once it is known who calls."""
SMALL = {
    *("rank", "pendingDays", "months", "windowMonths", "holdsMonths", "graceDays"),
    *("days", "birthdayDays", "returnDays", "quantity"),
    *("level", "length", "longest", "lostLength", "remaining", "round", "times", "timesEver"),
    *("timesMax", "windowsMax", "rollingDays", "joiningDays", "coolOffDays", "holdDays"),
    *("validDays", "repairDays", "repairsFree", "freezes", "freezesMax", "freezesWaiting"),
    *("freezeEvery",),
    *("promote", "relegate", "place", "percent"),
}
"""Names of whole numbers that 32 bits hold for ever."""
VERBS = {
    *("record", "refund", "enrol", "amend", "release", "adjust", "grant", "revoke"),
    *("redeem", "cancel", "return", "fulfil", "approve", "decline", "change", "add", "burn"),
    *("found", "invite", "answer", "leave", "remove", "claim", "review", "give"),
    *("merge", "erase"),
    *("join", "repair", "share", "unshare", "award", "retry"),
    *("choose", "hide", "show", "enter", "ban", "lift", "exclude", "include", "disqualify"),
}
"""What a mutation does. A new verb is one of the business, never `update`, `set` or `manage`."""


def steps() -> dict[str, Step]:
    """Return every field of every type by its coordinate."""
    found = (
        Step(kind, name)
        for kind in TYPES
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
        for name in kind.fields
    )
    return {step.coordinate: step for step in found}


STEPS = steps()
FIELDS: dict[str, GraphQLField] = {name: step.field for name, step in STEPS.items()}


INPUTS = inputs(SCHEMA)
CAPS = caps(SCHEMA)


def is_list(kind: object) -> bool:
    return isinstance(get_nullable_type(kind), GraphQLList)  # type: ignore[call-overload]


# Names.


def test_types_are_written_in_pascal_case() -> None:
    assert [each.name for each in TYPES if not PASCAL.fullmatch(each.name)] == []


def test_fields_and_arguments_are_written_in_camel_case() -> None:
    names = {part: name_of(part) for part in (*FIELDS, *INPUTS)}
    assert [part for part, name in names.items() if not CAMEL.fullmatch(name)] == []


def test_values_of_enums_are_written_in_capitals() -> None:
    enums = [each for each in TYPES if isinstance(each, GraphQLEnumType)]
    wrong = [
        f"{e.name}.{name}" for e in enums for name in e.values if not SCREAMING.fullmatch(name)
    ]
    assert wrong == []


def test_no_field_is_a_getter() -> None:
    asked = (part for part in (*FIELDS, *INPUTS) if "." in part)
    assert [part for part in asked if re.search(r"\.(get|list|fetch)[A-Z]", part)] == []


def test_no_field_repeats_the_name_of_its_type() -> None:
    wrong = [
        coordinate
        for coordinate in (*FIELDS, *(name for name in INPUTS if "(" not in name))
        if re.match(r"(\w+)\.\1(?![a-z])", coordinate, re.IGNORECASE)
    ]
    assert wrong == []


def test_names_of_kinds_end_alike() -> None:
    for kind in TYPES:
        is_input = isinstance(kind, GraphQLInputObjectType)
        one_of = isinstance(kind, GraphQLInputObjectType) and kind.is_one_of
        assert kind.name.endswith("Input") == (is_input and not one_of), kind.name
        assert kind.name.endswith("By") == one_of, kind.name


# Lists.


def connections() -> list[GraphQLObjectType]:
    kinds = [each for each in TYPES if isinstance(each, GraphQLObjectType)]
    return [each for each in kinds if each.name.endswith("Connection")]


def test_connections_have_the_shape_of_relay() -> None:
    for kind in connections():
        item = kind.name.removesuffix("Connection")
        shape = {name: str(field.type) for name, field in kind.fields.items()}
        wanted = {"edges": f"[{item}Edge!]!", "nodes": f"[{item}!]!", "pageInfo": "PageInfo!"}
        assert shape.items() >= wanted.items(), kind.name
        edge = SCHEMA.type_map[f"{item}Edge"]
        assert isinstance(edge, GraphQLObjectType)
        assert {name: str(field.type) for name, field in edge.fields.items()}.items() >= {
            "cursor": "Cursor!",
            "node": f"{item}!",
        }.items()


def test_pages_say_where_they_lie() -> None:
    kind = SCHEMA.type_map["PageInfo"]
    assert isinstance(kind, GraphQLObjectType)
    assert {name: str(field.type) for name, field in kind.fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "Cursor",
        "endCursor": "Cursor",
    }


def test_connections_are_asked_for_by_page() -> None:
    kinds = connections()
    found = {name: field for name, field in FIELDS.items() if get_named_type(field.type) in kinds}
    assert found
    wanted = {"first": "Int", "after": "Cursor", "last": "Int", "before": "Cursor"}
    for coordinate, field in found.items():
        given = {name: str(argument.type) for name, argument in field.args.items()}
        assert given.items() >= wanted.items(), coordinate
        assert not isinstance(field.type, GraphQLNonNull), coordinate


def test_lists_hold_no_holes() -> None:
    """Only `nodes` may: there, null says that one of the ids leads nowhere."""
    lists = {name: field.type for name, field in FIELDS.items() if is_list(field.type)}
    holed = [name for name, kind in lists.items() if "!]" not in str(kind)]
    assert holed == ["Query.nodes"]
    assert [name for name, given in INPUTS.items() if re.search(r"[^!]\]", str(given.type))] == []


@pytest.mark.parametrize("coordinate", CAPS)
def test_lists_that_are_sent_say_how_long_they_may_be(coordinate: str) -> None:
    assert CAPS[coordinate] > 0, f"describe {coordinate} with `N at most`"


# Values.


def test_amounts_and_counts_are_never_32_bit_numbers() -> None:
    small = [name for name, field in FIELDS.items() if get_named_type(field.type).name == "Int"]
    assert {coordinate.partition(".")[2] for coordinate in small} <= SMALL, small


def test_ids_are_ids() -> None:
    for coordinate, part in {**FIELDS, **INPUTS}.items():
        if name_of(coordinate) in {"id", "ids"}:
            assert get_named_type(part.type).name == "ID", coordinate


def test_instants_are_instants() -> None:
    for coordinate, part in {**FIELDS, **INPUTS}.items():
        name = name_of(coordinate)
        if name == "asOf" or re.search(r"[a-z]At$", name):
            assert get_named_type(part.type).name == "DateTime", coordinate


def test_figures_with_a_date_can_be_asked_for_as_of_another() -> None:
    dated = {
        kind.name for kind in TYPES if isinstance(kind, GraphQLObjectType) and "asOf" in kind.fields
    }
    assert dated >= {kind.name for kind in TYPES if kind.name.endswith("Figures")}
    for coordinate, field in FIELDS.items():
        if get_named_type(field.type).name in dated:
            assert "asOf" in field.args, coordinate


# What may be null.


def test_roots_that_may_fail_alone_are_nullable() -> None:
    strict = {name for name, step in ROOTS.items() if isinstance(step.field.type, GraphQLNonNull)}
    assert strict <= NEVER_FAIL
    assert not [name for name in strict if ROOTS[name].field.args]


def test_fields_whose_arguments_may_be_refused_are_nullable() -> None:
    """One faulty argument must not take the rest of the answer with it."""
    arguments = {name for name, field in FIELDS.items() if field.args}
    assert [n for n in arguments if isinstance(FIELDS[n].type, GraphQLNonNull)] == []


# Mutations.


def test_mutations_are_called_by_what_they_do_and_to_what() -> None:
    assert SCHEMA.mutation_type
    for name in SCHEMA.mutation_type.fields:
        verb, *rest = re.findall(r"[a-z]+|[A-Z][a-z]+", name)
        assert verb in VERBS, name
        assert rest, name


def test_every_mutation_has_an_idempotency_key() -> None:
    assert SCHEMA.mutation_type
    for name, field in SCHEMA.mutation_type.fields.items():
        given = get_named_type(field.args["input"].type)
        assert isinstance(given, GraphQLInputObjectType)
        assert str(given.fields["idempotencyKey"].type) == "String!", name


def test_payloads_are_of_one_mutation_and_never_fail_in_part() -> None:
    assert SCHEMA.mutation_type
    payloads = [get_named_type(field.type) for field in SCHEMA.mutation_type.fields.values()]
    named = {kind.name for kind in TYPES if kind.name.endswith("Payload")}
    assert sorted(kind.name for kind in payloads) == sorted(named)
    for kind in payloads:
        assert isinstance(kind, GraphQLObjectType)
        assert get_named_type(kind.fields["query"].type) is SCHEMA.query_type
        assert str(kind.fields["errors"].type) == "[UserError!]!"


# Deprecation.


def hasty(schema: GraphQLSchema) -> dict[str, str]:
    """Return what is deprecated without saying what to use instead and until when."""
    reasons = deprecations.reasons(schema)
    return {n: each for n, each in reasons.items() if each and not deprecations.read(each)}


def test_every_deprecation_names_what_to_use_and_a_day() -> None:
    assert hasty(SCHEMA) == {}, f"write the reason as: {FORM}"


def test_a_deprecation_without_a_day_is_found() -> None:
    text = """
    type Query {
      a(x: Int @deprecated(reason: "Use y instead. Goes on 2027-02-30.")): Int
        @deprecated(reason: "Use b instead. Goes on 2027-01-31.")
      b(by: I): E @deprecated
    }
    input I { c: Int @deprecated(reason: "Use d instead.") d: Int }
    enum E { F @deprecated(reason: "Goes on 2027-01-31.") G }
    """
    assert set(hasty(build_schema(text))) == {"Query.a(x:)", "Query.b", "I.c", "E.F"}


@pytest.mark.parametrize(
    ("today", "day", "enough"),
    [
        ("2026-01-31", "2026-07-28", True),
        ("2026-01-31", "2026-07-27", False),
        ("2026-07-01", "2027-01-01", True),
        ("2026-12-15", "2027-06-14", False),
    ],
)
def test_clients_have_half_a_year(today: str, day: str, enough: bool) -> None:  # noqa: FBT001
    assert NOTICE_MONTHS == 6
    told = deprecations.read(f"Use x instead. Goes on {day}.")
    assert told is not None
    on = datetime.fromisoformat(today).replace(tzinfo=UTC).date()
    assert deprecations.has_notice(told, on) == enough
