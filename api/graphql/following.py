"""Subscriptions as they run: an answer for each event.

What is the same for many (`api.graphql.crowds`) is followed, executed and written once for all of
them, and what is left for each is to send it.
"""

import inspect
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_subscription_event,
)

from api.boards import Shown, news
from api.caller import Caller
from api.context import Context
from api.graphql.crowds import Crowd, nobody
from api.graphql.feeds import Answer, Feeds
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
        self._feeds = Feeds()

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
        elif crowd is None:
            async with aclosing(self._stream(executor)) as answers:
                async for answer in answers:
                    yield answer
        else:
            stream = partial(self._for_all, executor, nobody(caller))
            async with self._feeds.joined(crowd, stream) as feed, aclosing(feed.answers()) as told:
                async for answer in told:
                    yield answer

    async def _for_all(
        self, executor: Executor[Any], stranger: Caller
    ) -> AsyncGenerator[Answer, None]:
        """Yield what is made for nobody, as JSON."""
        context = self._context_of(stranger)
        mine = executor.build_per_event_executor(None)
        mine.context_value = context
        with bind_correlation():
            try:
                async with aclosing(self._stream(mine)) as answers:
                    async for answer in answers:
                        content = orjson.Fragment(orjson.dumps(answer.content))
                        yield Answer(content, answer.failed, answer.begun, answer.news)
            finally:
                await context.close()

    async def _stream(self, executor: Executor[Any]) -> AsyncGenerator[Answer, None]:
        made = create_source_event_stream(executor)
        events: Any = await made if inspect.isawaitable(made) else made
        if isinstance(events, ExecutionResult):
            yield Answer(self._tell(events), failed=True)
            return
        async with aclosing(events):
            async for event in events:
                executed = execute_subscription_event(executor.build_per_event_executor(event))
                result = await executed if inspect.isawaitable(executed) else executed
                begun, told = _news(event)
                yield Answer(self._tell(result), bool(result.errors), begun, told)


def _news(event: Any) -> tuple[float, object]:
    """Return when an event was read, and what tells it from the one before."""
    shown: Shown | None = getattr(event, "shown", None)
    return (time.monotonic(), None) if shown is None else (shown.begun, news(shown))
