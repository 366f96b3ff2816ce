"""A shop with streaks, and short ways to look at them, freeze and repair them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.streaks.queries import Streak, streaks
from gamification.streaks.service import (
    Grant,
    GrantOutcome,
    Repair,
    RepairOutcome,
    grant_freezes,
    repair,
    take_freezes,
)
from tests.support.games import Games, programme
from tests.support.rewards import redeemed, run, wish

ITEMS = """
[[rewards.reward]]
code = "freeze"
kind = "game_item"
name = "A freeze"
points = "5"

[[rewards.reward]]
code = "mend"
kind = "game_item"
name = "A repair"
points = "5"

[streaks]
"""


def daily(settings: str = "", milestones: str = "", code: str = "daily") -> str:
    """Return a streak of days with a purchase."""
    return f"""
[[streaks.streak]]
code = "{code}"
name = "Every day"
every = "day"
{settings}
{milestones}
"""


def wins(at: int, prize: str = 'points = "70"', settings: str = "") -> str:
    """Return a milestone that wins 70 points, unless something else is said."""
    return f"[[streaks.streak.milestone]]\nat = {at}\nprize = {{ {prize} }}\n{settings}\n"


def shop_with(*parts: str) -> str:
    """Return a programme with these streaks; the shop is in New York."""
    return programme(ITEMS + "".join(parts))


def march(day: int, hour: int = 12) -> datetime:
    """Return an hour of a day in March 2026 on the shop's clock; 8 March has 23 hours."""
    return datetime(2026, 3, day, hour, tzinfo=ZoneInfo("America/New_York"))


async def streaks_of(games: Games, member: str) -> list[Streak]:
    """Return a member's streaks as they stand."""
    (member_id,) = await games.shop.member_ids(member)
    async with games.shop.database.read() as session:
        brand = games.shop.brand
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        found = await streaks(session, games.clock.now(), brand, timeline, [member_id])
    return found[member_id]


async def streak_of(games: Games, member: str) -> Streak:
    """Return a member's first streak as it stands."""
    return (await streaks_of(games, member))[0]


async def shop_on(games: Games, member: str, *days: int) -> None:
    """Let a member buy on these days of March, and the clock stand at the last one."""
    for day in days:
        games.clock.set(max(games.clock.now(), march(day)))
        await games.buy(f"{member} {day}", member, 1_000, march(day))


def grant(key: str, games_member: object, units: int = 1, streak: str = "daily") -> Grant:
    """Return freezes from somebody of staff."""
    return Grant(key, games_member, streak, units, "hand", "staff:ann")  # type: ignore[arg-type]


async def granted(games: Games, *items: Grant) -> list[GrantOutcome]:
    """Give freezes in one batch."""
    return await run(games.shop, grant_freezes, items)


async def taken(games: Games, *keys: str) -> list[GrantOutcome]:
    """Take freezes back in one batch."""
    return await run(games.shop, take_freezes, keys)


async def repaired(games: Games, *items: Repair) -> list[RepairOutcome]:
    """Repair streaks in one batch."""
    return await run(games.shop, repair, items)


async def bought(games: Games, member: str, code: str, quantity: int = 1, key: str = "") -> None:
    """Let a member redeem something."""
    item = wish(key or f"{member} {code} {games.clock.now()}", member, code, quantity=quantity)
    (outcome,) = await redeemed(games.shop, item)
    assert outcome.code is None, outcome


def codes(outcomes: Sequence[GrantOutcome] | Sequence[RepairOutcome]) -> list[str | None]:
    """Return what was refused, None for what was done."""
    return [each.code for each in outcomes]


async def milestones(games: Games) -> list[tuple[str, int, int, bool]]:
    """Return streak, length, time and whether it stands, of all milestones that were reached."""
    async with games.shop.database.read() as session:
        rows = await session.fetch(
            "SELECT streak, length, time, undone_at IS NULL FROM streak_milestone"
            " ORDER BY streak, length, time, id"
        )
    return [tuple(row) for row in rows]
