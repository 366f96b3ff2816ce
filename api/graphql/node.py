"""The interface of everything that can be fetched again by its id."""

import strawberry

from api.graphql.fields import SIGNED_IN, attribute


@strawberry.interface(description="Anything that `node` can fetch again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = attribute(SIGNED_IN, "The object's id: opaque, and the only one like it.")
