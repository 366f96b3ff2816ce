"""How a mutation tells of refusals: as data, each with a stable code and the place at fault."""

from collections.abc import Sequence
from enum import Enum

import strawberry
import structlog

from api.context import Info
from api.graphql import messages
from api.graphql.codes import ErrorCode
from api.graphql.fields import SIGNED_IN, attribute, resolver
from kit.errors import LaurelError

_log = structlog.get_logger("laurel.api")


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

    code: ErrorCode = attribute(SIGNED_IN, "The reason.")
    detail: str = attribute(
        SIGNED_IN,
        "What was wrong in particular and what to do about it, for developers, in English.",
    )
    field: list[str] = attribute(
        SIGNED_IN, "The faulty part of the input from outside in; positions in lists count from 0."
    )

    @resolver(
        SIGNED_IN, "What was wrong, for people, in the language that `Accept-Language` asks for."
    )
    def message(self, info: Info) -> str:
        return messages.message(self.code, info.context.language)


def user_error(code: str, detail: str, path: Sequence[str]) -> UserError:
    """Return a refusal with ``path`` in the names of the schema."""
    return UserError(code=code_of(code), detail=detail, field=[camel(part) for part in path])


def of_error(error: LaurelError, *within: str) -> UserError:
    """Return ``error`` as data; its path continues ``within``."""
    return user_error(error.code, error.message, (*within, *error.path))


def camel(name: str) -> str:
    """Return a field's name as the schema spells it."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def code_of(code: str) -> ErrorCode:
    """Return a code as the schema has it; one that it lacks is a refusal, and logged."""
    try:
        return ErrorCode[code]
    except KeyError:
        # An answer without the right name is better than none.
        _log.error("a code is missing in the schema", code=code)
        return ErrorCode.REFUSED
