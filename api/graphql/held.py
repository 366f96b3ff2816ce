"""Fields that an object holds: read from it as they are, without a resolver of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    is_leaf_type,
    is_non_null_type,
)
from graphql.pyutils import Undefined


@dataclass(frozen=True, slots=True)
class Held:
    """A field that its object holds: a value, an object, or a list of objects that are there."""

    attribute: str
    nullable: bool
    written: Callable[[Any], Any] | None = None
    """How a value is written; None for objects."""
    kind: GraphQLObjectType | None = None
    listed: bool = False
    exact: type | None = None
    """The one class whose objects are of that kind for certain, where it must be looked at."""


@lru_cache(maxsize=1_000)
def held_fields(kind: GraphQLObjectType) -> dict[str, Held]:
    """Return the fields of a type that its objects hold, by their names in the schema."""
    found = {name: _held(field) for name, field in kind.fields.items()}
    return {name: held for name, held in found.items() if held is not None}


def usual(held: Held, value: Any) -> bool:
    """Return whether an object, or every one of a list, is there and of its kind."""
    if value is None:
        return False
    if held.exact is None:
        return not held.listed or None not in value
    if held.listed:
        return all(type(item) is held.exact for item in value)
    return type(value) is held.exact


def value_of(held: Held, source: Any) -> Any:
    """Return a value as it is written, Undefined for one out of the ordinary."""
    value = getattr(source, held.attribute)
    if value is None:
        return None if held.nullable else Undefined
    try:
        written = held.written(value) if held.written else None
    except Exception:  # noqa: BLE001 - the general way meets it again, and tells of it
        return Undefined
    return Undefined if written is None else written


def _held(field: GraphQLField) -> Held | None:
    declared = field.extensions.get("strawberry-definition")
    if declared is None or not declared.is_basic_field or field.args:
        return None
    name, nullable, kind = declared.python_name, not is_non_null_type(field.type), field.type
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if is_leaf_type(kind):
        return Held(name, nullable, written=kind.coerce_output_value)
    listed = isinstance(kind, GraphQLList) and isinstance(kind.of_type, GraphQLNonNull)
    if isinstance(kind, GraphQLList) and isinstance(kind.of_type, GraphQLNonNull):
        kind = kind.of_type.of_type
    if not isinstance(kind, GraphQLObjectType):
        return None
    exact = kind.extensions["strawberry-definition"].origin if kind.is_type_of else None
    return Held(name, nullable, kind=kind, listed=listed, exact=exact)
