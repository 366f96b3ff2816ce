"""Work of one tenant among that of others: what fails is undone alone, told, and left for later."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from kit.db import RETRYABLE, Session

T = TypeVar("T")

_TRIES = 3
_log = structlog.get_logger("laurel.jobs")


async def attempt(
    session: Session, work: Callable[[], Awaitable[T]], what: str, **about: object
) -> T | None:
    """Do ``work`` in a part of the transaction; if it fails, undo it, log an error, return None.

    ``what`` and ``about`` say what has failed and of whom. What lost against another transaction
    is tried again first. A connection that broke is raised: nothing can go on in it.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            async with session.part():
                return await work()
        except Exception as error:
            if session.driver.is_closed():
                raise
            if tries_left and isinstance(error, RETRYABLE):
                continue
            _log.exception(what, **about)
            return None
    raise AssertionError
