"""Tasks of asyncio: ended for certain, or done for certain."""

import asyncio
from collections.abc import Coroutine
from typing import Any

_AGAIN_SECONDS = 0.1


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended; what they came to is not looked at.

    Once may not do: until Python 3.12 `asyncio.wait_for`, in whatever library, loses a
    cancellation that comes together with what it waits for. Whoever is cancelled while it waits
    here goes on until all have ended: it may be the last who knows of them.
    """
    interrupted: asyncio.CancelledError | None = None
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        try:
            await asyncio.wait(running, timeout=_AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            interrupted = error
    for task in tasks:
        if not task.cancelled():
            # Else asyncio would complain that nobody looked.
            task.exception()
    if interrupted is not None:
        raise interrupted


async def completed(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work`` to its end, though cancelled meanwhile, however often; then be cancelled.

    For what gives something back: nobody else would.
    """
    task = asyncio.create_task(work)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    if interrupted is not None:
        raise interrupted
    task.result()
