"""Any history of prizes equals that of a few numbers: each is paid at most once net."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gamification.prizes import queries
from gamification.prizes.rules import Due
from gamification.prizes.section_parts import Prize
from kit.clock import MovableClock
from kit.embedded import Servers
from tests.gamification.prizes.test_service import spent
from tests.support.automatic import burned, vouchers_of
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.games import opened_with
from tests.support.world import World, bounded

START = datetime(2026, 3, 6, 12, tzinfo=UTC)
NAMES = ("ada", "bob")
FIRST = 10
BUDGET = 2
POINTS = (0, 50, 30, 20)
"""What the prizes of each member are worth; 0 is a cup."""
PLACES = st.lists(st.integers(0, 2 * len(POINTS) - 1), min_size=1, max_size=5, unique=True)


@dataclass
class Model:
    """What should have become of one prize."""

    due: Due
    name: str
    points: int
    state: str = "none"
    amount: int = 0
    kept_points: int = 0
    kept: bool = False
    used: bool = False
    counted: bool = False

    @property
    def has_some(self) -> bool:
        """Whether the member kept some of it."""
        return self.kept or self.kept_points > 0


class PrizeMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def open(self) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        self.games = self.run(opened_with(self.world.database, self.clock, NAMES))
        self.balances = dict.fromkeys(NAMES, FIRST)
        self.models = self.run(self._models())

    async def _models(self) -> list[Model]:
        found = []
        for n, points in enumerate(POINTS * 2):
            name = NAMES[n // len(POINTS)]
            prize = Prize(points=str(points)) if points else Prize(reward="cup")
            budget = ("spring", BUDGET) if points == POINTS[1] or points == POINTS[2] else None
            due = await self.games.due(f"{n}", name, prize, budget=budget)
            found.append(Model(due, name, points))
        return sorted(found, key=lambda each: each.due.id)

    @rule(places=PLACES)
    def owe(self, places: list[int]) -> None:
        self.run(self.games.owe(*(self.models[place].due for place in places)))
        for place in sorted(places):
            each = self.models[place]
            if each.state not in ("none", "undone"):
                continue
            each.state = "owed"
            if each.due.budget is not None and not each.counted:
                each.counted = sum(one.counted for one in self.models) < BUDGET
                each.state = "owed" if each.counted else "refused"

    @rule(limit=st.integers(1, 4))
    def pay(self, limit: int) -> None:
        while self.run(self.games.pay(limit)):
            pass
        for each in self.models:
            if each.state == "owed":
                each.state = "paid"
                each.amount = each.points - each.kept_points
                self.balances[each.name] += each.amount
                each.used, each.kept = each.kept, False

    @rule(places=PLACES)
    def undo(self, places: list[int]) -> None:
        self.run(self.games.undo(*(self.models[place].due for place in places)))
        for place in sorted(places):
            each = self.models[place]
            if each.state in ("none", "undone"):
                continue
            if each.state == "paid":
                taken = min(each.amount, self.balances[each.name])
                self.balances[each.name] -= taken
                each.kept_points += each.amount - taken
                each.kept, each.amount = each.used, 0
            each.state = "undone"
            each.counted = each.counted and each.has_some

    @rule(name=st.sampled_from(NAMES), points=st.integers(1, 60))
    def spend(self, name: str, points: int) -> None:
        points = min(points, self.balances[name])
        if points:
            self.clock.move(timedelta(seconds=1))
            self.run(spent(self.games, name, points))
            self.balances[name] -= points

    @rule(name=st.sampled_from(NAMES))
    def use(self, name: str) -> None:
        mine = self.run(vouchers_of(self.games.shop, name))
        for voucher in mine:
            if voucher.state == "issued":
                self.run(burned(self.games.shop, voucher))
        for each in self.models:
            if each.name == name and each.state == "paid" and not each.points:
                each.used = True

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        points = self.run(self.games.points(*NAMES))
        assert points == list(self.balances.values())
        found = self.run(self._found())
        for each in self.models:
            mine = found.get(each.due.id)
            assert (mine.state if mine else "none") == each.state
            assert (mine.keeps if mine else False) == (each.has_some and each.state == "undone")

    async def _found(self) -> dict[UUID, queries.Paid]:
        ids = [each.due.id for each in self.models]
        async with self.world.database.read() as session:
            return await queries.by_ids(session, self.games.shop.brand.id, ids)

    def teardown(self) -> None:
        if hasattr(self, "models"):
            self.run(assert_coherent(self.world.database))


def test_prizes_equal_their_model(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (PrizeMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(12, 20))
