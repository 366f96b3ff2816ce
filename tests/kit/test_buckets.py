"""Buckets of tokens: exact amounts, the bound they promise, and a Valkey that goes away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from kit import buckets
from kit.buckets import ARITHMETIC, MICRO, Allowance, Buckets, LocalBuckets
from kit.embedded import Servers, running
from kit.ids import new_id
from kit.valkey import Nodes

STILL = Allowance(capacity=100, per_second=0.001)
"""It gives nothing back while a test runs."""
ALLOWANCES = st.builds(
    Allowance,
    capacity=st.integers(1, 10**6),
    per_second=st.floats(0.1, 10**6) | st.integers(1, 1000).map(float),
)
TAKES = st.lists(
    st.tuples(st.integers(0, 5 * MICRO), st.integers(0, 2 * 10**5), st.booleans()), max_size=30
)


@pytest.fixture
async def valkey(running_servers: Servers) -> AsyncIterator[redis.asyncio.Redis]:
    """A client of the run's Valkey."""
    client = redis.asyncio.from_url(running_servers.valkey_url)
    yield client
    await client.aclose()


@pytest.fixture
async def nodes(valkey: redis.asyncio.Redis) -> AsyncIterator[Nodes]:
    """The same as all servers that hold keys."""
    async with nodes_of(valkey) as nodes:
        yield nodes


@asynccontextmanager
async def nodes_of(valkey: redis.asyncio.Redis) -> AsyncIterator[Nodes]:
    nodes = Nodes(valkey)
    try:
        yield nodes
    finally:
        await nodes.aclose()


@pytest.fixture
def key() -> str:
    """A bucket that nobody else uses."""
    return f"test:{new_id()}"


async def test_a_bucket_begins_full_and_grants_what_it_holds(nodes: Nodes, key: str) -> None:
    shared = Buckets(nodes)
    first = await shared.take(key, 60, STILL)
    assert (first.allowed, first.available, first.retry_after) == (True, 40, 0)
    assert first.allowance is STILL
    refused = await shared.take(key, 41, STILL)
    assert (refused.allowed, refused.available) == (False, 40)
    assert refused.retry_after == pytest.approx(1000, rel=0.01)
    assert (await shared.take(key, 40, STILL)).available == 0
    assert (await shared.take(key, 0, STILL)).allowed
    assert not (await shared.take(key, 1, STILL)).allowed


async def test_what_is_forced_goes_below_zero_and_no_further_than_the_capacity(
    nodes: Nodes, key: str
) -> None:
    shared = Buckets(nodes)
    levels = [(await shared.take(key, 80, STILL, force=True)).available for _ in range(4)]
    assert levels == [20, -60, -100, -100]
    refused = await shared.take(key, 1, STILL)
    assert (refused.allowed, refused.available) == (False, -100)
    assert refused.retry_after == pytest.approx(101_000, rel=0.01)


async def test_a_bucket_fills_by_the_clock_of_the_server(nodes: Nodes, key: str) -> None:
    shared, quick = Buckets(nodes), Allowance(capacity=100, per_second=1000)
    await shared.take(key, 100, quick)
    refused = await shared.take(key, 100, quick)
    assert 0 < refused.retry_after <= 0.1
    await asyncio.sleep(refused.retry_after)
    assert (await shared.take(key, 100, quick)).allowed


async def test_a_full_bucket_leaves_no_key(
    valkey: redis.asyncio.Redis, nodes: Nodes, key: str
) -> None:
    shared, allowance = Buckets(nodes), Allowance(capacity=100, per_second=10)
    await shared.take(key, 5, allowance)
    assert 400 < await valkey.pttl(f"bucket:{{{key}}}") <= 501
    await asyncio.sleep(0.55)
    assert await valkey.exists(f"bucket:{{{key}}}") == 0


async def test_a_smaller_capacity_holds_at_once(nodes: Nodes, key: str) -> None:
    shared = Buckets(nodes)
    await shared.take(key, 1, STILL)
    assert (await shared.take(key, 1, Allowance(10, 0.001))).available == 9


async def test_takes_at_once_grant_exactly_the_capacity(
    valkey: redis.asyncio.Redis, nodes: Nodes, key: str
) -> None:
    async with nodes_of(valkey) as others:
        processes = Buckets(nodes), Buckets(others)
        charges = await asyncio.gather(
            *(each.take(key, 2, STILL) for _ in range(100) for each in processes)
        )
    assert sum(each.allowed for each in charges) == 50
    assert min(each.available for each in charges) == 0


async def test_whoever_leaves_disturbs_nobody(nodes: Nodes, key: str) -> None:
    shared = Buckets(nodes)
    asked = [asyncio.create_task(shared.take(key, 1, STILL)) for _ in range(10)]
    await asyncio.sleep(0)
    for each in asked[::2]:
        each.cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each).__name__ for each in done] == ["CancelledError", "Charge"] * 5


async def test_a_server_that_lost_the_script_gets_it_again(
    valkey: redis.asyncio.Redis, nodes: Nodes, key: str
) -> None:
    shared = Buckets(nodes)
    await shared.take(key, 1, STILL)
    await valkey.script_flush()
    charges = await asyncio.gather(*(shared.take(key, 1, STILL) for _ in range(3)))
    assert [each.available for each in charges] == [98, 97, 96]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(allowance=ALLOWANCES, takes=TAKES)
