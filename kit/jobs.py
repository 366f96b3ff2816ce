"""Jobs on PostgreSQL: enqueued in the caller's transaction, run at least once by a worker.

pgqueuer keeps and hands out the jobs (docs/decisions/0003-jobs.md); its tables lie in the schema
`job`. A job may run again after a crash, so a handler's effect must be idempotent, and it must
not block the event loop for longer than the heartbeat, or a second worker takes its job.
"""

from collections.abc import AsyncIterator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.adapters.persistence.schema_ddl import (
    render_enum,
    render_function,
    render_index,
    render_table,
    render_trigger,
)
from pgqueuer.domain.models import Job
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel, JobId
from pgqueuer.ports.driver import Driver
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from kit.db import Session
from kit.log import bind_correlation, correlation_id

Payload = Mapping[str, object] | bytes

_CORRELATION = "correlation_id"


class _Names(DBSettings):
    """Where the library's tables lie; unlike its parent it hears no environment variable."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


_NAMES = _Names(
    db_schema="job",
    queue_table="queue",
    queue_table_log="log",
    schedules_table="schedules",
    statistics_table="statistics",
    queue_status_type="job_status",
    function="announce",
    trigger="queue_announce",
    channel=Channel("job"),
    durability=Durability.durable,
)
CHANNEL = _NAMES.channel


@dataclass(frozen=True)
class DeadJob:
    """A job that failed on its last try and waits for a human."""

    id: int
    name: str
    payload: bytes
    """As stored: what a job died of may be that it is no JSON."""
    tries: int
    died_at: datetime
    error: str


class CorrelationTracer:
    """Carries the correlation id from where a job is enqueued to where it runs."""

    def trace_publish(self, entrypoints: list[str]) -> Generator[dict[str, object], None, None]:
        """Yield the header of each job about to be enqueued."""
        bound = correlation_id()
        for _ in entrypoints:
            yield {_CORRELATION: str(bound)} if bound else {}

    @asynccontextmanager
    async def trace_process(self, job: Job) -> AsyncIterator[None]:
        """Bind the job's correlation id while the job runs."""
        carried = (job.headers or {}).get(_CORRELATION)
        with bind_correlation(UUID(str(carried)) if carried else None):
            yield


def queries_on(driver: Driver) -> Queries:
    """Return the library's statements for our tables on ``driver``."""
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(_NAMES),
        qbq=QueryQueueBuilder(_NAMES),
        tracer=CorrelationTracer(),
    )


async def enqueue(
    session: Session,
    name: str,
    payloads: Sequence[Payload],
    *,
    at: datetime | None = None,
    dedupe: Sequence[str | None] | None = None,
) -> Sequence[int | None]:
    """Enqueue a job per payload in the caller's transaction; return their ids in order.

    A payload is a JSON object; bytes are taken as one already encoded. ``at`` is when the jobs
    may start at the earliest. ``dedupe`` names one key per payload (or None): while a job of this
    name and key waits or runs, another is skipped and its id is None. So a key must name the work
    itself, never "look again": a job skipped while the first one runs may have had newer news.
    Another transaction that has enqueued the same key and not ended yet is waited for.
    """
    if not payloads:
        return ()
    delay = timedelta(0) if at is None else at - await session.value("SELECT now()")
    keys = [None if key is None else f"{name}:{key}" for key in dedupe or [None] * len(payloads)]
    return await queries_on(AsyncpgDriver(session.driver)).enqueue(
        [name] * len(payloads),
        [_encoded(payload) for payload in payloads],
        [0] * len(payloads),
        [delay] * len(payloads),
        keys,
        on_conflict="skip",
    )


async def dead(session: Session, *, limit: int = 100) -> Sequence[DeadJob]:
    """Return the jobs that were given up, the latest first."""
    rows = await session.fetch(
        """
        SELECT queue.id, queue.entrypoint, queue.payload, queue.attempts, queue.updated,
               latest.traceback #>> '{}' AS traceback
        FROM job.queue
        LEFT JOIN LATERAL (
            SELECT log.traceback FROM job.log
            WHERE log.job_id = queue.id AND log.status = 'failed'
            ORDER BY log.id DESC LIMIT 1
        ) latest ON true
        WHERE queue.status = 'failed'
        ORDER BY queue.updated DESC, queue.id DESC
        LIMIT $1
        """,
        limit,
    )
    return [
        DeadJob(
            id=row["id"],
            name=row["entrypoint"],
            payload=row["payload"],
            tries=row["attempts"] + 1,
            died_at=row["updated"],
            error=_error(row["traceback"]),
        )
        for row in rows
    ]


async def revive(session: Session, ids: Sequence[int]) -> None:
    """Give dead jobs all their tries again, from now on."""
    queries = queries_on(AsyncpgDriver(session.driver))
    await queries.requeue_jobs([JobId(number) for number in ids])


async def forget(session: Session, before: datetime) -> int:
    """Delete the history of jobs that ended before ``before``; return how many lines went.

    Without it the history grows for ever, by three lines a job. What is still in the queue keeps
    its history, dead jobs included.
    """
    deleted = await session.value(
        """
        WITH gone AS (
            DELETE FROM job.log
            WHERE log.created < $1
              AND NOT EXISTS (SELECT FROM job.queue WHERE queue.id = log.job_id)
            RETURNING 1
        )
        SELECT count(*) FROM gone
        """,
        before,
    )
    return cast("int", deleted)


def install_statements() -> list[str]:
    """Return the DDL of the schema `job`, one statement an item, for a migration by the owner."""
    schema = target(_NAMES)
    return [
        "CREATE SCHEMA job",
        *(render_enum(entry, _NAMES) for entry in schema.enums),
        *(render_table(entry, _NAMES) for entry in schema.tables),
        *(render_index(entry, _NAMES) for entry in schema.indexes),
        *(render_function(entry, _NAMES) for entry in schema.functions),
        *(render_trigger(entry, _NAMES) for entry in schema.triggers),
    ]


def install_sql() -> str:
    """Return the DDL of the schema `job` as one script."""
    return ";\n\n".join(statement.rstrip(";") for statement in install_statements()) + ";\n"


def grant_statements(role: str) -> list[str]:
    """Return what ``role`` needs to enqueue and to run jobs; it needn't own anything."""
    return [
        f"GRANT USAGE ON SCHEMA job TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON job.queue, job.log TO {role}",
        f"GRANT SELECT ON job.statistics TO {role}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA job TO {role}",
    ]


def decoded(payload: bytes | None) -> dict[str, Any]:
    """Return the JSON object of a stored payload; raise ValueError if it is none."""
    value = orjson.loads(payload or b"")
    if not isinstance(value, dict):
        message = f"a job's payload must be a JSON object, not {type(value).__name__}"
        raise ValueError(message)  # noqa: TRY004 - the value is wrong, not the caller's type
    return value


def _encoded(payload: Payload) -> bytes:
    return payload if isinstance(payload, bytes) else orjson.dumps(payload)


def _error(traceback: str | None) -> str:
    if traceback is None:
        return ""
    record = orjson.loads(traceback)
    return f"{record['exception_type']}: {record['exception_message']}"
