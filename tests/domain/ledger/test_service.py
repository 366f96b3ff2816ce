"""What the ledger's verbs promise, one promise a test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ledger.rules import (
    AMOUNT_MAX,
    Balance,
    Bound,
    Journal,
    Kind,
    NewAccount,
    Resolution,
    Reversal,
    Transfer,
)
from domain.ledger.service import PeriodError, open_asset
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.errors import LaurelError
from kit.ids import new_id
from tests.support.books import Books, opened_books
from tests.support.coherence import assert_coherent
from tests.support.database import empty
from tests.support.ledger_choices import Choices
from tests.support.ledger_model import Model
from tests.support.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
async def books(database: Database, clock: MovableClock) -> Books:
    return await opened_books(database, clock)


def amounts(balance: Balance) -> tuple[int, int, int, int]:
    return balance.dr, balance.cr, balance.dr_pending, balance.cr_pending


async def test_outcome_tells_the_balances_after_all_of_the_batch(books: Books) -> None:
    source, full = await books.filled(0)
    first, second = await books.post(
        books.entry(books.move(source, full, 10)), books.entry(books.move(full, source, 4))
    )
    assert first.balances == second.balances
    assert amounts(first.balances[full]) == (4, 10, 0, 0)
    assert first.balances[full] == (await books.balances(full))[full]


async def test_same_key_answers_as_before_whenever_it_comes(books: Books) -> None:
    source, full = await books.filled(10)
    journal = books.entry(books.move(full, source, 7))
    (first,) = await books.post(journal)
    books.clock.move(40 * DAY)
    (again,) = await books.post(journal)
    assert (again.journal_id, again.refusal, again.replayed) == (first.journal_id, None, True)
    assert again.transfer_ids == ()
    assert amounts((await books.balances(full))[full]) == (7, 10, 0, 0)


@pytest.mark.parametrize("change", ["amount", "account", "code", "time", "meta", "kind"])
async def test_same_key_with_another_content_is_a_conflict(books: Books, change: str) -> None:
    source, full = await books.filled(10)
    (other,) = await books.open(NewAccount(books.points.id, "other"))
    move = books.move(full, source, 7)
    journal = books.entry(move)
    await books.post(journal)
    changed = {
        "amount": replace(journal, transfers=(replace(move, amount=6),)),
        "account": replace(journal, transfers=(replace(move, credit=other),)),
        "code": replace(journal, code="else"),
        "time": replace(journal, effective_at=journal.effective_at + HOUR),
        "meta": replace(journal, meta={"reference": "x"}),
        "kind": replace(journal, transfers=(replace(move, kind=Kind.PENDING),)),
    }[change]
    (outcome,) = await books.post(changed)
    assert (outcome.refusal, outcome.replayed) == ("KEY_CONFLICT", True)
    assert amounts((await books.balances(full))[full]) == (7, 10, 0, 0)


async def test_order_of_meta_fields_is_no_other_content(books: Books) -> None:
    source, full = await books.filled(0)
    journal = replace(books.entry(books.move(source, full, 1)), meta={"a": 1, "b": 2})
    await books.post(journal)
    (again,) = await books.post(replace(journal, meta={"b": 2, "a": 1}))
    assert again.refusal is None


async def test_refused_key_stays_refused_when_it_would_fit(books: Books) -> None:
    source, full = await books.filled(5)
    wanted = books.entry(books.move(full, source, 7))
    (first,) = await books.post(wanted)
    await books.post(books.entry(books.move(source, full, 100)))
    (again,) = await books.post(wanted)
    assert first.refusal == again.refusal == "INSUFFICIENT_BALANCE"
    assert (first.replayed, again.replayed) == (False, True)
    (fresh,) = await books.post(replace(wanted, key=new_id()))
    assert fresh.refusal is None


async def test_resolution_and_reversal_are_replayed_whenever_they_come(books: Books) -> None:
    source, full = await books.filled(10)
    (held,) = await books.post(books.entry(books.move(full, source, 7, kind=Kind.PENDING)))
    spend = Resolution(new_id(), held.transfer_ids[0], Kind.POST, "spend", 5)
    (first,) = await books.resolve(spend)
    undo = Reversal(new_id(), first.journal_id, "undo")
    (undone,) = await books.reverse(undo)
    books.clock.move(3 * DAY)
    (again,) = await books.resolve(spend)
    (undone_again,) = await books.reverse(undo)
    assert (again.refusal, again.replayed, again.journal_id) == (None, True, first.journal_id)
    assert (undone_again.refusal, undone_again.journal_id) == (None, undone.journal_id)
    (other,) = await books.resolve(replace(spend, amount=6))
    assert other.refusal == "KEY_CONFLICT"


async def test_linked_group_is_posted_whole_or_not_at_all(books: Books) -> None:
    source, full = await books.filled(10)
    group = books.entry(books.move(full, source, 6), books.move(full, source, 5))
    neighbour = books.entry(books.move(full, source, 10))
    refused, posted = await books.post(group, neighbour)
    assert (refused.refusal, posted.refusal) == ("INSUFFICIENT_BALANCE", None)
    assert amounts((await books.balances(full))[full]) == (10, 10, 0, 0)


async def test_exchange_of_two_assets_has_both_legs_or_none(books: Books) -> None:
    source, full = await books.filled(1_000)
    pool, purse, fees = await books.open(
        NewAccount(books.money.id, "pool", bound=Bound.DEBITS_WITHIN_CREDITS),
        NewAccount(books.money.id, "purse"),
        NewAccount(books.money.id, "fees"),
    )
    deposit = Transfer(purse, pool, books.money.id, 500, "fund")
    await books.post(books.entry(deposit))

    def swap(points: int, cents: int) -> Journal:
        return books.entry(
            books.move(full, source, points),
            Transfer(pool, purse, books.money.id, cents, "swap"),
            Transfer(purse, fees, books.money.id, 1, "fee"),
        )

    outcomes = await books.post(swap(400, 499), swap(400, 2), swap(601, 1), swap(600, 1))
    refusals = [outcome.refusal for outcome in outcomes]
    assert refusals == [None, "INSUFFICIENT_BALANCE", "INSUFFICIENT_BALANCE", None]
    balances = await books.balances(full, pool, fees)
    assert amounts(balances[full]) == (1_000, 1_000, 0, 0)
    assert amounts(balances[pool]) == (500, 500, 0, 0)
    assert amounts(balances[fees]) == (0, 2, 0, 0)


async def test_independent_transfers_in_any_order_give_equal_balances(books: Books) -> None:
    seen = set()
    for number, order in enumerate(permutations(range(4))):
        source, full = await books.filled(50, code=f"n{number}")
        moves = [(source, full, 5), (full, source, 9), (full, source, 20), (source, full, 1)]
        await books.post(*(books.entry(books.move(*moves[n])) for n in order))
        balances = await books.balances(source, full)
        seen.add((amounts(balances[source]), amounts(balances[full])))
    assert seen == {((56, 29, 0, 0), (29, 56, 0, 0))}


async def test_reversal_restores_balances_once_and_can_be_undone(books: Books) -> None:
    source, full = await books.filled(10)
    before = amounts((await books.balances(full))[full])
    (spent,) = await books.post(
        books.entry(books.move(full, source, 3), books.move(full, source, 4))
    )
    (undone,) = await books.reverse(Reversal(new_id(), spent.journal_id, "undo"))
    dr, cr, *_ = amounts((await books.balances(full))[full])
    assert (cr - dr, before) == (10, (0, 10, 0, 0))
    (twice,) = await books.reverse(Reversal(new_id(), spent.journal_id, "undo"))
    assert twice.refusal == "ALREADY_REVERSED"
    (redone,) = await books.reverse(Reversal(new_id(), undone.journal_id, "redo"))
    assert redone.refusal is None
    dr, cr, *_ = amounts((await books.balances(full))[full])
    assert cr - dr == 3


async def test_deadline_is_too_late_at_its_very_instant(books: Books) -> None:
    source, full = await books.filled(10)
    deadline = books.clock.now() + HOUR
    one, two = await books.post(
        *(
            books.entry(books.move(full, source, 5, kind=Kind.PENDING, expires_at=deadline))
            for _ in range(2)
        )
    )
    books.clock.move(HOUR - timedelta(microseconds=1))
    early = Resolution(new_id(), one.transfer_ids[0], Kind.EXPIRE, "late")
    last = Resolution(new_id(), one.transfer_ids[0], Kind.POST, "spend")
    assert [o.refusal for o in await books.resolve(early, last)] == ["HOLD_NOT_EXPIRED", None]
    books.clock.move(timedelta(microseconds=1))
    late = Resolution(new_id(), two.transfer_ids[0], Kind.POST, "spend")
    gone = Resolution(new_id(), two.transfer_ids[0], Kind.EXPIRE, "late")
    assert [o.refusal for o in await books.resolve(late, gone)] == ["HOLD_EXPIRED", None]
    assert amounts((await books.balances(full))[full]) == (5, 10, 0, 0)


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1, 2**63, 10**30])
async def test_impossible_amount_is_refused_and_stays_so(books: Books, amount: int) -> None:
    source, full = await books.filled(5)
    journal = books.entry(books.move(source, full, amount))
    fine = books.entry(books.move(source, full, 1))
    assert [o.refusal for o in await books.post(journal, fine)] == ["INVALID_AMOUNT", None]
    (again,) = await books.post(journal)
    assert (again.refusal, again.replayed) == ("INVALID_AMOUNT", True)
    (other,) = await books.post(replace(journal, transfers=(books.move(source, full, 1),)))
    assert other.refusal == "KEY_CONFLICT"


async def test_journal_that_moves_nothing_is_refused(books: Books) -> None:
    (outcome,) = await books.post(books.entry())
    assert outcome.refusal == "EMPTY_JOURNAL"
    await assert_coherent(books.database)


async def test_account_counts_only_in_an_asset_of_its_brand(books: Books) -> None:
    other = await opened_books(books.database, books.clock, "other")
    with pytest.raises(asyncpg.CheckViolationError):
        await books.open(NewAccount(other.points.id, "stolen"))


async def test_scale_of_an_asset_never_changes(books: Books) -> None:
    async with books.database.transaction() as session:
        assert await open_asset(session, books.brand, "points", 0, "points") == books.points
    with pytest.raises(LaurelError, match="never change"):
        await books.database.write(
            lambda session: open_asset(session, books.brand, "points", 1, "points")
        )


async def test_closed_period_takes_no_posting_and_closes_once(books: Books) -> None:
    source, full = await books.filled(5)
    today = books.brand.day(books.clock.now())
    with pytest.raises(PeriodError, match="not over"):
        await books.close(today)
    books.clock.move(DAY)
    await books.close(today)
    for day in (today, today - DAY):
        with pytest.raises(PeriodError, match="already"):
            await books.close(day)
    late = replace(books.entry(books.move(source, full, 1)), effective_on=today)
    fine = books.entry(books.move(source, full, 1))
    assert [o.refusal for o in await books.post(late, fine)] == ["PERIOD_CLOSED", None]


async def test_close_that_waited_does_not_backdate_what_it_waited_for(books: Books) -> None:
    source, full = await books.filled(5)
    today = books.brand.day(books.clock.now())
    books.clock.move(DAY)
    asked_at = books.clock.now()
    books.clock.move(timedelta(seconds=5))
    late = replace(books.entry(books.move(source, full, 1)), effective_on=today)
    await books.post(late)
    books.clock.set(asked_at)
    await books.close(today)
    between = asked_at + timedelta(seconds=2)
    assert await books.as_of(full, recorded_at=between, effective_on=today) == (0, 5)


@given(seed=st.integers(0, 2**32), size=st.integers(1, 8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_batch_equals_its_items_one_by_one(servers: Servers, seed: int, size: int) -> None:
    with World(servers) as world:
        world.run(empty(world.admin))
        world.run(_compare_batch_with_singles(world.database, seed, size))


async def _compare_batch_with_singles(database: Database, seed: int, size: int) -> None:
    answers = []
    for code in ("batch", "single"):
        books = await opened_books(database, MovableClock(NOON), code)
        wanted = [
            NewAccount(asset.id, f"a{bound}", bound=bound)
            for asset in (books.points, books.money)
            for bound in Bound
        ]
        ids = await books.open(*wanted)
        model = Model(dict(zip(ids, wanted, strict=True)))
        choices = Choices(seed, books, model, Model({}))
        for _ in range(10):
            journal = choices.journal([])
            (outcome,) = await books.post(journal)
            body = replace(journal, key=None, effective_on=None)  # type: ignore[arg-type]
            model.expect(NOON, journal, body, outcome)
        batch: list[Journal] = []
        for _ in range(size):
            batch.append(choices.journal(batch))
        if code == "single":
            outcomes = [(await books.post(journal))[0] for journal in batch]
        else:
            outcomes = await books.post(*batch)
        told = [(each.refusal, each.replayed, len(each.transfer_ids)) for each in outcomes]
        balances = await books.balances(*ids)
        answers.append((told, [amounts(balances[id_]) for id_ in ids]))
    assert answers[0] == answers[1]
