"""What differs between two schemas, and what of it breaks the clients of the older one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from itertools import combinations

from graphql import (
    BreakingChange,
    DangerousChange,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)
from graphql.utilities import find_schema_changes

from api.auth import Role
from api.graphql import deprecations
from api.graphql.expiry import without_expired
from api.graphql.fields import audience


class Severity(Enum):
    """What a change does to a client that was right before."""

    BREAKING = "breaking"
    """It may fail."""
    DANGEROUS = "dangerous"
    """It may meet what it does not know."""
    SAFE = "safe"
    """It notices nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    severity: Severity
    kind: str
    message: str
    announced: bool = False
    """Whether it takes away something whose announced day has passed."""


def changes(old: GraphQLSchema, new: GraphQLSchema, today: date) -> list[Change]:
    """Return what is different in ``new``, the gravest first."""
    found = list(_found(old, new, today))
    left = set(_found(without_expired(old, new, today), new, today))
    marked = [
        Change(each.severity, each.kind, each.message, announced=each not in left)
        if each.severity is Severity.BREAKING
        else each
        for each in found
    ]
    return sorted(marked, key=lambda each: list(Severity).index(each.severity))


def _found(old: GraphQLSchema, new: GraphQLSchema, today: date) -> Iterator[Change]:
    for each in find_schema_changes(old, new):
        severity = Severity.SAFE
        if isinstance(each, BreakingChange):
            severity = Severity.BREAKING
        elif isinstance(each, DangerousChange):
            severity = Severity.DANGEROUS
        yield Change(severity, each.type.name, each.description)
    yield from _roots(old, new)
    yield from _ways_to_name(old, new)
    yield from _audiences(old, new)
    yield from _deprecations(old, new, today)


def _roots(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    for name in ("query_type", "mutation_type", "subscription_type"):
        before, after = getattr(old, name), getattr(new, name)
        if before and after is None:
            message = f"{before.name} is no root any more."
            yield Change(Severity.BREAKING, "ROOT_REMOVED", message)
        elif before and before.name != after.name:
            message = f"The root {before.name} is called {after.name}."
            yield Change(Severity.BREAKING, "ROOT_RENAMED", message)


def _ways_to_name(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    for name, before in old.type_map.items():
        after = new.type_map.get(name)
        if not isinstance(before, GraphQLInputObjectType):
            continue
        if not isinstance(after, GraphQLInputObjectType) or before.is_one_of == after.is_one_of:
            continue
        if after.is_one_of:
            message = f"{name} takes exactly one of its fields."
            yield Change(Severity.BREAKING, "ONE_OF_ADDED", message)
        else:
            message = f"{name} takes several of its fields together."
            yield Change(Severity.SAFE, "ONE_OF_REMOVED", message)


def _audiences(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    later = _allowed(new)
    for coordinate, before in _allowed(old).items():
        after = later.get(coordinate, before)
        if lost := before - after:
            message = f"{coordinate} is no longer {_for(lost)}"
            yield Change(Severity.BREAKING, "CALLERS_REMOVED", message)
        if gained := after - before:
            yield Change(Severity.SAFE, "CALLERS_ADDED", f"{coordinate} is also {_for(gained)}")


def _for(roles: frozenset[Role]) -> str:
    return audience(roles).replace("For", "for", 1)


def _sentences() -> dict[str, frozenset[Role]]:
    sets = [frozenset(some) for size in range(1, 5) for some in combinations(Role, size)]
    return {audience(each): each for each in sets}


_SAID = _sentences()


def _allowed(schema: GraphQLSchema) -> dict[str, frozenset[Role]]:
    """Return who may ask for which field, as far as the fields' descriptions say it."""
    found = {}
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in kind.fields.items():
            description = field.description or ""
            said = _SAID.get(description[description.rfind(" For ") + 1 :])
            if said is not None:
                found[f"{kind.name}.{name}"] = said
    return found


def _deprecations(old: GraphQLSchema, new: GraphQLSchema, today: date) -> Iterator[Change]:
    before = deprecations.reasons(old)
    for coordinate, reason in deprecations.reasons(new).items():
        if coordinate not in before or before[coordinate] == reason:
            continue
        if reason is None:
            message = f"{coordinate} is not deprecated any more."
            yield Change(Severity.SAFE, "DEPRECATION_REMOVED", message)
            continue
        told = deprecations.read(reason)
        message = f"{coordinate} is deprecated: {reason}"
        if told and deprecations.has_notice(told, today):
            yield Change(Severity.SAFE, "DEPRECATED", message)
            continue
        fault = f"less than {deprecations.NOTICE_MONTHS} months ahead" if told else "without a day"
        yield Change(Severity.DANGEROUS, "DEPRECATED_HASTILY", f"{message} ({fault})")
