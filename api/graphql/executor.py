"""graphql-core's executor with a short way for what most of every answer is: what is there already.

A field without a resolver of its own is read from its object. For such fields graphql-core's
general way (an info, arguments, checks of what was returned) is most of the time an answer takes.
Here values, objects and lists of objects are taken directly; whatever is out of the ordinary (a
null that must not be, a value that its scalar refuses, an abstract type) goes the general way.
"""

from collections.abc import Awaitable, Callable
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
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path, Undefined, gather_with_cancel

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Held:
    """A field that its object holds: a value, an object, or a list of objects that are there."""

    attribute: str
    nullable: bool
    written: Callable[[Any], Any] | None = None
    kind: GraphQLObjectType | None = None
    listed: bool = False
    exact: type | None = None
    """The one class whose objects are of that kind for certain, where it must be looked at."""


class ShortExecutor(Executor[None]):
    """Executes operations that defer nothing."""

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,  # noqa: ARG002 - of those that defer
    ) -> Result | Awaitable[Result]:
        """Return the fields of one object, or what becomes them."""
        held_fields = _held(parent_type)
        results: Result = {}
        awaited: list[str] = []
        for name, details in grouped_field_set.items():
            held = held_fields.get(details[0].node.name.value)
            if held is not None and held.written is not None:
                value = _value(held, source_value)
                if value is not Undefined:
                    results[name] = value
                    continue
            place = Path(path, name, parent_type.name)
            try:
                result = self._field(parent_type, source_value, details, place, held)
            except Exception:
                self.settle_in_background([results[each] for each in awaited])
                raise
            if result is not Undefined:
                results[name] = result
                if self.is_awaitable(result):
                    awaited.append(name)
        return self._gathered(results, awaited) if awaited else results

    def _field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        details: FieldDetailsList,
        place: Path,
        held: _Held | None,
    ) -> Any:
        if held is None or held.kind is None:
            return self.execute_field(parent_type, source, details, place, None)
        value = getattr(source, held.attribute)
        if not _usual(held, value):
            return self.execute_field(parent_type, source, details, place, None)
        if not held.nullable:
            return self._composed(held.kind, details, place, value, listed=held.listed)
        try:
            result = self._composed(held.kind, details, place, value, listed=held.listed)
        except Exception as error:  # noqa: BLE001 - told where it happened
            self.handle_field_error(error, held.kind, details, place)
            return None
        if not self.is_awaitable(result):
            return result
        return self._or_none(result, held.kind, details, place)

    def _composed(
        self,
        kind: GraphQLObjectType,
        details: FieldDetailsList,
        place: Path,
        value: Any,
        *,
        listed: bool,
    ) -> Any:
        compose = self.collect_and_execute_subfields
        if not listed:
            return compose(kind, details, place, value, None)
        items: list[Any] = []
        awaited: list[int] = []
        try:
            for number, item in enumerate(value):
                items.append(compose(kind, details, place.add_key(number, None), item, None))
                if self.is_awaitable(items[-1]):
                    awaited.append(number)
        except Exception:
            self.settle_in_background([items[each] for each in awaited])
            raise
        return self._gathered(items, awaited) if awaited else items

    @staticmethod
    async def _gathered(results: Any, awaited: list[Any]) -> Any:
        if len(awaited) == 1:
            results[awaited[0]] = await results[awaited[0]]
            return results
        done = await gather_with_cancel(*(results[each] for each in awaited))
        for each, result in zip(awaited, done, strict=True):
            results[each] = result
        return results

    async def _or_none(
        self,
        result: Awaitable[Any],
        kind: GraphQLObjectType,
        details: FieldDetailsList,
        place: Path,
    ) -> Any:
        try:
            return await result
        except Exception as error:  # noqa: BLE001 - told where it happened
            self.handle_field_error(error, kind, details, place)
            return None


def _usual(held: _Held, value: Any) -> bool:
    if value is None:
        return False
    if held.exact is None:
        return not held.listed or None not in value
    if held.listed:
        return all(type(item) is held.exact for item in value)
    return type(value) is held.exact


def _value(held: _Held, source: Any) -> Any:
    """Return a value as it is written, Undefined for one out of the ordinary."""
    value = getattr(source, held.attribute)
    if value is None:
        return None if held.nullable else Undefined
    try:
        written = held.written(value) if held.written else None
    except Exception:  # noqa: BLE001 - the general way meets it again, and tells of it
        return Undefined
    return Undefined if written is None else written


@lru_cache(maxsize=1_000)
def _held(kind: GraphQLObjectType) -> dict[str, _Held]:
    found = {name: _of(field) for name, field in kind.fields.items()}
    return {name: held for name, held in found.items() if held is not None}


def _of(field: GraphQLField) -> _Held | None:
    declared = field.extensions.get("strawberry-definition")
    if declared is None or not declared.is_basic_field or field.args:
        return None
    name, nullable, kind = declared.python_name, not is_non_null_type(field.type), field.type
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    if is_leaf_type(kind):
        return _Held(name, nullable, written=kind.coerce_output_value)
    listed = isinstance(kind, GraphQLList) and isinstance(kind.of_type, GraphQLNonNull)
    if isinstance(kind, GraphQLList) and isinstance(kind.of_type, GraphQLNonNull):
        kind = kind.of_type.of_type
    if not isinstance(kind, GraphQLObjectType):
        return None
    exact = kind.extensions["strawberry-definition"].origin if kind.is_type_of else None
    return _Held(name, nullable, kind=kind, listed=listed, exact=exact)
