"""Any history of members' points equals that of a dictionary of lots, step by step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.ledger.queries import balances as ledger_balances
from domain.ledger.rules import Kind, Resolution
from domain.members.service import NewMember, enrol
from domain.wallets import jobs, queries, service, service_hold, service_take_back
from domain.wallets.service import Accrual
from domain.wallets.service_hold import Hold
from domain.wallets.service_take_back import ClawBack
from domain.wallets.store import lock_members
from kit.clock import MovableClock
from kit.db import Session
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.shop import opened_shop
from tests.support.wallet_model import ModelHold, WalletModel
from tests.support.world import World, bounded

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEEDS = st.integers(0, 2**32)
BATCH = st.integers(1, 4)


class WalletMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def open(self) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        self.shop = self.run(opened_shop(self.world.database, self.clock, "grocer"))
        self.model = WalletModel()
        self.keys: dict[UUID, tuple[object, str | None, int | None]] = {}
        self.step = 0
        self.members = self.run(self.world.database.write(self._enrol))
        self.model.lots = {member: [] for member in self.members}
        self.accrue(0, 9)

    async def _enrol(self, session: Session) -> dict[UUID, int]:
        brand = self.shop.brand
        named = [NewMember(name, START) for name in ("ann", "bob", "cid")]
        members = await enrol(session, START, brand, named)
        ids = sorted(member.id for member in members.values())
        books = await queries.books(session, brand.id)
        assert books is not None
        self.books = books
        await service.open_wallets(session, brand, books, ids)
        return await lock_members(session, brand.id, books.asset_id, ids)

    def _chance(self, seed: int) -> Random:
        self.step += 1
        return Random(seed + (self.step << 32))

    def _write(self, verb: Callable[..., Any], *others: Any) -> Any:
        async def work(session: Session) -> Any:
            books = self.books
            await lock_members(session, self.shop.brand.id, books.asset_id, self.members)
            return await verb(session, self.clock.now(), self.shop.brand, *others)

        return self.run(self.world.database.write(work))

    @rule(seed=SEEDS, count=BATCH)
    def accrue(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        wanted = []
        for _ in range(count):
            available = now + chance.choice([0, 0, 0, 5, 30]) * HOUR
            until = chance.choice([None, available + chance.randint(10, 90) * HOUR])
            member = chance.choice(list(self.members))
            wanted.append((member, chance.randint(1, 40), available, until))
        accruals = [
            Accrual(new_id(), self.members[member], points, now, available, until, "gift", "base")
            for member, points, available, until in wanted
        ]
        journals = self._write(service.accrue, self.books, accruals)
        for journal, (member, points, available, until) in zip(journals, wanted, strict=True):
            self.model.accrue(member, journal, points, available, until)

    @rule(seed=SEEDS, count=BATCH)
    def hold(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        wanted = [
            Hold(
                chance.choice([new_id()] * 9 + list(self.keys)[:1]),
                chance.choice([*self.members] * 5 + [UUID(int=7)]),
                chance.choice([0, *range(1, 15), 90]),
                now + chance.choice([0, *range(1, 20), 70]) * HOUR,
                "tea",
            )
            for _ in range(count)
        ]
        outcomes = self._write(service_hold.hold, self.books, wanted)
        for item, outcome in zip(wanted, outcomes, strict=True):
            body = (item.member_id, item.points, item.expires_at)
            if item.key in self.keys:
                first, code, id_ = self.keys[item.key]
                expected = (code, id_) if first == body else ("KEY_CONFLICT", None)
                assert (outcome.code, outcome.hold_id, outcome.replayed) == (*expected, True)
                continue
            refusal, parts = self.model.reserve(item.member_id, item.points, now, item.expires_at)
            assert (outcome.code, outcome.replayed) == (refusal, False), item
            self.keys[item.key] = (body, refusal, outcome.hold_id)
            if outcome.hold_id is not None:
                self.model.holds[outcome.hold_id] = ModelHold(
                    item.member_id, item.points, item.expires_at, parts
                )

    @rule(seed=SEEDS)
    def redeem(self, seed: int) -> None:
        self.hold(seed, 3)
        self.settle(seed, 3)

    @rule(seed=SEEDS, count=BATCH)
    def settle(self, seed: int, count: int) -> None:
        chance = self._chance(seed)
        if not self.model.holds:
            return
        opened = [id_ for id_, hold in self.model.holds.items() if hold.open]
        wanted = []
        for _ in range(count):
            kind = chance.choice([Kind.POST, Kind.POST, Kind.VOID, Kind.EXPIRE])
            amount = chance.choice([None, chance.randint(0, 15)]) if kind is Kind.POST else None
            hold = chance.choice((opened * 4) + list(self.model.holds))
            wanted.append(Resolution(new_id(), hold, kind, "redemption", amount))
        outcomes = self._write(service_hold.settle, wanted)
        for item, outcome in zip(wanted, outcomes, strict=True):
            expected = self.model.end(item.hold_id, self.clock.now(), item.kind.name, item.amount)
            assert outcome.refusal == expected, item

    @precondition(lambda self: any(self.model.lots.values()))
    @rule(seed=SEEDS, count=BATCH)
    def take_back(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        wanted = []
        for _ in range(count):
            member = chance.choice([m for m, lots in self.model.lots.items() if lots])
            source = chance.choice(self.model.lots[member]).journal_id
            wanted.append((member, chance.randint(1, 25), source))
        items = [
            ClawBack(
                new_id(),
                self.members[member],
                points,
                source,
                self.model.short.get(source, 0),
                now,
                "refund",
                "base",
            )
            for member, points, source in wanted
        ]
        results = self._write(service_take_back.take_back, self.books, items)
        for back, (member, points, source) in zip(results, wanted, strict=True):
            assert back.points == self.model.take_back(member, points, source, now)

    @rule(hours=st.integers(1, 12))
    def wait(self, hours: int) -> None:
        self.clock.move(hours * HOUR)

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
        found = self.run(self._found())
        for member in self.members:
            balance = found[member]
            seen = (
                balance.spendable,
                balance.pending,
                balance.held,
                [(expiry.points, expiry.at) for expiry in balance.upcoming],
            )
            *amounts, upcoming = self.model.view(member, self.clock.now())
            assert seen == (*amounts, upcoming)

    async def _found(self) -> dict[UUID, queries.WalletBalance]:
        async with self.world.database.read() as session:
            now, brand = self.clock.now(), self.shop.brand
            return await queries.balances(session, now, brand.id, list(self.members))

    def teardown(self) -> None:
        if not hasattr(self, "members"):
            return
        self.run(assert_coherent(self.world.database, besides=("ACCRUAL_WITHOUT_AWARD",)))
        books = self.books
        found = self.run(self._ledger(books.redemption, books.breakage))
        assert found == [self.model.spent, self.model.breakage]

    async def _ledger(self, *accounts: int) -> list[int]:
        async with self.world.database.read() as session:
            found = await ledger_balances(session, accounts)
        return [found[account].cr for account in accounts]


def test_wallets_equal_their_model(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (WalletMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(100, 30))
