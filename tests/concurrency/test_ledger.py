"""Histories of the ledger in which many write at once, on a real PostgreSQL."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import asyncpg
import pytest

from domain.ledger.jobs import roll_up
from domain.ledger.queries import balances
from domain.ledger.rules import (
    Bound,
    Journal,
    Kind,
    Mode,
    NewAccount,
    Outcome,
    Resolution,
    Reversal,
)
from domain.ledger.service import PeriodError
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.ids import new_id
from tests.support.books import Books, every_transfer, opened_books
from tests.support.coherence import assert_coherent

MANY = 24


@pytest.fixture
async def books(database: Database, clock: MovableClock) -> Books:
    return await opened_books(database, clock)


async def at_once(books: Books, *journals: Journal) -> list[Outcome]:
    """Post each journal in a transaction of its own, all at the same time."""
    return [each for (each,) in await asyncio.gather(*(books.post(item) for item in journals))]


async def test_same_key_at_once_has_one_effect_and_one_answer(books: Books) -> None:
    source, full = await books.filled(1_000)
    journal = books.entry(books.move(full, source, 7), books.move(full, source, 1))
    outcomes = await at_once(books, *[journal] * MANY)
    assert {(outcome.journal_id, outcome.refusal) for outcome in outcomes} == {
        (outcomes[0].journal_id, None)
    }
    assert Counter(outcome.replayed for outcome in outcomes) == {False: 1, True: MANY - 1}
    assert (await books.balances(full))[full].dr == 8
    await assert_coherent(books.database)


async def test_same_key_at_once_with_other_contents_conflicts(books: Books) -> None:
    source, full = await books.filled(1_000)
    key = new_id()
    journals = [books.entry(books.move(full, source, n % 3 + 1), key=key) for n in range(MANY)]
    outcomes = await at_once(books, *journals)
    (first,) = [n for n, outcome in enumerate(outcomes) if not outcome.replayed]
    for n, outcome in enumerate(outcomes):
        assert outcome.refusal == (None if n % 3 == first % 3 else "KEY_CONFLICT")
    assert (await books.balances(full))[full].dr == first % 3 + 1


async def test_key_refused_at_once_stays_refused(books: Books) -> None:
    source, full = await books.filled(5)
    wanted = books.entry(books.move(full, source, 6))
    deposits = [books.entry(books.move(source, full, 10)) for _ in range(3)]
    outcomes = await at_once(books, *[wanted] * 8, *deposits)
    answers = {outcome.refusal for outcome in outcomes[:8]}
    assert len(answers) == 1
    (again,) = await books.post(wanted)
    assert {again.refusal} == answers
    await assert_coherent(books.database)


async def test_200_posts_for_the_last_points_let_one_through(books: Books) -> None:
    source, full = await books.filled(10)
    outcomes = await at_once(
        books, *(books.entry(books.move(full, source, 10)) for _ in range(200))
    )
    expected = {None: 1, "INSUFFICIENT_BALANCE": 199}
    assert Counter(outcome.refusal for outcome in outcomes) == expected
    await assert_coherent(books.database)


async def test_racing_reversals_undo_once(books: Books) -> None:
    source, full = await books.filled(10)
    (spent,) = await books.post(books.entry(books.move(full, source, 4)))
    undone = await asyncio.gather(
        *(books.reverse(Reversal(new_id(), spent.journal_id, "undo")) for _ in range(MANY))
    )
    found = Counter(outcome.refusal for (outcome,) in undone)
    assert found == {None: 1, "ALREADY_REVERSED": MANY - 1}
    balance = (await books.balances(full))[full]
    assert (balance.dr, balance.cr) == (4, 14)
    await assert_coherent(books.database)


async def test_racing_ends_of_a_hold_end_it_once(books: Books) -> None:
    source, full = await books.filled(100)
    deadline = books.clock.now()
    for round_ in range(5):
        # At its deadline a hold can be voided or expired; before it, posted or voided.
        expires_at = deadline if round_ % 2 else None
        (held,) = await books.post(
            books.entry(books.move(full, source, 4, kind=Kind.PENDING, expires_at=expires_at))
        )
        kinds = [Kind.VOID, Kind.EXPIRE if round_ % 2 else Kind.POST] * (MANY // 2)
        ended = await asyncio.gather(
            *(
                books.resolve(Resolution(new_id(), held.transfer_ids[0], kind, "end"))
                for kind in kinds
            )
        )
        found = Counter(outcome.refusal for (outcome,) in ended)
        assert found == {None: 1, "HOLD_RESOLVED": MANY - 1}
    assert (await books.balances(full))[full].dr_pending == 0
    await assert_coherent(books.database)


async def test_overlapping_batches_lose_nothing(books: Books) -> None:
    accounts = await books.open(
        *(
            NewAccount(books.points.id, f"a{n}", bound=Bound.DEBITS_WITHIN_CREDITS)
            for n in range(5)
        ),
        NewAccount(books.points.id, "late", mode=Mode.DEFERRED),
    )
    late = accounts[-1]
    await books.post(*(books.entry(books.move(late, account, 50)) for account in accounts[:-1]))
    moved: Counter[int] = Counter()

    async def writer(seed: int) -> None:
        chance = Random(seed)
        for _ in range(12):
            pairs = [chance.sample(accounts, 2) for _ in range(3)]
            batch = [
                books.entry(
                    *(
                        books.move(debit, credit, chance.randint(1, 20))
                        for debit, credit in pairs[: chance.randint(1, 3)]
                    )
                )
                for _ in range(chance.randint(1, 5))
            ]
            for journal, outcome in zip(batch, await books.post(*batch), strict=True):
                assert outcome.refusal in (None, "INSUFFICIENT_BALANCE")
                for transfer in journal.transfers if outcome.refusal is None else ():
                    moved[transfer.debit] -= transfer.amount
                    moved[transfer.credit] += transfer.amount

    async def folder() -> None:
        for _ in range(20):
            await books.database.write(roll_up)
            await asyncio.sleep(0.01)

    await asyncio.gather(*(writer(seed) for seed in range(16)), folder())
    found = await books.balances(*accounts)
    for account, balance in found.items():
        start = -50 * 5 if account == late else 50
        assert balance.cr - balance.dr == start + moved[account]
    assert sum(balance.cr - balance.dr for balance in found.values()) == 0
    await assert_coherent(books.database)


async def test_two_batches_in_a_transaction_are_tried_again_after_a_deadlock(
    books: Books,
) -> None:
    # The other side is deferred: it takes no lock at which they would queue up.
    (late,) = await books.open(NewAccount(books.points.id, "late", mode=Mode.DEFERRED))
    _, one = await books.filled(100, code="one")
    _, two = await books.filled(100, code="two")
    tries: Counter[int] = Counter()
    holds = [asyncio.Event(), asyncio.Event()]

    async def both(name: int, *accounts: int) -> None:
        async def work(session: Session) -> None:
            tries[name] += 1
            for account in accounts:
                (outcome,) = await books.post_on(session, books.entry(books.move(account, late, 1)))
                assert outcome.refusal is None
                holds[name].set()
                await holds[1 - name].wait()

        await books.database.write(work)

    await asyncio.gather(both(0, one, two), both(1, two, one))
    assert sum(tries.values()) > 2
    found = await books.balances(one, two)
    assert [balance.dr for balance in found.values()] == [2, 2]
    await assert_coherent(books.database)


async def test_rollup_waits_for_a_low_id_that_commits_late(books: Books) -> None:
    source, late = await books.open(
        NewAccount(books.points.id, "source"),
        NewAccount(books.points.id, "late", mode=Mode.DEFERRED),
    )
    other, _ = await books.filled(0, code="other")

    async def total() -> int:
        return (await books.balances(late))[late].cr

    async with books.database.transaction() as session:
        (first,) = await books.post_on(session, books.entry(books.move(source, late, 1)))
        for n in range(3):
            (second,) = await books.post(books.entry(books.move(other, late, 10)))
            assert second.transfer_ids > first.transfer_ids
            assert await books.database.write(roll_up) == 0
            assert await total() == 10 * (n + 1)
        # The writer itself sees its own row as well.
        assert (await balances(session, [late]))[late].cr == 31
    assert await total() == 31
    folded = 0
    while folded < 4:  # transactions of other databases hold it back as well
        folded += await books.database.write(roll_up)
        assert await total() == 31
    assert folded == 4
    await assert_coherent(books.database)


async def test_rollup_counts_every_row_once_while_many_write(books: Books) -> None:
    source, late = await books.open(
        *(NewAccount(books.points.id, name, mode=Mode.DEFERRED) for name in ("source", "late"))
    )
    done = asyncio.Event()

    async def writer() -> None:
        for _ in range(25):
            await books.post(books.entry(books.move(source, late, 1)))

    async def folder() -> None:
        seen = 0
        while not done.is_set():
            await books.database.write(roll_up)
            now = (await books.balances(late))[late].cr
            assert now >= seen
            seen = now

    folders = [asyncio.create_task(folder()) for _ in range(2)]
    await asyncio.gather(*(writer() for _ in range(10)))
    done.set()
    await asyncio.gather(*folders)
    assert (await books.balances(late))[late].cr == 250
    await assert_coherent(books.database)


async def test_pages_are_complete_and_without_duplicates_while_others_write(books: Books) -> None:
    source, full = await books.filled(1)
    for _ in range(3):
        await books.post(*(books.entry(books.move(source, full, 1)) for _ in range(20)))
    known = await every_transfer(books, full, page=100, forward=True)
    assert len(known) == 61
    posted: list[int] = []

    async def writer() -> None:
        for _ in range(15):
            (outcome,) = await books.post(books.entry(books.move(source, full, 1)))
            posted.extend(outcome.transfer_ids)

    *_, forward, backward = await asyncio.gather(
        *(writer() for _ in range(6)),
        every_transfer(books, full, page=3, forward=True),
        every_transfer(books, full, page=3, forward=False),
    )
    assert isinstance(forward, list)
    assert isinstance(backward, list)
    assert forward == sorted(set(forward))
    assert backward[::-1] == sorted(set(backward))
    assert set(known) <= set(forward) <= {*known, *posted}
    assert set(known) <= set(backward) <= {*known, *posted}
    # An account with its balance at hand has its rows in the order of commits: no gap behind.
    everything = sorted([*known, *posted])
    assert forward == everything[: len(forward)]
    assert await every_transfer(books, full, page=7, forward=True) == everything


async def test_what_was_known_then_stays_the_answer_under_later_writes(books: Books) -> None:
    source, full = await books.filled(7)
    then, today = books.clock.now(), books.brand.day(books.clock.now())
    answer = await books.as_of(full, recorded_at=then, effective_on=today)
    assert answer == (0, 7)
    books.clock.move(timedelta(seconds=1))

    async def writer(days: int) -> None:
        for _ in range(8):
            late = books.entry(books.move(source, full, 1))
            await books.post(replace(late, effective_on=today - timedelta(days=days)))

    async def reader() -> None:
        for _ in range(20):
            assert await books.as_of(full, recorded_at=then, effective_on=today) == answer

    await asyncio.gather(*(writer(days) for days in range(6)), reader())
    now = books.clock.now()
    assert await books.as_of(full, recorded_at=now, effective_on=today) == (0, 7 + 48)
    before = today - timedelta(days=3)
    assert await books.as_of(full, recorded_at=now, effective_on=before) == (0, 24)


async def test_no_posting_lands_in_a_period_that_closes_meanwhile(books: Books) -> None:
    source, full = await books.filled(0)
    today = books.brand.day(books.clock.now())
    days = [today - timedelta(days=n) for n in range(1, 6)]
    posted: Counter[date] = Counter()
    totals: dict[date, tuple[int, int]] = {}
    later = books.clock.now() + timedelta(days=1)

    async def writer(seed: int) -> None:
        chance = Random(seed)
        for _ in range(20):
            day = chance.choice(days)
            late = books.entry(books.move(source, full, 1), effective_on=day)
            (outcome,) = await books.post(late)
            assert outcome.refusal in (None, "PERIOD_CLOSED")
            posted[day] += outcome.refusal is None

    async def closer() -> None:
        for day in reversed(days):
            await asyncio.sleep(0.03)
            await asyncio.gather(books.close(day), books.close(day), return_exceptions=True)
            totals[day] = await books.as_of(full, recorded_at=later, effective_on=day)

    await asyncio.gather(*(writer(seed) for seed in range(8)), closer())
    for day, total in totals.items():
        assert await books.as_of(full, recorded_at=later, effective_on=day) == total
        assert total == (0, sum(posted[each] for each in days if each <= day))
    with pytest.raises(PeriodError):
        await books.close(days[0])
    await assert_coherent(books.database)


@pytest.mark.parametrize("point", ["before", "after"])
async def test_killed_client_leaves_all_or_nothing_and_its_key_tells(
    books: Books, admin: asyncpg.Connection, point: str
) -> None:
    source, full = await books.filled(10)
    journals = [books.entry(books.move(full, source, n)) for n in (1, 2, 3)]
    with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError)):
        async with books.database.transaction() as session:
            pid = await session.value("SELECT pg_backend_pid()")
            if point == "after":
                await books.post_on(session, *journals)
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
            await asyncio.sleep(0.05)
            await books.post_on(session, *journals)
    assert (await books.balances(full))[full].dr == 0
    again = await books.post(*journals)
    assert [(each.refusal, each.replayed) for each in again] == [(None, False)] * 3
    assert (await books.balances(full))[full].dr == 6
    await assert_coherent(books.database)


async def test_answer_that_got_lost_is_told_again_by_its_key(
    books: Books, admin: asyncpg.Connection
) -> None:
    source, full = await books.filled(10)
    journal = books.entry(books.move(full, source, 1))

    async def client(delay: float) -> None:
        # However it learns that its connection is gone, it has no answer.
        with suppress(asyncpg.InternalClientError):
            await killed(delay)

    async def killed(delay: float) -> None:
        async with books.database.alone() as session:
            pid = await session.value("SELECT pg_backend_pid()")
            attempt = asyncio.create_task(books.post_on(session, journal))
            await asyncio.sleep(delay)
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
            await asyncio.wait([attempt])
            attempt.exception()
            await asyncio.sleep(0.05)  # until the client has seen it as well

    for number in range(8):
        await client(number * 0.0005)
        assert (await books.balances(full))[full].dr in (0, 1)
    (outcome,) = await books.post(journal)
    assert outcome.refusal is None
    assert (await books.balances(full))[full].dr == 1
    await assert_coherent(books.database)
