"""The documents of client projects: found in files, put together as a client would send them."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    TypeSystemDefinitionNode,
    TypeSystemExtensionNode,
    Visitor,
    get_location,
    parse,
    visit,
)

from api.graphql.known import read_manifest

SOURCES = {".graphql", ".gql"}
# Other files of JSON may hold texts under texts, too.
_DOCUMENT = re.compile(r"\s*(#.*\s*)*(\{|(query|mutation|subscription|fragment)\b)")
_PASSED_BY = {"node_modules"}


class UnreadableError(Exception):
    """A file or folder whose content can't be had."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__(f"{file}: {message}")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file, both counted from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to mend, or to mend in time."""

    place: Place
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The text that a client sends for one operation, with where each part of it is kept."""

    text: str
    parts: tuple[tuple[int, Place], ...]
    """Where the lines of the text from one on begin, the first part first."""

    def place(self, line: int, column: int) -> Place:
        """Return where a place in the text is kept."""
        start, kept = next(each for each in reversed(self.parts) if each[0] <= line)
        return Place(kept.file, kept.line + line - start, column)


@dataclass(frozen=True, slots=True)
class _Part:
    """A definition, where it begins, and its text."""

    node: OperationDefinitionNode | FragmentDefinitionNode
    place: Place
    text: str
    spreads: tuple[str, ...]


def gathered(paths: Iterable[Path]) -> tuple[list[Sent], list[Remark], list[str]]:
    """Return every operation in the files and below the folders, faults, and what is unreadable.

    Fragments may lie in other files than the operations that spread them.
    """
    sent: list[Sent] = []
    faults: list[Remark] = []
    unreadable: list[str] = []
    parts: list[_Part] = []
    for path, named in _files(paths):
        try:
            if path.suffix == ".json":
                sent += _manifest(path, named=named)
            else:
                parts += _definitions(path, read_text(path), named=named)
        except UnreadableError as error:
            unreadable.append(str(error))
        except GraphQLError as error:
            for location in error.locations or ():
                place = Place(str(path), location.line, location.column)
                faults.append(Remark(place, error.message))
    faults += _doubtful(parts)
    operations = [each for each in parts if isinstance(each.node, OperationDefinitionNode)]
    return [*sent, *(_assembled(each, parts) for each in operations)], faults, unreadable


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Return the files, and whether each was named itself."""
    for path in paths:
        if not path.is_dir():
            yield path, True
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(n for n in folders if n[0] != "." and n not in _PASSED_BY)
            for name in sorted(names):
                if Path(name).suffix in {*SOURCES, ".json"}:
                    yield Path(folder, name), False


def read_text(path: Path) -> str:
    """Return what a file says. Raises UnreadableError."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(str(path), f"is not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise UnreadableError(str(path), f"can't be read: {error.strerror}") from None


def _manifest(path: Path, *, named: bool) -> list[Sent]:
    try:
        texts = read_manifest(path)
    except (OSError, ValueError, RecursionError) as error:
        if named:
            raise UnreadableError(str(path), f"is no manifest of documents: {error}") from None
        return []
    if not named and not all(map(_DOCUMENT.match, texts.values())):
        return []
    return [Sent(text, ((1, Place(f"{path}#{name}", 1, 1)),)) for name, text in texts.items()]


def _definitions(path: Path, text: str, *, named: bool) -> list[_Part]:
    document = parse(text)
    found, others = [], 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode) and node.loc:
            source = node.loc.source
            start = get_location(source, node.loc.start)
            place = Place(str(path), start.line, start.column)
            # The last place that counts, without what follows the definition.
            body = " " * (start.column - 1) + source.body[node.loc.start : node.loc.end]
            found.append(_Part(node, place, body, _spreads(node)))
        elif isinstance(node, TypeSystemDefinitionNode | TypeSystemExtensionNode):
            others += 1
    if named and others and not found:
        raise UnreadableError(str(path), "is a schema; give the documents of a client")
    return found


def _doubtful(parts: list[_Part]) -> Iterator[Remark]:
    """Return what is right by itself and wrong together with the rest."""
    operations: dict[str, list[_Part]] = {}
    fragments: dict[str, _Part] = {}
    for part in parts:
        if isinstance(part.node, OperationDefinitionNode):
            operations.setdefault(part.place.file, []).append(part)
            continue
        first = fragments.setdefault(part.node.name.value, part)
        if first is not part:
            at = f"{first.place.file}:{first.place.line}"
            message = f"Fragment '{part.node.name.value}' is defined at {at} already."
            yield Remark(part.place, message)
    for together in operations.values():
        for part in together:
            if len(together) > 1 and not part.node.name:
                yield Remark(part.place, "Name the operation: the file has several.")


def _assembled(operation: _Part, parts: list[_Part]) -> Sent:
    fragments = {
        each.node.name.value: each
        for each in reversed(parts)
        if isinstance(each.node, FragmentDefinitionNode)
    }
    taken, waiting = {}, list(operation.spreads)
    while waiting:
        name = waiting.pop(0)
        if name in fragments and name not in taken:
            taken[name] = fragments[name]
            waiting += fragments[name].spreads
    texts, starts, line = [], [], 1
    for part in (operation, *taken.values()):
        starts.append((line, part.place))
        texts.append(part.text)
        line += part.text.count("\n") + 1
    return Sent("\n".join(texts), tuple(starts))


class _Spreads(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.append(node.name.value)


def _spreads(node: Node) -> tuple[str, ...]:
    visitor = _Spreads()
    visit(node, visitor)
    return tuple(visitor.names)
