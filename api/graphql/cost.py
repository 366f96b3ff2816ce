"""What an operation costs, known before it runs: the weights of its fields times their lengths.

It is an upper bound: every spread of a fragment counts, `@skip` and `@include` are not looked at,
and of selections for several types all count. A document is turned into sums once; a request only
puts in how long its lists are. A fragment is one sum however often it is spread, so that neither
takes longer than the document is long.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    is_input_object_type,
    value_from_ast_untyped,
)

from api.graphql.lengths import Length, Size, Slice, length_of, lengths_sent, slice_of
from api.graphql.pricing import LIST_SIZE, Price, item_weight, price

COST_MAX = 10**9
"""What costs more counts as this."""

_INTROSPECTION_SIZES = {
    "__Schema.types": 40,
    "__Schema.directives": 8,
    "__Type.fields": 3,
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
    "__Type.enumValues": 1,
    "__Type.inputFields": 1,
    "__Field.args": 1,
    "__Directive.args": 1,
}
"""How long these lists are on average, so that every kind of caller may read the whole schema."""
_INTROSPECTION_FREE = {"__Field.type", "__InputValue.type", "__Type.ofType"}
"""References to types, which stand in long chains."""
_NOTHING: frozenset[str] = frozenset()

_Step: TypeAlias = tuple[float, tuple[tuple[int, int, int], ...]]


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one operation, at least 1."""

    steps: tuple[_Step, ...]
    """Sums, each after those it needs: a constant, and parts of factor, length and sum."""
    sizes: tuple[Size, ...]
    defaults: Mapping[str, Any]

    def of(self, variables: Mapping[str, Any]) -> int:
        """Return the cost with these variables, taken as they came. Raises nothing."""
        lengths = [each.length(variables, self.defaults) for each in self.sizes]
        lengths.append(1)
        totals: list[float] = []
        for constant, parts in self.steps:
            total = constant
            for factor, length, step in parts:
                total += factor * lengths[length] * totals[step]
            totals.append(min(total, COST_MAX))
        return _whole(totals[-1])


def _whole(cost: float) -> int:
    # Rounded before: the sum of ten tenths is a little more than one.
    return max(1, math.ceil(round(cost, 6)))


