"""Operations built from the schema: a way to every field, with arguments that mean something.

A new argument that none of the values given here fits fails every test that builds operations,
with a message that names it.
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

Kind = GraphQLObjectType | GraphQLInterfaceType
May = Callable[[str, GraphQLField], bool]
Values = Mapping[str, object]
"""By coordinate (`Query.node(id:)`, `MemberBy.id`) or else by name; a callable is called."""

_fresh = count(1)


def fresh() -> str:
    """Return a name that nothing else has."""
    return f"fresh-{next(_fresh)}"


_IN_THE_NAME_OF = (
    *("FoundHousehold", "InviteToHousehold", "AnswerInvitation", "LeaveHousehold"),
    *("RemoveFromHousehold", "ChangeHouseholdRole", "ClaimReferral", "GivePoints"),
    *("ChooseBoardAlias", "HideFromBoards", "ShowOnBoards", "LeaveLeagues", "EnterLeagues"),
    *("JoinChallenge", "LeaveChallenge", "RepairStreak", "ShareBadge", "UnshareBadge"),
)
USUAL: Values = {
    "brand": "grocer",
    "by": {"externalId": "ana"},
    "member": "ana",
    "purchase": "p1",
    "currency": "USD",
    "amount": "1.00",
    "line": 0,
    "occurredAt": "2026-03-01T10:00:00Z",
    "kind": "review",
    "points": "1",
    "reason": "a gift",
    "tier": "VIB",
    "earnings": [{"purchase": "p1"}],
    "grant": "none",
    "forget": ["colour"],
    "reward": "coffee",
    "redemption": "none",
    "code": "no voucher",
    "store": "Main Street",
    "units": "1",
    "pool": "pool",
    "codes": ["POOL-1"],
    "name": "Us",
    "guest": "ana",
    "receiver": "ben",
    "invitation": "none",
    "person": "none",
    "referral": "none",
    "accept": True,
    "Query.board(code:)": "spend",
    "Subscription.board(code:)": "spend",
    "board": "spend",
    "on": "2026-03-01",
    "DisqualifyPlaceInput.place": {"member": "ana"},
    "flag": "none",
    "confirm": True,
    "challenge": "five-aisles",
    "streak": "weekly-shop",
    "badge": "explorer",
    "award": "none",
    "prize": "none",
    **{f"{verb}Input.member": "ana" for verb in _IN_THE_NAME_OF},
    "keep": "ana",
    "absorb": "nobody",
    "EraseMemberInput.member": "nobody",
    "AttributeInput.name": "stars",
    "AttributeInput.value": {"number": "5"},
    "PreviewPurchaseInput.member": "ana",
    "PreviewPurchaseInput.lines": [{"amount": "1.00"}],
    "externalId": fresh,
    "idempotencyKey": fresh,
}
"""What fits the brand and member that `tests.api.conftest` knows; ids are added by the test."""


@dataclass(frozen=True, slots=True)
class Step:
    """A field on the way, and the type on which it is asked for."""

    kind: Kind
    name: str

    @property
    def field(self) -> GraphQLField:
        """The field itself."""
        found: GraphQLField = self.kind.fields[self.name]
        return found

    @property
    def coordinate(self) -> str:
        """The field's coordinate."""
        return f"{self.kind.name}.{self.name}"


Way = tuple[Step, ...]


def roots(schema: GraphQLSchema) -> dict[str, Step]:
    """Return every root field by its coordinate."""
    found = [Step(root, name) for root in _roots(schema) for name in root.fields]
    return {step.coordinate: step for step in found}


def _roots(schema: GraphQLSchema) -> list[GraphQLObjectType]:
    kinds = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return [kind for kind in kinds if kind is not None]


def anything(_: str, __: GraphQLField) -> bool:
    """Allow every field."""
    return True


