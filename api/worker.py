"""The worker process: the one list of what runs without anybody waiting for it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from api.announcing import Announcer
from api.runtime import Runtime
from api.sections import SECTIONS
from domain.expiry.jobs import warn
from domain.ledger.jobs import roll_up
from domain.referrals.jobs import follow, reward
from domain.rewards.jobs import lapse
from domain.rewards.jobs_automatic import become_spendable, birthdays
from domain.rewards.jobs_automatic import follow as follow_members
from domain.wallets.jobs import expire_holds, expire_lots
from gamification.leaderboards.jobs_close import tick as close_boards
from gamification.leaderboards.jobs_scores import follow as follow_scores
from gamification.leaderboards.jobs_scores import roll, tend
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.showing_dense import dense_by
from gamification.subscribers import follow as follow_games
from gamification.subscribers import tick as pay_prizes
from kit.db import Database, Session
from kit.job_runner import JobRunner
from kit.jobs import forget

_ROUNDS_MAX = 1_000
_HISTORY_KEPT = timedelta(days=7)
_HOUR_SECONDS = 3600
_ANNOUNCE_SECONDS = 0.2
_SCORE_SECONDS = 0.2
_WARN_SECONDS = 300

Batch = Callable[[Session, datetime], Awaitable[int]]


def runner(runtime: Runtime) -> JobRunner:
    """Return a worker that knows every job and tick."""
    runner = JobRunner(runtime.servers.database_url, runtime.clock)
    database = runtime.database
    runner.tick("roll up the ledger", ticking(database, _roll_up, rounds_max=1), every_seconds=1)
    announcer = Announcer(database, runtime.valkey)
    runner.tick("announce changes", announcer.tick, every_seconds=_ANNOUNCE_SECONDS)
    shower = Shower(database, runtime.nodes, dense=dense_by(SECTIONS))
    runner.tick("show boards", shower.tick, every_seconds=_ANNOUNCE_SECONDS)
    runner.tick("expire holds", ticking(database, expire_holds), every_seconds=30)
    runner.tick("expire lots", ticking(database, expire_lots), every_seconds=30)
    runner.tick("lapse redemptions", ticking(database, lapse), every_seconds=30)
    runner.tick("give rewards", ticking(database, _give), every_seconds=1)
    runner.tick("look at points", ticking(database, _look), every_seconds=30)
    runner.tick("give birthdays", ticking(database, _birthdays), every_seconds=_WARN_SECONDS)
    runner.tick("warn of ends", ticking(database, _warn), every_seconds=_WARN_SECONDS)
    runner.tick("follow friends", ticking(database, _follow), every_seconds=1)
    runner.tick("reward referrals", ticking(database, _reward), every_seconds=30)
    runner.tick("judge games", ticking(database, _judge), every_seconds=1)
    runner.tick("pay prizes", ticking(database, _pay), every_seconds=1)
    runner.tick("count scores", ticking(database, _score), every_seconds=_SCORE_SECONDS)
    runner.tick("fill boards", ticking(database, _tend), every_seconds=1)
    runner.tick("open rolling windows", ticking(database, _roll), every_seconds=60)
    runner.tick("close boards", ticking(database, _close_boards), every_seconds=10)
    runner.tick(
        "forget old jobs", ticking(database, _forget, rounds_max=1), every_seconds=_HOUR_SECONDS
    )
    return runner


async def work(runtime: Runtime, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set; what is under way is finished."""
    await runner(runtime).run(stop)


def ticking(
    database: Database, batch: Batch, *, rounds_max: int = _ROUNDS_MAX
) -> Callable[[datetime], Awaitable[None]]:
    """Return a tick that runs ``batch``, each in a transaction, until nothing is left to do."""

    async def tick(now: datetime) -> None:
        for _ in range(rounds_max):
            if not await database.write(lambda session: batch(session, now)):
                return

    return tick


async def _roll_up(session: Session, _: datetime) -> int:
    return await roll_up(session)


async def _warn(session: Session, now: datetime) -> int:
    return await warn(session, now, SECTIONS)


async def _follow(session: Session, now: datetime) -> int:
    return await follow(session, now, SECTIONS)


async def _reward(session: Session, now: datetime) -> int:
    return await reward(session, now, SECTIONS)


async def _give(session: Session, now: datetime) -> int:
    return await follow_members(session, now, SECTIONS)


async def _look(session: Session, now: datetime) -> int:
    return await become_spendable(session, now, SECTIONS)


async def _birthdays(session: Session, now: datetime) -> int:
    return await birthdays(session, now, SECTIONS)


async def _close_boards(session: Session, now: datetime) -> int:
    return await close_boards(session, now, SECTIONS)


async def _judge(session: Session, now: datetime) -> int:
    return await follow_games(session, now, SECTIONS)


async def _pay(session: Session, now: datetime) -> int:
    return await pay_prizes(session, now, SECTIONS)


async def _score(session: Session, now: datetime) -> int:
    return await follow_scores(session, now, SECTIONS)


async def _tend(session: Session, now: datetime) -> int:
    return await tend(session, now, SECTIONS)


async def _roll(session: Session, now: datetime) -> int:
    return await roll(session, now, SECTIONS)


async def _forget(session: Session, now: datetime) -> int:
    return await forget(session, now - _HISTORY_KEPT)
