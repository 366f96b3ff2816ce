"""Logs: one structured line per event, each with the correlation id of what caused it."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from kit.ids import new_id
from kit.settings import Settings

MASK = "***"
_SECRET_WORDS = frozenset({"authorization", "token", "key", "secret", "password"})
_OPEN_KEYS = frozenset({"idempotency_key", "dedupe_key"})
_WORD_BORDER = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")
_URL_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s@]+@")
_DEPTH_MAX = 6
_LIBRARIES_WITH_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access")
# At debug these print statements with their values, hence members' data.
_CHATTY = ("sqlalchemy.engine", "alembic.runtime", "asyncio")

_correlation: ContextVar[UUID | None] = ContextVar("correlation", default=None)


def correlation_id() -> UUID | None:
    """Return the correlation id bound here, or None outside any."""
    return _correlation.get()


@contextmanager
def bind_correlation(correlation: UUID | None = None) -> Iterator[UUID]:
    """Bind ``correlation``, or a new id, for the block and the tasks started in it."""
    bound = correlation or new_id()
    token = _correlation.set(bound)
    try:
        yield bound
    finally:
        _correlation.reset(token)


def configure(settings: Settings) -> None:
    """Send every log line of the process to stderr: readable on a terminal, else JSON lines.

    The standard library's loggers (server, database, jobs) take the same way. Calling it again
    replaces the set-up.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation,
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    _route_standard_library(_handler(settings, shared, sys.stderr), level)


def _handler(settings: Settings, shared: list[Processor], stream: TextIO) -> logging.Handler:
    console = settings.log_format == "console" or (
        settings.log_format == "auto" and stream.isatty()
    )
    # A rich traceback would print local variables, and with them what no log may hold.
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_secrets,
                renderer,
            ],
        )
    )
    return handler


def _route_standard_library(handler: logging.Handler, level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _LIBRARIES_WITH_HANDLERS:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _add_correlation(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    correlation = _correlation.get()
    if correlation is not None:
        event.setdefault("correlation_id", str(correlation))
    return event


def mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace what a key or its shape gives away as a secret, however deep it lies."""
    return {key: _masked(key, value, _DEPTH_MAX) for key, value in event.items()}


def _masked(key: object, value: object, depth: int) -> object:
    if _names_secret(key):
        return MASK
    if isinstance(value, str):
        return _URL_PASSWORD.sub(rf"\1:{MASK}@", _BEARER.sub(rf"\1 {MASK}", value))
    if depth == 0:
        return MASK if isinstance(value, Mapping | list | tuple | set) else value
    if isinstance(value, Mapping):
        return {inner: _masked(inner, held, depth - 1) for inner, held in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(None, held, depth - 1) for held in value]
    return value


def _names_secret(key: object) -> bool:
    if not isinstance(key, str) or key in _OPEN_KEYS:
        return False
    words = [word for word in _WORD_BORDER.split(key) if word]
    return bool(words) and words[-1].lower() in _SECRET_WORDS


def _json(event: MutableMapping[str, Any], **_: object) -> str:
    try:
        return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        # Lone surrogates and integers beyond 64 bits: a hostile value must not cost the line.
        return json.dumps({str(key): _plain(value) for key, value in event.items()})


def _plain(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
