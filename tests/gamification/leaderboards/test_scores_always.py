"""Any history, told in any order, in any pieces and twice, gives what a plain count gives."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal
from uuid import UUID

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from api.sections import SECTIONS
from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_refund_request import Refund
from domain.expiry.service_member import amend
from domain.members.rules import MemberChange
from domain.members.service import NewMember
from domain.memberships.rules_merge import Merge
from domain.memberships.service_erase import Erasure, erase
from domain.memberships.service_merge import merge
from domain.programmes import queries as programmes
from gamification.leaderboards.queries_scores import Row, Window
from gamification.leaderboards.service_people import PersonChange, change
from kit.clock import MovableClock
from kit.db import Session
from kit.embedded import Servers
from kit.ids import derived_id
from tests.gamification.leaderboards.plain_scores import (
    Done,
    keep,
    ranked,
    spend,
    stars,
    visits,
)
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.scoring import Boards, board, programme
from tests.support.shop import opened_shop
from tests.support.world import World, bounded

# Two days before the clocks of New York are put forward.
START = datetime(2026, 3, 6, 12, tzinfo=UTC)
NAMES = ("ann", "bob", "cat", "dan", "eve")
CITIES = ("Hanoi", "Hue", None)
CLUBS = ("red", "blue", None)
SEASON = """
[[leaderboards.season]]
code = "thaw"
name = "Thaw"
from = 2026-03-07
until = 2026-03-10
"""
BOARDS = (
    board(
        "spend",
        'periods = ["day", "week", "month", "season", "all"]\nrolling_days = 3\n'
        'scopes = ["store", "tier", "city"]',
    ),
    board(
        "visits",
        'periods = ["day", "week", "all"]\nscopes = ["store"]\nexclude = ["staff"]\n'
        "apart_minutes = 20\nper_hour = 2\nper_day = 3",
        "visits",
    ),
    board(
        "best",
        'keep = "best"\nperiods = ["week", "all"]\nrolling_days = 2\n'
        'on = "review"\nvalue = \'event.attributes["stars"]\'',
        "value",
    ),
    board(
        "latest",
        'keep = "latest"\nperiods = ["day", "all"]\nscopes = ["city"]\n'
        'on = "review"\nvalue = \'event.attributes["stars"]\'',
        "value",
    ),
    board(
        "clubs", 'periods = ["day", "week", "all"]\nof = "teams"\nteam = "club"\nscopes = ["store"]'
    ),
    board("proud", 'keep = "best"\nperiods = ["all"]\nof = "teams"\nteam = "club"'),
)
KEPT = {"best": "best", "latest": "latest", "proud": "best"}
COUNTS = {"visits": visits, "best": stars, "latest": stars}


class History:
    """A shop in which things happen, and a plain note of them."""

    def __init__(self, world: World, seed: int) -> None:
        self.run = world.run
        self.chance = Random(seed)
        self.clock = MovableClock(START)
        self.run(empty(world.admin))
        text = programme(*BOARDS, more=SEASON)
        self.boards = Boards(self.run(opened_shop(world.database, self.clock, text)))
        self.shop = self.boards.shop
        people = [NewMember(name, START, attributes={"city": "Hanoi"}) for name in NAMES]
        self.run(self.shop.enrol(*people))
        self.ids = dict(zip(NAMES, self.run(self.shop.member_ids(*NAMES)), strict=True))
        self.done: list[Done] = []
        self.about: dict[str, dict[str, object]] = {name: {"city": "Hanoi"} for name in NAMES}
        self.away: set[tuple[str, str]] = set()
        self.gone: dict[str, str | None] = {}
        self.count = 0

    def at(self) -> datetime:
        self.count += 1
        back = timedelta(minutes=self.chance.randrange(4 * 24 * 60) if self.count % 3 else 5)
        return self.clock.now() - back + timedelta(microseconds=self.count)

    def name(self) -> str:
        return self.chance.choice([name for name in NAMES if name not in self.gone])

    def buy(self) -> None:
        items = []
        for _ in range(self.chance.randint(1, 4)):
            at, name = self.at(), self.name()
            cents, store = (
                self.chance.choice([0, 900, 5_000, 20_000]),
                self.chance.choice(["", "1"]),
            )
            done = Done(f"p{self.count}", name, at, cents, store)
            self.done.append(done)
            items.append(Purchase(done.name, name, at, "USD", (Line(cents),), store=store))
        self.run(self.shop.buy(*items))

    def review(self) -> None:
        at, name, given = self.at(), self.name(), self.chance.randint(-1, 5)
        self.done.append(Done(f"a{self.count}", name, at, stars=given))
        item = Activity(f"a{self.count}", name, "review", at, attributes={"stars": given})
        self.run(self.shop.act(item))

    def refund(self) -> None:
        bought = [each for each in self.done if each.stars is None and each.cents]
        if not bought:
            return
        each = self.chance.choice(bought)
        part = self.chance.choice([None, each.cents // 3])
        self.count += 1
        item = Refund(f"r{self.count}", each.name, self.clock.now(), part)
        (outcome,) = self.run(self.shop.refund(item))
        assert outcome.status == "recorded", outcome
        each.cents -= each.cents if part is None else part
        each.returned = each.cents == 0

    def amend(self) -> None:
        name = self.name()
        said = {
            "city": self.chance.choice(CITIES),
            "club": self.chance.choice(CLUBS),
            "staff": self.chance.choice([True, False, None]),
        }
        self.about[name] = {key: value for key, value in said.items() if value is not None}
        item = MemberChange(name, attributes=said)
        self.run(self.shop.database.write(lambda session: self._amend(session, item)))

    async def _amend(self, session: Session, item: MemberChange) -> None:
        timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
        await amend(session, self.clock.now(), self.shop.brand, timeline, [item])

    def hide(self) -> None:
        name, code = self.name(), self.chance.choice([None, "spend", "clubs"])
        hidden = (name, code or "") in self.away
        self.count += 1
        kind: Literal["show", "hide"] = "show" if hidden else "hide"
        item = PersonChange(str(self.count), name, kind, "member", board=code)
        outcome = self.run(self.shop.database.write(lambda session: self._hide(session, item)))
        if outcome is None and kind == "show" and code is None:
            self.away = {each for each in self.away if each[0] != name}
        elif outcome is None:
            self.away ^= {(name, code or "")}

    async def _hide(self, session: Session, item: PersonChange) -> str | None:
        timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
        (outcome,) = await change(session, self.clock.now(), self.shop.brand, timeline, [item])
        return outcome.code

    def merge(self) -> None:
        if len(self.gone) >= 2:
            return
        kept, absorbed = self.chance.sample([n for n in NAMES if n not in self.gone], 2)
        item = Merge(f"m{kept}{absorbed}", kept, absorbed, "staff", "the same")
        self.run(self.shop.database.write(lambda session: self._verb(session, merge, item)))
        self.gone[absorbed] = kept
        self.away |= {(kept, code) for name, code in self.away if name == absorbed}
        for each in self.done:
            each.member = kept if each.member == absorbed else each.member
        (mine,) = self.run(self._attributes(kept))
        self.about[kept] = mine

    def erase(self) -> None:
        if len(self.gone) >= 2:
            return
        name = self.name()
        item = Erasure(f"e{name}", name, "staff", "asked")
        self.run(self.shop.database.write(lambda session: self._verb(session, erase, item)))
        self.gone[name] = None

    async def _verb(
        self, session: Session, verb: Callable[..., Awaitable[list[Any]]], item: object
    ) -> None:
        timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
        now, brand = self.clock.now(), self.shop.brand
        (outcome,) = await verb(session, now, brand, timeline, [item])
        assert outcome.code is None, outcome

    async def _attributes(self, name: str) -> list[dict[str, object]]:
        async with self.shop.database.read() as session:
            rows = await session.fetch(
                "SELECT attributes FROM member WHERE id = $1", self.ids[name]
            )
        return [row["attributes"] for row in rows]

    def wait(self) -> None:
        self.clock.move(timedelta(hours=self.chance.choice([1, 7, 23])))

    def work(self) -> None:
        self.run(self.boards.work(self.chance.choice([1, 3, 100])))

    def again(self) -> None:
        self.run(self.boards.again())

    def steps(self, count: int) -> None:
        ways = [self.buy] * 5 + [self.review] * 2 + [self.refund] * 2 + [self.amend, self.hide]
        ways += [self.wait, self.work, self.work, self.merge, self.erase, self.again]
        for _ in range(count):
            self.chance.choice(ways)()

    def tier(self, name: str) -> str:
        year = sum(
            each.cents
            for each in self.done
            if each.member == name and each.stars is None and each.day.year == 2026
        )
        return "VIB" if year >= 35_000 else "Insider"

    def absent(self, name: str, code: str) -> bool:
        return not {(name, ""), (name, code)}.isdisjoint(self.away) or name in self.gone

    def scope(self, name: str, window: Window) -> bool:
        kind, _, value = window.scope.partition(":")
        if window.board == "visits" and self.about[name].get("staff") is True:
            return False
        if kind == "city":
            return self.about[name].get("city") == value
        return kind in ("", "store") or self.tier(name) == value

    def expected(self, window: Window) -> list[tuple[str, int, datetime]]:
        found = {}
        counts = COUNTS.get(window.board, spend)
        teams: dict[str, list[tuple[Done, int]]] = {}
        for name in NAMES:
            mine = sorted(
                (each for each in self.done if each.member == name), key=lambda each: each.at
            )
            there = [
                (each, value)
                for each, value in counts(mine)
                if window.starts_on <= each.day
                and (window.ends_on is None or each.day < window.ends_on)
                and (not window.scope.startswith("store:") or window.scope[6:] == each.store)
            ]
            if self.absent(name, window.board):
                continue
            if window.board in ("clubs", "proud"):
                club = self.about[name].get("club")
                if club is not None:
                    teams.setdefault(str(club), []).extend(there)
            elif (score := keep(KEPT.get(window.board, "sum"), there)) and self.scope(name, window):
                found[name] = score
        for club, counted in teams.items():
            if score := keep(KEPT.get(window.board, "sum"), counted):
                found[club] = score
        ids: dict[str, UUID] = {
            club: derived_id("team", str(self.shop.brand.id), club) for club in teams
        }
        return ranked(found, {**self.ids, **ids})

    def assert_equal(self) -> None:
        windows = self.run(self.boards.windows())
        names = {id_: name for name, id_ in self.ids.items()}
        names |= self.run(self._teams())
        shown: dict[int, list[Row]] = {
            each.id: self.run(self.boards.rows(each)) for each in windows
        }
        for window in windows:
            rows = [(names[row.entity], row.score, row.reached_at) for row in shown[window.id]]
            assert rows == self.expected(window), window
            assert window.state == "open"
            heads = [row.seq for row in shown[window.id]]
            assert max(heads, default=0) <= window.head
        self.assert_none_missing(windows)

    async def _teams(self) -> dict[UUID, str]:
        async with self.shop.database.read() as session:
            rows = await session.fetch("SELECT entity, name FROM board_team")
        return {row["entity"]: row["name"] for row in rows}

    def assert_none_missing(self, windows: list[Window]) -> None:
        """Every day on which somebody scored lies in the windows of the whole brand."""
        there = {(each.board, each.period, each.starts_on) for each in windows if not each.scope}
        for name in NAMES:
            mine = sorted((d for d in self.done if d.member == name), key=lambda each: each.at)
            if self.absent(name, "spend"):
                continue
            for each, _ in spend(mine):
                assert ("spend", "day", each.day) in there
                assert ("spend", "week", each.day - timedelta(days=each.day.weekday())) in there


@settings(parent=bounded(8, 1), phases=(Phase.explicit, Phase.generate))
@given(seed=st.integers(0, 2**32))
def test_any_history_gives_what_a_plain_count_gives(servers: Servers, seed: int) -> None:
    with World(servers) as world:
        history = History(world, seed)
        history.steps(16)
        history.work()
        history.assert_equal()
        history.again()
        history.assert_equal()
        history.wait()
        history.work()
        history.assert_equal()
        world.run(assert_coherent(world.database))
