"""Valkey, one server or a cluster: commands go, in pipelines, to the node that has their key.

redis-py's own cluster client sends a command a round trip, or a pipeline that it takes apart with
much work. What is needed here is little: which node has a slot, one pipeline a node, and to look
again when slots have moved. Which of the two it is, the server says.
"""

import asyncio
import hashlib
import time
from asyncio import Future, Task
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from kit.tasks import ended

AWAY = (RedisError, OSError, TimeoutError)
"""What a Valkey that does not answer, or not as it should, leads to."""
SOON_SECONDS_MAX = 1.0
PAUSE_SECONDS = 0.5
"""How often a node that failed is looked at; until it is back `Nodes.soon` does not ask it."""

_SECONDS_MAX = 10.0
_MOVES_MAX = 5
_MOVE_SECONDS = 0.05
_ADDRESS = {"host", "port", "path", "db"}
_MOVED = (MovedError, AskError, ClusterDownError, TryAgainError)


class Script:
    """A script for the server; its first key decides where it runs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Call:
    """One command: ``words`` as they are, or the arguments of ``script`` after its one key."""

    key: bytes
    words: tuple[bytes | str | int | float, ...] = ()
    script: Script | None = None

    def command(self, *, whole: bool = False) -> tuple[bytes | str | int | float, ...]:
        """Return what is sent; ``whole``: with the script's text, for a server without it."""
        if self.script is None:
            return self.words
        if whole:
            return ("EVAL", self.script.text, 1, self.key, *self.words)
        return ("EVALSHA", self.script.digest, 1, self.key, *self.words)


_SLOTS = Call(b"", ("CLUSTER", "SLOTS"))
_PING = Call(b"", ("PING",))


class LeftAloneError(redis.exceptions.ConnectionError):
    """The node did not answer others and was not asked."""


