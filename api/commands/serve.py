"""``laurel serve``: answer over HTTP."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, NoReturn

import typer
import uvicorn
from starlette.applications import Starlette

from api.graphql.signing import signing_secret
from api.loading import load
from api.parts import up_to_date
from api.tokens import Tokens
from kit import embedded, log
from kit.errors import ConfigurationError, LaurelError
from kit.settings import Settings

GRACE_SECONDS = 30
# A process that starts on a busy machine is silent for a while; one that ended is seen at once.
HUNG_SECONDS = 30
# A message that is too large by less is told so by the endpoint.
SOCKET_BYTES_MAX = 1_000_000
PING_SECONDS = 25
# The name is that of prometheus-client, which reads it when it is first imported.
_COUNTS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many processes share it.", min=1)] = 1,
) -> None:
    """Answer over HTTP until SIGTERM; requests under way are finished."""
    settings = Settings()
    log.configure(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        check_free(host, port)
        with ready(settings, workers):
            run(host, port, workers)
    except KeyboardInterrupt:
        return
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from None


def check_free(host: str, port: int) -> None:
    """Raise ConfigurationError if somebody else listens there, before anything is begun."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            # As the server does: an address that was left a moment ago is free.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} can't be listened on ({error.strerror}): choose another with --port."
        ) from None


@contextmanager
def ready(settings: Settings, workers: int) -> Iterator[None]:
    """Hold what every serving process shares: the embedded servers, up to date, and the counts.

    Raises ConfigurationError for settings that can't serve.
    """
    Tokens(settings)
    signing_secret(settings)
    with ExitStack() as shared:
        servers = shared.enter_context(embedded.resolve(settings))
        if settings.database_url is None:
            asyncio.run(up_to_date(servers))
        if workers > 1 and _COUNTS_VARIABLE not in os.environ:
            directory = tempfile.TemporaryDirectory(prefix="laurel-counts-")
            os.environ[_COUNTS_VARIABLE] = shared.enter_context(directory)
            shared.callback(os.environ.pop, _COUNTS_VARIABLE)
        yield


def run(host: str, port: int, workers: int) -> None:
    """Serve until a signal ends it."""
    uvicorn.run(
        "api.commands.serve:create",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=HUNG_SECONDS,
        http="api.http.protocols:HttpProtocol",
        ws="api.http.protocols:SocketProtocol",
        ws_max_size=SOCKET_BYTES_MAX,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
    )


def create() -> Starlette:
    """Load the application in the process that serves it and return it."""
    made: Starlette = load("api.app").create()
    return made


def _interrupt(*_: object) -> NoReturn:
    # The server repeats the signal once it has shut down; both ways are a good end.
    raise KeyboardInterrupt
