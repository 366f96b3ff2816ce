"""An operation's answers, one or many, for transports that can carry many."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError, OperationType

from api.errors import shown
from api.graphql.engine import Engine, Prepared

EVERYTHING = frozenset(OperationType)


async def results(engine: Engine, prepared: Prepared) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the answers to an operation; closing the iterator ends the operation."""
    if prepared.operation.type is OperationType.SUBSCRIPTION:
        async with aclosing(engine.follow(prepared)) as followed:  # type: ignore[type-var]
            async for content in followed:
                # It may take long until it is sent, and very long until the next one comes.
                await prepared.context.close()
                yield content
        return
    outcome = await engine.run(prepared)
    yield outcome.content
    if outcome.rest is not None:
        async for content in outcome.rest:
            yield content


def failed(error: Exception) -> list[dict[str, Any]]:
    """Return what a caller may see of a failure of ours, which is logged."""
    return [shown(GraphQLError("", original_error=error))]
