"""Any history of redemptions equals that of a few numbers, and keeps everything coherent."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.earning.rules_refund_request import Refund
from domain.households.rules_request import Answer, Invitation, NewHousehold
from domain.households.service import change
from domain.members.service import NewMember
from domain.rewards import store
from domain.rewards.jobs import lapse
from domain.rewards.service_cancel import Cancel, Return
from domain.rewards.service_fulfil import Approve, Fulfil
from domain.rewards.service_redeem import Redeem
from domain.rewards.service_stock import StockChange
from domain.wallets import queries as wallets
from domain.wallets.jobs import expire_holds
from kit.clock import MovableClock
from kit.db import Session
from kit.embedded import Servers
from tests.support import rewards
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.reward_model import CAFE, DAY, KINDS, Asked, RewardModel
from tests.support.shop import opened_shop, purchase
from tests.support.world import World, bounded

START = datetime(2026, 3, 6, 12, tzinfo=UTC)
"""A Friday; on Sunday the clocks of New York go forward."""
NAMES = ("ann", "bob", "cid")
SEEDS = st.integers(0, 2**32)
BATCH = st.integers(1, 4)


class RewardMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def open(self) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        self.shop = self.run(opened_shop(self.world.database, self.clock, CAFE))
        self.model = RewardModel(dict.fromkeys(NAMES, 0), home=("ann", "bob"))
        self.step = 0
        self.bought: dict[str, tuple[str, int]] = {}
        self.wishes: dict[str, tuple[Redeem, UUID]] = {}
        self.run(self._enrol())
        self.buy(0, 4)

    async def _enrol(self) -> None:
        await self.shop.enrol(*(NewMember(name, START) for name in NAMES))
        self.ids = dict(zip(NAMES, await self.shop.member_ids(*NAMES), strict=True))
        await rewards.run(self.shop, change, [NewHousehold("h", "ann", "ours")])
        (asked,) = await rewards.run(self.shop, change, [Invitation("i", "ann", "bob", "adult")])
        assert asked.invitation_id is not None
        answers = [Answer("a", "bob", asked.invitation_id, accept=True)]
        await rewards.run(self.shop, change, answers)

    def _chance(self, seed: int) -> Random:
        self.step += 1
        return Random(seed + (self.step << 32))

    @rule(seed=SEEDS, count=BATCH)
    def buy(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        items = []
        for _ in range(count):
            member, points = chance.choice(NAMES), chance.randint(1, 40)
            key = f"p{len(self.bought)}"
            self.bought[key] = member, points
            items.append(purchase(key, member, points * 100, now))
            self.model.owned[member] += points
        self.run(self.shop.buy(*items))

    @precondition(lambda self: self.bought)
    @rule(seed=SEEDS)
    def refund(self, seed: int) -> None:
        key = self._chance(seed).choice(sorted(self.bought))
        member, points = self.bought[key]
        (outcome,) = self.run(self.shop.refund(Refund(f"r-{key}", key, self.clock.now())))
        if outcome.status == "recorded":
            self.model.owned[member] -= points

    @rule(seed=SEEDS, count=BATCH)
    def redeem(self, seed: int, count: int) -> None:
        chance = self._chance(seed)
        items = []
        for number in range(count):
            member = chance.choice(NAMES)
            items.append(
                Redeem(
                    f"{self.step}-{number}",
                    member,
                    chance.choice([*KINDS, "tea", "card", "trip"]),
                    chance.choice([member, "eve"]),
                    quantity=chance.choice([1, 1, 1, 2, 3, 5]),
                    from_household=chance.random() < 0.4,
                )
            )
        items += [item for item, _ in list(self.wishes.values())[:1] if chance.random() < 0.1]
        chance.shuffle(items)
        self._redeem(items)

    def _redeem(self, items: Sequence[Redeem]) -> None:
        now = self.clock.now()
        outcomes = self.run(rewards.redeemed(self.shop, *items))
        ids = [each.redemption_id for each in outcomes if each.redemption_id is not None]
        parts = self.run(self._parts(ids))
        for item, outcome in zip(items, outcomes, strict=True):
            if item.key in self.wishes:
                id_ = self.wishes[item.key][1]
                state = self.model.asked[id_].now_in(now)
                assert (outcome.redemption_id, outcome.state) == (id_, state)
                assert outcome.replayed
                continue
            why = self.model.redeem(
                item.member, item.reward, item.quantity, together=item.from_household, now=now
            )
            assert outcome.code == why, item
            if why is None:
                self._granted(item, outcome, parts)

    def _granted(self, item: Redeem, outcome: Any, parts: dict[UUID, dict[str, int]]) -> None:
        now, kind = self.clock.now(), KINDS[item.reward]
        mine = parts[outcome.redemption_id]
        points = kind.price * item.quantity
        assert sum(mine.values()) == points
        assert all(self.model.spendable(who, now) >= part for who, part in mine.items())
        state = "held" if kind.staff_days is not None else "fulfilled"
        state = "waiting" if points > 25 else state
        assert outcome.state == state
        assert len(outcome.vouchers) == (
            item.quantity if state == "fulfilled" and kind.voucher else 0
        )
        deadline = now + (kind.staff_days or 7) * DAY
        asked = Asked(
            item.member, item.requested_by, item.reward, item.quantity, state, deadline, now, mine
        )
        self.model.grant(outcome.redemption_id, asked, now)
        self.wishes[item.key] = item, outcome.redemption_id

    async def _parts(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
        named = {member_id: name for name, member_id in self.ids.items()}
        async with self.world.database.read() as session:
            rows = await store.parts(session, ids)
        return {
            id_: {named[part.member_id]: part.points for part in mine} for id_, mine in rows.items()
        }

    def _some(self, chance: Random, count: int, state: str) -> list[tuple[str, UUID]]:
        likely = [id_ for id_, each in self.model.asked.items() if each.state == state]
        among = likely * 4 + list(self.model.asked)
        return [(f"{self.step}-{n}", chance.choice(among)) for n in range(count)]

    @precondition(lambda self: self.model.asked)
    @rule(seed=SEEDS, count=BATCH)
    def fulfil(self, seed: int, count: int) -> None:
        some = self._some(self._chance(seed), count, "held")
        items = [Fulfil(key, id_, "eve") for key, id_ in some]
        outcomes = self.run(rewards.fulfilled(self.shop, *items))
        for (_, id_), outcome in zip(some, outcomes, strict=True):
            asked = self.model.asked[id_]
            assert outcome.code == self.model.fulfil_by_staff(asked, self.clock.now()), asked

    @precondition(lambda self: self.model.asked)
    @rule(seed=SEEDS, count=BATCH)
    def approve(self, seed: int, count: int) -> None:
        chance = self._chance(seed)
        some = self._some(chance, count, "waiting")
        items = [Approve(key, id_, chance.choice(["eve", "kim"])) for key, id_ in some]
        outcomes = self.run(rewards.approved(self.shop, *items))
        for item, outcome in zip(items, outcomes, strict=True):
            asked = self.model.asked[item.redemption_id]
            assert outcome.code == self.model.approve(asked, item.actor, self.clock.now()), asked

    @precondition(lambda self: self.model.asked)
    @rule(seed=SEEDS, count=BATCH)
    def cancel(self, seed: int, count: int) -> None:
        some = self._some(self._chance(seed), count, "held")
        items = [Cancel(key, id_, "ann", "") for key, id_ in some]
        outcomes = self.run(rewards.cancelled(self.shop, *items))
        for (_, id_), outcome in zip(some, outcomes, strict=True):
            asked = self.model.asked[id_]
            assert outcome.code == self.model.cancel(asked, self.clock.now()), asked

    @precondition(lambda self: self.model.asked)
    @rule(seed=SEEDS, count=BATCH)
    def give_back(self, seed: int, count: int) -> None:
        some = self._some(self._chance(seed), count, "fulfilled")
        items = [Return(key, id_, "eve", "cold") for key, id_ in some]
        outcomes = self.run(rewards.returned(self.shop, *items))
        for (_, id_), outcome in zip(some, outcomes, strict=True):
            asked = self.model.asked[id_]
            assert outcome.code == self.model.take_return(asked, self.clock.now()), asked

    @precondition(lambda self: self.model.asked)
    @rule(seed=SEEDS)
    def use(self, seed: int) -> None:
        ((key, id_),) = self._some(self._chance(seed), 1, "fulfilled")
        found_ = self.run(rewards.vouchers_of(self.shop, id_))
        if found_:
            used = self.run(rewards.burn(self.shop, key, found_[0].code))
            self.model.asked[id_].used |= used.code is None

    @rule(seed=SEEDS, count=BATCH)
    def change_stock(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        items = [
            StockChange(
                f"{self.step}-{n}", chance.choice(["tea", "trip"]), chance.randint(-2, 3), "", "eve"
            )
            for n in range(count)
        ]
        outcomes = self.run(rewards.stocked(self.shop, *items))
        for item, outcome in zip(items, outcomes, strict=True):
            left = self.model.left(item.reward, now)
            assert left is not None
            if item.units == 0 or left + item.units < 0:
                assert outcome.code == "INVALID_UNITS"
                continue
            assert (outcome.code, outcome.left) == (None, left + item.units)
            self.model.added[item.reward] = self.model.added.get(item.reward, 0) + item.units

    @rule(pool=st.sampled_from(["cards", "books"]), count=BATCH)
    def add_codes(self, pool: str, count: int) -> None:
        self.step += 1
        codes = [f"{pool}-{self.step}-{n}" for n in range(count)]
        self.run(rewards.add_codes(self.shop, pool, *codes))
        self.model.codes[pool] += count

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.move(timedelta(hours=hours))

    @rule(limit=st.integers(1, 3))
    def book(self, limit: int) -> None:
        async def work(session: Session) -> int:
            return await lapse(session, self.clock.now(), limit)

        while self.run(self.world.database.write(work)):
            pass

    @invariant()
    def members_have_what_the_model_says(self) -> None:
        for name, (has, held) in self.run(self._has()).items():
            assert has == self.model.owned[name], name
            assert held >= self.model.held(name, self.clock.now())

    async def _has(self) -> dict[str, tuple[int, int]]:
        async with self.world.database.read() as session:
            now, brand = self.clock.now(), self.shop.brand
            rows = await wallets.balances(session, now, brand.id, list(self.ids.values()))
        mine = {name: rows[member_id] for name, member_id in self.ids.items()}
        return {
            name: (each.spendable + each.held - each.debt, each.held) for name, each in mine.items()
        }

    def teardown(self) -> None:
        if not hasattr(self, "ids"):
            return
        now = self.clock.now()
        self.run(assert_coherent(self.world.database))
        for id_, asked in self.model.asked.items():
            assert self.run(rewards.redemption(self.shop, id_)).state == asked.now_in(now)
        for code in ("tea", "trip"):
            left = self.model.left(code, now)
            assert left is not None
            assert self.run(rewards.left(self.shop, code)) == max(0, left)
        assert self.run(rewards.given(self.shop, "trees")) == {"trees": self.model.given}
        self.book(100)
        self.run(self.world.database.write(lambda session: expire_holds(session, now)))
        for name, (_, held) in self.run(self._has()).items():
            assert held == self.model.held(name, now)
        self.run(assert_coherent(self.world.database))


def test_redemptions_equal_their_model(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (RewardMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(20, 25))
