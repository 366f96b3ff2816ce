"""graphql-core's executor with short ways for most of every answer: what is there already.

A field without a resolver of its own is read from its object. For such fields graphql-core's
general way (an info, arguments, checks of what was returned) is most of the time an answer takes.
Here they are taken directly; where everything asked of an object is held by it and by what it
holds, one writer makes all of it, and is kept with the document. Whatever is out of the ordinary
(a null that must not be, a value that its scalar refuses, an abstract type) goes the general way.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from graphql import FieldNode, GraphQLObjectType
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path, Undefined, gather_with_cancel

from api.graphql.held import Held, held_fields, usual, value_of
from api.graphql.writers import Write, writer

Result = dict[str, Any]
Writers = dict[tuple[str | int, ...], tuple[list[FieldNode], Write | None]]
"""The writers of one document, by type and nodes; the nodes are kept, so that ids stay theirs."""

WRITERS_MAX = 100
"""Which nodes belong together, variables may say (`@include`), in more ways than can be kept."""


class ShortExecutor(Executor[None]):
    """Executes operations that defer nothing."""

    def __init__(self, *arguments: Any, writers: Writers | None = None, **named: Any) -> None:
        """Take what graphql-core gives, and the writers known of the document."""
        super().__init__(*arguments, **named)
        self._writers: Writers = {} if writers is None else writers

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: None,
    ) -> Result | Awaitable[Result]:
        """Return what is asked of an object, or what becomes it."""
        nodes = [details.node for details in field_details_list]
        key: tuple[str | int, ...] = (return_type.name, *map(id, nodes))
        if key not in self._writers:
            if len(self._writers) >= WRITERS_MAX:
                self._writers.clear()
            self._writers[key] = nodes, writer(return_type, nodes, self.fragment_definitions)
        _, write = self._writers[key]
        if write is not None:
            # The general way meets what is out of the ordinary again, and tells of it.
            with suppress(Exception):
                return write(result)
        return super().collect_and_execute_subfields(
            return_type, field_details_list, path, result, position_context
        )

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,  # noqa: ARG002 - of those that defer
    ) -> Result | Awaitable[Result]:
        """Return the fields of one object, or what becomes them."""
        known = held_fields(parent_type)
        results: Result = {}
        awaited: list[str] = []
        for name, details in grouped_field_set.items():
            held = known.get(details[0].node.name.value)
            if held is not None and held.written is not None:
                value = value_of(held, source_value)
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
        held: Held | None,
    ) -> Any:
        if held is None or held.kind is None:
            return self.execute_field(parent_type, source, details, place, None)
        value = getattr(source, held.attribute)
        if not usual(held, value):
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
