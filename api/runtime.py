"""What the server and the worker have beside the parts of every command: all that Valkey shows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property

import redis.asyncio

from api import parts
from api.badges.rarities import Rarities
from api.boards import Boards
from api.live import Live
from api.parts import Parts
from gamification.leaderboards.views import Boards as Views
from kit.settings import Settings
from kit.valkey import Nodes
from kit.valkey import opened as opened_valkey


@dataclass(frozen=True)
class Runtime(Parts):
    """The parts of one process, alive while `opened` is."""

    valkey: redis.asyncio.Redis

    @cached_property
    def live(self) -> Live:
        """The process's ear for members' changes; it connects when somebody first follows one."""
        return Live(self.valkey)

    @cached_property
    def nodes(self) -> Nodes:
        """Every server of Valkey, for what has keys: `valkey` is one of them, if there are more."""
        return Nodes(self.valkey)

    @cached_property
    def views(self) -> Views:
        """The boards as Valkey shows them."""
        return Views(self.nodes)

    @cached_property
    def boards(self) -> Boards:
        """The public boards, read once for all who ask at the same time."""
        return Boards(self.database, self.views, self.clock)

    @cached_property
    def rarities(self) -> Rarities:
        """How rare badges are, counted now and then for all who ask."""
        return Rarities()


@asynccontextmanager
async def opened(settings: Settings, *, migrate: bool | None = None) -> AsyncIterator[Runtime]:
    """Open the parts of every command as `api.parts.opened` does, and connect to Valkey."""
    async with parts.opened(settings, migrate=migrate) as opened:
        valkey = opened_valkey(opened.servers.valkey_url)
        runtime = Runtime(settings, opened.servers, opened.database, opened.clock, valkey)
        try:
            yield runtime
        finally:
            await runtime.nodes.aclose()
            await valkey.aclose()
