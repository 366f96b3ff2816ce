"""Any history of claims, purchases, returns and reviews rewards what it should, once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from domain.referrals.queries import Referral
from domain.referrals.service import Claim, Review
from kit.clock import MovableClock
from kit.embedded import Servers
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.friends import Friends, programme
from tests.support.shop import opened_shop, purchase
from tests.support.world import World, bounded

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SETTINGS = """
minimum = "10.00"
qualify_days = 6
claim_days = 9
return_days = 2
signals = ["device"]
review_over = 2

[[referrals.limit]]
name = "three a week"
period = "week"
times = 3
"""
NAMES = [f"m{number}" for number in range(8)]
SEEDS = st.integers(0, 2**32)


class ReferralMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def open(self) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        shop = self.run(opened_shop(self.world.database, self.clock, programme(SETTINGS)))
        self.friends = Friends(shop)
        # Two of them are one person.
        devices = {name: "shared" if name in NAMES[-2:] else name for name in NAMES}
        people = [
            NewMember(name, START + place // 3 * HOUR, attributes={"device": devices[name]})
            for place, name in enumerate(NAMES)
        ]
        self.run(shop.enrol(*people))
        self.codes = self.run(self.friends.codes(*NAMES))
        self.bought: dict[str, tuple[str, datetime, int]] = {}
        self.returned: dict[str, list[tuple[datetime, int]]] = {}
        self.step = 0
        # Most ways through begin with something to undo.
        self.claim(0, 6)
        self.clock.move(HOUR)
        self.buy(0)

    def _chance(self, seed: int) -> Random:
        self.step += 1
        return Random(seed + (self.step << 32))

    @rule(seed=SEEDS, count=st.integers(1, 4))
    def claim(self, seed: int, count: int) -> None:
        chance = self._chance(seed)
        pairs = [chance.choices(NAMES, k=2) for _ in range(count)]
        items = [Claim(friend, self.codes[by]) for friend, by in pairs]
        self.run(self.friends.claim(*items))

    @rule(seed=SEEDS)
    def buy(self, seed: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        basket = []
        for member in chance.sample(NAMES, 4):
            name, amount = f"b{self.step}.{member}", chance.choice([999, 1000, 1500, 1500])
            at = max(now - chance.choice([0, 0, 0, 1, 30]) * HOUR, START + 2 * HOUR)
            self.bought[name] = member, at, amount
            basket.append(purchase(name, member, amount, at))
        self.run(self.friends.shop.buy(*basket))

    @rule(seed=SEEDS)
    def give_back(self, seed: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        # What was bought lately can be undone.
        name = chance.choice(list(self.bought)[-8:])
        _, at, amount = self.bought[name]
        gone = sum(back for _, back in self.returned.get(name, []))
        back = min(chance.choice([1, 500, amount]), amount - gone)
        # Told when it is done: what is told later than the reward takes nothing back.
        when = max(at, now)
        if back:
            self.run(self.friends.shop.refund(Refund(f"r{self.step}", name, when, amount=back)))
            self.returned.setdefault(name, []).append((when, back))

    @rule(seed=SEEDS)
    def review(self, seed: int) -> None:
        chance = self._chance(seed)
        waiting = self.run(self.friends.listed("review"))
        items = [Review(row.id, accept=chance.random() < 0.7, actor="ada") for row in waiting]
        self.run(self.friends.review(*items))

    @rule(hours=st.sampled_from([1, 5, 24, 49]))
    def wait(self, hours: int) -> None:
        self.clock.move(hours * HOUR)

    @rule()
    def work(self) -> None:
        self.run(self.friends.work())

    def teardown(self) -> None:
        if not hasattr(self, "bought"):
            return
        self.clock.move(30 * DAY)
        self.work()
        self.run(assert_coherent(self.world.database))
        rows = self.run(self.friends.listed("pending", "rewarded", "qualified", "review"))
        assert not [row for row in rows if row.state == "qualified"]
        names = dict(zip(self.run(self.friends.shop.member_ids(*NAMES)), NAMES, strict=True))
        for row in rows:
            if row.state != "review":
                did = self._did_it(row, names[row.friend_id])
                assert (row.state == "rewarded") == did, (row, self.bought, self.returned)
        rewarded = sum(row.state == "rewarded" for row in rows)
        given = {"Brought a friend": 500 * rewarded, "Came as a friend": 200 * rewarded}
        assert self.run(self._given()) == (given if rewarded else {})
        weeks = Counter(
            (row.referrer_id, row.claimed_at.astimezone(ZONE).isocalendar()[:2])
            for row in rows
            if row.state != "review"
        )
        assert max(weeks.values(), default=0) <= 3

    def _did_it(self, row: Referral, friend: str) -> bool:
        """Whether the friend bought for ten dollars in time that were not returned in time."""
        for name, (member, at, amount) in self.bought.items():
            if member != friend or not row.claimed_at <= at < row.expires_at:
                continue
            day = at.astimezone(ZONE).replace(hour=0, minute=0)
            back = [each for when, each in self.returned.get(name, []) if when < day + 2 * DAY]
            if amount - sum(back) >= 1000:
                return True
        return False

    async def _given(self) -> dict[str, int]:
        async with self.world.database.read() as session:
            rows = await session.fetch(
                "SELECT rule, sum(points)::bigint AS points FROM award WHERE rule <> 'base'"
                " GROUP BY rule"
            )
        return {row["rule"]: row["points"] for row in rows}


def test_referrals_are_rewarded_once_and_only_for_what_was_done(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (ReferralMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(15, 25))
