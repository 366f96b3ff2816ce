"""Counts the SQL statements that run, whoever runs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import asyncpg
from sqlalchemy import event
from sqlalchemy.pool import Pool

_drivers: WeakSet[asyncpg.Connection] = WeakSet()
_watching: list[list[str]] = []


def _note(record: Any) -> None:
    for seen in _watching:
        seen.append(record.query)


@event.listens_for(Pool, "connect")
def _opened(connection: Any, _: object) -> None:
    _drivers.add(connection.driver_connection)
    if _watching:
        connection.driver_connection.add_query_logger(_note)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list that fills with every statement on any connection of a pool."""
    seen: list[str] = []
    _watching.append(seen)
    for driver in _drivers:
        driver.add_query_logger(_note)
    try:
        yield seen
    finally:
        _watching.remove(seen)
        for driver in _drivers:
            driver.remove_query_logger(_note)
