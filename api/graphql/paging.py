"""Relay connections with keyset cursors: pages that hold still while rows come in."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from api.auth import Role
from api.graphql.fields import EVERYONE, attribute, resolver
from api.graphql.scalars import Cursor
from api.graphql.signing import Cursors
from kit.errors import InvalidInputError

PAGE_MAX = 100
PAGE_DEFAULT = 20

T = TypeVar("T")
K = TypeVar("K")

First = Annotated[
    int | None,
    strawberry.argument(description=f"How many from the start: 0 to {PAGE_MAX}."),
]
After = Annotated[Cursor | None, strawberry.argument(description="Only what follows this cursor.")]
Last = Annotated[
    int | None,
    strawberry.argument(description=f"How many from the end: 0 to {PAGE_MAX}; not with `first`."),
]
Before = Annotated[
    Cursor | None, strawberry.argument(description="Only what comes before this cursor.")
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = attribute(EVERYONE, "Whether more follows this page.")
    has_previous_page: bool = attribute(EVERYONE, "Whether something comes before this page.")
    start_cursor: Cursor | None = attribute(
        EVERYONE, "The place of the page's first item; null for an empty page."
    )
    end_cursor: Cursor | None = attribute(
        EVERYONE, "The place of the page's last item; null for an empty page."
    )


@strawberry.type(description="One item of a list and its place there.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: Cursor = attribute(EVERYONE, "The item's place in the list.")
    node: T = attribute(EVERYONE, "The item.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]] = attribute(EVERYONE, "The items with their places, in order.")
    nodes: list[T] = attribute(EVERYONE, "The items alone, in order.")
    page_info: PageInfo = attribute(EVERYONE, "Where this page lies in the list.")


def paged(allow: AbstractSet[Role], description: str) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field that the decorated function computes as a `Connection`."""
    return resolver(
        allow,
        description,
        size=PAGE_DEFAULT,
        sized_by=("first", "last"),
        sizes=("edges", "nodes"),
    )


@dataclass(frozen=True, slots=True)
class Window(Generic[K]):
    """A checked request for a page: ``size`` items, counted from the end if ``backwards``."""

    size: int
    after: K | None
    before: K | None
    backwards: bool


def window(
    cursors: Cursors,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    read: Callable[[str], K],
) -> Window[K]:
    """Return the page asked for; ``read`` turns a key's text into the key, or raises ValueError.

    Raises InvalidInputError for sizes out of range, both ends at once, and foreign cursors.
    """
    if first is not None and last is not None:
        raise _refused("PAGE_AMBIGUOUS", "Give `first` or `last`, not both.", "last")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= PAGE_MAX:
            raise _refused("PAGE_SIZE_OUT_OF_RANGE", f"`{name}` is 0 to {PAGE_MAX}.", name)
    size = first if first is not None else last
    return Window(
        size=PAGE_DEFAULT if size is None else size,
        after=None if after is None else _read(cursors, "after", after, read),
        before=None if before is None else _read(cursors, "before", before, read),
        backwards=last is not None,
    )


def slice_of(items: Sequence[T], asked: Window[int]) -> Sequence[T]:
    """Return a page of a list that is at hand, and one more; its keys are places in the list."""
    first = 0 if asked.after is None else asked.after + 1
    found = items[first : asked.before]
    return found[-asked.size - 1 :] if asked.backwards else found[: asked.size + 1]


def connection(
    cursors: Cursors,
    asked: Window[K],
    found: Sequence[T],
    key: Callable[[T], object],
) -> Connection[T]:
    """Return the page made of ``found``: in list order, one more than asked if there is more.

    Whether something lies on the side the caller came from is taken from the cursor it gave.
    """
    more = len(found) > asked.size
    if more:
        found = found[1:] if asked.backwards else found[: asked.size]
    edges = [Edge(cursor=Cursor(cursors.write(key(item))), node=item) for item in found]
    return Connection(
        edges=edges,
        nodes=list(found),
        page_info=PageInfo(
            has_next_page=asked.before is not None if asked.backwards else more,
            has_previous_page=more if asked.backwards else asked.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _read(cursors: Cursors, name: str, text: str, read: Callable[[str], K]) -> K:
    try:
        return read(cursors.read(text))
    except ValueError:
        message = f"`{name}` is no cursor of this list; take one from an answer."
        raise _refused("CURSOR_INVALID", message, name) from None


def _refused(reason: str, message: str, argument: str) -> InvalidInputError:
    return InvalidInputError(message, code=reason, path=(argument,))
