"""Writers: what makes the answer for an object that holds all that is asked of it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLBoolean,
    GraphQLID,
    GraphQLObjectType,
    GraphQLString,
    InlineFragmentNode,
)
from graphql.language import SelectionSetNode
from graphql.pyutils import Undefined

from api.graphql.held import Held, held_fields, usual

Write = Callable[[Any], dict[str, Any]]
Fragments = Mapping[str, FragmentDefinitionNode]
Fields = dict[str, list[FieldNode]]


class UnusualError(Exception):
    """Something is out of the ordinary; what is asked must be answered in the general way."""


class _Step(NamedTuple):
    name: str
    attribute: str
    nullable: bool
    make: Callable[[Any], Any]


def writer(
    kind: GraphQLObjectType, nodes: Sequence[FieldNode], fragments: Fragments
) -> Write | None:
    """Return what writes the selections of ``nodes`` from an object of this kind.

    None if not all of them are held, or if a variable has a say in it. What is returned raises
    any exception for an object out of the ordinary, and has no effects.
    """
    fields: Fields = {}
    spread: set[str] = set()
    for node in nodes:
        if node.selection_set is None or not _collected(
            kind, node.selection_set, fragments, fields, spread
        ):
            return None
    steps = []
    for name, same in fields.items():
        step = _step(kind, name, same, fragments)
        if step is None:
            return None
        steps.append(step)
    return partial(_write, tuple(steps))


def _collected(
    kind: GraphQLObjectType,
    selections: SelectionSetNode,
    fragments: Fragments,
    into: Fields,
    spread: set[str],
) -> bool:
    """Put the fields selected into ``into`` by their names in the answer, False if it can't be.

    What is in ``spread`` is there already: fragments that spread others twice, and those others
    twice, would take for ever.
    """
    for node in selections.selections:
        if node.directives:
            return False
        if isinstance(node, FieldNode):
            into.setdefault((node.alias or node.name).value, []).append(node)
            continue
        inner: InlineFragmentNode | FragmentDefinitionNode
        if isinstance(node, FragmentSpreadNode):
            if node.name.value in spread:
                continue
            spread.add(node.name.value)
            inner = fragments[node.name.value]
        elif isinstance(node, InlineFragmentNode):
            inner = node
        else:
            return False
        named = inner.type_condition
        if inner.directives or (named is not None and named.name.value != kind.name):
            return False
        if not _collected(kind, inner.selection_set, fragments, into, spread):
            return False
    return True


def _step(
    kind: GraphQLObjectType, name: str, same: list[FieldNode], fragments: Fragments
) -> _Step | None:
    field = same[0].name.value
    if field == "__typename":
        return _Step(name, "__class__", False, lambda _: kind.name)  # noqa: FBT003 - never null
    held = held_fields(kind).get(field)
    if held is None:
        return None
    if held.written is not None:
        return _Step(name, held.attribute, held.nullable, _leaf(kind, field, held.written))
    if held.kind is None:
        return None
    write = writer(held.kind, same, fragments)
    if write is None:
        return None
    make = _list(held, write) if held.listed else _object(held, write)
    return _Step(name, held.attribute, held.nullable, make)


def _write(steps: tuple[_Step, ...], source: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for name, attribute, nullable, make in steps:
        value = getattr(source, attribute)
        if value is not None:
            written[name] = make(value)
        elif nullable:
            written[name] = None
        else:
            raise UnusualError
    return written


def _leaf(
    kind: GraphQLObjectType, field: str, coerce: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    leaf = kind.fields[field].type
    named = getattr(leaf, "of_type", leaf)
    plain = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}.get(named)

    def make(value: Any) -> Any:
        if type(value) is plain:
            return value
        written = coerce(value)
        if written is None or written is Undefined:
            raise UnusualError
        return written

    return make


def _object(held: Held, write: Write) -> Callable[[Any], Any]:
    if held.exact is None:
        return write

    def make(value: Any) -> Any:
        if not usual(held, value):
            raise UnusualError
        return write(value)

    return make


def _list(held: Held, write: Write) -> Callable[[Any], Any]:
    def make(values: Any) -> Any:
        if not usual(held, values):
            raise UnusualError
        return [write(value) for value in values]

    return make
