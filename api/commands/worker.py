"""``laurel worker``: run jobs and what recurs."""

import asyncio
import signal

import structlog
import typer

from api.runtime import opened
from api.worker import work
from kit import log
from kit.errors import LaurelError
from kit.settings import Settings

_log = structlog.get_logger("laurel.worker")


def worker() -> None:
    """Run jobs, roll up the ledger, book expiries, until SIGTERM; any number may run at once."""
    settings = Settings()
    log.configure(settings)
    try:
        asyncio.run(_work(settings))
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with opened(settings) as runtime:
        _log.info("working")
        await work(runtime, stop)
    _log.info("stopped")
