"""A request under a key: done once, answered the same ever after."""

import asyncio
from typing import Any

import pytest

from kit.clock import MovableClock
from kit.db import Database, Session
from kit.errors import IdempotencyConflictError
from kit.idempotency import once


class Counter:
    """A verb that counts how often it is done, in the database."""

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self.database = database
        self.clock = clock
        self.begun = asyncio.Event()

    async def ask(
        self,
        key: str,
        request: object = 1,
        *,
        scope: str = "count",
        tenant: int = 1,
        fail: bool = False,
    ) -> Any:
        async def whole(session: Session) -> Any:
            async def work() -> dict[str, object]:
                self.begun.set()
                await session.fetch(
                    "INSERT INTO fact (tenant_id, kind, subject, payload, recorded_at)"
                    " VALUES (1, 'Done', 'x', '{}', $1)",
                    self.clock.now(),
                )
                await asyncio.sleep(0.01)
                if fail:
                    raise LookupError
                return {"said": request, "count": await self.count(session)}

            return await once(
                session,
                self.clock.now(),
                tenant_id=tenant,
                scope=scope,
                key=key,
                request=request,
                work=work,
            )

        return await self.database.write(whole)

    async def count(self, session: Session | None = None) -> int:
        if session is None:
            async with self.database.read() as reading:
                return await self.count(reading)
        return int(await session.value("SELECT count(*) FROM fact"))


@pytest.fixture
def counter(database: Database, clock: MovableClock) -> Counter:
    return Counter(database, clock)


async def test_same_request_at_once_is_done_once(counter: Counter) -> None:
    answers = await asyncio.gather(*(counter.ask("k", [1, "ä", None]) for _ in range(15)))
    assert answers == [{"said": [1, "ä", None], "count": 1}] * 15
    assert await counter.count() == 1


async def test_other_request_under_the_key_is_a_conflict(counter: Counter) -> None:
    answers = await asyncio.gather(
        *(counter.ask("k", n % 2) for n in range(10)), return_exceptions=True
    )
    refused = [each for each in answers if isinstance(each, IdempotencyConflictError)]
    assert len(refused) == 5
    assert refused[0].path == ("idempotencyKey",)
    assert await counter.count() == 1


async def test_order_of_fields_is_no_other_request(counter: Counter) -> None:
    first = await counter.ask("k", {"a": 1, "b": 2})
    assert await counter.ask("k", {"b": 2, "a": 1}) == first


async def test_tenant_and_scope_have_keys_of_their_own(counter: Counter) -> None:
    await counter.ask("k")
    await counter.ask("k", 2, scope="other")
    await counter.ask("k", 3, tenant=2)
    assert await counter.count() == 3


async def test_failed_request_leaves_nothing_and_may_come_again(counter: Counter) -> None:
    with pytest.raises(LookupError):
        await counter.ask("k", fail=True)
    assert await counter.count() == 0
    assert (await counter.ask("k", 2))["count"] == 1


async def test_failed_request_lets_a_waiting_one_do_it(counter: Counter) -> None:
    failing = asyncio.create_task(counter.ask("k", fail=True))
    await counter.begun.wait()
    answers: Any = await asyncio.gather(failing, counter.ask("k"), return_exceptions=True)
    assert isinstance(answers[0], LookupError)
    assert answers[1] == {"said": 1, "count": 1}