def ways(schema: GraphQLSchema, may: May) -> dict[str, Way]:
    """Return the shortest way to each type by fields that ``may`` be asked for; () to a root."""
    found: dict[str, Way] = {}
    waiting: list[tuple[str, Way]] = [(root.name, ()) for root in _roots(schema)]
    while waiting:
        name, way = waiting.pop(0)
        if name in found:
            continue
        found[name] = way
        for step in steps(schema, name):
            if may(step.coordinate, step.field):
                waiting += [(each, (*way, step)) for each in met(schema, step)]
    return found


def steps(schema: GraphQLSchema, name: str) -> list[Step]:
    """Return the fields of a type."""
    kind = schema.type_map[name]
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return []
    return [Step(kind, field) for field in kind.fields]


def met(schema: GraphQLSchema, step: Step) -> list[str]:
    """Return the names of the types that a field can lead to, none for a leaf."""
    kind = get_named_type(step.field.type)
    if is_leaf_type(kind):
        return []
    if is_abstract_type(kind):
        return [kind.name, *(each.name for each in schema.get_possible_types(kind))]
    return [kind.name]


def trails(schema: GraphQLSchema, may: May, deepest: int) -> Iterator[Way]:
    """Return ways to a type by fields that ``may`` be asked for, the shortest ones first.

    Any two fields that can follow each other are at the end of one way: what a field answers
    depends on what it is asked of, not on how that was reached.
    """
    starts = [step for step in roots(schema).values() if may(step.coordinate, step.field)]
    waiting: deque[Way] = deque((step,) for step in starts)
    pairs = set()
    while waiting:
        way = waiting.popleft()
        kinds = met(schema, way[-1])
        if not kinds or way[-2:] in pairs:
            continue
        pairs.add(way[-2:])
        yield way
        if len(way) + 1 >= deepest:
            continue
        waiting += [
            (*way, step)
            for name in kinds
            for step in steps(schema, name)
            if may(step.coordinate, step.field) and step not in way
        ]


def operation(way: Way, values: Values, below: str = "", *, besides: tuple[str, ...] = ()) -> str:
    """Return the operation that goes a way; ``below`` is selected at its end if it is no leaf.

    ``besides`` names arguments of the last field to give though they could be left out.
    """
    last = get_named_type(way[-1].field.type)
    text = "" if is_leaf_type(last) else f" {{ __typename {below} }}"
    for place in range(len(way) - 1, -1, -1):
        step = way[place]
        given = arguments(step, values, besides if place == len(way) - 1 else ())
        text = f"{step.name}{given}{text}"
        if place and get_named_type(way[place - 1].field.type) != step.kind:
            text = f"... on {step.kind.name} {{ {text} }}"
        text = f" {{ {text} }}"
    return f"{way[0].kind.name.lower()}{text}"


def leaves(schema: GraphQLSchema, step: Step, may: May, values: Values) -> str:
    """Return a selection of every leaf of the types that a field leads to."""
    return whole(schema, step, may, values, 1)


def whole(
    schema: GraphQLSchema,
    step: Step,
    may: May,
    values: Values,
    deepest: int,
    *,
    besides: tuple[str, ...] = (),
) -> str:
    """Return a selection of everything to ``deepest`` fields below a field that is no leaf.

    ``besides`` names arguments to give wherever they are, though they could be left out.
    """
    return _Below(schema, may, values, besides).below(step, deepest)


