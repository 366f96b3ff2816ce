"""Live changes: announced by the worker, heard by every process, none lost while Valkey is away."""

import ast
import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import redis.asyncio
from structlog.testing import capture_logs

from api import announcing, live
from api.announcing import KINDS, Announcer
from api.live import Changes, Live, channel
from api.runtime import Runtime
from domain.earning.rules_refund_request import Refund
from kit import facts
from kit.db import Database
from kit.embedded import Servers
from kit.facts import Fact, record
from tests.support.line import Line, line_to_valkey
from tests.support.shop import Shop, purchase
from tests.support.tree import files

ANA, BEN = UUID(int=1), UUID(int=2)
SECONDS_MAX = 10


@pytest.fixture
async def line(servers: Servers) -> AsyncIterator[Line]:
    async with line_to_valkey(servers) as line:
        yield line


@pytest.fixture
async def ear(line: Line) -> AsyncIterator[Live]:
    """Somebody who listens on a line that can be cut."""
    async with redis.asyncio.from_url(line.url) as valkey:
        ear = Live(valkey)
        yield ear
        await ear.aclose()
    assert not [task for task in asyncio.all_tasks() if "Live." in repr(task)]


async def say(runtime: Runtime, member_id: UUID, brand_id: int = 1) -> int:
    return int(await runtime.valkey.publish(channel(brand_id, member_id), b""))


async def marked(changes: Changes) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        await anext(changes)


async def unmarked(changes: Changes) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(changes), 0.1)


async def until_handed_out(database: Database) -> None:
    async with asyncio.timeout(SECONDS_MAX), database.alone() as session:
        while await session.value(
            "SELECT max(xid) >= pg_snapshot_xmin(pg_current_snapshot()) FROM fact"
        ):
            await asyncio.sleep(0.02)


async def test_a_mark_at_the_start_and_one_after_each_change(runtime: Runtime, ear: Live) -> None:
    with ear.changes(1, ANA) as ana, ear.changes(1, BEN) as ben:
        await marked(ana)
        await marked(ben)
        await unmarked(ana)
        assert await say(runtime, ANA) == 1
        await marked(ana)
        await unmarked(ana)
        await unmarked(ben)


async def test_the_first_mark_comes_once_changes_are_heard(runtime: Runtime, ear: Live) -> None:
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        assert await say(runtime, ANA) == 1
    with ear.changes(1, ANA) as again:
        await marked(again)
        assert await say(runtime, ANA) == 1


async def test_who_is_slow_finds_one_mark(runtime: Runtime, ear: Live) -> None:
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        for _ in range(50):
            await say(runtime, ANA)
        await asyncio.sleep(0.1)
        await marked(ana)
        await unmarked(ana)


async def test_brands_do_not_hear_each_other(runtime: Runtime, ear: Live) -> None:
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        assert await say(runtime, ANA, brand_id=2) == 0
        await unmarked(ana)


async def test_many_followers_share_one_connection(runtime: Runtime, ear: Live, line: Line) -> None:
    members = [UUID(int=n) for n in range(1_200)]
    rows = [(each, ear.changes(1, each)) for each in (*members, *members)]
    entered = [(each, row.__enter__()) for each, row in rows]
    await asyncio.gather(*(marked(changes) for _, changes in entered))
    assert line.calls == 1
    assert await say(runtime, members[7]) == 1
    await asyncio.gather(*(marked(changes) for each, changes in entered if each == members[7]))
    await unmarked(entered[8][1])
    for _, row in rows:
        row.__exit__(None, None, None)
    async with asyncio.timeout(SECONDS_MAX):
        while await runtime.valkey.pubsub_channels("laurel:1:member:*"):
            await asyncio.sleep(0.02)


async def test_who_stays_still_hears_when_another_goes(runtime: Runtime, ear: Live) -> None:
    with ear.changes(1, ANA) as stays:
        with ear.changes(1, ANA) as goes:
            await asyncio.gather(marked(stays), marked(goes))
        await asyncio.sleep(0.05)
        assert await say(runtime, ANA) == 1
        await marked(stays)


async def test_coming_and_going_at_once(runtime: Runtime, ear: Live) -> None:
    for _ in range(50):
        with ear.changes(1, ANA):
            await asyncio.sleep(0)
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        await asyncio.sleep(0.05)
        assert await say(runtime, ANA) == 1
        await marked(ana)


