"""Any history of the ledger equals the same history of a dictionary model, step by step."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

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

from domain.ledger.jobs import roll_up
from domain.ledger.rules import Bound, Journal, Mode, NewAccount
from domain.ledger.service import PeriodError
from kit.clock import MovableClock
from kit.embedded import Servers
from tests.support.books import Books, every_transfer, opened_books
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.ledger_choices import Choices
from tests.support.ledger_model import Model
from tests.support.world import World, bounded

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
END_OF_TIME = datetime(2100, 1, 1, tzinfo=UTC)
BRANDS = st.integers(0, 1)
SEEDS = st.integers(0, 2**32)
ACCOUNTS = st.lists(st.tuples(st.sampled_from(Bound), st.booleans()), min_size=3, max_size=6)


class LedgerMachine(RuleBasedStateMachine):
    world: World

    @initialize(accounts=st.tuples(ACCOUNTS, ACCOUNTS, ACCOUNTS, ACCOUNTS))
    def open(self, accounts: tuple[list[tuple[Bound, bool]], ...]) -> None:
        self.run = self.world.run
        self.run(empty(self.world.admin))
        self.clock = MovableClock(START)
        self.books: list[Books] = []
        self.models: list[Model] = []
        self.remembered: list[tuple[Books, int, datetime, date, tuple[int, int]]] = []
        self.instants = [START]
        self.step = 0
        for number, zone in enumerate(("America/New_York", "Asia/Tokyo")):
            books = self.run(
                opened_books(self.world.database, self.clock, f"b{number}", time_zone=zone)
            )
            wanted = [
                # Only an account without a bound may be deferred.
                NewAccount(asset.id, f"a{n}", bound=bound, mode=Mode(late and not bound))
                for asset, kinds in zip(
                    (books.points, books.money), accounts[number * 2 :], strict=False
                )
                for n, (bound, late) in enumerate([(Bound.NONE, False), *kinds])
            ]
            ids = self.run(books.open(*wanted))
            self.books.append(books)
            self.models.append(Model(dict(zip(ids, wanted, strict=True))))

    @rule(brand=BRANDS, seed=SEEDS, count=st.integers(1, 6))
    def post(self, brand: int, seed: int, count: int) -> None:
        self._post(brand, seed, count)

    # A second rule doubles the chance: what the other rules work on comes from here.
    @rule(brand=BRANDS, seed=SEEDS, count=st.integers(2, 6))
    def post_more(self, brand: int, seed: int, count: int) -> None:
        self._post(brand, seed, count)

    @rule(seed=SEEDS)
    def post_in_both_brands(self, seed: int) -> None:
        self._post(0, seed, 3)
        self._post(1, seed, 3)

    def _post(self, brand: int, seed: int, count: int) -> None:
        choices = self._choices(brand, seed)
        batch: list[Journal] = []
        for _ in range(count):
            batch.append(choices.journal(batch))
        outcomes = self.run(self.books[brand].post(*batch))
        for journal, outcome in zip(batch, outcomes, strict=True):
            body = replace(journal, key=None, effective_on=None)  # type: ignore[arg-type]
            self.models[brand].expect(self.clock.now(), journal, body, outcome)

    @precondition(lambda self: any(model.holds for model in self.models))
    @rule(brand=BRANDS, seed=SEEDS, count=st.integers(1, 4))
    def resolve(self, brand: int, seed: int, count: int) -> None:
        books, model, choices = self.books[brand], self.models[brand], self._choices(brand, seed)
        items = [choices.resolution() for _ in range(count)]
        plain = books.entry()
        for item, outcome in zip(items, self.run(books.resolve(*items)), strict=True):
            body = replace(item, key=None)  # type: ignore[arg-type]
            model.expect(self.clock.now(), model.resolution(item, plain), body, outcome)

    @precondition(lambda self: any(model.posted for model in self.models))
    @rule(brand=BRANDS, seed=SEEDS, count=st.integers(1, 3))
    def reverse(self, brand: int, seed: int, count: int) -> None:
        books, model, choices = self.books[brand], self.models[brand], self._choices(brand, seed)
        items = [choices.reversal() for _ in range(count)]
        plain = books.entry()
        for item, outcome in zip(items, self.run(books.reverse(*items)), strict=True):
            body = replace(item, key=None)  # type: ignore[arg-type]
            model.expect(self.clock.now(), model.reversal(item, plain), body, outcome)

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.clock.move(timedelta(hours=hours))
        self.instants.append(self.clock.now())

    @rule()
    def fold(self) -> None:
        self.run(self.world.database.write(roll_up))

    @rule(brand=BRANDS, days=st.integers(0, 8))
    def close(self, brand: int, days: int) -> None:
        books, model = self.books[brand], self.models[brand]
        today = books.brand.day(self.clock.now())
        ends_on = today - timedelta(days=days)
        if ends_on == today or ends_on <= model.closed_to:
            with pytest.raises(PeriodError):
                self.run(books.close(ends_on))
            return
        self.run(books.close(ends_on))
        model.closed_to = ends_on
        for account in model.accounts:
            self._look(brand, account, END_OF_TIME, ends_on, final=True)

    @rule(data=st.data(), brand=BRANDS, days=st.integers(0, 12))
    def look_back(self, data: st.DataObject, brand: int, days: int) -> None:
        account = data.draw(st.sampled_from(list(self.models[brand].accounts)))
        recorded_at = data.draw(st.sampled_from(self.instants))
        day = self.books[brand].brand.day(self.clock.now()) - timedelta(days=days)
        self._look(brand, account, recorded_at, day, final=recorded_at < self.clock.now())

    def _choices(self, brand: int, seed: int) -> Choices:
        # Hypothesis likes to draw the same seed again; the step makes it another one.
        self.step += 1
        return Choices(
            seed + (self.step << 32), self.books[brand], self.models[brand], self.models[1 - brand]
        )

    @invariant()
    def balances_are_the_models(self) -> None:
        expected = {key: each for model in self.models for key, each in model.balances.items()}
        assert self.run(self.books[0].balances(*expected)) == expected

    def teardown(self) -> None:
        if not hasattr(self, "books"):
            return
        for books, account, recorded_at, day, answer in self.remembered:
            again = self.run(books.as_of(account, recorded_at=recorded_at, effective_on=day))
            assert again == answer
        self.run(assert_coherent(self.world.database))
        self.balances_are_the_models()
        for books, model in zip(self.books, self.models, strict=True):
            for account in model.accounts:
                expected = model.statement(account)
                forward = self.run(every_transfer(books, account, page=3, forward=True))
                backward = self.run(every_transfer(books, account, page=4, forward=False))
                assert (forward, backward[::-1]) == (expected, expected)

    def _look(
        self, brand: int, account: int, recorded_at: datetime, day: date, *, final: bool
    ) -> None:
        books = self.books[brand]
        answer = self.run(books.as_of(account, recorded_at=recorded_at, effective_on=day))
        assert answer == self.models[brand].as_of(account, recorded_at, day)
        if final:
            self.remembered.append((books, account, recorded_at, day, answer))


def test_ledger_equals_its_model(servers: Servers) -> None:
    with World(servers) as world:
        machine = type("Machine", (LedgerMachine,), {"world": world})
        run_state_machine_as_test(machine, settings=bounded(80, 30))
