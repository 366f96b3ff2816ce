"""A shop with streaks, and short ways to keep and look at them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from domain.earning.rules import Purchase
from gamification.streaks.service import Repair
from tests.gamification.streaks.naive import Gain, Rules, utc
from tests.gamification.streaks.playing import (
    daily,
    grant,
    granted,
    repaired,
    taken,
    wins,
)
from tests.support.games import Games
from tests.support.shop import purchase

Open = Callable[..., Awaitable[Games]]


REPAIRS = 'repair_days = 3\nrepairs_free = 1\nrepair_reward = "mend"'


FREEZES = 'freezes_max = 2\nfreeze_reward = "freeze"'


RULES = Rules(
    freezes_max=2,
    freeze_every=3,
    repair_days=4,
    milestones=((2, True, None), (3, True, 2), (5, False, None)),
)


AS_TEXT = daily(
    "freezes_max = 2\nfreeze_every = 3\nrepair_days = 4\nrepairs_free = 99",
    wins(2, settings="again = true") + wins(3, settings="again = true\ntimes = 2") + wins(5),
)


@dataclass
class Player:
    """What a member did, was given and asked for, as it is known by now."""

    games: Games
    name: str
    visits: dict[str, datetime] = field(default_factory=dict)
    gains: list[Gain] = field(default_factory=list)
    repairs: list[datetime] = field(default_factory=list)

    def visit(self, key: str, at: datetime) -> Purchase:
        self.visits[key] = at
        return purchase(key, self.name, 1_000, at)

    async def freeze(self, key: str) -> None:
        (done,) = await granted(self.games, grant(key, await self.games.member(self.name)))
        self.gains.append((done.grant_id, self.games.clock.now(), 1, None))

    def thawed(self, grant_id: UUID) -> None:
        now = self.games.clock.now()
        self.gains = [
            (id_, since, units, gone or now) if id_ == grant_id else (id_, since, units, gone)
            for id_, since, units, gone in self.gains
        ]

    async def repair(self, key: str) -> None:
        (done,) = await repaired(self.games, Repair(key, self.name, "daily"))
        self.repairs += [self.games.clock.now()] if done.code is None else []

    async def give_back(self, random: Random) -> None:
        key = random.choice(list(self.visits))
        await self.games.refund(key)
        del self.visits[key]


async def play(games: Games, players: list[Player], random: Random) -> None:
    """Let anything happen, told late, in any order and in batches of any size."""
    for step in range(24):
        await games.later(hours=random.choice((5, 11, 23)))
        items = []
        for player in players:
            at = games.clock.now() - timedelta(hours=random.choice((0, 0, 0, 20, 45, 70)))
            if random.random() < 0.5 and at > utc(2026, 3, 2):
                items.append(player.visit(f"{player.name} {step}", at))
        random.shuffle(items)
        await games.shop.buy(*items)
        player = random.choice(players)
        match random.randrange(5):
            case 0:
                await player.freeze(f"g{step}")
            case 1:
                (done,) = await taken(games, f"g{random.randrange(step + 1)}")
                for each in players:
                    each.thawed(done.grant_id)
            case 2:
                await player.repair(f"r{step}")
            case 3 if player.visits:
                await player.give_back(random)
            case _:
                await games.heard(limit=random.choice((1, 3, 500)))
    await games.heard(limit=2)
