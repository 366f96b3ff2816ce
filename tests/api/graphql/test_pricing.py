"""What fields cost is declared for every list, printed in the schema, and holds together."""

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    Undefined,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_introspection_type,
    is_list_type,
)

from api.graphql import paging
from api.graphql.fields import MUTATION_WEIGHT
from api.graphql.lengths import NUMBER_MAX, slice_of
from api.graphql.pricing import Price, item_weight, price
from api.graphql.schema import core, sdl

SCHEMA = core()
OBJECTS = [
    kind
    for kind in SCHEMA.type_map.values()
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    and not is_introspection_type(kind)
]
FIELDS: dict[str, tuple[str, GraphQLField]] = {
    f"{kind.name}.{name}": (kind.name, field)
    for kind in OBJECTS
    for name, field in kind.fields.items()
}
LISTS = [
    coordinate
    for coordinate, (_, field) in FIELDS.items()
    if is_list_type(get_nullable_type(field.type)) and is_composite_type(get_named_type(field.type))
]


def priced(coordinate: str) -> Price:
    found = price(FIELDS[coordinate][1])
    assert found is not None
    return found


def sizers(kind: str, name: str) -> list[bool]:
    """Return for each field that returns ``kind`` whether it sizes the list ``name`` of it."""
    found = []
    for _, field in FIELDS.values():
        if get_named_type(field.type).name == kind:
            told = price(field)
            found.append(told is not None and name in told.sizes)
    return found


@pytest.mark.parametrize("coordinate", LISTS)
def test_every_list_of_objects_says_how_long_it_is(coordinate: str) -> None:
    kind, field = FIELDS[coordinate]
    if price(field) is None:
        given_by_all = sizers(kind, coordinate.partition(".")[2])
        message = f"declare {coordinate} with size=, sized_by=, or as a list that its parent sizes"
        assert given_by_all, message
        assert all(given_by_all), message


def test_what_sizes_a_list_is_there_and_has_no_default() -> None:
    for coordinate, (_, field) in FIELDS.items():
        declared = price(field)
        for path in declared.sized_by if declared else ():
            slice_of(field, path)
            argument = field.args[path.partition(".")[0]]
            assert argument.default_value in {None, Undefined}, coordinate
        for name in declared.sizes if declared else ():
            assert f"{get_named_type(field.type).name}.{name}" in LISTS


def test_a_path_that_leads_nowhere_is_found() -> None:
    with pytest.raises(KeyError):
        slice_of(FIELDS["Query.members"][1], "first.second")
    with pytest.raises(KeyError):
        slice_of(FIELDS["Query.members"][1], "none")


def test_pages_are_sized_by_their_arguments() -> None:
    assert NUMBER_MAX == paging.PAGE_MAX
    pages = [name for name, (_, field) in FIELDS.items() if "first" in field.args]
    assert pages
    for coordinate in pages:
        assert priced(coordinate) == Price(
            weight=1,
            size=paging.PAGE_DEFAULT,
            sized_by=("first", "last"),
            sizes=frozenset({"edges", "nodes"}),
        )


def test_an_object_costs_what_its_interface_says() -> None:
    for kind in OBJECTS:
        for interface in kind.interfaces:
            for name in interface.fields:
                assert price(kind.fields[name]) == price(interface.fields[name])


def test_mutations_weigh_more_than_reads() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    for name in mutation.fields:
        assert priced(f"Mutation.{name}").weight >= MUTATION_WEIGHT


def test_prices_are_printed_where_they_are_not_the_usual_ones() -> None:
    printed = build_schema(sdl()).type_map
    for coordinate, (kind, field) in FIELDS.items():
        shown = printed[kind]
        assert isinstance(shown, GraphQLObjectType | GraphQLInterfaceType)
        node = shown.fields[coordinate.partition(".")[2]].ast_node
        assert node is not None
        names = {each.name.value for each in node.directives or ()}
        declared = price(field)
        assert ("cost" in names) is (item_weight(field) is not None)
        assert ("listSize" in names) is (declared is not None and declared.size is not None)


def test_the_directives_are_defined_once() -> None:
    assert sdl().count("directive @cost(") == sdl().count("directive @listSize(") == 1
    items = build_schema(sdl()).type_map["RecordPurchasesInput"]
    assert isinstance(items, GraphQLInputObjectType)
    node = items.fields["purchases"].ast_node
    assert node is not None
    assert [each.name.value for each in node.directives or ()] == ["cost"]