class Costs:
    """The costs of a valid document's operations, which share what its fragments cost."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._schema = schema
        self._rules = _rules(schema)
        self._fragments = fragments
        self._known: dict[tuple[str, frozenset[str]], tuple[_Sum, _Sum]] = {}

    def of(self, operation: OperationDefinitionNode) -> Cost:
        """Return what the operation costs."""
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            raise AssertionError
        whole = _Sum()
        self._selections(operation.selection_set, root, whole)
        defaults = {
            each.variable.name.value: value_from_ast_untyped(each.default_value)
            for each in operation.variable_definitions or ()
            if each.default_value is not None
        }
        return _linked(whole, defaults)

    def _selections(
        self,
        selections: SelectionSetNode,
        on: GraphQLCompositeType,
        target: "_Sum",
        sized: "tuple[frozenset[str], _Sum] | None" = None,
    ) -> None:
        """Add what is selected to ``target``, and the fields of some names to another sum."""
        names, unit = sized or (_NOTHING, target)
        waiting = [(selections, on)]
        while waiting:
            current, kind = waiting.pop()
            for node in current.selections:
                if isinstance(node, FieldNode):
                    listed = node.name.value in names
                    self._field(node, kind, unit if listed else target, listed=listed)
                elif isinstance(node, FragmentSpreadNode):
                    plain, per_item = self._fragment(node.name.value, names)
                    target.add(1, plain)
                    unit.add(1, per_item)
                elif isinstance(node, InlineFragmentNode):
                    named = node.type_condition
                    waiting.append((node.selection_set, self._type(named) if named else kind))

    def _fragment(self, name: str, names: frozenset[str]) -> "tuple[_Sum, _Sum]":
        known = self._known.get((name, names))
        if known is None:
            node = self._fragments[name]
            known = self._known[name, names] = (_Sum(), _Sum())
            plain, per_item = known
            self._selections(
                node.selection_set, self._type(node.type_condition), plain, (names, per_item)
            )
        return known

    def _field(
        self, node: FieldNode, parent: GraphQLCompositeType, target: "_Sum", *, listed: bool
    ) -> None:
        rule = self._rules.of(parent, node.name.value)
        for sent, weight in rule.sent:
            for length in lengths_sent(sent, node):
                target.add(length, _Sum(weight))
        # A list of its own length; others have their parent's, or give theirs to their fields.
        own = rule.size is not None and not rule.sizes and not listed
        unit = _Sum(rule.weight) if own else _Sum()
        target.constant += 0 if own else rule.weight
        if rule.kind is not None and node.selection_set is not None:
            sized = (rule.sizes, unit) if rule.sizes else None
            self._selections(node.selection_set, rule.kind, unit if own else target, sized)
        if own or rule.sizes:
            target.add(length_of(rule.slices, node, rule.size or 0), unit)

    def _type(self, node: NamedTypeNode) -> GraphQLCompositeType:
        return cast("GraphQLCompositeType", self._schema.get_type(node.name.value))


@dataclass(slots=True, eq=False)
class _Sum:
    """A constant and multiples of other sums, which are complete when they are added."""

    constant: float = 0
    parts: "list[tuple[int, Size | None, _Sum]]" = field(default_factory=list)

    def add(self, length: Length, unit: "_Sum") -> None:
        if isinstance(length, Size):
            self.parts.append((1, length, unit))
        elif unit.parts:
            self.parts.append((length, None, unit))
        else:
            self.constant = min(COST_MAX, self.constant + length * unit.constant)


def _linked(whole: _Sum, defaults: Mapping[str, Any]) -> Cost:
    """Return the sums that ``whole`` needs, each once, as one straight line."""
    places: dict[int, int] = {}
    lengths: dict[Size, int] = {}
    steps: list[_Step] = []

    def place(wanted: _Sum) -> int:
        known = places.get(id(wanted))
        if known is None:
            parts = tuple(
                (
                    factor,
                    -1 if size is None else lengths.setdefault(size, len(lengths)),
                    place(part),
                )
                for factor, size, part in wanted.parts
            )
            steps.append((wanted.constant, parts))
            known = places[id(wanted)] = len(steps) - 1
        return known

    place(whole)
    return Cost(tuple(steps), tuple(lengths), defaults)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What the schema says of a field."""

    weight: float
    kind: GraphQLCompositeType | None
    """What its objects are; None for leaves."""
    size: int | None
    slices: tuple[Slice, ...]
    sizes: frozenset[str]
    sent: tuple[tuple[Slice, float], ...]
    """The lists sent with it whose items weigh something."""


class _Rules:
    """The rules of a schema's fields, made when they are first asked for."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._kept: dict[tuple[str, str], _Rule] = {}

    def of(self, parent: GraphQLCompositeType, name: str) -> _Rule:
        known = self._kept.get((parent.name, name))
        if known is None:
            found = self._schema.get_field(parent, name)
            if found is None:
                raise AssertionError
            known = self._kept[parent.name, name] = _rule(f"{parent.name}.{name}", found)
        return known


@cache
def _rules(schema: GraphQLSchema) -> _Rules:
    return _Rules(schema)


def _rule(coordinate: str, found: GraphQLField) -> _Rule:
    kind = get_named_type(found.type)
    declared = price(found)
    if declared is None:
        declared = Price(1, _INTROSPECTION_SIZES.get(coordinate, LIST_SIZE))
    return _Rule(
        weight=0 if coordinate in _INTROSPECTION_FREE else declared.weight,
        kind=kind if is_composite_type(kind) else None,
        size=declared.size,
        slices=tuple(slice_of(found, path) for path in declared.sized_by),
        sizes=declared.sizes,
        sent=tuple(_sent(found)),
    )


def _sent(found: GraphQLField) -> Iterator[tuple[Slice, float]]:
    for name, argument in found.args.items():
        for path, weight in _weights(get_named_type(argument.type), frozenset()):
            yield slice_of(found, f"{name}.{path}"), weight


def _weights(kind: GraphQLNamedType, above: frozenset[str]) -> Iterator[tuple[str, float]]:
    """Yield the path and the weight of each part of an input that weighs something."""
    if is_input_object_type(kind) and kind.name not in above:
        for name, part in kind.fields.items():
            weight = item_weight(part)
            if weight is not None:
                yield name, weight
            for path, inner in _weights(get_named_type(part.type), above | {kind.name}):
                yield f"{name}.{path}", inner
