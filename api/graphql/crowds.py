"""Subscriptions whose answers are the same for many: who may take one, and that it is made once.

Two callers may take the same answer only if nothing that it depends on differs: the document's
text, the operation, the variables, the language, and to which brand they belong, by which boards
are seen that are not public. Every field must be known to be the same for all of them; one that
nobody has judged is not. And what many take is made for nobody: in a context without a member or a
key, that any field about a person answers as for a stranger.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from graphql import OperationType

from api.auth import Principal
from api.caller import Caller
from api.graphql.documents import Document, Operation
from api.graphql.fields import EVERYONE

Content = dict[str, Any] | orjson.Fragment
"""An answer, as it is or as the JSON that it is."""

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


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and whether it tells of a failure."""

    content: Content
    failed: bool


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


@dataclass(slots=True)
class _Made:
    members: int = 0
    event: object = None
    answer: asyncio.Task[Answer] | None = field(default=None)


class Crowds:
    """The answers that many take, of one process."""

    def __init__(self) -> None:
        self._made: dict[Crowd, _Made] = {}

    def __len__(self) -> int:
        """Return how many crowds there are."""
        return len(self._made)

    @contextmanager
    def joined(self, crowd: Crowd) -> Iterator[None]:
        """Belong to a crowd for the block; nothing is kept of one that nobody belongs to."""
        made = self._made.setdefault(crowd, _Made())
        made.members += 1
        try:
            yield
        finally:
            made.members -= 1
            if not made.members:
                del self._made[crowd]

    async def answer(
        self, crowd: Crowd, event: object, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Return what ``make`` makes of an event: made once for all who bring that event.

        Whoever leaves meanwhile ends it for nobody else.
        """
        made = self._made[crowd]
        if made.answer is None or made.event is not event:
            made.event, made.answer = event, asyncio.ensure_future(make())
            made.answer.add_done_callback(_looked_at)
        if made.answer.done():
            return made.answer.result()
        return await asyncio.shield(made.answer)


def _looked_at(made: asyncio.Future[Any]) -> None:
    if not made.cancelled():
        made.exception()
