"""What can be sent: every argument and every field of an input, and how long lists may be."""

import re
from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
)

Input = GraphQLArgument | GraphQLInputField

_CAP = re.compile(r"(?:[Uu]p to|at most) (\d[\d,]*)|(\d[\d,]*)[^.;]* at most")


def inputs(schema: GraphQLSchema) -> dict[str, Input]:
    """Return whatever can be sent, by its coordinate."""
    return dict(_inputs(schema))


def _inputs(schema: GraphQLSchema) -> Iterator[tuple[str, Input]]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{kind.name}.{name}", given) for name, given in kind.fields.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.name[:2] != "__":
            for name, field in kind.fields.items():
                for argument, given in field.args.items():
                    yield f"{kind.name}.{name}({argument}:)", given


def name_of(coordinate: str) -> str:
    """Return the name at the end of a coordinate."""
    return re.split(r"[.(]", coordinate)[-1].removesuffix(":)")


def caps(schema: GraphQLSchema) -> dict[str, int]:
    """Return every list that can be sent, with the most it holds by its description, or 0."""
    found = {}
    for coordinate, given in inputs(schema).items():
        if isinstance(get_nullable_type(given.type), GraphQLList):
            said = _CAP.search(given.description or "")
            found[coordinate] = int((said[1] or said[2]).replace(",", "")) if said else 0
    return found