class Node:
    """One server."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._waiting: list[_Asked] = []
        self._sender: Task[None] | None = None
        self._looking: Task[None] | None = None

    @property
    def is_away(self) -> bool:
        """Whether it has failed and not answered since."""
        return self._looking is not None

    async def ask(self, calls: Sequence[Call], seconds: float = _SECONDS_MAX) -> list[Any]:
        """Send ``calls`` in one pipeline; return the replies, a failed one as its exception."""
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(calls)
        except AWAY as error:
            return [error] * len(calls)

    def soon(self, call: Call) -> Future[Any]:
        """Send ``call`` in one pipeline with all that is asked until the last one is answered."""
        asked = _Asked(call)
        if self.is_away:
            asked.answer(LeftAloneError())
            return asked.reply
        self._waiting.append(asked)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return asked.reply

    def lost(self) -> None:
        """Note that it does not answer; nobody need wait to learn that it does again."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    async def aclose(self) -> None:
        """Close every connection."""
        if self._looking is not None:
            await ended(self._looking)
        await self._pool.aclose()

    async def _look(self) -> None:
        reply: Any = LeftAloneError()
        try:
            while not answers(reply):
                await asyncio.sleep(PAUSE_SECONDS)
                (reply,) = await self.ask([_PING], SOON_SECONDS_MAX)
        finally:
            self._looking = None

    async def _send(self) -> None:
        batch: list[_Asked] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                replies = await self.ask([each.call for each in batch], SOON_SECONDS_MAX)
                for asked, reply in zip(batch, replies, strict=True):
                    asked.answer(reply)
                if not answers(replies[-1]):
                    self.lost()
        finally:
            self._sender = None
            left, self._waiting = batch + self._waiting, []
            for asked in left:
                asked.answer(redis.exceptions.ConnectionError("not sent"))

    async def _exchange(self, calls: Sequence[Call]) -> list[Any]:
        connection = await self._pool.get_connection()
        try:
            replies = await _converse(connection, [call.command() for call in calls])
            unknown = [n for n, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            if unknown:
                again = [calls[n].command(whole=True) for n in unknown]
                for n, reply in zip(unknown, await _converse(connection, again), strict=True):
                    replies[n] = reply
        except BaseException:
            # Replies that nobody read must not meet the next one's questions.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._pool.release(connection)
        return replies


@dataclass(slots=True, eq=False)
class _Asked:
    call: Call
    reply: Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def answer(self, reply: Any) -> None:
        # Who asked may have gone meanwhile.
        if not self.reply.done():
            self.reply.set_result(reply)


def answers(reply: Any) -> bool:
    """Tell whether a reply is from a server, though it may refuse what it was asked."""
    return not isinstance(reply, Exception) or isinstance(reply, ResponseError)


async def _converse(connection: Any, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
    await connection.send_packed_command(connection.pack_commands(commands))
    replies: list[Any] = []
    for _ in commands:
        try:
            replies.append(await connection.read_response())
        except ResponseError as error:
            replies.append(error)
    return replies


class Nodes:
    """All servers that hold keys. Make one per process and event loop; close it at its end."""

    def __init__(self, valkey: redis.asyncio.Redis) -> None:
        """Reach the server of ``valkey`` and, if that is one of a cluster, the others too."""
        pool = valkey.connection_pool
        self._class: type[Any] = pool.connection_class
        self._options = pool.connection_kwargs | {"retry": Retry(NoBackoff(), 0)}
        self._home = Node(ConnectionPool(connection_class=self._class, **self._options))
        self._others: dict[tuple[str, int], Node] = {}
        self._slots: list[tuple[int, int, Node]] = []
        self._by_slot: dict[int, Node] = {}
        self._known = False
        self._found_at = 0.0
        self._finding: Task[Exception | None] | None = None

    async def ask(self, calls: Sequence[Call], seconds: float = _SECONDS_MAX) -> list[Any]:
        """Send ``calls`` at once, those of a node in order; return the replies in order.

        What failed is an exception in its place: of `AWAY` if its node does not answer.
        """
        replies: list[Any] = [None] * len(calls)
        left = list(range(len(calls)))
        for _ in range(_MOVES_MAX):
            try:
                await self._find()
            except AWAY as error:
                return [error] * len(calls)
            parts: dict[Node, list[int]] = {}
            for n in left:
                parts.setdefault(self.node(calls[n].key), []).append(n)
            await asyncio.gather(
                *(self._part(node, calls, part, replies, seconds) for node, part in parts.items())
            )
            left = await self._moved(left, replies)
            if not left:
                break
        return replies

    async def soon(self, calls: Sequence[Call]) -> list[Any]:
        """Do as `ask`, but together with what other tasks ask at the same time.

        A node that does not answer is given up after `SOON_SECONDS_MAX`; from then on all calls to
        it fail at once, until it has answered again, which is looked for every `PAUSE_SECONDS`.
        """
        replies: list[Any] = [None] * len(calls)
        left = list(range(len(calls)))
        for _ in range(_MOVES_MAX):
            if not self._known:
                if all(node.is_away for node in self._nodes()):
                    return [LeftAloneError()] * len(calls)
                try:
                    async with asyncio.timeout(SOON_SECONDS_MAX):
                        await self._find()
                except AWAY as error:
                    return [error] * len(calls)
            futures = [self.node(calls[n].key).soon(calls[n]) for n in left]
            for n, future in zip(left, futures, strict=True):
                replies[n] = await future
            left = await self._moved(left, replies)
            if not left:
                break
        return replies

    def node(self, key: bytes) -> Node:
        """Return the node that has ``key``, as far as is known."""
        if not self._slots:
            return self._home
        slot = key_slot(key)
        found = self._by_slot.get(slot)
        if found is None:
            found = self._home
            for first, last, node in self._slots:
                if first <= slot <= last:
                    found = node
            self._by_slot[slot] = found
        return found

    async def masters(self) -> dict[Node, int]:
        """Return every node that holds keys, with a slot of it; raises an error of `AWAY`."""
        await self._find()
        if not self._slots:
            return {self._home: 0}
        return {node: first for first, _, node in self._slots}

    async def whole(self, seconds: float = _SECONDS_MAX) -> bool:
        """Tell whether every node that holds keys answers."""
        try:
            found = await self.masters()
        except AWAY:
            return False
        replies = await asyncio.gather(*(node.ask([_PING], seconds) for node in found))
        return all(answers(reply) for (reply,) in replies)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._finding is not None:
            await ended(self._finding)
        for node in self._nodes():
            await node.aclose()

    async def _part(
        self, node: Node, calls: Sequence[Call], part: list[int], replies: list[Any], seconds: float
    ) -> None:
        answered = await node.ask([calls[n] for n in part], seconds)
        for n, reply in zip(part, answered, strict=True):
            replies[n] = reply

    async def _moved(self, asked: list[int], replies: list[Any]) -> list[int]:
        """Return which of ``asked`` are to be asked again, once it is known where."""
        failed = [replies[n] for n in asked if isinstance(replies[n], Exception)]
        moved = [n for n in asked if isinstance(replies[n], _MOVED)]
        if moved or any(not isinstance(each, ResponseError | LeftAloneError) for each in failed):
            self._known = False
        elif any(isinstance(each, LeftAloneError) for each in failed):
            # Another may have taken its place.
            self._known = time.monotonic() < self._found_at + PAUSE_SECONDS
        if moved:
            await asyncio.sleep(_MOVE_SECONDS)
        return moved

    async def _find(self) -> None:
        """Know which node has which slots. Raises what none of the nodes answering leads to."""
        if self._known:
            return
        if self._finding is None:
            self._finding = asyncio.create_task(self._search())
        # Who has no time to wait must not take it from the others.
        lost = await asyncio.shield(self._finding)
        if lost is not None:
            raise lost

    async def _search(self) -> Exception | None:
        """Ask which node has which slots; a server alone says that it is no cluster."""
        lost: Exception | None = None
        try:
            for node in sorted(self._nodes(), key=lambda node: node.is_away):
                (reply,) = await node.ask([_SLOTS], SOON_SECONDS_MAX)
                if answers(reply):
                    self._slots = [] if isinstance(reply, Exception) else self._read(reply)
                    self._by_slot = {}
                    self._known, self._found_at = True, time.monotonic()
                    return None
                node.lost()
                lost = lost or reply
        finally:
            self._finding = None
        return lost

    def _nodes(self) -> list[Node]:
        return [self._home, *self._others.values()]

    def _read(self, ranges: list[Any]) -> list[tuple[int, int, Node]]:
        found = []
        for first, last, master, *_ in ranges:
            host = master[0].decode() if isinstance(master[0], bytes) else master[0]
            host = host or self._options.get("host", "127.0.0.1")
            address = (host, int(master[1]))
            if address not in self._others:
                self._others[address] = self._open(*address)
            found.append((int(first), int(last), self._others[address]))
        return found

    def _open(self, host: str, port: int) -> Node:
        options = {name: value for name, value in self._options.items() if name not in _ADDRESS}
        secure = issubclass(self._class, SSLConnection)
        kind = SSLConnection if secure else Connection
        return Node(ConnectionPool(connection_class=kind, **options, host=host, port=port))


def opened(url: str) -> redis.asyncio.Redis:
    """Return a client of the server at ``url``; it connects when it is first used.

    Of a cluster it is one node: enough for channels, which every node relays. What has keys goes
    through `Nodes`.
    """
    return redis.asyncio.from_url(url)
