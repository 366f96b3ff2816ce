"""How a mutation tells of refusals: as data, each with a stable code and the place at fault."""

from collections.abc import Sequence
from enum import Enum

import strawberry

from api.graphql.fields import BRAND, attribute
from kit.errors import LaurelError


@strawberry.enum(description="What became of one item of a list that was sent.")
class OutcomeStatus(Enum):
    """The three ends of an item."""

    RECORDED = strawberry.enum_value("recorded", description="It is new and was written down.")
    REPLAYED = strawberry.enum_value(
        "replayed", description="The same was written down before; nothing changed now."
    )
    REFUSED = strawberry.enum_value(
        "refused", description="It was refused; `error` says why, and nothing of it was written."
    )


@strawberry.type(description="Why something was refused.")
class UserError:
    """An expected failure."""

    code: str = attribute(
        BRAND,
        "The stable name of the reason in capitals, such as `CURRENCY_MISMATCH`. New ones may be"
        " added: treat those you don't know as a refusal.",
    )
    message: str = attribute(BRAND, "What was wrong and what to do about it, for developers.")
    path: list[str] = attribute(
        BRAND, "The faulty part of the input from outside in; positions in lists count from 0."
    )


def user_error(code: str, message: str, path: Sequence[str]) -> UserError:
    """Return a refusal with ``path`` in the names of the schema."""
    return UserError(code=code, message=message, path=[camel(part) for part in path])


def of_error(error: LaurelError, *within: str) -> UserError:
    """Return ``error`` as data; its path continues ``within``."""
    return user_error(error.code, error.message, (*within, *error.path))


def camel(name: str) -> str:
    """Return a field's name as the schema spells it."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
