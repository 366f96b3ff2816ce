"""Whether a document is valid: the specification's rules as graphql-core has them, run faster.

The rules and their errors are the library's own. What is replaced is how they are led through the
document, and how they find variables and spreads, which took most of the time.
"""

from contextlib import suppress
from typing import Any

from graphql import (
    SKIP,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    TypeInfo,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableNode,
    Visitor,
    VisitorAction,
    specified_rules,
    validate_input_literal,
)
from graphql.validation import ASTValidationRule
from graphql.validation.validate import ValidationAbortedError
from graphql.validation.validation_context import VariableUsage

from api.graphql.walk import Plan

_Definition = OperationDefinitionNode | FragmentDefinitionNode

OVERLAPS_MAX = 5_000
"""How many steps may be taken to find out whether fields of one name can be merged.

The time for it grows with the square of the document; a usual one takes some hundred steps.
"""

SHARED_MAX = 5_000
"""How many variables and spreads of fragments may be looked at again for each operation."""

VALUE_LENGTH_MAX = 1_000
"""How long a value may be, in characters, whose faults are all told."""

_NO_VALUE = "A value is not what its type takes."
_TOO_MANY = "There are more faults than these; they were not looked for."
_TOO_MUCH = "It is too much work to see whether this is valid: use fewer fragments and repeats."


def faults(
    schema: GraphQLSchema, document: DocumentNode, *, errors_max: int, hide_suggestions: bool
) -> list[GraphQLError]:
    """Return what `graphql.validate` returns: errors in the document's order, none if it is valid.

    Where it stopped looking, after ``errors_max`` or too much work, one more error says so.
    """
    errors: list[GraphQLError] = []

    def report(error: GraphQLError) -> None:
        if len(errors) >= errors_max:
            raise ValidationAbortedError(_TOO_MANY)
        # Python's own words are not for clients, such as how many digits it reads.
        foreign = isinstance(error.original_error, ValueError)
        errors.append(GraphQLError(_NO_VALUE, error.nodes) if foreign else error)

    types = TypeInfo(schema)
    context = _Context(schema, document, types, report, hide_suggestions)
    try:
        _PLAN.walk(document, types, *(rule(context) for rule in _RULES))
    except (ValidationAbortedError, RecursionError):
        errors.append(GraphQLError(_TOO_MANY if len(errors) >= errors_max else _TOO_MUCH))
    return errors


class _Context(ValidationContext):
    """What rules share. What is known of a node is kept under the node itself.

    The library keeps it under the node's value, which it computes from all that lies below each
    time it looks.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        types: TypeInfo,
        report: Any,
        hide_suggestions: bool,  # noqa: FBT001 - the library's order
    ) -> None:
        super().__init__(schema, document, types, report, hide_suggestions)
        self._remaining_fragment_work = SHARED_MAX
        self._spreads: dict[int, list[FragmentSpreadNode]] = {}
        self._usages: dict[int, list[VariableUsage]] = {}
        self._all_usages: dict[int, list[VariableUsage]] = {}

    def get_fragment_spreads(self, node: SelectionSetNode) -> list[FragmentSpreadNode]:
        """Return the spreads in a selection, without those in fragments."""
        found = self._spreads.get(id(node))
        if found is None:
            found = self._spreads[id(node)] = []
            waiting = [node]
            while waiting:
                for each in waiting.pop().selections:
                    if isinstance(each, FragmentSpreadNode):
                        found.append(each)
                    elif (below := getattr(each, "selection_set", None)) is not None:
                        waiting.append(below)
        return found

    def get_variable_usages(self, node: _Definition) -> list[VariableUsage]:
        """Return where a definition uses variables itself."""
        found = self._usages.get(id(node))
        if found is None and not _has_variables(node):
            return []
        if found is None:
            usages = _Usages(self._type_info)
            _USAGES.walk(node, self._type_info, usages)
            found = self._usages[id(node)] = usages.found
        return found

    def get_recursive_variable_usages(
        self, operation: OperationDefinitionNode
    ) -> list[VariableUsage]:
        """Return where an operation and its fragments use variables."""
        found = self._all_usages.get(id(operation))
        if found is None:
            found = list(self.get_variable_usages(operation))
            for fragment in self.get_recursively_referenced_fragments(operation):
                found += self.get_variable_usages(fragment)
                self.spend_fragment_work(1)
            self.spend_fragment_work(len(found))
            self._all_usages[id(operation)] = found
        return found


def _has_variables(node: _Definition) -> bool:
    return node.loc is None or "$" in node.loc.source.body[node.loc.start : node.loc.end]


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    """The library's rule, which gives up sooner."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = OVERLAPS_MAX


class _Values(ValuesOfCorrectTypeRule):
    """The library's rule, which says one thing only about a long value: each prints all of it."""

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        if node.loc is None or node.loc.end - node.loc.start <= VALUE_LENGTH_MAX:
            return super().is_valid_value_node(node, input_type)

        def report(error: GraphQLError, _: object) -> None:
            self.report_error(error)
            raise _EnoughError

        if input_type is not None:
            with suppress(_EnoughError):
                validate_input_literal(
                    node, input_type, report, hide_suggestions=self.context.hide_suggestions
                )
        return SKIP


class _EnoughError(Exception):
    """Nothing more is to be said about a value."""


class _Usages(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.found: list[VariableUsage] = []
        self._types = types

    @staticmethod
    def enter_variable_definition(*_: object) -> VisitorAction:
        return SKIP

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        types = self._types
        self.found.append(
            VariableUsage(
                node,
                types.get_input_type(),
                types.get_parent_input_type(),
                types.get_default_value(),
                None,
            )
        )


_USAGES = Plan(_Usages)
_OURS: dict[type[Visitor], type[ASTValidationRule]] = {
    OverlappingFieldsCanBeMergedRule: _Overlaps,
    ValuesOfCorrectTypeRule: _Values,
}
_RULES = tuple(_OURS.get(rule, rule) for rule in specified_rules)
# Made once: for each request anew it would take most of its time.
_PLAN = Plan(*_RULES)
