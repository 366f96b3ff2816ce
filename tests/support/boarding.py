"""Boards over GraphQL: the worker counts and shows, and short ways to change who is listed."""

import asyncio
from typing import Any

from api.boards import KEPT_SECONDS
from api.runtime import Runtime
from gamification.leaderboards.jobs_close import tick
from gamification.leaderboards.showing import Shower
from tests.support.automatic import until_done
from tests.support.client import Client
from tests.support.operations import fresh
from tests.support.scoring import Boards
from tests.support.shop import Shop

CHANGES: dict[str, dict[str, Any]] = {
    "chooseBoardAlias": {"member": "m1", "alias": "The First"},
    "hideFromBoards": {"member": "m1"},
    "showOnBoards": {"member": "m1"},
    "leaveLeagues": {"member": "m1"},
    "enterLeagues": {"member": "m1"},
    "removeBoardAlias": {"member": "m0", "reason": "rude"},
    "banFromBoards": {"member": "m1", "reason": "cheats"},
    "liftBan": {"member": "m1", "reason": "sorry"},
    "excludeFromBoards": {"member": "m1", "reason": "staff"},
    "includeOnBoards": {"member": "m1", "reason": "no longer"},
    "disqualifyPlace": {
        "board": "spend",
        "period": "WEEK",
        "on": "2026-02-20",
        "place": {"member": "m1"},
        "reason": "cheats",
    },
    "reviewFlag": {"flag": "none", "confirm": False},
}
"""What mutations of boards are sent about m1, whoever that is, besides their key."""


async def shown(shop: Shop, runtime: Runtime) -> None:
    """Let the worker count and show all that was done, seat and close."""
    await closed(shop)
    await Shower(runtime.database, runtime.nodes).tick(shop.clock.now())
    # What was read before is kept for as long.
    await asyncio.sleep(KEPT_SECONDS)


async def closed(shop: Shop) -> None:
    """Let the worker seat who plays, and close and freeze the windows whose time is over."""
    await Boards(shop).work()
    await until_done(shop, tick)


async def did(client: Client, verb: str, token: str, asked: str = "", /, **given: object) -> Any:
    """Change something of boards; return the payload. ``given`` may hold the idempotency key."""
    name = verb[0].upper() + verb[1:]
    what = f"errors {{ code field }} {asked}"
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {what} }} }}"
    answer = await client.ask(mutation, token, input={"idempotencyKey": fresh(), **given})
    return answer.data[verb]
