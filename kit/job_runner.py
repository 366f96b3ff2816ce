"""The worker: runs jobs as they come, and ticks in one of all workers at a time."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.core.executors import EntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Context, Job
from sqlalchemy.engine import make_url

from kit.clock import Clock
from kit.jobs import CHANNEL, CorrelationTracer, decoded, queries_on
from kit.log import bind_correlation

Handler = Callable[[dict[str, Any], datetime], Awaitable[None]]
Tick = Callable[[datetime], Awaitable[None]]

_POOL_SIZE = 4
_CRASHES_MAX = 5
_DELAY_MAX = timedelta(hours=1)
_ANSWER_SECONDS_MAX = 5.0
_LEADER_CHECK_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
_LOST_DATABASE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    FailingListenerError,
)

_TRY_TO_LEAD = "SELECT pg_try_advisory_lock(hashtextextended('kit.job_runner.ticks', 0))"
_PICKS = """
    SELECT count(*) FROM job.log
    WHERE job_id = $1 AND status = 'picked' AND id > COALESCE(
        (SELECT max(id) FROM job.log WHERE job_id = $1 AND status = 'failed'), 0)
"""

_log = structlog.get_logger("laurel.jobs")


class CrashedTooOftenError(Exception):
    """The job was given to workers again and again, and none of them came back."""


@dataclass(frozen=True)
class _Handling:
    handler: Handler
    tries_max: int
    first_delay: timedelta
    seconds_max: float


class JobRunner:
    """One worker process. Register handlers and ticks, then `run` until told to stop."""

    def __init__(
        self,
        database_url: str,
        clock: Clock,
        *,
        concurrency: int = 20,
        heartbeat_seconds: float = 30,
    ) -> None:
        """Prepare a worker; ``database_url`` must lead to PostgreSQL itself or a session pool.

        ``concurrency`` is how many jobs run at once (at least 2). A job whose worker has been
        silent for ``heartbeat_seconds`` is given to another.
        """
        self._connect_arguments = _connect_arguments(database_url)
        self._clock = clock
        self._concurrency = concurrency
        self._heartbeat = timedelta(seconds=heartbeat_seconds)
        self._handlings: dict[str, _Handling] = {}
        self._ticks: dict[str, tuple[float, Tick]] = {}

    def handle(
        self,
        name: str,
        handler: Handler,
        *,
        tries_max: int = 8,
        first_delay_seconds: float = 1.0,
        seconds_max: float = 300.0,
    ) -> None:
        """Run jobs called ``name`` with ``handler``.

        A try that raises, or takes longer than ``seconds_max``, is made again after
        ``first_delay_seconds``, then twice that, and so on up to an hour; after ``tries_max``
        tries the job is dead and stays visible (`kit.jobs.dead`).
        """
        delay = timedelta(seconds=first_delay_seconds)
        self._handlings[name] = _Handling(handler, tries_max, delay, seconds_max)

    def tick(self, name: str, function: Tick, *, every_seconds: float) -> None:
        """Call ``function`` every so often, in one of all workers only.

        A tick that takes longer than its interval delays the next; one that raises is logged and
        called again in its turn. When the worker that ticks dies, another takes over within a
        second or two; while a network is cut, both may tick, so ticks must bear that.
        """
        self._ticks[name] = (every_seconds, function)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set, then finish the running jobs and ticks and return.

        A database that goes away is waited for. Anything else that fails ends the run.
        """
        async with asyncio.TaskGroup() as group:
            if self._handlings:
                group.create_task(self._until_stopped(self._run_jobs, stop))
            if self._ticks:
                group.create_task(self._until_stopped(self._run_ticks, stop))

    async def _until_stopped(
        self, work: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event
    ) -> None:
        while not stop.is_set():
            try:
                await work(stop)
            except _LOST_DATABASE as error:
                _log.warning("the database is away", error=repr(error))
                await _pause(stop, _RECONNECT_SECONDS)

    async def _run_jobs(self, stop: asyncio.Event) -> None:
        async with asyncpg.create_pool(
            min_size=2, max_size=_POOL_SIZE, **self._connect_arguments
        ) as pool:
            manager = QueueManager(
                queries_on(AsyncpgPoolDriver(pool)), CHANNEL, tracer=CorrelationTracer()
            )
            for name, handling in self._handlings.items():
                self._register(manager, name, handling, pool)
            async with _following(stop, manager.shutdown):
                await manager.run(
                    batch_size=self._concurrency // 2,
                    max_concurrent_tasks=self._concurrency,
                    dequeue_timeout=self._heartbeat / 6,
                    heartbeat_timeout=self._heartbeat,
                    shutdown_on_listener_failure=True,
                    log_aggregation_interval=timedelta(0),
                )

    def _register(
        self, manager: QueueManager, name: str, handling: _Handling, pool: asyncpg.Pool
    ) -> None:
        async def run_once(job: Job) -> None:
            async with asyncio.timeout(handling.seconds_max):
                await handling.handler(decoded(job.payload), self._clock.now())

        async def crashes(job: Job) -> int:
            # Younger than one heartbeat, it can't have been taken from a silent worker.
            if job.updated - job.created < self._heartbeat:
                return 0
            return int(await pool.fetchval(_PICKS, job.id)) - 1 - job.attempts

        manager.entrypoint(
            name,
            accepts_context=False,
            on_failure="hold",
            executor_factory=partial(_Executor, handling=handling, crashes=crashes),
        )(run_once)

    async def _run_ticks(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(**self._connect_arguments)
        try:
            while not stop.is_set():
                if await connection.fetchval(_TRY_TO_LEAD, timeout=_ANSWER_SECONDS_MAX):
                    await self._lead(connection, stop)
                await _pause(stop, _LEADER_CHECK_SECONDS)
        finally:
            # Not close(): it would wait for a server that may be gone.
            connection.terminate()

    async def _lead(self, connection: asyncpg.Connection, stop: asyncio.Event) -> None:
        """Tick until stopped; raise as soon as the connection that holds the lock is lost."""
        ticking = [
            asyncio.create_task(self._beat(name, every_seconds, function, stop))
            for name, (every_seconds, function) in self._ticks.items()
        ]
        try:
            while not stop.is_set():
                await _pause(stop, _LEADER_CHECK_SECONDS)
                await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS_MAX)
            await asyncio.gather(*ticking)
        finally:
            for task in ticking:
                task.cancel()
            await asyncio.gather(*ticking, return_exceptions=True)

    async def _beat(
        self, name: str, every_seconds: float, function: Tick, stop: asyncio.Event
    ) -> None:
        due = time.monotonic()
        while not stop.is_set():
            with bind_correlation():
                try:
                    await function(self._clock.now())
                except Exception:  # noqa: BLE001 - one bad tick must not end the ticking
                    _log.exception("tick failed", tick=name)
            due = max(due + every_seconds, time.monotonic())
            await _pause(stop, due - time.monotonic())


