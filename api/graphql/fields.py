"""How a field is declared: with its description and with who may ask for it, never without.

What is declared here is enforced before anything runs (`api.graphql.documents`).
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import strawberry
from graphql import GraphQLField

from api.auth import Role

ALLOW = "allow"

EVERYONE = frozenset(Role)
SIGNED_IN = EVERYONE - {Role.ANONYMOUS}
MEMBERS = frozenset({Role.MEMBER})
SERVERS = frozenset({Role.SERVER})
STAFF = frozenset({Role.STAFF})
BRAND = SERVERS | STAFF


def attribute(allow: AbstractSet[Role], description: str, **options: Any) -> Any:
    """Declare a field that is read from the object as it is."""
    return strawberry.field(
        description=_told(description, allow), metadata={ALLOW: frozenset(allow)}, **options
    )


def resolver(
    allow: AbstractSet[Role], description: str, **options: Any
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a field that the decorated function computes."""
    declared: Callable[[Callable[..., Any]], Any] = attribute(allow, description, **options)
    return declared


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
