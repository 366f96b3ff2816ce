"""Any history of members' points equals that of a dictionary of lots, step by step."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.sections import SECTIONS
from domain.expiry import service_gift, service_spend
from domain.ledger.queries import balances as ledger_balances
from domain.programmes import queries as programmes
from domain.wallets import jobs, queries
from domain.wallets.service_give_back import GiveBack
from domain.wallets.service_move import Move
from kit.db import Session
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.wallet_machine import BATCH, DAY, HOUR, SEEDS, WalletMachine
from tests.support.world import World, bounded


class Machine(WalletMachine):
    """The ways in which points come back and change hands, and time; what must then be equal."""

    @rule(seed=SEEDS, count=BATCH)
    def give_back(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        if not self.model.holds:
            return
        spent = [id_ for id_, hold in self.model.holds.items() if hold.left]
        wanted = []
        for _ in range(count):
            hold = chance.choice(spent * 4 + list(self.model.holds))
            whole = self.model.holds[hold].left
            wanted.append((hold, chance.choice([whole, whole, chance.randint(0, 15)])))
        items = [GiveBack(new_id(), *each, "tea", "cold") for each in wanted]

        async def work(session: Session) -> Any:
            timeline = await programmes.timeline(session, self.shop.brand.id, SECTIONS)
            return await service_spend.give_back(session, now, self.shop.brand, timeline, items)

        expected = self.model.give_back(wanted, now)
        for item, outcome, told in zip(items, self._write(work), expected, strict=True):
            assert (outcome.collected if outcome.code is None else outcome.code) == told, item

    @precondition(lambda self: any(self.model.lots.values()))
    @rule(seed=SEEDS)
    def farm(self, seed: int) -> None:
        self.redeem(seed)
        self.take_back(seed, 4)
        self.give_back(seed, 3)

    @precondition(lambda self: any(self.model.lots.values()))
    @rule(seed=SEEDS)
    def return_late(self, seed: int) -> None:
        self.redeem(seed)
        self.take_back(seed, 12)
        self.wait_days(3)
        self.give_back(seed, 4)

    @precondition(lambda self: any(self.model.lots.values()))
    @rule(seed=SEEDS)
    def farm_with_friends(self, seed: int) -> None:
        self.move(seed, 4)
        self.take_back(seed, 4)
        self.move(seed, 4)

    @rule(seed=SEEDS, count=BATCH)
    def move(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        people = [*self.members] * 9 + [UUID(int=7)]
        wanted = [
            (chance.choice(people), chance.choice(people), chance.choice([0, *range(1, 25)]))
            for _ in range(count)
        ]
        items = [Move(new_id(), *each, "gift") for each in wanted]

        async def work(session: Session) -> Any:
            timeline = await programmes.timeline(session, self.shop.brand.id, SECTIONS)
            return await service_gift.move(session, now, self.shop.brand, timeline, items)

        expected = self.model.move(wanted, now)
        for item, outcome, told in zip(items, self._write(work), expected, strict=True):
            if isinstance(told, str):
                assert outcome.code == told, item
                continue
            for journal_id, lot in zip(outcome.journal_ids, told, strict=True):
                lot.journal_id = journal_id
                self.model.receive(item.receiver_id, lot, now)

    @rule(hours=st.integers(1, 12))
    def wait(self, hours: int) -> None:
        self.clock.move(hours * HOUR)

    @rule(days=st.integers(1, 25))
    def wait_days(self, days: int) -> None:
        self.clock.move(days * DAY)

    @rule(limit=st.integers(1, 3))
    def expire_lots(self, limit: int) -> None:
        self._job(jobs.expire_lots, limit)
        self.model.book_expired(self.clock.now())

    @rule(limit=st.integers(1, 3))
    def expire_holds(self, limit: int) -> None:
        self._job(jobs.expire_holds, limit)
        self.model.book_late_holds(self.clock.now())

    def _job(self, job: Callable[..., Any], limit: int) -> None:
        now = self.clock.now()
        for _ in range(100):
            if not self.run(self.world.database.write(lambda each: job(each, now, limit))):
                return
        pytest.fail("the job never says that it is done")

    @invariant()
    def members_see_what_the_model_says(self) -> None:
        found, now = self.run(self._found()), self.clock.now()
        # A hold past its deadline is over, whether or not that is booked.
        model = deepcopy(self.model)
        for member in self.members:
            balance = found[member]
            model.settle_late(member, now)
            seen = (
                balance.spendable,
                balance.pending,
                balance.held,
                [(expiry.points, expiry.at) for expiry in balance.upcoming],
            )
            assert seen == model.view(member, now)
            assert balance.debt == model.debt(member)
            assert not (balance.debt and balance.total), "who has anything owes nothing"
        assert self.run(self._forgiven()) == {
            member: self.model.forgiven(member) for member in self.members
        }

    async def _forgiven(self) -> dict[UUID, int]:
        async with self.world.database.read() as session:
            rows = await session.fetch("SELECT member_id, forgiven FROM wallet")
        return {row["member_id"]: row["forgiven"] for row in rows}

    async def _found(self) -> dict[UUID, queries.WalletBalance]:
        async with self.world.database.read() as session:
            now, brand = self.clock.now(), self.shop.brand
            return await queries.balances(session, now, brand.id, list(self.members))

    def teardown(self) -> None:
        if not hasattr(self, "members"):
            return
        besides = ("ACCRUAL_WITHOUT_AWARD", "GIFT_DIFFERS_FROM_LEDGER")
        self.run(assert_coherent(self.world.database, besides=besides))
        books = self.books
        found = self.run(self._ledger(books.redemption, books.breakage))
        assert found == [self.model.spent, self.model.breakage]

    async def _ledger(self, *accounts: int) -> list[int]:
        async with self.world.database.read() as session:
            found = await ledger_balances(session, accounts)
        return [found[account].cr - found[account].dr for account in accounts]


def test_wallets_equal_their_model(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (Machine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(100, 30))