@dataclass
class _Executor(EntrypointExecutor):
    """Runs one job and decides whether a failure is tried again."""

    handling: _Handling
    crashes: Callable[[Job], Awaitable[int]]

    def __init__(
        self,
        parameters: EntrypointExecutorParameters,
        handling: _Handling,
        crashes: Callable[[Job], Awaitable[int]],
    ) -> None:
        super().__init__(parameters)
        self.handling = handling
        self.crashes = crashes

    async def execute(self, job: Job, context: Context) -> None:
        """Run the job, or raise: RetryRequested to try again, anything else to give it up."""
        if (crashes := await self.crashes(job)) >= _CRASHES_MAX:
            message = f"{crashes} workers took this job and never came back"
            raise CrashedTooOftenError(message)
        try:
            await super().execute(job, context)
        except Exception as error:
            if job.attempts + 1 >= self.handling.tries_max:
                raise
            _log.warning("job will be tried again", job=job.entrypoint, error=repr(error))
            raise RetryRequested(self._delay(job), repr(error)) from error

    def _delay(self, job: Job) -> timedelta:
        doublings: int = 2 ** min(job.attempts, 20)
        # Jobs that failed together (a partner is down) must not come back all at once.
        return min(self.handling.first_delay * doublings, _DELAY_MAX) * (1 + job.id % 10 / 20)


@asynccontextmanager
async def _following(leader: asyncio.Event, follower: asyncio.Event) -> AsyncIterator[None]:
    """Set ``follower`` once ``leader`` is set; never the other way round."""

    async def follow() -> None:
        await leader.wait()
        follower.set()

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def _connect_arguments(database_url: str) -> dict[str, Any]:
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    _, arguments = url.get_dialect()().create_connect_args(url)
    known = {key: value for key, value in arguments.items() if not key.startswith("prepared_")}
    settings = {"application_name": "laurel worker", "jit": "off", "timezone": "UTC"}
    return {**known, "server_settings": settings}
