"""How much one document may ask for: counted from its syntax, before anything expensive."""

from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
)
from graphql.language import SelectionSetNode

SOURCE_LENGTH_MAX = 100_000
TOKENS_MAX = 1_000
COMMENTS_MAX = 200
ALIASES_MAX = 30
DIRECTIVES_MAX = 50
OPERATIONS_MAX = 20
DEPTH_MAX = 12


def check_size(document: DocumentNode) -> GraphQLError | None:
    """Return why the document is too large; cheap, so that it can come before validation."""
    aliases = directives = 0
    for node in _everything(document):
        aliases += isinstance(node, FieldNode) and node.alias is not None
        directives += len(node.directives or ())
    operations = sum(isinstance(each, OperationDefinitionNode) for each in document.definitions)
    for name, count, most in (
        ("aliases", aliases, ALIASES_MAX),
        ("directives", directives, DIRECTIVES_MAX),
        ("operations", operations, OPERATIONS_MAX),
    ):
        if count > most:
            return GraphQLError(f"The document has {count} {name}; {most} are allowed.")
    return None


def check_depth(document: DocumentNode) -> GraphQLError | None:
    """Return why a valid document goes too deep. Introspection has a limit of its own."""
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    known: dict[str, int] = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            depth = _depth(each.selection_set, fragments, known)
            if depth > DEPTH_MAX:
                message = f"The operation is {depth} fields deep; {DEPTH_MAX} are allowed."
                return GraphQLError(message, each)
    return None


def _depth(
    selections: SelectionSetNode | None,
    fragments: dict[str, FragmentDefinitionNode],
    known: dict[str, int],
) -> int:
    deepest = 0
    for node in selections.selections if selections else ():
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in known:
                known[name] = _depth(fragments[name].selection_set, fragments, known)
            depth = known[name]
        elif isinstance(node, FieldNode):
            hidden = node.name.value.startswith("__")
            depth = 0 if hidden else 1 + _depth(node.selection_set, fragments, known)
        else:
            depth = _depth(getattr(node, "selection_set", None), fragments, known)
        deepest = max(deepest, depth)
    return deepest


def _everything(
    document: DocumentNode,
) -> Iterator[OperationDefinitionNode | FragmentDefinitionNode | SelectionNode]:
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            yield definition
            yield from _below(definition.selection_set)


def _below(selections: SelectionSetNode | None) -> Iterator[SelectionNode]:
    for node in selections.selections if selections else ():
        yield node
        yield from _below(getattr(node, "selection_set", None))
