"""Walks a document for several visitors at once, in a fraction of `graphql.visit`'s time.

Which visitor stops at which kind of node is found out once, not for each document, and nothing
stops at names and descriptions, at which no visitor of ours looks. Nothing is edited on the way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import BREAK, Node, TypeInfo, Visitor
from graphql.language.ast import QUERY_DOCUMENT_KEYS

_Names: TypeAlias = tuple[tuple[int, str], ...]
_Handlers: TypeAlias = tuple[tuple[int, Callable[..., object]], ...]

_PASSED = frozenset({"name", "alias", "description"})


@dataclass(frozen=True, slots=True)
class _Stop:
    """What happens at nodes of one kind: which visitors stop, and where it goes on."""

    enter: _Names
    leave: _Names
    parts: tuple[str, ...]
    types_enter: Callable[[TypeInfo, Node], None] | None
    types_leave: Callable[[TypeInfo], None] | None


class Plan:
    """Where visitors of some classes stop. Make it once and walk many documents."""

    def __init__(self, *classes: type[Visitor]) -> None:
        self._classes = classes
        self._stops: dict[str, _Stop] = {}

    def walk(self, root: Node, types: TypeInfo, *visitors: Visitor) -> None:
        """Visit ``root`` and all below it, with a visitor of each class in their order.

        A visitor that answers `SKIP` sees nothing below the node, with `BREAK` nothing more at
        all. ``types`` follows as it does in a `TypeInfoVisitor`. Raises RecursionError.
        """
        _Walk(self, types, visitors).visit(root, None, None)

    def stop(self, kind: str) -> _Stop:
        """Return what happens at nodes of a kind."""
        found = self._stops.get(kind)
        if found is None:
            found = self._stops[kind] = _Stop(
                tuple(self._named("enter", kind)),
                tuple(self._named("leave", kind)),
                tuple(key for key in QUERY_DOCUMENT_KEYS.get(kind, ()) if key not in _PASSED),
                getattr(TypeInfo, f"enter_{kind}", None),
                getattr(TypeInfo, f"leave_{kind}", None),
            )
        return found

    def _named(self, way: str, kind: str) -> Iterator[tuple[int, str]]:
        for place, visitor in enumerate(self._classes):
            for name in (f"{way}_{kind}", way):
                if hasattr(visitor, name):
                    yield place, name
                    break


@dataclass(slots=True)
class _Bound:
    """The same, with the visitors of one walk."""

    stop: _Stop
    enter: _Handlers
    leave: _Handlers


class _Walk:
    """One way through a document."""

    __slots__ = ("_above", "_awake", "_bound", "_plan", "_types", "_visitors")

    def __init__(self, plan: Plan, types: TypeInfo, visitors: Sequence[Visitor]) -> None:
        self._plan = plan
        self._types = types
        self._visitors = visitors
        self._awake = [True] * len(visitors)
        self._above: list[Any] = []
        self._bound: dict[str, _Bound] = {}

    def visit(self, node: Node, key: str | int | None, parent: Any) -> None:
        # It calls itself once for each level: documents nest by hundreds, Python by a thousand.
        at = self._bound.get(node.kind) or self._bind(node.kind)
        above = self._above
        asleep = self._enter(at, node, key, parent)
        if at.stop.parts:
            if parent is not None:
                above.append(parent)
            for name in at.stop.parts:
                below = getattr(node, name)
                if isinstance(below, tuple):
                    above.append(node)
                    for index, each in enumerate(below):
                        self.visit(each, index, below)
                    above.pop()
                elif below is not None:
                    self.visit(below, name, node)
            if parent is not None:
                above.pop()
        self._leave(at, asleep, node, key, parent)

    def _enter(self, at: _Bound, node: Node, key: str | int | None, parent: Any) -> list[int]:
        if at.stop.types_enter is not None:
            at.stop.types_enter(self._types, node)
        awake, asleep = self._awake, []
        for place, handler in at.enter:
            if awake[place]:
                answer = handler(node, key, parent, (), self._above)
                if answer is not None:
                    awake[place] = False
                    if answer is not BREAK:
                        asleep.append(place)
        return asleep

    def _leave(
        self, at: _Bound, asleep: list[int], node: Node, key: str | int | None, parent: Any
    ) -> None:
        for place, handler in at.leave:
            if self._awake[place]:
                handler(node, key, parent, (), self._above)
        if at.stop.types_leave is not None:
            at.stop.types_leave(self._types)
        for place in asleep:
            self._awake[place] = True

    def _bind(self, kind: str) -> _Bound:
        stop = self._plan.stop(kind)
        found = _Bound(stop, self._handlers(stop.enter), self._handlers(stop.leave))
        self._bound[kind] = found
        return found

    def _handlers(self, names: _Names) -> _Handlers:
        return tuple((place, getattr(self._visitors[place], name)) for place, name in names)