async def test_valkey_and_the_process_count_alike(
    valkey: redis.asyncio.Redis, allowance: Allowance, takes: list[tuple[int, int, bool]]
) -> None:
    # The shipped script with a clock of the test in place of the server's, which ends keys.
    endless = ARITHMETIC.replace(", 'PX', milliseconds", "")
    assert endless != ARITHMETIC
    script = valkey.register_script("local now = tonumber(ARGV[5])\n" + endless)
    local, key, now = LocalBuckets(), f"bucket:{{{new_id()}}}", 1_700_000_000_000_000
    for passed, cost, force in takes:
        now += passed
        arguments = (allowance.capacity * MICRO, allowance.per_second, cost * MICRO, int(force))
        told = await script(keys=[key], args=[*arguments, now])
        allowed, available, microseconds = local.take(now, "x", cost, allowance, force=force)
        assert told == [int(allowed), available, microseconds]
    await valkey.delete(key)


@given(allowance=ALLOWANCES, takes=TAKES)
def test_never_more_is_granted_than_the_capacity_and_what_came_since(
    allowance: Allowance, takes: list[tuple[int, int, bool]]
) -> None:
    local, now, granted = LocalBuckets(), 0, 0
    for passed, cost, _ in takes:
        now += passed
        allowed, available, microseconds = local.take(now, "x", cost, allowance, force=False)
        granted += cost if allowed else 0
        assert granted <= allowance.capacity + now / MICRO * allowance.per_second + 1e-6
        assert 0 <= available <= allowance.capacity
        assert (microseconds == 0) is allowed


@given(allowance=ALLOWANCES, cost=st.integers(1, 10**6))
def test_what_was_refused_is_granted_when_it_said(allowance: Allowance, cost: int) -> None:
    local = LocalBuckets()
    cost = min(cost, allowance.capacity)
    local.take(0, "x", allowance.capacity, allowance, force=False)
    allowed, _, microseconds = local.take(0, "x", cost, allowance, force=False)
    assert not allowed
    # A millionth of a token may have been rounded away.
    later = microseconds + 1 + int(1 / allowance.per_second)
    assert local.take(later, "x", cost, allowance, force=False)[0]
    early = LocalBuckets()
    early.take(0, "x", allowance.capacity, allowance, force=False)
    assert not early.take(microseconds - 2, "x", cost, allowance, force=False)[0]


def test_local_buckets_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "LOCAL_BUCKETS_MAX", 3)
    local = LocalBuckets()
    for name in ("a", "b", "c", "a", "d"):
        local.take(0, name, 1, STILL, force=False)
    assert len(local) == 3
    assert local.take(0, "a", 0, STILL, force=False)[1] == 98
    assert local.take(0, "b", 0, STILL, force=False)[1] == 100


@pytest.mark.parametrize(("capacity", "rate"), [(0, 1), (1, 0), (1, float("inf")), (10**9, 0.1)])
def test_allowances_out_of_range(capacity: int, rate: float) -> None:
    with pytest.raises(ValueError, match="out of range"):
        Allowance(capacity, rate)


async def test_without_valkey_the_process_counts_and_nobody_waits(key: str) -> None:
    async with redis.asyncio.from_url("redis://127.0.0.1:9") as nobody, nodes_of(nobody) as nodes:
        local = Buckets(nodes)
        with capture_logs() as logs:
            begun = time.monotonic()
            charges = await asyncio.gather(*(local.take(key, 1, STILL) for _ in range(150)))
            assert time.monotonic() - begun < 0.5
            begun = time.monotonic()
            for _ in range(100):
                assert not (await local.take(key, 1, STILL)).allowed
            assert time.monotonic() - begun < 0.1
    assert sum(each.allowed for each in charges) == 100
    assert [each["event"] for each in logs] == ["limits are kept in this process: Valkey fails"]


async def test_valkey_hangs_and_comes_back(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "PAUSE_SECONDS", 0.1)
    with running(tmp_path, postgres=False) as servers:
        async with redis.asyncio.from_url(servers.valkey_url) as client, nodes_of(client) as nodes:
            process = psutil.Process((await client.info("server"))["process_id"])
            shared = Buckets(nodes)
            with capture_logs() as logs:
                assert (await shared.take(key, 30, STILL)).available == 70
                process.suspend()
                try:
                    begun = time.monotonic()
                    assert (await shared.take(key, 1, STILL)).available == 99
                    assert 0.15 < time.monotonic() - begun < 0.5
                    await asyncio.sleep(0.15)
                    begun = time.monotonic()
                    assert (await shared.take(key, 1, STILL)).available == 98
                    assert time.monotonic() - begun < 0.1
                    await asyncio.sleep(0.25)
                finally:
                    process.resume()
                await asyncio.sleep(0.15)
                await shared.take(key, 0, STILL)
                await asyncio.sleep(0.1)
                # Besides the 30, what was sent while it hung may have been done later.
                assert 67 <= (await shared.take(key, 1, STILL)).available <= 69
    assert [each["event"] for each in logs] == [
        "limits are kept in this process: Valkey fails",
        "limits are shared again: Valkey answers",
    ]


async def test_a_restart_of_valkey_is_hardly_noticed(tmp_path: Path, key: str) -> None:
    with running(tmp_path, postgres=False) as servers:
        client = redis.asyncio.from_url(servers.valkey_url)
        nodes = Nodes(client)
        shared = Buckets(nodes)
        assert (await shared.take(key, 30, STILL)).available == 70
    with running(tmp_path, postgres=False):
        await asyncio.sleep(0.01)
        # The server kept its data, not its scripts.
        assert (await shared.take(key, 30, STILL)).available == 40
        await nodes.aclose()
        await client.aclose()
