"""A schema without what was announced to go and has gone."""

from datetime import date

from graphql import (
    REMOVE,
    DirectiveDefinitionNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLSchema,
    InputValueDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    VisitorAction,
    build_ast_schema,
    parse,
    print_schema,
    visit,
)

from api.graphql import deprecations


def without_expired(old: GraphQLSchema, new: GraphQLSchema, today: date) -> GraphQLSchema:
    """Return ``old`` without the parts that are not in ``new`` and whose day has come.

    A type goes along if nothing but such parts led to it.
    """
    present = deprecations.reasons(new)
    gone = {
        coordinate
        for coordinate, reason in deprecations.reasons(old).items()
        if coordinate not in present and _is_due(reason, today)
    }
    document = visit(parse(print_schema(old)), _Pruner(gone))
    pruned = build_ast_schema(document, assume_valid=True)
    lost = _reached(old) - _reached(pruned) - set(new.type_map)
    kept = [each for name, each in pruned.type_map.items() if name not in lost]
    return _schema(pruned, kept)


def _is_due(reason: str | None, today: date) -> bool:
    told = deprecations.read(reason) if reason else None
    return told is not None and told.goes_on <= today


class _Pruner(Visitor):
    """Takes out the parts with these coordinates."""

    def __init__(self, gone: set[str]) -> None:
        super().__init__()
        self._gone = gone
        self._type = self._field = ""

    def enter(self, node: object, *_: object) -> VisitorAction:
        if isinstance(node, TypeDefinitionNode | DirectiveDefinitionNode):
            self._type, self._field = node.name.value, ""
        elif isinstance(node, FieldDefinitionNode):
            self._field = node.name.value
            return self._judged(f"{self._type}.{self._field}")
        elif isinstance(node, EnumValueDefinitionNode):
            return self._judged(f"{self._type}.{node.name.value}")
        elif isinstance(node, InputValueDefinitionNode):
            name = node.name.value
            if self._field:
                return self._judged(f"{self._type}.{self._field}({name}:)")
            return self._judged(f"{self._type}.{name}")
        return None

    def _judged(self, coordinate: str) -> VisitorAction:
        return REMOVE if coordinate in self._gone else None


def _schema(of: GraphQLSchema, types: list[GraphQLNamedType]) -> GraphQLSchema:
    return GraphQLSchema(
        of.query_type,
        of.mutation_type,
        of.subscription_type,
        types=types,
        directives=of.directives,
        assume_valid=True,
    )


def _reached(schema: GraphQLSchema) -> set[str]:
    """Return the names of the types that can be met on a way from the roots."""
    found = _schema(schema, [])
    while True:
        more = [
            each
            for interface in found.type_map.values()
            if isinstance(interface, GraphQLInterfaceType)
            for each in schema.get_implementations(interface).objects
            if each.name not in found.type_map
        ]
        if not more:
            return set(found.type_map)
        found = _schema(schema, [*found.type_map.values(), *more])
