"""The interface of everything that can be fetched again by its id."""

import strawberry

from api.graphql.fields import EVERYONE, attribute


@strawberry.interface(description="Anything that `node` can fetch again by its id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = attribute(EVERYONE, "The object's id: opaque, and the only one like it.")
