"""Subscriptions whose answers are the same for many: who may take the same one.

Two callers may take the same answer only if nothing that it depends on differs: the document's
text, the operation, the variables, the language, and to which brand they belong, by which boards
are seen that are not public. Every field must be known to be the same for all of them; one that
nobody has judged is not. And what many take is made for nobody: in a context without a member or a
key, that any field about a person answers as for a stranger.
"""

from typing import Any, NamedTuple

import orjson
from graphql import OperationType

from api.auth import Principal
from api.caller import Caller
from api.graphql.documents import Document, Operation
from api.graphql.fields import EVERYONE

_BOARD = frozenset(
    f"Board.{name}"
    for name in (
        *("code", "name", "description", "period", "periods", "scope", "scopes", "season"),
        *("startsOn", "endsOn", "isFrozen", "state", "ranking", "updatedAt", "version", "size"),
        "places",
    )
)
# Not `isMe`, which is for everyone as well.
_PLACE = frozenset(f"BoardPlace.{name}" for name in ("key", "rank", "name", "score", "percent"))
_PARTS = ("BoardPlaceConnection.", "BoardPlaceEdge.", "PageInfo.", "BoardScope.", "Quantity.")
_ROOT = "Subscription.board"
_OF_STRANGERS = frozenset({"BoardPlace.isMe"})
"""Is about who calls, and the same for all who are nobody."""


class Crowd(NamedTuple):
    """What those have in common who take the same answers."""

    document: str
    operation: str | None
    variables: bytes
    language: str
    brand: int | None
    """To which they belong; None for strangers."""


def crowd_of(
    document: Document, operation: Operation, variables: dict[str, Any], caller: Caller
) -> Crowd | None:
    """Return with whom a caller shares the answers to a subscription; None: with nobody."""
    location, home = document.ast.loc, caller.principal.home
    if location is None or not _same_for_all(operation, stranger=home is None):
        return None
    try:
        given = orjson.dumps(variables, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
    text = location.source.body
    return Crowd(text, operation.name, given, caller.language, home.id if home else None)


def nobody(caller: Caller) -> Caller:
    """Return a caller of the same brand and language of whom nothing else is known."""
    return Caller(Principal(home=caller.principal.home), language=caller.language)


def is_same(coordinate: str) -> bool:
    """Return whether a field says the same to whoever asks for the same board."""
    return coordinate in _BOARD or coordinate in _PLACE or coordinate.startswith(_PARTS)


def _same_for_all(operation: Operation, *, stranger: bool) -> bool:
    fields = {use.coordinate for use in operation.uses} - {_ROOT}
    return (
        operation.type is OperationType.SUBSCRIPTION
        and all(use.allow == EVERYONE and not use.introspection for use in operation.uses)
        and all(is_same(each) or (stranger and each in _OF_STRANGERS) for each in fields)
    )