async def test_what_was_missed_is_a_mark_once_valkey_is_back(
    runtime: Runtime, ear: Live, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_AWAY_SECONDS", 0.05)
    with capture_logs() as said, ear.changes(1, ANA) as ana:
        await marked(ana)
        for _ in range(2):
            await line.cut()
            await asyncio.sleep(0.2)
            await line.mend()
            await marked(ana)
        await asyncio.sleep(0.1)
        assert await say(runtime, ANA) == 1
        await marked(ana)
    events = [each["event"] for each in said]
    assert (
        events
        == [
            "valkey is away: changes are not heard",
            "valkey is back: changes are heard again",
        ]
        * 2
    )


async def test_a_line_that_swallows_everything_is_given_up(
    ear: Live, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_AWAY_SECONDS", 0.05)
    monkeypatch.setattr(live, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(live, "_SILENCE_SECONDS_MAX", 0.3)
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        await asyncio.sleep(0.6)
        assert line.calls == 1
        line.silence()
        await asyncio.sleep(0.6)
        await line.cut()
        await line.mend()
        await marked(ana)
    assert line.calls > 1


async def test_the_first_mark_does_not_wait_for_valkey(
    ear: Live, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_AWAY_SECONDS", 0.05)
    monkeypatch.setattr(live, "_SUBSCRIBE_SECONDS_MAX", 0.1)
    await line.cut()
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        await unmarked(ana)
        await line.mend()
        await marked(ana)


async def test_closing_lets_everybody_go(runtime: Runtime) -> None:
    ear, before = runtime.live, asyncio.all_tasks()
    with ear.changes(1, ANA) as ana:
        await marked(ana)
        waiting = asyncio.create_task(marked(ana))
        await asyncio.sleep(0)
        await ear.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting
        assert asyncio.all_tasks() == before - {waiting}
    with ear.changes(1, BEN) as late:
        assert [each async for each in late] == []
    await ear.aclose()


async def test_every_fact_about_a_member_is_announced(runtime: Runtime, grocer: Shop) -> None:
    now = grocer.clock.now()
    announcer = Announcer(runtime.database, runtime.valkey)
    await grocer.buy(purchase("p1", "ana", 100, now), purchase("p2", "ana", 100, now))
    (ana,) = await grocer.member_ids("ana")
    with runtime.live.changes(grocer.brand.id, ana) as changes:
        await marked(changes)
        await until_handed_out(runtime.database)
        await announcer.tick(now)
        await marked(changes)
        await unmarked(changes)
        await grocer.refund(Refund("r1", "p1", now, amount=50))
        await until_handed_out(runtime.database)
        await announcer.tick(now)
        await marked(changes)
        await announcer.tick(now)
        await unmarked(changes)
    await runtime.live.aclose()


# A noun and what happened to it; type variables begin with Any.
KIND = re.compile(r"(?!Any)(?:[A-Z][a-z]+)+(?:[A-Z][a-z]*(?:ed|en|ing)|Left|Paid|Undone)")


def told(source: str) -> Iterator[str]:
    """Yield the kinds of facts that are named in a file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from KIND.findall(node.value) if KIND.fullmatch(node.value) else ()


def test_the_kinds_are_those_of_the_rooms() -> None:
    named = {
        kind
        for path in files(".py", below=("domain", "gamification"))
        for kind in told(path.read_text())
    }
    assert named == KINDS


async def test_the_subject_is_the_member(runtime: Runtime, grocer: Shop) -> None:
    now = grocer.clock.now()
    await grocer.buy(purchase("p1", "ana", 500_000, now), purchase("p2", "ben", 100, now))
    await grocer.refund(Refund("r1", "p2", now, amount=50))
    (ana, ben) = await grocer.member_ids("ana", "ben")
    async with runtime.database.read() as session:
        rows = await session.fetch("SELECT subject FROM fact")
    assert {row["subject"] for row in rows} == {str(ana), str(ben)}


async def test_facts_about_others_are_passed_over(runtime: Runtime) -> None:
    async with runtime.database.transaction() as session:
        await record(session, runtime.clock.now(), [Fact(1, "SomethingElse", str(ANA))])
    await until_handed_out(runtime.database)
    with runtime.live.changes(1, ANA) as ana:
        await marked(ana)
        await Announcer(runtime.database, runtime.valkey).tick(runtime.clock.now())
        await unmarked(ana)
    await runtime.live.aclose()
    async with runtime.database.alone() as session:
        assert not await facts.waiting(session, announcing.SUBSCRIBER)


async def test_nothing_is_lost_while_valkey_is_away(
    runtime: Runtime, grocer: Shop, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "_PUBLISH_SECONDS_MAX", 0.3)
    monkeypatch.setattr(announcing, "_AWAY_SECONDS", 0.2)
    now = grocer.clock.now()
    await grocer.buy(purchase("p1", "ana", 100, now - timedelta(days=1)))
    (ana,) = await grocer.member_ids("ana")
    await until_handed_out(runtime.database)
    async with redis.asyncio.from_url(line.url) as valkey:
        announcer = Announcer(runtime.database, valkey)
        with runtime.live.changes(grocer.brand.id, ana) as changes:
            await marked(changes)
            await line.cut()
            with capture_logs() as said:
                for _ in range(3):
                    await announcer.tick(now)
                    await asyncio.sleep(0.25)
            assert [each["log_level"] for each in said] == ["warning"]
            await unmarked(changes)
            await line.mend()
            await announcer.tick(now)
            await marked(changes)
    await runtime.live.aclose()


async def test_no_transaction_waits_for_a_valkey_that_hangs(
    runtime: Runtime, grocer: Shop, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads facts waits for every transaction: only the first one may be caught."""
    monkeypatch.setattr(announcing, "_PUBLISH_SECONDS_MAX", 0.3)
    monkeypatch.setattr(announcing, "_AWAY_SECONDS", 0)
    now = grocer.clock.now()
    await grocer.buy(purchase("p1", "ana", 100, now - timedelta(days=1)))
    await until_handed_out(runtime.database)
    async with redis.asyncio.from_url(line.url) as valkey:
        await valkey.ping()
        line.silence()
        announcer = Announcer(runtime.database, valkey)
        await announcer.tick(now)
        again = asyncio.create_task(announcer.tick(now))
        await asyncio.sleep(0.15)
        assert not again.done()
        assert runtime.database.connections_in_use() == 0
        await again
