"""Counts the SQL statements that run, whoever runs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.pool import Pool


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list that fills with every statement on connections opened within the block."""
    seen: list[str] = []
    drivers: list[asyncpg.Connection] = []

    def note(record: Any) -> None:
        seen.append(record.query)

    def follow(connection: Any, _: object) -> None:
        drivers.append(connection.driver_connection)
        drivers[-1].add_query_logger(note)

    event.listen(Pool, "connect", follow)
    try:
        yield seen
    finally:
        event.remove(Pool, "connect", follow)
        for driver in drivers:
            driver.remove_query_logger(note)
