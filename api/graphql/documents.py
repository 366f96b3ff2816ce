"""From a document's text to an operation that may run: parsed, validated and judged once.

What doesn't depend on the caller is kept per text: syntax, validity, limits, and which fields
each operation asks for. Then a caller's permission is a look at those fields, before anything
runs, so that a refused field never leaves a mutation half done.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

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
    SelectionSetNode,
    get_named_type,
    is_composite_type,
    parse,
)

from api.auth import Role
from api.errors import Refusal, refusal
from api.graphql import limits
from api.graphql.cost import Cost, Costs
from api.graphql.executor import Writers
from api.graphql.fields import EVERYONE, allowed
from api.graphql.validation import faults

# Fewer than of other errors: each may take a millisecond to put in words.
ERRORS_MAX = 10
KEPT_MAX = 1_000
# A parsed document takes about a hundred times the memory of its text.
KEPT_LENGTH_TOTAL = 1_000_000


@dataclass(frozen=True, slots=True)
class Use:
    """A field that an operation asks for, who may, and whether it looks at the schema itself."""

    coordinate: str
    allow: frozenset[Role]
    node: FieldNode
    introspection: bool
    deprecated: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document, with every field it asks for through any fragment."""

    name: str | None
    type: OperationType
    uses: tuple[Use, ...]
    cost: Cost

    @property
    def public(self) -> bool:
        """Whether the answer is the same for everybody."""
        return all(Role.ANONYMOUS in use.allow and not use.introspection for use in self.uses)

    def refusal(self, role: Role, *, introspection: bool) -> Refusal | None:
        """Return why a caller of this kind may not run it, or None."""
        errors = [
            _denied(use, role)
            for use in self.uses
            if (not introspection if use.introspection else role not in use.allow)
        ]
        if not errors:
            return None
        if role is Role.ANONYMOUS:
            return Refusal("UNAUTHENTICATED", errors[:1], 401, {"www-authenticate": "Bearer"})
        return Refusal("FORBIDDEN", errors[:ERRORS_MAX], 403)


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document."""

    ast: DocumentNode
    operations: tuple[Operation, ...]
    incremental: bool = False
    """Whether parts of the answer are asked for later than the rest."""
    writers: Writers = field(default_factory=dict, compare=False, repr=False)
    """What was found out while it ran."""

    def operation(self, name: str | None) -> Operation | Refusal:
        """Return the operation called ``name``; without a name the only one."""
        if name is None:
            if len(self.operations) == 1:
                return self.operations[0]
            message = "The document has several operations: name one as `operationName`."
        else:
            for each in self.operations:
                if each.name == name:
                    return each
            message = f"The document has no operation called {name[:100]!r}."
        return refusal("OPERATION_RESOLUTION_FAILURE", message)


class Documents:
    """The documents that clients send, kept while they are in use."""

    def __init__(self, schema: GraphQLSchema, *, hide_suggestions: bool) -> None:
        self._schema = schema
        self._hide_suggestions = hide_suggestions
        self._kept: OrderedDict[str, Document | Refusal] = OrderedDict()
        self._kept_length = 0
        self._pinned: dict[str, Document | Refusal] = {}

    def pin(self, texts: Iterable[str]) -> None:
        """Prepare documents that stay known for ever."""
        for text in texts:
            self._pinned[text] = self._prepare(text)

    def known(self, text: str) -> Document | Refusal | None:
        """Return what `prepare` gave for ``text`` before, None if it would have to begin anew."""
        if text in self._pinned:
            return self._pinned[text]
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
        return found

    def prepare(self, text: str) -> Document | Refusal:
        """Return the document that ``text`` is, or why it is none."""
        known = self.known(text)
        if known is not None:
            return known
        prepared = self._prepare(text)
        if len(text) <= limits.SOURCE_LENGTH_MAX:
            self._kept[text] = prepared
            self._kept_length += len(text)
            while len(self._kept) > KEPT_MAX or self._kept_length > KEPT_LENGTH_TOTAL:
                dropped, _ = self._kept.popitem(last=False)
                self._kept_length -= len(dropped)
        return prepared

    def _prepare(self, text: str) -> Document | Refusal:
        too_long = limits.check_text(text)
        if too_long is not None:
            return Refusal("GRAPHQL_PARSE_FAILED", [too_long])
        try:
            ast = parse(
                text,
                max_lexical_tokens=limits.TOKENS_MAX,
                max_comments=limits.COMMENTS_MAX,
            )
        except GraphQLError as error:
            return Refusal("GRAPHQL_PARSE_FAILED", [_alone(error)])
        errors = self._faults(ast)
        if errors:
            return Refusal("GRAPHQL_VALIDATION_FAILED", [_alone(error) for error in errors])
        return _document(self._schema, ast)

    def _faults(self, ast: DocumentNode) -> list[GraphQLError]:
        too_large = limits.check_size(ast)
        if too_large is not None:
            return [too_large]
        errors = faults(
            self._schema, ast, errors_max=ERRORS_MAX, hide_suggestions=self._hide_suggestions
        )
        # Only a valid document is free of circles.
        too_deep = None
        if not errors:
            too_deep = limits.check_depth(ast) or limits.check_list_depth(self._schema, ast)
        return errors if too_deep is None else [too_deep]


def _alone(error: GraphQLError) -> GraphQLError:
    """Return an error that can be kept: one that was raised holds all that was under way then."""
    return GraphQLError(error.message, error.nodes, error.source, error.positions)


def _denied(use: Use, role: Role) -> GraphQLError:
    if use.introspection:
        message = "The schema is not shown here; its text is published."
    elif role is Role.ANONYMOUS:
        message = f"Sign in to ask for {use.coordinate}."
    else:
        message = f"{use.coordinate} is not for {role.value}."
    return GraphQLError(message, use.node)


@dataclass(slots=True)
class _Part:
    definition: OperationDefinitionNode | FragmentDefinitionNode
    uses: list[Use]
    spreads: list[str]


class _Collection:
    """Notes a definition's fields, in their order, and the fragments it spreads."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.incremental = False
        self._schema = schema

    def part(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Part:
        part = _Part(definition, [], [])
        on: GraphQLNamedType | None
        if isinstance(definition, OperationDefinitionNode):
            on = self._schema.get_root_type(definition.operation)
        else:
            on = self._schema.get_type(definition.type_condition.name.value)
        self._collect(part, definition.selection_set, on)
        return part

    def _collect(
        self, part: _Part, selections: SelectionSetNode, on: GraphQLNamedType | None
    ) -> None:
        for node in selections.selections:
            for directive in node.directives or ():
                self.incremental |= directive.name.value in {"defer", "stream"}
            if isinstance(node, FragmentSpreadNode):
                part.spreads.append(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                named = node.type_condition
                inner = self._schema.get_type(named.name.value) if named else on
                self._collect(part, node.selection_set, inner)
            elif isinstance(node, FieldNode):
                self._field(part, node, on)

    def _field(self, part: _Part, node: FieldNode, on: GraphQLNamedType | None) -> None:
        name = node.name.value
        found = self._schema.get_field(on, name) if is_composite_type(on) else None
        if on is None or found is None:
            raise AssertionError
        if name != "__typename":
            introspective = name.startswith("__") or on.name.startswith("__")
            allow = EVERYONE if introspective else frozenset(allowed(found) or ())
            deprecated = found.deprecation_reason is not None
            part.uses.append(Use(f"{on.name}.{name}", allow, node, introspective, deprecated))
        if node.selection_set is not None:
            self._collect(part, node.selection_set, get_named_type(found.type))


def _document(schema: GraphQLSchema, ast: DocumentNode) -> Document:
    collection = _Collection(schema)
    parts = [
        collection.part(each)
        for each in ast.definitions
        if isinstance(each, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    fragments: dict[str, _Part] = {}
    definitions: dict[str, FragmentDefinitionNode] = {}
    for part in parts:
        if isinstance(part.definition, FragmentDefinitionNode):
            fragments[part.definition.name.value] = part
            definitions[part.definition.name.value] = part.definition
    costs = Costs(schema, definitions)
    operations = tuple(
        Operation(
            node.name.value if node.name else None,
            node.operation,
            tuple(_reached(part, fragments)),
            costs.of(node),
        )
        for part in parts
        if isinstance(node := part.definition, OperationDefinitionNode)
    )
    return Document(ast, operations, collection.incremental)


def _reached(part: _Part, fragments: dict[str, _Part]) -> Iterator[Use]:
    seen: set[str] = set()
    waiting = [part]
    while waiting:
        current = waiting.pop()
        yield from current.uses
        for name in current.spreads:
            if name not in seen:
                seen.add(name)
                waiting.append(fragments[name])
