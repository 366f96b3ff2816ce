"""Bought, refunded and judged in any order and batches: what is written is a plain recount."""

import asyncio
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest

from domain.earning.rules_refund_request import Refund
from kit.clock import MovableClock
from kit.db import Database
from tests.support.challenges import Games, challenge, played
from tests.support.coherence import assert_coherent
from tests.support.shop import purchase

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
NAMES = ("ann", "bob", "cid", "dan")
GOAL = 40
LEAST = 8

PROGRAMME = (
    challenge("weekly", 'target = "2"', 'period = "week"\ntimes = 2', 'points = "50"'),
    challenge(
        "bar",
        f'kind = "sum"\nof = "amount"\ntarget = "{GOAL}.00"',
        f'who = "everyone"\nperiod = "week"\ncontribution = "{LEAST}.00"',
        'points = "7"',
    ),
)


class Bought(NamedTuple):
    """A purchase of so many dollars."""

    name: str
    member: str
    dollars: int
    at: datetime

    @property
    def day(self) -> date:
        """The day in New York, whose clocks were put forward on 8 March."""
        behind = 5 if self.at < datetime(2026, 3, 8, 7, tzinfo=UTC) else 4
        return (self.at - timedelta(hours=behind)).date()

    @property
    def monday(self) -> date:
        """The first day of its week."""
        return self.day - timedelta(self.day.weekday())


def weekly(bought: list[Bought]) -> set[tuple[str, str, int, datetime]]:
    """Return member, window, round and time of every second purchase of a week, twice at most."""
    found = set()
    seen: dict[tuple[str, date], int] = defaultdict(int)
    for each in sorted(bought, key=lambda one: one.at):
        seen[each.member, each.monday] += 1
        round_, rest = divmod(seen[each.member, each.monday], 2)
        if not rest and round_ <= 2:
            found.add((each.member, f"week:{each.monday}", round_, each.at))
    return found


def bar(bought: list[Bought]) -> set[tuple[str, str, date]]:
    """Return who did enough of a week's bar that is full, and on which day both held."""
    found = set()
    for monday in {each.monday for each in bought}:
        week = sorted((each for each in bought if each.monday == monday), key=lambda one: one.day)
        full: date | None = None
        total = 0
        mine: dict[str, int] = defaultdict(int)
        enough: dict[str, date] = {}
        for each in week:
            total += each.dollars
            mine[each.member] += each.dollars
            if total >= GOAL:
                full = full or each.day
            if mine[each.member] >= LEAST:
                enough.setdefault(each.member, each.day)
        if full:
            found |= {
                (who, f"everyone week:{monday}", max(full, day)) for who, day in enough.items()
            }
    return found


async def step(games: Games, random: Random, clock: MovableClock, kept: dict[str, Bought]) -> None:
    """Do one thing by lot."""
    clock.move(timedelta(hours=random.choice((1, 5, 9))))
    match random.choice(("buy", "buy", "buy", "refund", "judge", "judge", "pay", "spread")):
        case "buy":
            new = [
                Bought(
                    f"p{random.random()}",
                    random.choice(NAMES),
                    random.randint(1, 9),
                    max(START, clock.now() - timedelta(minutes=random.randint(0, 6_000))),
                )
                for _ in range(random.randint(1, 4))
            ]
            await games.shop.buy(
                *(purchase(one.name, one.member, one.dollars * 100, one.at) for one in new)
            )
            kept |= {one.name: one for one in new}
        case "refund" if kept:
            gone = kept.pop(random.choice(sorted(kept)))
            await games.shop.refund(Refund(f"r{gone.name}", gone.name, clock.now(), None))
        case "judge":
            await games.judge(*random.sample(NAMES, random.randint(1, 4)))
        case "pay":
            await games.pay()
        case _:
            await games.spread(random.randint(1, 3))


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_written_is_what_a_recount_says(
    database: Database, clock: MovableClock, seed: int
) -> None:
    random = Random(seed)
    clock.set(START)
    games = await played(database, clock, *PROGRAMME)
    kept: dict[str, Bought] = {}
    for _ in range(40):
        await step(games, random, clock, kept)
    # All at once, each with others: what is written is the same as one after the other.
    await asyncio.gather(
        *(games.judge(*random.sample(NAMES, 2)) for _ in range(4)), *(games.spread(2),)
    )
    await games.judge(*NAMES)
    await games.spread()
    while await games.pay():
        pass
    bought = list(kept.values())
    living = [row for row in await games.rows() if row[7] == "living"]
    by_week, by_bar = weekly(bought), bar(bought)
    assert by_bar
    assert {(row[0], row[2], row[4], row[5]) for row in living if row[1] == "weekly"} == by_week
    assert {
        (row[0], row[2], (row[5] - timedelta(hours=4)).date()) for row in living if row[1] == "bar"
    } == by_bar
    points: dict[str, int] = defaultdict(int)
    for one in bought:
        points[one.member] += one.dollars
    for who, *_ in by_week:
        points[who] += 50
    for who, *_ in by_bar:
        points[who] += 7
    for name in {one.member for one in bought}:
        assert (await games.shop.balance(name)).total == points[name]
    shown = {each.part.code: each.goal.done for each in await games.bars()}
    today = Bought("", "", 0, clock.now()).monday
    assert shown == {"bar": 100 * sum(one.dollars for one in bought if one.monday == today)}
    await assert_coherent(database)
