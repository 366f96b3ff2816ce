"""How a part of the schema is taken out of use: what replaces it, and the day it goes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

NOTICE_MONTHS = 6
FORM = "Use X instead. Goes on YYYY-MM-DD."
_REASON = re.compile(r"Use (.+) instead\. Goes on (\d{4}-\d{2}-\d{2})\.")


@dataclass(frozen=True, slots=True)
class Deprecation:
    """What a reason says."""

    instead: str
    goes_on: date


def read(reason: str) -> Deprecation | None:
    """Return what a deprecation's reason says, None if it is not written as `FORM`."""
    found = _REASON.fullmatch(reason)
    if found is None:
        return None
    try:
        return Deprecation(found[1], date.fromisoformat(found[2]))
    except ValueError:
        return None


def has_notice(deprecation: Deprecation, today: date) -> bool:
    """Return whether clients that read of it ``today`` have `NOTICE_MONTHS` months to change."""
    months = today.year * 12 + today.month - 1 + NOTICE_MONTHS
    # The last days of long months have no match in short ones.
    soonest = date(months // 12, months % 12 + 1, min(today.day, 28))
    return deprecation.goes_on >= soonest


def reasons(schema: GraphQLSchema) -> dict[str, str | None]:
    """Return every part that can be deprecated by its coordinate, with its reason if it is."""
    return dict(_parts(schema))


def _parts(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLEnumType):
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.deprecation_reason
        elif isinstance(kind, GraphQLInputObjectType):
            for name, each in kind.fields.items():
                yield f"{kind.name}.{name}", each.deprecation_reason
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.deprecation_reason
                for argument, given in field.args.items():
                    yield f"{kind.name}.{name}({argument}:)", given.deprecation_reason
