"""What a field weighs and how long its list is, declared on the field and printed in the schema.

The directives are those of IBM's specification of GraphQL costs; `api.graphql.cost` adds them up.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputField,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.schema_directive import Location

LIST_SIZE = 100
"""How long a list of objects counts that declares nothing; a test lets none be so."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.INPUT_FIELD_DEFINITION],
    name="cost",
    description=(
        "What one object of this field costs, or one item sent in it. Without it a field that"
        " returns objects costs 1, and everything else nothing."
    ),
)
class CostDirective:
    """IBM's @cost."""

    weight: str


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description=(
        "How many objects a list counts as: the largest of `slicingArguments` (a number, or the"
        " length of a list that is sent), else `assumedSize`. With `sizedFields` these lists of"
        " the field's object have that size, instead of the field itself."
    ),
)
class ListSize:
    """IBM's @listSize."""

    # In alphabetical order: in another one the sorted schema would print it twice.
    assumed_size: int | None = strawberry.UNSET
    # Printed although it is the default here: IBM's own is true.
    require_one_slicing_argument: bool = False
    sized_fields: list[str] | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET


@dataclass(frozen=True, slots=True)
class Price:
    """What a field costs. ``size`` is None if it neither is nor sizes a list of objects."""

    weight: float
    size: int | None
    sized_by: tuple[str, ...] = ()
    """Paths of arguments, such as ``first`` or ``input.purchases``."""
    sizes: frozenset[str] = frozenset()
    """The lists of the field's object that have the size, instead of the field."""


def directives(
    weight: float | None = None,
    size: int | None = None,
    sized_by: Iterable[str] = (),
    sizes: Iterable[str] = (),
) -> list[object]:
    """Return the directives that declare a price; None where the defaults hold."""
    declared: list[object] = []
    if weight is not None:
        declared.append(CostDirective(weight=str(weight)))
    sized_by, sizes = list(sized_by), list(sizes)
    if size is not None or sized_by:
        declared.append(
            ListSize(
                assumed_size=strawberry.UNSET if size is None else size,
                slicing_arguments=sized_by or strawberry.UNSET,
                sized_fields=sizes or strawberry.UNSET,
            )
        )
    return declared


def price(field: GraphQLField) -> Price | None:
    """Return what is declared for a field, None if it is a list of objects and declares nothing."""
    composite = is_composite_type(get_named_type(field.type))
    weight = item_weight(field)
    for each in _declared(field):
        if isinstance(each, ListSize):
            return Price(
                weight=int(composite) if weight is None else weight,
                size=each.assumed_size or 0,
                sized_by=tuple(each.slicing_arguments or ()),
                sizes=frozenset(each.sized_fields or ()),
            )
    if composite and is_list_type(get_nullable_type(field.type)):
        return None
    return Price(int(composite) if weight is None else weight, None)


def item_weight(field: GraphQLField | GraphQLInputField) -> float | None:
    """Return the weight that a field declares, None if it leaves it to the default."""
    for each in _declared(field):
        if isinstance(each, CostDirective):
            return float(each.weight)
    return None


def _declared(field: GraphQLField | GraphQLInputField) -> Iterable[object]:
    definition = field.extensions.get("strawberry-definition")
    return definition.directives if definition else ()
