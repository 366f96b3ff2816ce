"""What is counted, and ``/metrics``, where it is read."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import Response

# A client chooses its name and those of its operations; it must not choose how many series
# there are.
_NAMES_MAX = 200
_OTHER = "other"
_WATCH_SECONDS = 1
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_names: set[str] = set()

REQUESTS = Counter("laurel_http_requests", "Answers by status.", ["method", "status"])
OPERATIONS = Counter(
    "laurel_graphql_operations", "Operations run.", ["operation", "type", "outcome"]
)
OPERATION_SECONDS = Histogram(
    "laurel_graphql_operation_seconds", "How long operations took.", ["operation"], buckets=_SECONDS
)
DEPRECATED = Counter(
    "laurel_graphql_deprecated_fields",
    "Uses of fields that will go, by who calls.",
    ["field", "client"],
)
CONNECTIONS = Gauge(
    "laurel_database_connections_in_use",
    "Connections to PostgreSQL at work.",
    multiprocess_mode="livesum",
)

OPEN = Gauge(
    "laurel_open_connections",
    "Sockets and streams that callers hold open.",
    ["transport"],
    multiprocess_mode="livesum",
)


def operation(name: str | None, kind: str, failed: bool, seconds: float) -> None:  # noqa: FBT001
    """Count one operation; ``seconds`` is how long it ran, or was followed."""
    label = _label(name)
    OPERATIONS.labels(label, kind, "errors" if failed else "ok").inc()
    if kind != "subscription":
        OPERATION_SECONDS.labels(label).observe(seconds)


def deprecated(coordinates: Iterable[str], client: str) -> None:
    """Count uses of deprecated fields (`Type.field`) by what the client says it is."""
    for coordinate in coordinates:
        DEPRECATED.labels(coordinate, _label(client)).inc()


@contextmanager
def held_open(transport: str) -> Iterator[None]:
    """Count a connection that stays open for the block, `websocket` or `events`."""
    OPEN.labels(transport).inc()
    try:
        yield
    finally:
        OPEN.labels(transport).dec()


async def watch(connections_in_use: Callable[[], int]) -> None:
    """Note the connections at work once a second, for ever."""
    while True:
        CONNECTIONS.set(connections_in_use())
        await asyncio.sleep(_WATCH_SECONDS)


async def respond(_: Request) -> Response:
    """Return every count of this process, or of all processes that serve together."""
    registry = REGISTRY
    if DIRECTORY_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


def _label(name: str | None) -> str:
    if name is None:
        return ""
    if name not in _names:
        if len(_names) >= _NAMES_MAX:
            return _OTHER
        _names.add(name)
    return name