@dataclass(frozen=True, slots=True)
class _Below:
    """What is selected below a field."""

    schema: GraphQLSchema
    may: May
    values: Values
    besides: tuple[str, ...]

    def of(
        self, name: str, deepest: int, told: Mapping[str, str | None] = MappingProxyType({})
    ) -> str:
        """Return a selection of everything to ``deepest`` fields within a type.

        ``told`` says by which names the answer has fields, None: it has them already.
        """
        parts = [] if "id" in told else ["__typename"]
        for step in steps(self.schema, name):
            is_leaf = not met(self.schema, step)
            if not self.may(step.coordinate, step.field) or not (is_leaf or deepest > 1):
                continue
            called = told.get(step.name, step.name)
            if called is None:
                continue
            given = tuple(each for each in self.besides if each in step.field.args)
            below = "" if is_leaf else f" {{ {self.below(step, deepest - 1)} }}"
            alias = "" if called == step.name else f"{called}: "
            parts.append(f"{alias}{step.name}{arguments(step, self.values, given)}{below}")
        return " ".join(parts)

    def below(self, step: Step, deepest: int) -> str:
        """Return a selection of everything to ``deepest`` fields below a field."""
        first, *others = met(self.schema, step)
        parts = [self.of(first, deepest)]
        for kind in others:
            inner = self.of(kind, deepest, self._told(kind, others))
            parts += [f"... on {kind} {{ {inner} }}"] if inner else []
        return " ".join(parts)

    def _told(self, kind: str, kinds: list[str]) -> dict[str, str | None]:
        """Return new names for a type's fields that mean something else in another of ``kinds``."""
        told: dict[str, str | None] = {}
        for step in steps(self.schema, kind):
            same = (each for name in kinds for each in steps(self.schema, name))
            types = {str(each.field.type) for each in same if each.name == step.name}
            if len(types) > 1:
                told[step.name] = f"{kind.lower()}{step.name}"
        return told | {"id": None}


def arguments(step: Step, values: Values, besides: tuple[str, ...] = ()) -> str:
    """Return a field's arguments in brackets: those it demands, and those ``besides``."""
    given = [
        f"{name}: {_literal(f'{step.coordinate}({name}:)', name, argument, values)}"
        for name, argument in step.field.args.items()
        if is_required_argument(argument) or name in besides
    ]
    return f"({', '.join(given)})" if given else ""


def _literal(
    coordinate: str, name: str, given: GraphQLArgument | GraphQLInputField, values: Values
) -> str:
    return written(value(coordinate, name, given, values))


def value(
    coordinate: str, name: str, given: GraphQLArgument | GraphQLInputField, values: Values
) -> object:
    """Return the value for an argument or a field of an input, as Python's JSON has it."""
    for key in (coordinate, name):
        if key in values:
            found = values[key]
            return found() if callable(found) else found
    return sample(coordinate, given.type, values)


def sample(coordinate: str, kind: GraphQLInputType, values: Values) -> object:
    """Return a value of a type: what it needs, and lists of one item."""
    if isinstance(kind, GraphQLNonNull):
        return sample(coordinate, kind.of_type, values)
    if isinstance(kind, GraphQLList):
        return [sample(coordinate, kind.of_type, values)]
    if isinstance(kind, GraphQLEnumType):
        return Raw(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: value(f"{kind.name}.{name}", name, field, values)
            for name, field in kind.fields.items()
            if is_required_input_field(field) or f"{kind.name}.{name}" in values
        }
    raise LookupError(f"give {coordinate} a value: see tests/support/operations.py")


class Raw(str):
    """What stands in a document as it is, such as a variable."""

    __slots__ = ()


def written(given: object) -> str:
    """Return a value as GraphQL writes it."""
    if isinstance(given, Raw):
        return given
    if isinstance(given, Mapping):
        return f"{{{', '.join(f'{name}: {written(each)}' for name, each in given.items())}}}"
    if isinstance(given, list | tuple):
        return f"[{', '.join(map(written, given))}]"
    return json.dumps(given, ensure_ascii=False)


def variables(types: Mapping[str, str]) -> Values:
    """Return values that are variables of their own names."""
    return {name: Raw(f"${name}") for name in types}


def declared(operation: str, types: Mapping[str, str]) -> str:
    """Return an operation with a head that declares the variables it uses."""
    used = sorted(set(re.findall(r"\$(\w+)", operation)))
    head = ", ".join(f"${name}: {types[name]}" for name in used)
    return operation.replace(" {", f" ({head}) {{", 1) if used else operation
