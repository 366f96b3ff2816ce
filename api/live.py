"""Changes of members as they happen: the worker announces them, each process hears its members'.

A change goes through Valkey as an empty message on the member's own channel, and whoever follows
the member reads PostgreSQL again: what is shown never depends on what was sent. Plain channels
rather than sharded ones: in a cluster every node relays them, so that one connection per process
hears all members whatever the number of shards, and an empty message per member and batch is
little to relay. Should it become much, SPUBLISH and a connection per shard take the same names.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from typing import Any
from uuid import UUID

import redis.asyncio
import structlog

from kit.tasks import ended
from kit.valkey import AWAY

_CONNECT_SECONDS_MAX = 5
_SUBSCRIBE_SECONDS_MAX = 1
_PING_SECONDS = 10
_SILENCE_SECONDS_MAX = 15
_AWAY_SECONDS = 1
_CHANNELS_AT_ONCE = 500

_log = structlog.get_logger("laurel.live")


def channel(brand_id: int, member_id: UUID | str) -> str:
    """Return the name of the channel on which a member's changes are announced."""
    return f"laurel:{brand_id}:member:{member_id}"


class Changes:
    """An endless row of marks, one at the start and then one after each change or several.

    A follower that is slow finds one mark, however much has changed in the meantime.
    """

    def __init__(self) -> None:
        self._mark = asyncio.Event()
        self._begun = False
        self._ended = False
        self.marked_at = 0.0
        """When the last mark was set, as `time.monotonic` counts; 0 before the first."""

    def __aiter__(self) -> AsyncIterator[None]:
        """Return itself."""
        return self

    async def __anext__(self) -> None:
        """Wait for the next mark."""
        if self._begun:
            await self._mark.wait()
        else:
            # Valkey away must not keep a first answer away; its return is a mark.
            with suppress(TimeoutError):
                async with asyncio.timeout(_SUBSCRIBE_SECONDS_MAX):
                    await self._mark.wait()
        if self._ended:
            raise StopAsyncIteration
        self._begun = True
        self._mark.clear()

    def mark(self) -> None:
        """Note that something has changed, or may have."""
        self.marked_at = time.monotonic()
        self._mark.set()

    def end(self) -> None:
        """Let whoever waits go."""
        self._ended = True
        self._mark.set()


class Live:
    """A process's ear: one connection to Valkey, shared by all who follow a member here.

    It is made when somebody first follows, and made again whenever it is lost.
    """

    def __init__(self, valkey: redis.asyncio.Redis) -> None:
        self._valkey = valkey
        self._followers: dict[str, set[Changes]] = {}
        self._told: set[str] = set()
        self._confirmed: set[str] = set()
        self._touched: dict[str, None] = {}
        self._news = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing will be heard any more."""
        return self._closed

    def changes(self, brand_id: int, member_id: UUID) -> AbstractContextManager[Changes]:
        """Follow a member for the block: first once it is heard, then after each change."""
        return self.heard(channel(brand_id, member_id))

    @contextmanager
    def heard(self, name: str) -> Iterator[Changes]:
        """Follow a channel for the block, in the same way."""
        followed = Changes()
        self._join(name, followed)
        try:
            yield followed
        finally:
            self._leave(name, followed)

    async def aclose(self) -> None:
        """End every row of changes and the connection."""
        self._closed = True
        for followed in self._everyone():
            followed.end()
        if self._listening is not None:
            await ended(self._listening)
            self._listening = None

    def _join(self, name: str, followed: Changes) -> None:
        if self._closed:
            followed.end()
            return
        self._followers.setdefault(name, set()).add(followed)
        if name in self._confirmed:
            followed.mark()
        self._touch(name)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    def _leave(self, name: str, followed: Changes) -> None:
        followers = self._followers.get(name, set())
        followers.discard(followed)
        if not followers:
            self._followers.pop(name, None)
            self._touch(name)

    def _touch(self, name: str) -> None:
        self._touched[name] = None
        self._news.set()

    def _everyone(self) -> Iterable[Changes]:
        return [followed for followers in self._followers.values() for followed in followers]

    async def _listen(self) -> None:
        away = False
        while True:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS_MAX):
                    connection = await self._connected()
                if away:
                    _log.info("valkey is back: changes are heard again")
                away = False
                await self._converse(connection)
            except AWAY as error:
                if not away:
                    _log.warning("valkey is away: changes are not heard", error=repr(error))
                away = True
            await asyncio.sleep(_AWAY_SECONDS)

    async def _connected(self) -> Any:
        connection = self._valkey.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _converse(self, connection: Any) -> None:
        self._told.clear()
        self._confirmed.clear()
        self._touched = dict.fromkeys(self._followers)
        self._news.set()
        speaking = asyncio.create_task(self._speak(connection))
        hearing = asyncio.create_task(self._hear(connection))
        try:
            done, _ = await asyncio.wait((speaking, hearing), return_when="FIRST_COMPLETED")
            for task in done:
                task.result()
        finally:
            await ended(speaking, hearing)
            await connection.disconnect(nowait=True)

    async def _speak(self, connection: Any) -> None:
        """Ask for the channels that are followed, and for a sign of life now and then."""
        while True:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                await connection.send_command("PING", check_health=False)
                continue
            self._news.clear()
            while names := list(islice(self._touched, _CHANNELS_AT_ONCE)):
                for name in names:
                    del self._touched[name]
                await self._tell(connection, names)

    async def _tell(self, connection: Any, names: list[str]) -> None:
        added = [name for name in names if name in self._followers and name not in self._told]
        dropped = [name for name in names if name not in self._followers and name in self._told]
        self._told.update(added)
        self._told.difference_update(dropped)
        self._confirmed.difference_update(dropped)
        if dropped:
            await connection.send_command("UNSUBSCRIBE", *dropped, check_health=False)
        if added:
            await connection.send_command("SUBSCRIBE", *added, check_health=False)

    async def _hear(self, connection: Any) -> None:
        while True:
            async with asyncio.timeout(_SILENCE_SECONDS_MAX):
                heard = await connection.read_response(
                    disable_decoding=True, timeout=math.inf, push_request=True
                )
            if not isinstance(heard, list) or len(heard) < 2:  # noqa: PLR2004 - kind, channel
                continue  # the answer to a ping
            kind, name = heard[0], bytes(heard[1]).decode()
            if kind == b"subscribe" and name in self._told:
                self._confirmed.add(name)
            if kind in {b"subscribe", b"message"}:
                for followed in self._followers.get(name, ()):
                    followed.mark()
