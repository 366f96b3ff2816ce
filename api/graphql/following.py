"""Subscriptions as they run: an answer for each event, made once for all to whom it says the same.

Each follower has a source of events of its own, so that each is told of what came since it last
was. Where events are one and the same, such as one reading of a board, the answer is executed and
written once, however many follow (`api.graphql.crowds`); what is left for each is to send it.
"""

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, nullcontext
from functools import partial
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_subscription_event,
)

from api.caller import Caller
from api.context import Context
from api.graphql.crowds import Answer, Crowd, Crowds, nobody
from kit.log import bind_correlation


class Following:
    """Runs the subscriptions of a process.

    ``context_of`` makes the context of a caller, ``tell`` the answer that a result is.
    """

    def __init__(
        self,
        context_of: Callable[[Caller], Context],
        tell: Callable[[ExecutionResult], dict[str, Any]],
    ) -> None:
        self._context_of = context_of
        self._tell = tell
        self._crowds = Crowds()

    async def answers(
        self,
        executor: Executor[Any] | list[GraphQLError],
        caller: Caller,
        crowd: Crowd | None,
    ) -> AsyncGenerator[Answer, None]:
        """Yield one answer for each event; closing the iterator ends the subscription.

        ``executor`` is that of the caller, or why there is none; its context stays open.
        """
        if isinstance(executor, list):
            yield Answer(self._tell(ExecutionResult(None, executor)), failed=True)
            return
        made = create_source_event_stream(executor)
        events: Any = await made if inspect.isawaitable(made) else made
        if isinstance(events, ExecutionResult):
            yield Answer(self._tell(events), failed=True)
            return
        with self._crowds.joined(crowd) if crowd else nullcontext():
            async with aclosing(events):
                async for event in events:
                    if crowd is None:
                        yield await self._answer(executor.build_per_event_executor(event))
                    else:
                        make = partial(self._for_all, executor, nobody(caller), event)
                        yield await self._crowds.answer(crowd, _told(event), make)

    async def _for_all(self, executor: Executor[Any], stranger: Caller, event: object) -> Answer:
        """Return the answer to an event as it is made for nobody, as JSON."""
        context = self._context_of(stranger)
        mine = executor.build_per_event_executor(event)
        mine.context_value = context
        with bind_correlation():
            try:
                answer = await self._answer(mine)
            finally:
                await context.close()
        return Answer(orjson.Fragment(orjson.dumps(answer.content)), answer.failed)

    async def _answer(self, executor: Executor[Any]) -> Answer:
        made = execute_subscription_event(executor)
        result = await made if inspect.isawaitable(made) else made
        return Answer(self._tell(result), bool(result.errors))


def _told(event: Any) -> object:
    """Return what is one and the same thing for all who are told of it."""
    return getattr(event, "shown", event)
