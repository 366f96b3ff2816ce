"""Token buckets in Valkey, so that all processes share them; in the process while it is away.

A bucket begins full, fills by so much a second up to its capacity, and grants a charge only if it
holds that much. Amounts are kept in millionths and rounded down, so that never more is granted
than the capacity and what came since.
"""

import asyncio
import math
import time
from asyncio import Task
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from kit.valkey import Call, Node, Nodes, Script

MICRO = 1_000_000
SECONDS_MAX = 0.2
"""How long Valkey may take."""
PAUSE_SECONDS = 1.0
"""How long a node of Valkey is left alone after it failed."""
LOCAL_BUCKETS_MAX = 10_000

SERVER_TIME = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
"""
"""The script's first part: ``now`` in microseconds, the same for all processes."""

ARITHMETIC = """
local capacity, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, force = tonumber(ARGV[3]), ARGV[4] == '1'
local level, at = capacity, now
local held = redis.call('GET', KEYS[1])
if held then
  level, at = struct.unpack('dd', held)
  level = math.min(level, capacity)
end
if now > at then
  level = math.min(capacity, level + math.floor((now - at) * rate))
  at = now
end
if cost > level and not force then
  return {0, math.floor(level / 1000000), math.ceil((cost - level) / rate)}
end
level = math.max(level - cost, -capacity)
local milliseconds = math.ceil((capacity - level) / rate / 1000) + 1
redis.call('SET', KEYS[1], struct.pack('dd', level, at), 'PX', milliseconds)
return {1, math.floor(level / 1000000), 0}
"""
"""The rest of it, which `LocalBuckets` does as well: the key holds the level and its time."""

_SCRIPT = Script(SERVER_TIME + ARITHMETIC)
_AMOUNT_MAX = 10**9
_YEAR_SECONDS = 366 * 24 * 3600

_log = structlog.get_logger("laurel.buckets")

Reply: TypeAlias = tuple[bool, int, int]
"""Whether it was granted, whole tokens left, microseconds until it could be."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a bucket holds and by how much a second it fills. It is full within a year."""

    capacity: int
    per_second: float

    def __post_init__(self) -> None:
        """Raise ValueError for what no bucket can do."""
        slowest = self.capacity / _YEAR_SECONDS
        if not (0 < self.capacity <= _AMOUNT_MAX and slowest <= self.per_second <= _AMOUNT_MAX):
            raise ValueError(f"{self} is out of range")


@dataclass(frozen=True, slots=True)
class Charge:
    """What became of a charge."""

    allowed: bool
    available: int
    """Whole tokens left; below zero after forced charges."""
    retry_after: float
    """Seconds until it would be granted, 0 if it was; meaningless for more than the capacity."""
    allowance: Allowance


class LocalBuckets:
    """Buckets in the memory of the process, the least used ones forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many buckets are kept."""
        return len(self._kept)

    def take(self, now: int, key: str, cost: int, allowance: Allowance, *, force: bool) -> Reply:
        """Charge at ``now``, in microseconds of any clock that doesn't go back."""
        capacity, rate, cost = allowance.capacity * MICRO, allowance.per_second, cost * MICRO
        level, at = self._kept.get(key, (capacity, now))
        level = min(level, capacity)
        if now > at:
            level = min(capacity, level + math.floor((now - at) * rate))
            at = now
        if cost > level and not force:
            return False, level // MICRO, math.ceil((cost - level) / rate)
        level = max(level - cost, -capacity)
        self._kept[key] = level, at
        self._kept.move_to_end(key)
        if len(self._kept) > LOCAL_BUCKETS_MAX:
            self._kept.popitem(last=False)
        return True, level // MICRO, 0


class Buckets:
    """The buckets of one Valkey. Make one per process and event loop."""

    def __init__(self, valkey: Nodes) -> None:
        self._valkey = valkey
        self._local = LocalBuckets()
        self._away: dict[Node, float] = {}
        """The nodes that failed, and when to ask each again."""
        self._looking: set[Task[Reply | None]] = set()

    async def take(
        self, key: str, cost: int, allowance: Allowance, *, force: bool = False
    ) -> Charge:
        """Charge ``cost`` whole tokens, at least 0, to the bucket ``key``.

        A refused charge takes nothing. With ``force`` it is always allowed, for what was done
        already: the bucket may go below zero, down to minus its capacity. Raises nothing for a
        Valkey that is away or slow.
        """
        capacity, rate = allowance.capacity * MICRO, allowance.per_second
        place = f"bucket:{{{key}}}".encode()
        call = Call(place, (capacity, rate, cost * MICRO, int(force)), _SCRIPT)
        node = self._valkey.node(place)
        ask_again_at = self._away.get(node)
        reply: Reply | None = None
        if ask_again_at is None:
            reply = await self._ask(call, node)
        elif time.monotonic() >= ask_again_at:
            # Only to see whether it is back: nobody waits for the answer.
            self._away[node] = math.inf
            looking = asyncio.create_task(self._ask(call, node))
            self._looking.add(looking)
            looking.add_done_callback(self._looking.discard)
        if reply is None:
            now = time.monotonic_ns() // 1000
            reply = self._local.take(now, key, cost, allowance, force=force)
        allowed, available, microseconds = reply
        return Charge(allowed, available, microseconds / MICRO, allowance)

    async def _ask(self, call: Call, node: Node) -> Reply | None:
        loop, half = asyncio.get_running_loop(), SECONDS_MAX / 2
        try:
            async with asyncio.timeout(None) as limit:
                # If it was this process that was busy, the answer is there by the second half.
                first = loop.call_later(half, lambda: limit.reschedule(loop.time() + half))
                try:
                    (reply,) = await self._valkey.soon([call])
                finally:
                    first.cancel()
        except TimeoutError as error:
            reply = error
        if isinstance(reply, Exception):
            self._lost(node, reply)
            return None
        self._back(node)
        allowed, available, microseconds = reply
        return allowed == 1, available, microseconds

    def _lost(self, node: Node, error: Exception) -> None:
        if node not in self._away:
            _log.warning("limits are kept in this process: Valkey fails", error=repr(error))
        self._away[node] = time.monotonic() + PAUSE_SECONDS

    def _back(self, node: Node) -> None:
        if self._away.pop(node, None) is not None:
            _log.info("limits are shared again: Valkey answers")
