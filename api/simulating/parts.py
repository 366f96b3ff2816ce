"""Divides a brand's members among processes, which all see the database as of one instant."""

import asyncio
import gc
import multiprocessing
from collections.abc import Callable
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any, TypeAlias

from api.simulating.asked import Asked, Part
from api.simulating.from_database import Progress, pages_of, replay
from domain.simulation import queries
from domain.simulation.rules_simulation import Found, Simulation
from kit.db import Database, Session
from kit.errors import LaurelError

GC_THRESHOLDS = (100_000, 50, 50)
_SNAPSHOT = "SELECT pg_export_snapshot()"
_PATIENCE_SECONDS = 0.2

Told: TypeAlias = tuple[str, Any]
"""``ready``, ``baskets`` with how many more, ``found`` with what, or ``failed`` with why."""


class PartFailedError(LaurelError):
    """A process that replayed a part of the members broke off."""

    code = "SIMULATION_BROKE_OFF"


async def replayed(
    database: Database, url: str, asked: Asked, processes: int, progress: Progress
) -> Found:
    """Return what a simulation of a brand's whole history finds, by so many processes."""
    until = asked.months.ends[-1]
    simulation = asked.simulation()
    async with database.read() as session:
        pages = await pages_of(session, asked.brand)
        processes = min(processes, len(pages))
        together = simulation.shares or await queries.has_gifts(session, asked.brand.id)
        if processes < 2 or together:  # noqa: PLR2004 - one is this one
            await replay(session, asked.brand, simulation, until, progress)
            return simulation.found()
        snapshot = await session.value(_SNAPSHOT)
        parts = [
            Part(asked, url, snapshot, until, tuple(pages[number::processes]))
            for number in range(processes)
        ]
        return await _gathered(session, simulation, parts, progress)


async def _gathered(
    session: Session, simulation: Simulation, parts: list[Part], progress: Progress
) -> Found:
    context = multiprocessing.get_context("spawn")
    told: Queue[Told] = context.Queue()
    workers = [context.Process(target=_work, args=(part, told), daemon=True) for part in parts]
    found = simulation.found()
    for worker in workers:
        worker.start()
    try:
        left = len(workers)
        while left:
            kind, what = await asyncio.to_thread(_next, told, lambda: _broken(workers))
            if kind == "baskets":
                progress(what)
            elif kind == "found":
                found.add(what)
                left -= 1
            elif kind == "failed":
                raise PartFailedError(what)
            # A transaction that says nothing for long is ended, and the snapshot with it.
            await session.value("SELECT 1")
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
    return found


def _next(told: "Queue[Told]", broken: Callable[[], bool]) -> Told:
    while True:
        try:
            return told.get(timeout=_PATIENCE_SECONDS)
        except Empty:
            if broken():
                return "failed", "a process that replayed members was ended; start it again"


def _broken(workers: list[Any]) -> bool:
    return any(worker.exitcode not in (None, 0) for worker in workers)


def _work(part: Part, told: "Queue[Told]") -> None:
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        told.put(("found", asyncio.run(_found(part, told))))
    except Exception as error:  # noqa: BLE001 - told to whoever waits
        told.put(("failed", f"{type(error).__name__}: {error}"))


async def _found(part: Part, told: "Queue[Told]") -> Found:
    database = Database(part.url, pool_size=1)
    simulation = part.asked.simulation()
    try:
        async with database.read() as session:
            await session.fetch(f"SET TRANSACTION SNAPSHOT '{part.snapshot}'")
            told.put(("ready", None))
            await replay(
                session,
                part.asked.brand,
                simulation,
                part.until,
                lambda baskets: told.put(("baskets", baskets)),
                part.pages,
            )
    finally:
        await database.close()
    return simulation.found()
