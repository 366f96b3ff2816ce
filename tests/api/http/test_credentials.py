"""Credentials are looked at again while a connection is open."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from api.auth import Authenticator
from api.http.credentials import lapsed
from api.runtime import Runtime
from kit.clock import MovableClock
from kit.db import Database
from tests.support.client import Client


async def test_a_database_that_is_away_sends_nobody_away(
    client: Client, runtime: Runtime, clock: MovableClock
) -> None:
    here = Authenticator(runtime.database, client.tokens)
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    header = f"Bearer {client.member('ana')}"
    principal = await here.principal(header, clock.now())
    with capture_logs() as said:
        waiting = asyncio.create_task(
            lapsed(Authenticator(nowhere, client.tokens), clock, principal, header, 0.02)
        )
        await asyncio.sleep(0.2)
        assert not waiting.done()
        clock.move(timedelta(days=1))
        async with asyncio.timeout(10):
            assert await waiting == "The token has expired."
    assert {each["event"] for each in said} == {"credentials can't be checked"}
    await nowhere.close()
