"""An operation's answers, one or many, for transports that can carry many."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from graphql import GraphQLError, OperationType

from api.errors import shown
from api.graphql.engine import Engine, Prepared
from api.graphql.feeds import Content

EVERYTHING = frozenset(OperationType)


async def results(engine: Engine, prepared: Prepared) -> AsyncGenerator[Content, None]:
    """Yield the answers to an operation; closing the iterator ends the operation."""
    answers: AsyncGenerator[Content, None] | AsyncGenerator[dict[str, Any], None] | None
    try:
        if _lasts(prepared):
            answers = engine.follow(prepared)
        else:
            outcome = await engine.run(prepared)
            yield outcome.content
            answers = outcome.rest
        if answers is not None:
            async with aclosing(answers):
                async for content in answers:
                    # What is made for many holds nothing that is the caller's.
                    if isinstance(content, dict) and _lasts(prepared):
                        # It may take long to be sent, and very long until the next one comes.
                        await prepared.context.close()
                    yield content
    finally:
        await prepared.context.close()


def _lasts(prepared: Prepared) -> bool:
    return prepared.operation.type is OperationType.SUBSCRIPTION


def failed(error: Exception) -> list[dict[str, Any]]:
    """Return what a caller may see of a failure of ours, which is logged."""
    return [shown(GraphQLError("", original_error=error))]
