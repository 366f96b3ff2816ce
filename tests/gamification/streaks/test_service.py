"""Streaks as members live them: prizes, freezes, repairs, in any order, batches and at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.earning.rules import Purchase
from domain.programmes import queries as programmes
from gamification.streaks.queries import streaks
from gamification.streaks.service import Repair
from kit.clock import MovableClock
from kit.db import Database
from tests.gamification.streaks.naive import Gain, Rules, days_between, judged, utc
from tests.gamification.streaks.playing import (
    bought,
    codes,
    daily,
    grant,
    granted,
    march,
    milestones,
    repaired,
    shop_on,
    shop_with,
    streak_of,
    streaks_of,
    taken,
    wins,
)
from tests.support.coherence import assert_coherent
from tests.support.games import Games, opened
from tests.support.merging import merged, merging
from tests.support.shop import purchase

Open = Callable[..., Awaitable[Games]]
REPAIRS = 'repair_days = 3\nrepairs_free = 1\nrepair_reward = "mend"'
FREEZES = 'freezes_max = 2\nfreeze_reward = "freeze"'


@pytest.fixture
async def open_(database: Database, clock: MovableClock) -> AsyncIterator[Open]:
    """Open a shop with these streaks; all is coherent at the end."""

    async def opening(*parts: str) -> Games:
        return await opened(database, clock, shop_with(*parts))

    yield opening
    await assert_coherent(database)


async def test_a_milestone_wins_its_prize_once(open_: Open) -> None:
    games = await open_(daily(milestones=wins(3)))
    await shop_on(games, "an", 3, 4, 5)
    await games.heard()
    await games.heard()
    assert await games.points("an") == [100]
    assert await milestones(games) == [("daily", 3, 1, True)]
    assert await games.facts("MilestoneReached", "StreakExtended") == [
        ("MilestoneReached", {"streak": "daily", "length": 3, "time": 1}),
        ("StreakExtended", {"streak": "daily", "length": 3, "period": "2026-03-05"}),
    ]


async def test_what_a_return_undoes_is_taken_back_and_paid_again_if_it_is_deserved_again(
    open_: Open,
) -> None:
    games = await open_(daily(milestones=wins(3)))
    await shop_on(games, "an", 3, 4, 5)
    await games.heard()
    await games.refund("an 4")
    await games.heard()
    assert (await streak_of(games, "an")).length == 1
    assert await games.points("an") == [20]
    assert await milestones(games) == [("daily", 3, 1, False)]
    # By other days, after it was first recorded.
    await shop_on(games, "an", 6, 7)
    await games.heard()
    assert await games.points("an") == [110]
    assert await milestones(games) == [("daily", 3, 1, True)]


async def test_what_is_kept_is_not_paid_again(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2, settings='on_refund = "keep"')))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    await games.refund("an 4")
    await games.heard()
    assert await games.points("an") == [80]
    await games.buy("again", "an", 1_000, march(4))
    await games.heard()
    assert await games.points("an") == [90]
    assert await milestones(games) == [("daily", 2, 1, True)]


async def test_each_streak_anew_wins_and_days_told_late_pay_nothing_twice(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2, settings="again = true\ntimes = 2")))
    await shop_on(games, "an", 3, 4, 6, 7, 9, 10)
    await games.heard()
    assert await games.points("an") == [200]
    # One streak from 2 to 10 March would have won once.
    for day in (5, 8):
        await games.buy(f"late {day}", "an", 1_000, march(day))
    await games.heard()
    assert (await streak_of(games, "an")).length == 8
    assert await games.points("an") == [150]
    assert await milestones(games) == [("daily", 2, 1, True), ("daily", 2, 2, False)]


async def test_a_prize_waits_until_returns_are_over(open_: Open) -> None:
    games = await open_(daily(milestones=wins(1, settings="hold_days = 2\nbudget = 1")))
    await shop_on(games, "an", 3)
    await shop_on(games, "bo", 3)
    await games.heard()
    games.clock.set(march(5, 23))
    await games.heard()
    assert sorted(await games.points("an", "bo")) == [10, 10]
    games.clock.set(march(6, 0))
    await games.heard()
    assert sorted(await games.points("an", "bo")) == [10, 80]


async def test_time_alone_breaks_a_streak_which_is_told_once(open_: Open) -> None:
    games = await open_(daily("freezes_max = 1\nrepair_days = 2\nrepairs_free = 1"))
    await shop_on(games, "an", 3)
    await granted(games, grant("g", await games.member("an")))
    await games.heard()
    games.clock.set(march(5))
    await games.heard()
    # Who was never judged has no past to be told of.
    await games.buy("bo", "bo", 1_000, march(3))
    await games.heard()
    games.clock.set(march(6, 0))
    await games.heard()
    await games.heard()
    told = await games.facts("FreezeUsed", "StreakBroken")
    assert [kind for kind, _ in told] == ["FreezeUsed", "StreakBroken"]
    assert told[0][1] == {"streak": "daily", "periods": ["2026-03-04"]}
    assert told[1][1] == {
        "streak": "daily",
        "length": 1,
        "at": "2026-03-06T05:00:00+00:00",
        "repairUntil": "2026-03-08T05:00:00+00:00",
    }


async def test_streaks_are_known_at_once_without_any_job(open_: Open) -> None:
    games = await open_(daily(REPAIRS + "\n" + FREEZES, wins(3)), daily("times = 2", code="double"))
    await shop_on(games, "an", 3, 4)
    one, two = await streaks_of(games, "an")
    assert (one.code, one.name, one.every, one.state) == (
        "daily",
        {"": "Every day"},
        "day",
        "alive",
    )
    assert (one.length, one.longest, one.since, one.last) == (
        *(2, 2),
        *(date(2026, 3, 3), date(2026, 3, 4)),
    )
    assert one.next_milestone is not None
    assert (one.next_milestone.at, one.remaining) == (3, 1)
    assert one.ends_at == march(6, 0)
    assert (two.code, two.state, two.next_milestone) == ("double", "none", None)
    games.clock.set(march(7))
    (one, _) = await streaks_of(games, "an")
    assert (one.state, one.length, one.lost_length, one.lost_at, one.repair_until) == (
        *("repairable", 0, 2),
        *(march(6, 0), march(9, 0)),
    )


async def test_who_has_no_streaks_has_none(open_: Open, database: Database) -> None:
    games = await open_(daily())
    await shop_on(games, "an", 3)
    async with database.read() as session:
        timeline = await programmes.timeline(session, games.shop.brand.id, SECTIONS)
        now, nobody = games.clock.now(), UUID(int=7)
        assert await streaks(session, now, games.shop.brand, timeline, [nobody]) == {nobody: []}
        early = utc(2000, 1, 1)
        assert await streaks(session, early, games.shop.brand, timeline, [nobody]) == {nobody: []}


# Freezes.


async def test_a_freeze_is_bought_with_points(open_: Open) -> None:
    games = await open_(daily(FREEZES))
    await shop_on(games, "an", 3, 4)
    await bought(games, "an", "freeze", 3)
    found = await streak_of(games, "an")
    assert (found.freezes, found.waiting) == (2, 1)
    assert await games.points("an") == [5]
    await shop_on(games, "an", 6)
    found = await streak_of(games, "an")
    assert (found.length, found.freezes, found.waiting) == (3, 2, 0)
    assert found.frozen == (date(2026, 3, 5),)


async def test_freezes_are_given_once_by_their_key_and_taken_back(open_: Open) -> None:
    games = await open_(daily(FREEZES), daily(code="plain"))
    await shop_on(games, "an", 3)
    an = await games.member("an")
    good = grant("a", an, 2)
    first = await granted(games, good, good, grant("a", an, 1))
    assert [(each.code, each.replayed) for each in first] == [
        (None, False),
        (None, True),
        ("KEY_CONFLICT", False),
    ]
    assert first[2].message == "this key was used for something else; take a new one"
    again = await granted(games, good, grant("a", an, 2, "plain"))
    assert [(each.code, each.replayed) for each in again] == [(None, True), ("KEY_CONFLICT", False)]
    assert (await streak_of(games, "an")).freezes == 2
    assert await games.facts("FreezeGranted") == [
        ("FreezeGranted", {"streak": "daily", "freezes": 2, "source": "hand"})
    ]
    await shop_on(games, "an", 5)
    assert codes(await taken(games, "a", "b", "a")) == [None, "UNKNOWN_KEY", None]
    # One bridged 4 March and stays.
    found = await streak_of(games, "an")
    assert (found.length, found.freezes) == (2, 0)


async def test_what_can_not_be_given(open_: Open) -> None:
    games = await open_(daily(FREEZES), daily(code="plain"))
    await shop_on(games, "an", 3)
    an = await games.member("an")
    outcomes = await granted(
        games,
        grant("1", UUID(int=1)),
        grant("2", an, 1, "weekly"),
        grant("3", an, 1, "plain"),
        grant("4", an, 0),
        grant("5", an, 101),
        replace(grant("6", an), source="\n"),
        grant("7", an, 100),
    )
    assert codes(outcomes) == [
        "UNKNOWN_MEMBER",
        "UNKNOWN_STREAK",
        "NO_FREEZES",
        "INVALID_FREEZES",
        "INVALID_FREEZES",
        "INVALID_TEXT",
        None,
    ]


async def test_a_freeze_is_a_prize(open_: Open) -> None:
    prize = 'freeze = 1, streak = "daily"'
    games = await open_(daily(FREEZES, wins(2, prize)))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 1
    await games.refund("an 4")
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 0
    await games.buy("again", "an", 1_000, march(4))
    await games.heard()
    assert (await streak_of(games, "an")).freezes == 1


# Repairs.


async def test_a_repair_is_free_first_then_paid_for(open_: Open) -> None:
    games = await open_(daily(REPAIRS, wins(2)))
    await shop_on(games, "an", 3, 5)
    first = Repair("1", "an", "daily")
    (free,) = await repaired(games, first)
    assert (free.code, free.redemption_id, free.replayed) == (None, None, False)
    assert free.member_id == await games.member("an")
    found = await streak_of(games, "an")
    assert (found.length, found.repaired) == (2, (date(2026, 3, 4),))
    await games.heard()
    assert await games.points("an") == [90]
    await shop_on(games, "an", 7)
    second = Repair("2", "an", "daily")
    assert codes(await repaired(games, second)) == ["REPAIR_UNPAID"]
    await bought(games, "an", "mend")
    (paid,) = await repaired(games, second)
    assert paid.code is None
    assert paid.redemption_id is not None
    (again, other, one_more) = await repaired(
        games, second, Repair("2", "an", "weekly"), Repair("3", "an", "daily")
    )
    assert (again.replayed, again.redemption_id) == (True, paid.redemption_id)
    assert codes([other, one_more]) == ["KEY_CONFLICT", "NOTHING_TO_REPAIR"]
    assert (await streak_of(games, "an")).length == 3
    assert [what for _, what in await games.facts("StreakRepaired")] == [{"streak": "daily"}] * 2


async def test_what_can_not_be_repaired(open_: Open) -> None:
    games = await open_(daily(REPAIRS), daily(code="plain"))
    await shop_on(games, "an", 3)
    games.clock.set(march(8, 0))
    asked = [("nobody", "daily"), ("an", "weekly"), ("an", "plain"), ("an", "daily"), ("\n", "x")]
    outcomes = await repaired(
        games, *(Repair(f"{number}", *each) for number, each in enumerate(asked))
    )
    assert codes(outcomes) == [
        "UNKNOWN_MEMBER",
        "UNKNOWN_STREAK",
        "NO_REPAIR",
        "REPAIR_TOO_LATE",
        "UNKNOWN_MEMBER",
    ]
    assert outcomes[3].message == "the days in which it could be repaired are over"


async def test_a_batch_of_repairs_is_one_after_the_other(open_: Open) -> None:
    games = await open_(daily(REPAIRS))
    await shop_on(games, "an", 3)
    games.clock.set(march(5))
    outcomes = await repaired(
        games, Repair("1", "an", "daily"), Repair("1", "an", "daily"), Repair("2", "an", "daily")
    )
    assert [(each.code, each.replayed) for each in outcomes] == [
        (None, False),
        (None, True),
        ("NOTHING_TO_REPAIR", False),
    ]


async def test_of_two_repairs_at_once_one_wins(open_: Open) -> None:
    games = await open_(daily(REPAIRS.replace("repairs_free = 1\n", "")))
    await shop_on(games, "an", 3)
    await bought(games, "an", "mend", 2)
    games.clock.set(march(5))
    outcomes = await asyncio.gather(
        *(repaired(games, Repair(f"{number}", "an", "daily")) for number in range(4))
    )
    found = sorted(str(outcome.code) for (outcome,) in outcomes)
    assert found == ["NOTHING_TO_REPAIR"] * 3 + ["None"]


async def test_a_freeze_bought_while_it_is_judged_counts(open_: Open) -> None:
    games = await open_(daily(FREEZES, wins(1)))
    for number in range(5):
        await shop_on(games, f"m{number}", 3)
    await asyncio.gather(
        games.heard(), *(bought(games, f"m{number}", "freeze") for number in range(5))
    )
    games.clock.set(march(5))
    await games.heard()
    for number in range(5):
        found = await streak_of(games, f"m{number}")
        assert (found.state, found.frozen) == ("at_risk", (date(2026, 3, 4),))
    assert len(await games.facts("FreezeUsed")) == 5
    assert await games.points(*(f"m{number}" for number in range(5))) == [75] * 5


# One person, programmes that change, everything in any order.


async def test_two_members_who_are_one_have_one_streak(open_: Open) -> None:
    games = await open_(daily(FREEZES + "\n" + REPAIRS, wins(1) + wins(3)))
    await shop_on(games, "an", 3)
    await shop_on(games, "bo", 4)
    await granted(games, grant("g", await games.member("bo")))
    await shop_on(games, "an", 6)
    await bought(games, "bo", "freeze")
    await games.heard()
    await merged(games.shop, merging("an", "bo"))
    await games.heard()
    found = await streak_of(games, "an")
    assert (found.length, found.frozen, found.freezes) == (3, (date(2026, 3, 5),), 1)
    # A prize for the first day, once, and one for the third.
    assert sorted(await milestones(games)) == [
        ("daily", 1, 1, False),
        ("daily", 1, 1, True),
        ("daily", 3, 1, True),
    ]
    assert await games.points("an") == [30 - 5 + 140]


async def test_a_streak_that_has_not_begun_is_nothing_yet(open_: Open) -> None:
    games = await open_(daily())
    await games.shop.apply(shop_with(daily(code="other")), march(2))
    await games.shop.apply(shop_with(daily(code="third")), march(9))
    await shop_on(games, "an", 3)
    await games.heard()
    assert [each.code for each in await streaks_of(games, "an")] == ["other"]
    told = await games.facts("StreakExtended")
    assert [what["streak"] for _, what in told] == ["other"]


async def test_a_shop_without_streaks_has_none(database: Database, clock: MovableClock) -> None:
    games = await opened(database, clock)
    await shop_on(games, "an", 3)
    await games.heard()
    assert await streaks_of(games, "an") == []


async def test_what_is_left_out_of_the_programme_keeps_what_it_won(open_: Open) -> None:
    games = await open_(daily(milestones=wins(2)))
    await shop_on(games, "an", 3, 4)
    await games.heard()
    await games.shop.apply(shop_with(daily(code="other")), march(5))
    games.clock.set(march(6))
    await games.heard()
    assert [each.code for each in await streaks_of(games, "an")] == ["other"]
    assert await games.points("an") == [90]
    # It still follows from what was done.
    await games.refund("an 4")
    await games.heard()
    assert await games.points("an") == [10]
    # It begins anew when it is back.
    await games.shop.apply(shop_with(daily(milestones=wins(2))), march(7))
    await shop_on(games, "an", 7, 8)
    await games.heard()
    assert await games.points("an") == [100]
    assert (await streak_of(games, "an")).length == 2


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


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_comes_to_the_plain_recomputation(open_: Open, seed: int) -> None:
    games, random = await open_(AS_TEXT), Random(seed)
    players = [Player(games, f"m{number}") for number in range(8)]
    await games.shop.buy(*(each.visit(f"{each.name} first", march(2)) for each in players))
    await play(games, players, random)
    now = games.clock.now()
    days = days_between("America/New_York", utc(2026, 1, 1), utc(2026, 6, 1))
    standing = []
    for each in players:
        visits = list(each.visits.values())
        expected = judged(RULES, days, visits, each.gains, each.repairs, now)
        found = await streak_of(games, each.name)
        assert (found.length, found.longest) == (expected.length, expected.longest)
        assert (found.state, found.freezes) == (expected.state, expected.held)
        assert list(found.frozen) == expected.frozen
        assert list(found.repaired) == expected.repaired
        standing += [("daily", length, time, True) for length, time, _ in expected.reached]
        points = 10 * len(visits) + 70 * len(expected.reached)
        assert await games.points(each.name) == [points]
    assert sorted(each for each in await milestones(games) if each[3]) == sorted(standing)
