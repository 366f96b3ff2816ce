"""Members' points and their model, step by step: the ways in which they come and go."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from api.sections import SECTIONS
from domain.expiry.service import redate
from domain.expiry.service_spend import settle
from domain.ledger.rules import Kind, Resolution
from domain.members.service import NewMember, enrol
from domain.programmes import queries as programmes
from domain.tallies.rules import REDEMPTION, Count
from domain.tallies.service import count as count_days
from domain.wallets import queries, service, service_hold
from domain.wallets.section import AWAITING_RELEASE, NegativeBalance, NegativeLimit, expires_at
from domain.wallets.section import Expiry as ExpiryRule
from domain.wallets.service import Accrual
from domain.wallets.service_adjust import Adjustment, adjust
from domain.wallets.service_hold import Hold
from domain.wallets.service_release import release
from domain.wallets.service_take_back import ClawBack, take_back
from domain.wallets.store import lock_members
from kit.clock import MovableClock
from kit.db import Session
from kit.ids import new_id
from tests.support.database import empty
from tests.support.shop import ROOT, opened_shop
from tests.support.wallet_model import WalletModel
from tests.support.wallet_values import ZONE, ModelHold, ModelLot
from tests.support.world import World

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
IDLE = ExpiryRule(months=1, after="activity")
POLICIES: dict[NegativeBalance, int | None] = {
    "refuse": 0,
    "collect": None,
    NegativeLimit.model_validate({"limit": "20"}): 20,
}
SEEDS = st.integers(0, 2**32)
BATCH = st.integers(1, 4)


class WalletMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def open(self) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        text = (ROOT / "programmes" / "grocer.toml").read_text()
        idle = 'expires = { months = 1, after = "activity" }'
        programme = text.replace('expires = "never"', idle)
        assert idle in programme
        self.shop = self.run(opened_shop(self.world.database, self.clock, programme))
        assert self.shop.brand.zone == ZONE
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
        self.model.step = self.step
        return Random(seed + (self.step << 32))

    def _write(self, work: Callable[[Session], Any]) -> Any:
        async def locked(session: Session) -> Any:
            books = self.books
            await lock_members(session, self.shop.brand.id, books.asset_id, self.members)
            return await work(session)

        return self.run(self.world.database.write(locked))

    async def _redate(self, session: Session, members: set[UUID], since: date) -> None:
        brand, now = self.shop.brand, self.clock.now()
        timeline = await programmes.timeline(session, brand.id, SECTIONS)
        await redate(session, now, brand, timeline, members, since=since)

    def _today(self) -> date:
        return self.clock.now().astimezone(ZONE).date()

    @rule(seed=SEEDS, count=BATCH)
    def accrue(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        wanted = []
        for order in range(self.model.count(), self.model.count() + count):
            earned = now - chance.choice([0, 0, 0, 0, 3, 25, 40]) * DAY
            available = earned + chance.choice([0, 0, 0, 5, 30]) * HOUR
            waits = chance.choice([None] * 6 + [0, 2])
            idle = chance.choice([None, 1])
            until = chance.choice([None, earned + chance.randint(10, 90) * HOUR])
            if idle:
                until = expires_at(IDLE, ZONE, earned)
            if waits is not None:
                available = AWAITING_RELEASE
            points = chance.randint(1, 40)
            lot = ModelLot(0, points, earned, available, until, order, idle, waits)
            wanted.append((chance.choice(list(self.members)), lot))

        async def work(session: Session) -> list[int]:
            accruals = [
                Accrual(
                    new_id(),
                    self.members[member],
                    lot.remaining,
                    lot.earned_at,
                    lot.available_at,
                    lot.expires_at,
                    "gift",
                    "base",
                    fixed=lot.idle_months is None,
                    release_days=lot.waits,
                )
                for member, lot in wanted
            ]
            brand = self.shop.brand
            journals = await service.accrue(session, now, brand, self.books, accruals)
            first = min(brand.day(lot.earned_at) for _, lot in wanted)
            await self._redate(session, {member for member, _ in wanted}, first)
            return journals

        for journal, (member, lot) in zip(self._write(work), wanted, strict=True):
            lot.journal_id = journal
            self.model.accrue(member, lot, now)
        for member in {member for member, _ in wanted}:
            self.model.redate(member, now)

    @rule(seed=SEEDS)
    def act(self, seed: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        member = chance.choice(list(self.members))
        day = self._today() - chance.choice([0, 0, 1, 10, 30, 45]) * DAY

        async def work(session: Session) -> None:
            did = Count(member, REDEMPTION, day, 0, 0, 1)
            await count_days(session, self.shop.brand.id, [did])
            await self._redate(session, {member}, day)

        self._write(work)
        self.model.act(member, day, now)

    @rule(seed=SEEDS, count=BATCH)
    def adjust(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        items = [
            Adjustment(
                new_id(),
                chance.choice([*self.members] * 5 + [UUID(int=7)]),
                chance.randint(-25, 25),
                "a mistake",
                "ada",
                now,
                end := chance.choice([None, now + chance.randint(0, 90) * HOUR]),
                fixed=end is not None,
            )
            for _ in range(count)
        ]

        async def work(session: Session) -> Any:
            outcomes = await adjust(session, now, self.shop.brand, self.books, items)
            await self._redate(session, set(self.members), self._today())
            return outcomes

        outcomes = self._write(work)
        told = list(zip(items, outcomes, strict=True))
        for item, outcome in sorted(told, key=lambda each: each[0].points <= 0):
            assert outcome.code == self._adjusted(item, outcome.journal_id), item
        for member in self.members:
            self.model.redate(member, now)

    def _adjusted(self, item: Adjustment, journal_id: int) -> str | None:
        now, end = self.clock.now(), item.expires_at
        if item.member_id not in self.members:
            return "MEMBER_NOT_FOUND"
        if not item.points:
            return "INVALID_AMOUNT"
        if item.points < 0:
            return self.model.adjust(item.member_id, -item.points, now)
        if end is not None and end <= now:
            return "INVALID_DEADLINE"
        order, idle = self.model.count(), None if item.fixed else 1
        lot = ModelLot(journal_id, item.points, now, now, end, order, idle)
        self.model.accrue(item.member_id, lot, now)
        return None

    @precondition(lambda self: any(self.model.lots.values()))
    @rule(seed=SEEDS, count=BATCH)
    def release(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        every = [lot for lots in self.model.lots.values() for lot in lots]
        waiting = [lot for lot in every if lot.waits is not None]
        wanted = {chance.choice(waiting * 3 + every).journal_id for _ in range(count)}
        brand = self.shop.brand
        released = self._write(lambda session: release(session, now, brand, list(wanted)))
        for lot in every:
            if lot.journal_id not in wanted:
                continue
            assert released[lot.journal_id].replayed == (lot.waits is None)
            self.model.release(lot.journal_id, now)
            assert released[lot.journal_id].available_at == lot.available_at

    @rule(seed=SEEDS, count=BATCH)
    def hold(self, seed: int, count: int) -> None:
        chance, now = self._chance(seed), self.clock.now()
        wanted = []
        for _ in range(count):
            member = chance.choice([*self.members] * 5 + [UUID(int=7)])
            everything = self.model.view(member, now)[0] if member in self.members else 0
            item = Hold(
                chance.choice([new_id()] * 9 + list(self.keys)[:1]),
                member,
                chance.choice([0, *range(1, 15), 90] + [everything] * 9),
                now + chance.choice([0, *range(1, 20), 70]) * HOUR,
                "tea",
            )
            wanted.append(item)
        brand, books = self.shop.brand, self.books
        outcomes = self._write(
            lambda session: service_hold.hold(session, now, brand, books, wanted)
        )
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
        spenders: list[UUID] = []
        opened = [id_ for id_, hold in self.model.holds.items() if hold.open]
        wanted = []
        for _ in range(count):
            kind = chance.choice([Kind.POST, Kind.POST, Kind.VOID, Kind.EXPIRE])
            amount = chance.choice([None, chance.randint(0, 15)]) if kind is Kind.POST else None
            hold = chance.choice((opened * 4) + list(self.model.holds))
            wanted.append(Resolution(new_id(), hold, kind, "redemption", amount))
        now = self.clock.now()

        async def work(session: Session) -> Any:
            timeline = await programmes.timeline(session, self.shop.brand.id, SECTIONS)
            return await settle(session, now, self.shop.brand, timeline, wanted)

        for item, outcome in zip(wanted, self._write(work), strict=True):
            expected = self.model.end(item.hold_id, now, item.kind.name, item.amount)
            assert outcome.refusal == expected, item
            if expected is None and item.kind is Kind.POST:
                member = self.model.holds[item.hold_id].member
                spenders.append(member)
        for member in spenders:
            self.model.act(member, self._today(), now)

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
            ClawBack(new_id(), self.members[member], points, source, now, "refund", "base")
            for member, points, source in wanted
        ]
        policy = chance.choice(list(POLICIES))
        brand, books = self.shop.brand, self.books
        results = self._write(lambda session: take_back(session, now, brand, books, items, policy))
        for back, (member, points, source) in zip(results, wanted, strict=True):
            found = self.model.take_back(member, points, source, now, POLICIES[policy])
            assert (back.points, back.owed) == found
            assert (back.journal_id is None) == (found == (0, 0))
