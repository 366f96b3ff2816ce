"""What fails is undone alone; what lost a race is tried again; a broken connection is raised."""

import asyncpg
import pytest
from structlog.testing import capture_logs

from kit.attempts import attempt
from kit.db import Database, LostRaceError, Session

COUNT = "SELECT count(*) FROM note"


async def write(session: Session, *errors: Exception) -> int:
    await session.fetch("CREATE TEMP TABLE note (id int) ON COMMIT DROP")
    left = list(errors)

    async def work() -> int:
        await session.fetch("INSERT INTO note VALUES (1)")
        if left:
            raise left.pop(0)
        return 7

    done = await attempt(session, work, "it failed", brand=3)
    assert await session.value(COUNT) == (0 if done is None else 1)
    return done or 0


@pytest.mark.parametrize(
    ("errors", "done"),
    [
        ([], 7),
        ([ValueError()], 0),
        ([LostRaceError(), LostRaceError()], 7),
        ([LostRaceError(), LostRaceError(), LostRaceError()], 0),
        ([LostRaceError(), ValueError()], 0),
    ],
)
async def test_what_fails_is_undone_and_told(
    database: Database, errors: list[Exception], done: int
) -> None:
    with capture_logs() as logs:
        async with database.transaction() as session:
            assert await write(session, *errors) == done
    told = [(each["event"], each["brand"], each["log_level"]) for each in logs]
    assert told == ([] if done else [("it failed", 3, "error")])


async def test_a_broken_connection_is_raised(database: Database) -> None:
    async def work(session: Session) -> None:
        async def end() -> None:
            session.driver.terminate()
            raise ConnectionResetError

        await attempt(session, end, "it failed")

    with capture_logs() as logs, pytest.raises((OSError, asyncpg.InterfaceError)):
        async with database.transaction() as session:
            await work(session)
    assert logs == []
