"""Boards become visible: rows of scores go from PostgreSQL to Valkey, each window by its position.

Each shard of a window keeps, beside its elements, the position up to which it has rows; a script
applies rows only after exactly that position, and moves it. So it does not matter who pushes, how
often, or where it was interrupted: what is there always says where to go on. What a shower
remembers only saves questions.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from gamification.leaderboards import queries_showing
from gamification.leaderboards.queries_showing import PART_ROWS, Part, Shown, Stream
from gamification.leaderboards.rules_keys import (
    SHARDS_MAX,
    channel,
    root_key,
    shards_for,
)
from gamification.leaderboards.scripts import DROP, LAYOUT, LOOK
from gamification.leaderboards.showing_pulse import Pulse
from gamification.leaderboards.showing_state import Push, View, begin, look, shards_of
from kit.db import Database, Session
from kit.valkey import AWAY, Call, Nodes

AUDIT = timedelta(days=90)
"""How long a frozen window stays in Valkey; after that its results are in PostgreSQL alone."""
SHARD_ABOVE = 10_000_000
"""How many members a shard holds in comfort."""

_ROUND_WINDOWS = 1_000
_ROUND_CHECKS = 500
_ROUND_ROWS = 50_000
_STREAM_ROWS_MAX = 20 * PART_ROWS
_TICK_SECONDS_MAX = 20
_CHECK_SECONDS = 30
_AWAY_SECONDS = 1
_PUSH_SECONDS_MAX = 30
_KEPT_MAX = 100_000
_AGAIN = timedelta(days=1)
_SWITCHED = 2

DenseOf = Callable[[Session, datetime, Sequence[Shown]], Awaitable[set[int]]]
"""Tells which of the windows keep dense ranks at a time."""

_log = structlog.get_logger("laurel.boards")


class ValkeyAwayError(Exception):
    """Valkey did not answer, or not as it should; try again later."""


class Shower:
    """Shows windows. Any number of them may work on the same windows at once."""

    def __init__(
        self,
        database: Database,
        valkey: Nodes,
        *,
        dense: DenseOf | None = None,
        audit: timedelta = AUDIT,
        shard_above: int = SHARD_ABOVE,
    ) -> None:
        self._database = database
        self._valkey = valkey
        self._dense_of = dense
        self._audit = audit
        self._shard_above = shard_above
        self._pulse = Pulse(valkey)
        self._head = 0
        self._due: dict[int, Shown] = {}
        self._checks: deque[Shown] = deque()
        self._check_at = 0.0
        self._views: dict[int, View] = {}
        self._dense: set[int] = set()
        self._beyond: set[int] = set()
        self._silent_until = 0.0
        self._away = False
        self.rows = 0
        """How many rows were pushed so far."""

    async def tick(self, now: datetime) -> None:
        """Show what has changed since; while Valkey is away it all waits."""
        if time.monotonic() < self._silent_until:
            return
        deadline = time.monotonic() + _TICK_SECONDS_MAX
        try:
            await self._feel(now)
            while await self.round(now) and time.monotonic() < deadline:
                pass
        except ValkeyAwayError as error:
            self._silent_until = time.monotonic() + _AWAY_SECONDS
            if not self._away:
                _log.warning("valkey is away: boards are shown later", error=str(error))
            self._away = True
        else:
            if self._away:
                _log.info("valkey is back: boards are shown")
            self._away = False

    async def round(self, now: datetime) -> bool:
        """Take every window that has something to show a step further; say if more is left.

        Raises ValkeyAwayError.
        """
        await self._hear(now)
        windows = list(self._due.values())[:_ROUND_WINDOWS]
        while self._checks and len(windows) < _ROUND_WINDOWS + _ROUND_CHECKS:
            checked = self._checks.popleft()
            if checked.id not in self._due:
                self._views.pop(checked.id, None)
                self._due[checked.id] = checked
                windows.append(checked)
        if windows:
            try:
                await self._show(windows, now)
            except ValkeyAwayError:
                self._views.clear()
                raise
        return bool(self._due or self._checks)

    async def rebuild(self, now: datetime, windows: Sequence[Shown]) -> None:
        """Begin to build each window anew beside what is shown; `finish` goes on with it.

        Raises ValkeyAwayError.
        """
        self._views.clear()
        await self._know(windows, now)
        begun = [
            begin(shard, dense=window.id in self._dense, fresh=True)
            for window in windows
            for shard in self._views[window.id].shards
        ]
        await self._told(begun)
        self._views.clear()
        self._due = {window.id: window for window in windows}

    async def finish(self, now: datetime) -> bool:
        """Take the windows that `rebuild` was given a step further; say if more is left.

        Raises ValkeyAwayError.
        """
        windows = list(self._due.values())[:_ROUND_WINDOWS]
        if windows:
            await self._show(windows, now)
        return bool(self._due)

    def left(self) -> dict[int, int]:
        """Return the windows that are not done, each with the position that it has come to."""
        views = self._views
        return {each: views[each].position() if each in views else 0 for each in self._due}

    async def _feel(self, now: datetime) -> None:
        """Look whether a node has lost what this shower wrote to it last: then all is checked."""
        try:
            lost = await self._pulse.lost()
        except AWAY as error:
            raise ValkeyAwayError(repr(error)) from error
        if not lost and time.monotonic() < self._check_at:
            return
        async with self._database.read() as session:
            windows = await queries_showing.shown(session, now - self._audit)
        self._check_at = time.monotonic() + _CHECK_SECONDS
        if lost:
            self._views.clear()
            self._checks.clear()
            self._due = {window.id: window for window in windows}
        else:
            self._checks = deque(windows)

    async def _hear(self, now: datetime) -> None:
        async with self._database.read() as session:
            windows = await queries_showing.changed(session, self._head, now - self._audit)
        for window in windows:
            self._due[window.id] = window
        if windows:
            self._head = windows[-1].head

    async def _show(self, windows: Sequence[Shown], now: datetime) -> None:
        await self._know(windows, now)
        await self._disown(windows, now)
        await self._prepare(windows)
        moved = await self._push(await self._read(windows, now))
        await self._know(windows, now)
        for window in windows:
            await self._settle(window, now)
        names = [channel(window.brand_id, window.id) for window in windows if window.id in moved]
        await self._told([Call(name.encode(), ("PUBLISH", name, b"")) for name in names])

    async def _know(self, windows: Sequence[Shown], now: datetime) -> None:
        """Ask Valkey about the windows that are not remembered."""
        unknown = [window for window in windows if window.id not in self._views]
        if not unknown:
            return
        if len(self._views) > _KEPT_MAX:
            self._views = {each: view for each, view in self._views.items() if each in self._due}
        if self._dense_of is not None:
            async with self._database.read() as session:
                dense = await self._dense_of(session, now, unknown)
            self._dense = self._dense - {window.id for window in unknown} | dense
        replies = await self._told([Call(root_key(each.id), (), LOOK) for each in unknown])
        views = []
        for window, reply in zip(unknown, replies, strict=True):
            shards, parts = int(reply[6] or 1), int(reply[7] or 0)
            view = View(
                shards_of(window.id, shards), shards_of(window.id, parts), int(reply[8] or 0)
            )
            views.append(view)
        await self._look(views)
        self._views |= {window.id: view for window, view in zip(unknown, views, strict=True)}

    async def _look(self, views: Iterable[View]) -> None:
        """Ask each shard of the windows where it is."""
        shards = [shard for view in views for shard in (*view.shards, *view.parts)]
        replies = await self._told([look(shard) for shard in shards])
        for shard, reply in zip(shards, replies, strict=True):
            shard.heard(reply)

    async def _disown(self, windows: Sequence[Shown], now: datetime) -> None:
        """Drop what is ahead of PostgreSQL: after a restored backup it is of another history."""
        ahead = [window for window in windows if self._views[window.id].furthest() > window.head]
        if not ahead:
            return
        # Unless another shower has only heard more, in the meantime.
        async with self._database.read() as session:
            ids = [window.id for window in ahead]
            ahead = await queries_showing.shown(session, now - self._audit, ids=ids)
        strange = [window for window in ahead if self._views[window.id].furthest() > window.head]
        shards = [
            shard
            for window in strange
            for shard in (*self._views[window.id].shards, *self._views[window.id].parts)
        ]
        await self._told([Call(shard.key, (), DROP) for shard in shards])
        for window in strange:
            _log.warning("a board was ahead of the database: it is rebuilt", window=window.id)
            await self._told([Call(root_key(window.id), ("DEL", root_key(window.id)))])
            del self._views[window.id]
        await self._know(strange, now)

    async def _prepare(self, windows: Sequence[Shown]) -> None:
        """Begin every generation that there should be, and splitting where too many are."""
        await self._split(windows)
        begun, touched = [], []
        for window in windows:
            view, dense = self._views[window.id], window.id in self._dense
            # What is not shown and will be split is built split at once.
            shards = view.parts + (view.shards if view.live or not view.parts else [])
            lacking = [begin(shard, dense=dense) for shard in shards if shard.lacks(dense=dense)]
            if lacking:
                begun += lacking
                touched.append(view)
        if begun:
            await self._told(begun)
            await self._look(touched)

    async def _split(self, windows: Sequence[Shown]) -> None:
        """Split the windows that have more members than their shards hold in comfort."""
        whole = [w for w in windows if not self._views[w.id].parts and w.id not in self._dense]
        sizes = {
            each.id: sum(shard.size for shard in self._views[each.id].shards) for each in whole
        }
        empty = [w.id for w in whole if not self._views[w.id].live and w.head > self._shard_above]
        if empty:
            async with self._database.read() as session:
                most = self._shard_above * SHARDS_MAX
                sizes |= await queries_showing.sizes(session, empty, most)
        calls = []
        for window in whole:
            view, wanted = self._views[window.id], shards_for(sizes[window.id], self._shard_above)
            if wanted > len(view.shards):
                root = root_key(window.id)
                view.parts = shards_of(window.id, wanted)
                calls.append(Call(root, ("HSET", root, "parts", wanted)))
        await self._told(calls)

    async def _read(self, windows: Sequence[Shown], now: datetime) -> list[Push]:
        """Read the rows that each generation lacks, those at one position once for all shards."""
        groups: dict[Stream, list[Push]] = {}
        for window in windows:
            view = self._views[window.id]
            ends = self._ends(window, view, now)
            for shards in (view.shards, view.parts):
                for shard in shards:
                    for gen, seq in shard.generations():
                        push = Push(window, shard, gen, after=seq, to=seq, ends=ends)
                        groups.setdefault(Stream(window.id, seq, len(shards)), []).append(push)
        behind = [each for each, pushes in groups.items() if each.after < pushes[0].window.head]
        limit = min(max(PART_ROWS, _ROUND_ROWS // max(len(behind), 1)), _STREAM_ROWS_MAX)
        found: list[list[Part]] = []
        if behind:
            async with self._database.read() as session:
                found = await queries_showing.rows(session, behind, limit)
        for stream, parts in zip(behind, found, strict=True):
            self._report(stream.window_id, sum(part.beyond for part in parts))
            for push in groups[stream]:
                push.parts = [part for part in parts if part.shard == push.shard.number]
                push.whole = sum(part.rows for part in parts) < limit
                push.to = max([push.after, *(part.last for part in parts)])
        return [push for pushes in groups.values() for push in pushes if self._needed(push)]

    def _needed(self, push: Push) -> bool:
        unfinished = push.gen == push.shard.new
        ends = self._views[push.window.id].ends
        return push.to > push.after or unfinished or push.ends != ends

    async def _push(self, pushes: Sequence[Push]) -> set[int]:
        """Tell the shards; return the windows of which something that is shown has changed."""
        parts = [push.calls() for push in pushes]
        calls = [call for part in parts for call in part]
        replies = iter(await self._valkey.ask(calls, _PUSH_SECONDS_MAX))
        moved, failed = set(), None
        for push, part in zip(pushes, parts, strict=True):
            answers = [next(replies) for _ in part]
            error = next((each for each in answers if isinstance(each, Exception)), None)
            if error is not None or 0 in answers:
                # Another was faster, or something is lost: what is there says where to go on.
                self._views.pop(push.window.id, None)
                failed = error or failed
                continue
            self.rows += sum(each.rows for each in push.parts)
            if push.gen == push.shard.gen:
                push.shard.seq = push.to
            else:
                push.shard.new_seq = push.to
            if answers[-1] == _SWITCHED:
                self._views.pop(push.window.id, None)
            if answers[-1] == _SWITCHED or push.gen == push.shard.gen:
                moved.add(push.window.id)
        if failed is not None:
            raise ValkeyAwayError(repr(failed)) from failed
        return moved

    async def _settle(self, window: Shown, now: datetime) -> None:
        """Switch to another number of shards if that is ready; put aside what is done."""
        view = self._views[window.id]
        ends = self._ends(window, view, now)
        shown = max([shard.seq for shard in view.shards if shard.gen], default=0)
        if view.parts and all(part.gen and part.seq >= shown for part in view.parts):
            await self._switch(window, view)
        elif view.settled and min(shard.seq for shard in view.shards) >= self._due[window.id].head:
            if len(view.shards) > 1 and view.ends != ends:
                root = root_key(window.id)
                words = (("HSET", root, "ends", ends), ("EXPIREAT", root, ends))
                await self._told([Call(root, each) for each in words])
            view.ends = ends
            del self._due[window.id]
            return
        # Behind the others: a large window must not keep small ones waiting.
        self._due[window.id] = self._due.pop(window.id)

    async def _switch(self, window: Shown, view: View) -> None:
        before, after = len(view.shards), len(view.parts)
        (done,) = await self._told([Call(root_key(window.id), (before, after), LAYOUT)])
        if done and before > 1:
            await self._told([Call(shard.key, (), DROP) for shard in view.shards])
        del self._views[window.id]

    async def _told(self, calls: Sequence[Call]) -> list[Any]:
        replies = await self._valkey.ask(calls) if calls else []
        for reply in replies:
            if isinstance(reply, Exception):
                raise ValkeyAwayError(repr(reply)) from reply
        return replies

    def _ends(self, window: Shown, view: View, now: datetime) -> int:
        if window.frozen_at is None or view.ends > now.timestamp():
            return view.ends
        return int(max(window.frozen_at + self._audit, now + _AGAIN).timestamp())

    def _report(self, window_id: int, beyond: int) -> None:
        if beyond and window_id not in self._beyond:
            self._beyond.add(window_id)
            _log.warning("scores beyond 2^53 are not shown", window=window_id, scores=beyond)
