"""The schema as a page to read: roots first, then types, with links between them."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    get_named_type,
    is_specified_scalar_type,
    print_ast,
)
from graphql.utilities import get_default_value_ast

from api.graphql.fields import allowed, audience
from api.graphql.pricing import item_weight, price

_HEAD = """\
# API reference

Made by `laurel schema reference` from the schema; a test says that it is current. Conventions and
limits are in [the page about the API](api.md), who may ask for what is also
[a table](api-permissions.md), and how the schema changes is in
[the migration guide](api-migration.md).

A type with `!` is never null.
"""
_SORTS: tuple[tuple[str, tuple[type[GraphQLNamedType], ...]], ...] = (
    ("Interfaces and unions", (GraphQLInterfaceType, GraphQLUnionType)),
    ("Types", (GraphQLObjectType,)),
    ("Inputs", (GraphQLInputObjectType,)),
    ("Enums", (GraphQLEnumType,)),
    ("Scalars", (GraphQLScalarType,)),
)
# A root type has no heading but that of its fields.
_ROOTS = {"Query": "queries", "Mutation": "mutations", "Subscription": "subscriptions"}


def page(schema: GraphQLSchema) -> str:
    """Return the page as Markdown."""
    return "\n".join([_HEAD, *_contents(schema), *_roots(schema), *_types(schema)])


def _contents(schema: GraphQLSchema) -> Iterator[str]:
    for title, root in _root_types(schema):
        names = (f"[{name}](#{_anchor(f'{root.name}.{name}')})" for name in sorted(root.fields))
        yield f"**{title}:** {' · '.join(names)}\n"
    for title, kinds in _sorted_types(schema):
        names = (f"[{kind.name}](#{_anchor(kind.name)})" for kind in kinds)
        yield f"**{title}:** {' · '.join(names)}\n"


def _root_types(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLObjectType]]:
    for title, root in (
        ("Queries", schema.query_type),
        ("Mutations", schema.mutation_type),
        ("Subscriptions", schema.subscription_type),
    ):
        if root is not None:
            yield title, root


def _sorted_types(schema: GraphQLSchema) -> Iterator[tuple[str, list[GraphQLNamedType]]]:
    roots = {root.name for _, root in _root_types(schema)}
    shown = [
        kind
        for name, kind in sorted(schema.type_map.items())
        if name not in roots and not name.startswith("__") and not is_specified_scalar_type(kind)
    ]
    for title, classes in _SORTS:
        kinds = [kind for kind in shown if isinstance(kind, classes)]
        if kinds:
            yield title, kinds


def _roots(schema: GraphQLSchema) -> Iterator[str]:
    for title, root in _root_types(schema):
        yield f"## {title}\n\n{root.description}\n"
        for name, field in sorted(root.fields.items()):
            yield f"### {root.name}.{name}\n\n{_meaning(field)}\n"
            yield f"Answers with {_link(field.type)}. {_audience(field)} {_price(field)}\n"
            if field.args:
                yield _table(("argument", "type", "meaning"), _inputs("", field.args))


def _types(schema: GraphQLSchema) -> Iterator[str]:
    for title, kinds in _sorted_types(schema):
        yield f"## {title}\n"
        for kind in kinds:
            yield f"### {kind.name}\n\n{_cell(kind.description)}\n"
            yield from _content(schema, kind)


def _content(schema: GraphQLSchema, kind: GraphQLNamedType) -> Iterator[str]:
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        yield f"One of: {', '.join(_link(each) for each in schema.get_possible_types(kind))}.\n"
    if isinstance(kind, GraphQLObjectType) and kind.interfaces:
        yield f"Is a {', '.join(_link(each) for each in kind.interfaces)}.\n"
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        yield _table(("field", "type", "meaning", "for"), _fields(kind.fields))
    elif isinstance(kind, GraphQLInputObjectType):
        if kind.is_one_of:
            yield "Give exactly one of the fields.\n"
        yield _table(("field", "type", "meaning"), _inputs("", kind.fields))
    elif isinstance(kind, GraphQLEnumType):
        rows = ((f"`{name}`", _meaning(value)) for name, value in sorted(kind.values.items()))
        yield _table(("value", "meaning"), rows)
    elif isinstance(kind, GraphQLScalarType) and kind.specified_by_url:
        yield f"Specified by <{kind.specified_by_url}>.\n"


def _fields(fields: Mapping[str, GraphQLField]) -> Iterator[tuple[str, ...]]:
    for name, field in sorted(fields.items()):
        who = _audience(field).removeprefix("For ").rstrip(".")
        meaning = " ".join(filter(None, (_meaning(field), _price(field, usual=False))))
        yield f"`{name}`", _link(field.type), meaning, who
        for row in _inputs(name, field.args):
            yield *row, ""


def _inputs(
    of: str, inputs: Mapping[str, GraphQLArgument | GraphQLInputField]
) -> Iterator[tuple[str, ...]]:
    for name, given in sorted(inputs.items()):
        meaning = _meaning(given)
        default = get_default_value_ast(given)
        if default is not None and print_ast(default) != "null":
            meaning += f" Without it, `{print_ast(default)}`."
        if isinstance(given, GraphQLInputField) and (weight := item_weight(given)):
            meaning += f" Costs {weight:g} an item."
        yield f"`{of}({name}:)`" if of else f"`{name}`", _link(given.type), meaning


def _meaning(part: object) -> str:
    description = _cell(getattr(part, "description", None))
    if isinstance(part, GraphQLField):
        description = description.removesuffix(_audience(part)).rstrip()
    reason = getattr(part, "deprecation_reason", None)
    return f"**Deprecated.** {_cell(reason)} {description}" if reason else description


def _price(field: GraphQLField, *, usual: bool = True) -> str:
    """Return what a field costs; "" for what costs as usual, unless that is wanted, too."""
    found = price(field)
    if found is None or not (usual or found.weight > 1 or found.sized_by or (found.size or 0) > 1):
        return ""
    cost = f"Costs {found.weight:g}"
    if found.size is None:
        return f"{cost} and what is asked of it."
    length = f"{found.size} items"
    if found.sized_by:
        length = f"as many as {' or '.join(f'`{each}`' for each in found.sized_by)} says"
        length += f", else {found.size}" if found.size else ""
    if found.sizes:
        lists = " and ".join(f"`{each}`" for each in sorted(found.sizes))
        return f"{cost}, and {lists} what is asked of each item: {length}."
    return f"{cost} and what is asked of it for each item: {length}."


def _audience(field: GraphQLField) -> str:
    return audience(allowed(field) or frozenset())


def _link(kind: GraphQLType) -> str:
    named = get_named_type(kind)
    if is_specified_scalar_type(named):
        return f"`{kind}`"
    return f"[`{kind}`](#{_ROOTS.get(named.name) or _anchor(named.name)})"


def _anchor(title: str) -> str:
    return title.lower().replace(".", "")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
