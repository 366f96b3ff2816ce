"""How long a list can come out, read from the arguments of its field before anything runs."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

NUMBER_MAX = 100
"""Larger pages are refused (`paging.PAGE_MAX`), so that larger numbers count as this."""
ITEMS_MAX = 5_000
"""So many items of a list are looked into, more than any list may have; others count as one."""
_DIGITS_MAX = 10


@dataclass(frozen=True, slots=True)
class Slice:
    """An argument that sizes a list, or what lies at a path in it."""

    argument: str
    path: tuple[str, ...]
    counts: bool
    """Whether it is a list, whose length counts, and not a number."""


@dataclass(frozen=True, slots=True)
class Given:
    """A variable that sizes a list, or what lies at a path in it."""

    variable: str
    path: tuple[str, ...]
    counts: bool

    def length(self, variables: Mapping[str, Any], defaults: Mapping[str, Any]) -> int | None:
        """Return the length it gives, None if it gives none. Raises nothing, whatever it holds."""
        name = self.variable
        value = variables[name] if name in variables else defaults.get(name)
        return _length(value, self.path, counts=self.counts)


@dataclass(frozen=True, slots=True)
class Size:
    """A length that depends on variables: the largest that is given, else what is assumed."""

    given: tuple[Given, ...]
    known: int | None
    assumed: int

    def length(self, variables: Mapping[str, Any], defaults: Mapping[str, Any]) -> int:
        """Return the length with these variables."""
        largest = self.known
        for each in self.given:
            length = each.length(variables, defaults)
            if length is not None and (largest is None or length > largest):
                largest = length
        return self.assumed if largest is None else largest


Length: TypeAlias = int | Size


def slice_of(field: GraphQLField, path: str) -> Slice:
    """Return the slice at a path such as ``first`` or ``input.purchases``.

    Raises KeyError if the field has no such argument.
    """
    argument, *steps = path.split(".")
    kind = field.args[argument].type
    for step in steps:
        within = get_named_type(kind)
        if not is_input_object_type(within):
            raise KeyError(path)
        kind = within.fields[step].type
    return Slice(argument, tuple(steps), is_list_type(get_nullable_type(kind)))


def length_of(slices: Iterable[Slice], node: FieldNode, assumed: int) -> Length:
    """Return how long the list of ``node`` is: the largest of the slices, else ``assumed``."""
    arguments = {each.name.value: each.value for each in node.arguments or ()}
    found = [one for each in slices for one in _found(each, arguments.get(each.argument))]
    known = [each for each in found if isinstance(each, int)]
    given = tuple(each for each in found if isinstance(each, Given))
    largest = max(known, default=None)
    if given:
        return Size(given, largest, assumed)
    return assumed if largest is None else largest


def lengths_sent(sent: Slice, node: FieldNode) -> Iterator[Length]:
    """Yield the lengths of the lists that ``node`` sends at the slice's place."""
    for argument in node.arguments or ():
        if argument.name.value == sent.argument:
            for each in _found(sent, argument.value):
                yield each if isinstance(each, int) else Size((each,), None, 0)


def _length(value: Any, path: tuple[str, ...], *, counts: bool) -> int | None:
    for done, step in enumerate(path):
        if isinstance(value, list | tuple):
            # Lists in lists fit no input; going into them would have no end.
            rest = path[done:]
            seen = islice(value, ITEMS_MAX)
            inner = [_length(each, rest, counts=counts) for each in seen if isinstance(each, dict)]
            return sum(each for each in inner if each) + max(0, len(value) - ITEMS_MAX)
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return None
    if counts:
        return len(value) if isinstance(value, list | tuple) else 1
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    # What is no number is refused later; until then it is the worst that a number can be.
    return min(max(value, 0), NUMBER_MAX) if type(value) is int else NUMBER_MAX


def _found(wanted: Slice, value: ValueNode | None, done: int = 0) -> Iterator[int | Given]:
    for place in range(done, len(wanted.path)):
        if isinstance(value, ListValueNode):
            for each in value.values:
                yield from _found(wanted, each, place)
            return
        if isinstance(value, VariableNode):
            yield Given(value.name.value, wanted.path[place:], wanted.counts)
            return
        held = value.fields if isinstance(value, ObjectValueNode) else ()
        step = wanted.path[place]
        value = next((each.value for each in held if each.name.value == step), None)
    if isinstance(value, VariableNode):
        yield Given(value.name.value, (), wanted.counts)
    elif value is not None and not isinstance(value, NullValueNode):
        yield _literal(value, counts=wanted.counts)


def _literal(value: ValueNode, *, counts: bool) -> int:
    if counts:
        return len(value.values) if isinstance(value, ListValueNode) else 1
    if isinstance(value, IntValueNode) and len(value.value) <= _DIGITS_MAX:
        return min(max(int(value.value), 0), NUMBER_MAX)
    return NUMBER_MAX
