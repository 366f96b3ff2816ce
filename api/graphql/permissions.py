"""Who may ask for which field, as one table: what `api.graphql.documents` enforces."""

from collections.abc import Iterator
from enum import Enum

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

from api.auth import Role
from api.graphql.fields import allowed

_HEAD = """\
# Who may ask for what

Made by `laurel schema permissions` from the schema; a test says that it is current, and another
tries every line of it over HTTP with every kind of caller. What the fields mean is in the
[reference](api-reference.md).

A request that asks for one field too much is refused as a whole, before anything runs: with 401
if the caller did not sign in, else with 403. Members see themselves alone; servers and staff see
their own brand alone.

- **yes**: the caller may ask for the field.
- **no**: the caller is refused.
- **unreached**: the caller might ask, but nothing that it may ask for leads there.

| field | anonymous | members | servers | staff |
| --- | --- | --- | --- | --- |
"""


class Access(Enum):
    """What a caller gets who asks for a field."""

    YES = "yes"
    NO = "no"
    UNREACHED = "unreached"


def table(schema: GraphQLSchema) -> dict[str, dict[Role, Access]]:
    """Return what each kind of caller gets, by the fields' coordinates, the roots first."""
    reached = {role: _reached(schema, role) for role in Role}
    return {
        f"{kind.name}.{name}": {
            role: _access(field, role, is_reached=kind.name in reached[role]) for role in Role
        }
        for kind in _kinds(schema)
        for name, field in sorted(kind.fields.items())
    }


def page(schema: GraphQLSchema) -> str:
    """Return the table as a page of Markdown."""
    lines = [
        f"| `{coordinate}` | {' | '.join(access.value for access in by_role.values())} |\n"
        for coordinate, by_role in table(schema).items()
    ]
    return _HEAD + "".join(lines)


def _kinds(schema: GraphQLSchema) -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    others = (kind for _, kind in sorted(schema.type_map.items()) if kind not in roots)
    for kind in (*roots, *others):
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.name[:2] != "__":
            yield kind


def _access(field: GraphQLField, role: Role, *, is_reached: bool) -> Access:
    if role not in (allowed(field) or ()):
        return Access.NO
    return Access.YES if is_reached else Access.UNREACHED


def _reached(schema: GraphQLSchema, role: Role) -> set[str]:
    """Return the names of the types to which what the caller may ask for leads."""
    waiting: list[GraphQLNamedType] = [
        root
        for root in (schema.query_type, schema.mutation_type, schema.subscription_type)
        if root is not None
    ]
    reached: set[str] = set()
    while waiting:
        kind = waiting.pop()
        if kind.name in reached:
            continue
        reached.add(kind.name)
        if isinstance(kind, GraphQLAbstractType):
            waiting += schema.get_possible_types(kind)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            waiting += [
                get_named_type(field.type)
                for field in kind.fields.values()
                if role in (allowed(field) or ())
            ]
    return reached
