"""How much one document may ask for: counted from its syntax, before anything expensive."""

from collections import Counter
from collections.abc import Iterator

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.language import SelectionSetNode

from api.auth import Role

# Whatever has no token takes time as well: spaces, comments, and lines, which each error counts.
SOURCE_LENGTH_MAX = 20_000
LINES_MAX = 2_000
TOKENS_MAX = 1_000
COMMENTS_MAX = 200
ALIASES_MAX = 30
DIRECTIVES_MAX = 50
DIRECTIVES_HERE_MAX = 5
REPEATS_MAX = 10
OPERATIONS_MAX = 20
# Each shows the object that it is about, whose length is that of the body.
VARIABLE_ERRORS_MAX = 5
DEPTH_MAX = 12
LIST_DEPTH_MAX = 3
COST_MAX = {Role.ANONYMOUS: 500, Role.MEMBER: 1_000, Role.SERVER: 5_000, Role.STAFF: 5_000}
SECONDS_MAX = {OperationType.QUERY: 15.0, OperationType.MUTATION: 60.0}


def check_text(text: str) -> GraphQLError | None:
    """Return why a text is too long to be looked at."""
    lines = text.count("\n") + text.count("\r")
    return _excess(
        ("characters", len(text), SOURCE_LENGTH_MAX),
        ("lines", lines, LINES_MAX),
    )


def check_size(document: DocumentNode) -> GraphQLError | None:
    """Return why the document is too large; cheap, so that it can come before validation."""
    aliases = directives = together = repeats = 0
    for node in _everything(document):
        aliases += isinstance(node, FieldNode) and node.alias is not None
        directives += len(node.directives or ())
        together = max(together, len(node.directives or ()))
        repeats = max(repeats, _repeats(node))
    operations = sum(isinstance(each, OperationDefinitionNode) for each in document.definitions)
    return _excess(
        ("aliases", aliases, ALIASES_MAX),
        ("directives", directives, DIRECTIVES_MAX),
        ("directives in one place", together, DIRECTIVES_HERE_MAX),
        ("fields of one name in one place", repeats, REPEATS_MAX),
        ("operations", operations, OPERATIONS_MAX),
    )


def check_depth(document: DocumentNode) -> GraphQLError | None:
    """Return why a valid document goes too deep. Introspection has a limit of its own."""
    fragments = _fragments(document)
    known: dict[str, int] = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            depth = _depth(each.selection_set, fragments, known)
            if depth > DEPTH_MAX:
                message = f"The operation is {depth} fields deep; {DEPTH_MAX} are allowed."
                return GraphQLError(message, each)
    return None


def most(role: Role) -> int:
    """Return what one operation of a caller of this kind may cost."""
    return COST_MAX[role]


def check_cost(cost: int, role: Role) -> GraphQLError | None:
    """Return why an operation costs too much for a caller of this kind."""
    if cost <= most(role):
        return None
    return GraphQLError(
        f"The operation costs {cost}; {most(role)} are allowed. Ask for shorter pages (`first`),"
        " for fewer objects within lists, or in several requests."
    )


def check_list_depth(schema: GraphQLSchema, document: DocumentNode) -> GraphQLError | None:
    """Return why a valid document nests too many lists of objects. Introspection doesn't count."""
    lists = _Lists(schema, document)
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            depth = lists.depth(each.selection_set, schema.get_root_type(each.operation))
            if depth > LIST_DEPTH_MAX:
                message = f"Lists lie {depth} deep in each other; {LIST_DEPTH_MAX} are allowed."
                return GraphQLError(message, each)
    return None


class _Lists:
    """Counts how many lists of objects lie in each other, in each fragment once."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = _fragments(document)
        self._known: dict[str, int] = {}

    def depth(self, selections: SelectionSetNode, on: GraphQLNamedType | None) -> int:
        deepest = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                depth = self._field(node, on)
            elif isinstance(node, FragmentSpreadNode):
                depth = self._fragment(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition
                inner = self._schema.get_type(named.name.value) if named else on
                depth = self.depth(node.selection_set, inner)
            deepest = max(deepest, depth)
        return deepest

    def _field(self, node: FieldNode, on: GraphQLNamedType | None) -> int:
        name = node.name.value
        if node.selection_set is None or name.startswith("__") or not is_composite_type(on):
            return 0
        field = self._schema.get_field(on, name)
        if field is None:
            return 0
        within = self.depth(node.selection_set, get_named_type(field.type))
        return within + is_list_type(get_nullable_type(field.type))

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            node = self._fragments[name]
            on = self._schema.get_type(node.type_condition.name.value)
            self._known[name] = self.depth(node.selection_set, on)
        return self._known[name]


def _excess(*counts: tuple[str, int, int]) -> GraphQLError | None:
    for name, count, allowed in counts:
        if count > allowed:
            return GraphQLError(f"The document has {count} {name}; {allowed} are allowed.")
    return None


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }


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


def _repeats(node: OperationDefinitionNode | FragmentDefinitionNode | SelectionNode) -> int:
    """Return how often one field is asked for in one place: validation compares each pair."""
    selections = getattr(node, "selection_set", None)
    if selections is None or isinstance(node, InlineFragmentNode):
        return 0
    return max(Counter(_names(selections)).values(), default=0)


def _names(selections: SelectionSetNode) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield (node.alias or node.name).value
        elif isinstance(node, InlineFragmentNode):
            yield from _names(node.selection_set)


def _below(selections: SelectionSetNode | None) -> Iterator[SelectionNode]:
    for node in selections.selections if selections else ():
        yield node
        yield from _below(getattr(node, "selection_set", None))
