"""Token buckets in Valkey, so that all processes share them; in the process while it is away.

A bucket begins full, fills by so much a second up to its capacity, and grants a charge only if it
holds that much. Amounts are kept in millionths and rounded down, so that never more is granted
than the capacity and what came since.
"""

import asyncio
import hashlib
import math
import time
from asyncio import Future, Task
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import redis.asyncio
import structlog
from redis.exceptions import NoScriptError

MICRO = 1_000_000
SECONDS_MAX = 0.2
"""How long Valkey may take."""
PAUSE_SECONDS = 1.0
"""How long Valkey is left alone after it failed."""
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

_SCRIPT = SERVER_TIME + ARITHMETIC
_DIGEST = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
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


@dataclass(slots=True, eq=False)
class _Asked:
    arguments: tuple[str | int | float, ...]
    reply: Future[Reply | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def answer(self, reply: Reply | None) -> None:
        # Who asked may have gone meanwhile.
        if not self.reply.done():
            self.reply.set_result(reply)


class Buckets:
    """The buckets of one Valkey. Make one per process and event loop."""

    def __init__(self, valkey: redis.asyncio.Redis) -> None:
        self._pool: Any = valkey.connection_pool
        self._local = LocalBuckets()
        self._waiting: list[_Asked] = []
        self._sender: Task[None] | None = None
        self._away = False
        self._ask_again_at = 0.0

    async def take(
        self, key: str, cost: int, allowance: Allowance, *, force: bool = False
    ) -> Charge:
        """Charge ``cost`` whole tokens, at least 0, to the bucket ``key``.

        A refused charge takes nothing. With ``force`` it is always allowed, for what was done
        already: the bucket may go below zero, down to minus its capacity. Raises nothing for a
        Valkey that is away or slow.
        """
        reply: Reply | None = None
        if not self._away:
            reply = await self._ask(key, cost, allowance, force=force)
        elif time.monotonic() >= self._ask_again_at:
            # Only to see whether Valkey is back: nobody waits for the answer.
            self._ask_again_at = math.inf
            self._ask(key, cost, allowance, force=force)
        if reply is None:
            now = time.monotonic_ns() // 1000
            reply = self._local.take(now, key, cost, allowance, force=force)
        allowed, available, microseconds = reply
        return Charge(allowed, available, microseconds / MICRO, allowance)

    def _ask(
        self, key: str, cost: int, allowance: Allowance, *, force: bool
    ) -> Future[Reply | None]:
        capacity, rate = allowance.capacity * MICRO, allowance.per_second
        asked = _Asked((1, f"bucket:{{{key}}}", capacity, rate, cost * MICRO, int(force)))
        self._waiting.append(asked)
        # What is asked while a batch is under way goes into the next one: a third of the work.
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return asked.reply

    async def _send(self) -> None:
        batch: list[_Asked] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                async with asyncio.timeout(SECONDS_MAX):
                    await self._exchange(batch)
                self._back()
        except Exception as error:  # noqa: BLE001 - a limit must not break what it limits
            self._lost(error)
        finally:
            self._sender = None
            left, self._waiting = batch + self._waiting, []
            for asked in left:
                asked.answer(None)

    async def _exchange(self, batch: list[_Asked]) -> None:
        connection = await self._pool.get_connection()
        try:
            unknown = await _evaluate(connection, batch, "EVALSHA", _DIGEST)
            if unknown:
                await _evaluate(connection, unknown, "EVAL", _SCRIPT)
        except BaseException:
            # Replies that nobody read must not meet the next one's questions.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)

    def _lost(self, error: Exception) -> None:
        self._ask_again_at = time.monotonic() + PAUSE_SECONDS
        if not self._away:
            self._away = True
            _log.warning("limits are kept in this process: Valkey fails", error=repr(error))

    def _back(self) -> None:
        if self._away:
            self._away = False
            _log.info("limits are shared again: Valkey answers")


async def _evaluate(
    connection: Any, batch: list[_Asked], command: str, script: str
) -> list[_Asked]:
    """Answer ``batch`` but for those that the server had to know the script for; return them."""
    packed = connection.pack_commands([(command, script, *each.arguments) for each in batch])
    await connection.send_packed_command(packed)
    unknown: list[_Asked] = []
    for asked in batch:
        try:
            allowed, available, microseconds = await connection.read_response()
        except NoScriptError:
            unknown.append(asked)
        else:
            asked.answer((allowed == 1, available, microseconds))
    return unknown
