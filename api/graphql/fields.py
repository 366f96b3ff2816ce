"""How a field is declared: with its description, with who may ask for it, and with what it costs.

What is declared here is enforced before anything runs (`api.graphql.documents`).
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import strawberry
from graphql import GraphQLField

from api.auth import Role
from api.graphql.pricing import directives

ALLOW = "allow"
MUTATION_WEIGHT = 10

EVERYONE = frozenset(Role)
SIGNED_IN = EVERYONE - {Role.ANONYMOUS}
MEMBERS = frozenset({Role.MEMBER})
SERVERS = frozenset({Role.SERVER})
STAFF = frozenset({Role.STAFF})
BRAND = SERVERS | STAFF


def attribute(
    allow: AbstractSet[Role],
    description: str,
    *,
    weight: float | None = None,
    size: int | None = None,
    sized_by: Sequence[str] = (),
    sizes: Sequence[str] = (),
    **options: Any,
) -> Any:
    """Declare a field that is read from the object as it is.

    ``weight`` is what one of its objects costs, if not 1 (or what it costs, if not 0, for a value).
    A list of objects says how long it is: ``size`` objects, or as ``sized_by`` says: arguments, or
    paths in them such as ``input.purchases``, that are numbers or lists. With ``sizes`` not the
    field itself, but these lists of its object have that length.
    """
    return strawberry.field(
        description=_told(description, allow),
        metadata={ALLOW: frozenset(allow)},
        directives=directives(weight, size, sized_by, sizes),
        **options,
    )


def resolver(
    allow: AbstractSet[Role], description: str, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field that the decorated function computes, with the options of `attribute`."""
    declared: Callable[[Callable[..., Any]], Any] = attribute(allow, description, **options)
    return declared


def mutation(
    allow: AbstractSet[Role], description: str, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field that the decorated function does, as one transaction."""
    return resolver(allow, description, weight=MUTATION_WEIGHT, **options)


def allowed(field: GraphQLField) -> AbstractSet[Role] | None:
    """Return who may ask for a field of the schema, None if that was never declared."""
    definition = field.extensions.get("strawberry-definition")
    declared: AbstractSet[Role] | None = definition.metadata.get(ALLOW) if definition else None
    return declared


def audience(allow: AbstractSet[Role]) -> str:
    """Return the sentence that ends the description of a field for these callers."""
    if allow == EVERYONE:
        return "For everyone."
    if allow == SIGNED_IN:
        return "For every signed-in caller."
    names = [role.value for role in Role if role in allow]
    return f"For {' and '.join(names)}."


def _told(description: str, allow: AbstractSet[Role]) -> str:
    return f"{description} {audience(allow)}"
