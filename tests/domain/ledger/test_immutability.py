"""The database itself keeps the books: against the application, its owner and raw rows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from domain.ledger.jobs import roll_up
from domain.ledger.rules import Bound, Kind, Mode, NewAccount, Resolution, Reversal
from kit.clock import MovableClock
from kit.db import Database
from kit.embedded import Servers
from kit.ids import new_id
from tests.support.books import Books, opened_books
from tests.support.coherence import assert_coherent
from tests.support.database import dsn

NEVER_CHANGED = ("transfer", "journal", "refusal", "reversal", "period", "checkpoint")
KEPT_BESIDE = ("balance", "rollup", "rollup_mark", "effective_delta", "open_hold")
_HANG = (
    "CREATE TEMP TABLE t (LIKE {0}); CREATE TRIGGER t AFTER INSERT ON t REFERENCING NEW TABLE AS"
    " fresh FOR EACH STATEMENT EXECUTE FUNCTION public.{1}()"
)
_TEN_ARRAYS = ", '{}'" * 10
FORBIDDEN = (
    "CREATE TABLE public.journal2 (id int)",
    "CREATE FUNCTION public.sum(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "UPDATE account SET bound = 0",
    "UPDATE asset SET scale = 0",
    "SELECT public.ledger_apply_holds('{}', '{}')",
    f"SELECT public.ledger_judge(1, now() {_TEN_ARRAYS})",
    "SET session_replication_role = replica",
    "SET ROLE laurel_owner",
    _HANG.format("account", "ledger_open_balance"),
    _HANG.format("transfer", "ledger_apply"),
)
_INSERT = (
    "INSERT INTO transfer (brand_id, journal_id, kind, debit_account, credit_account, asset_id,"
    " amount, code, effective_on, recorded_at, pending_id, pending_amount)"
    " VALUES ($1, 1, $2, $3, $4, $5, $6, 'raw', $7, '2026-03-02', $8, $9)"
)


@pytest.fixture
async def app(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn(servers.database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def owner(servers: Servers) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn(servers.owner_database_url))
    yield connection
    await connection.close()


@pytest.fixture
async def attacker(servers: Servers) -> AsyncIterator[Database]:
    """Connections of the application that nobody else gets afterwards."""
    database = Database(servers.database_url, pool_size=1)
    yield database
    await database.close()


@pytest.fixture
async def books(database: Database, clock: MovableClock) -> AsyncIterator[Books]:
    yield await opened_books(database, clock)
    await assert_coherent(database)


async def full_books(books: Books) -> tuple[int, int]:
    """Return two accounts of a brand whose every table of the ledger has a row."""
    source, full = await books.filled(10)
    (late,) = await books.open(NewAccount(books.points.id, "late", mode=Mode.DEFERRED))
    spent, *_ = await books.post(
        books.entry(books.move(full, late, 2)),
        books.entry(books.move(full, source, 1, kind=Kind.PENDING)),
        books.entry(books.move(full, source, 99)),
    )
    await books.reverse(Reversal(new_id(), spent.journal_id, "undo"))
    day = books.brand.day(books.clock.now())
    books.clock.move(timedelta(days=1))
    await books.close(day)
    while not await books.database.write(roll_up):
        await asyncio.sleep(0.02)  # transactions of other databases hold it back as well
    return source, full


@pytest.mark.parametrize("table", NEVER_CHANGED)
async def test_rows_are_never_changed_even_by_the_owner(
    books: Books, app: asyncpg.Connection, owner: asyncpg.Connection, table: str
) -> None:
    await full_books(books)
    before = await owner.fetch(f"SELECT * FROM {table}")
    assert before
    column = list(before[0].keys())[-1]
    for change in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await owner.execute(change)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(change)
    assert await owner.fetch(f"SELECT * FROM {table}") == before


@pytest.mark.parametrize("table", [*NEVER_CHANGED, *KEPT_BESIDE])
async def test_application_writes_the_ledger_only_through_its_door(
    books: Books, app: asyncpg.Connection, table: str
) -> None:
    await full_books(books)
    row = await app.fetchrow(f"SELECT * FROM {table}")
    assert row is not None
    column = list(row.keys())[-1]
    for change in (
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table}",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"SELECT * FROM {table} FOR UPDATE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(change)


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_application_makes_nothing_and_turns_nothing_off(
    books: Books, app: asyncpg.Connection, statement: str
) -> None:
    assert books.brand.id
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_temporary_tables_do_not_stand_in_for_the_ledgers(
    books: Books, attacker: Database
) -> None:
    source, full = await books.filled(5)
    async with attacker.alone() as session:
        for table in (
            "account",
            "journal",
            "balance",
            "period",
            "transfer",
            "open_hold",
            "refusal",
        ):
            await session.fetch(f"CREATE TEMP TABLE {table} AS SELECT * FROM public.{table}")
        await session.fetch("UPDATE pg_temp.balance SET cr = 1000000, bound = 0")
        await session.fetch("UPDATE pg_temp.account SET bound = 0")
        await session.fetch("SET search_path = pg_temp, public")
        (outcome,) = await books.post_on(session, books.entry(books.move(full, source, 6)))
        (fine,) = await books.post_on(session, books.entry(books.move(full, source, 5)))
    assert (outcome.refusal, fine.refusal) == ("INSUFFICIENT_BALANCE", None)
    assert (await books.balances(full))[full].dr == 5


@pytest.mark.parametrize("name", ["jsonb", "xid8", "date", "bool", "numeric"])
async def test_temporary_types_run_no_code_as_the_owner(
    books: Books, attacker: Database, name: str
) -> None:
    source, full = await books.filled(5)
    async with attacker.alone() as session:
        await session.fetch(
            f"CREATE FUNCTION pg_temp.took(pg_catalog.{name}) RETURNS boolean LANGUAGE plpgsql AS"
            " $$ BEGIN IF current_user = 'laurel_owner' THEN RAISE 'took over'; END IF;"
            " RETURN true; END $$"
        )
        await session.fetch(
            f"CREATE DOMAIN pg_temp.{name} AS pg_catalog.{name} CHECK (pg_temp.took(value))"
        )
        journals = [books.entry(books.move(full, source, n), meta={"a": 1}) for n in (1, 9)]
        first, second = await books.post_on(session, *journals)
        await session.fetch("SELECT ledger_rollup()")
        await session.fetch("SELECT ledger_close_period($1, '2020-01-01', now())", books.brand.id)
    assert (first.refusal, second.refusal) == (None, "INSUFFICIENT_BALANCE")


async def test_raw_rows_of_the_owner_move_balances_or_are_refused(
    books: Books, owner: asyncpg.Connection
) -> None:
    source, full = await books.filled(10)
    (cash,) = await books.open(NewAccount(books.money.id, "cash"))
    other = await opened_books(books.database, books.clock, "other")
    foreign, _ = await other.filled(0)
    brand, asset = books.brand.id, books.points.id
    today = books.brand.day(books.clock.now())
    (held,) = await books.post(books.entry(books.move(full, source, 4, kind=Kind.PENDING)))
    hold = held.transfer_ids[0]
    await books.resolve(Resolution(new_id(), hold, Kind.VOID, "void"))
    before = await books.balances(source, full, cash)
    for row in (
        (brand, 0, source, cash, asset, 1, today, None, None),
        (brand, 0, source, foreign, asset, 1, today, None, None),
        (other.brand.id, 0, source, full, asset, 1, today, None, None),
        (brand, 0, source, 10**12, asset, 1, today, None, None),
        (brand, 0, full, source, asset, 11, today, None, None),
        (brand, 1, full, source, asset, 11, today, None, None),
        (brand, 0, full, full, asset, 1, today, None, None),
        (brand, 0, full, source, asset, 0, today, None, None),
        (brand, 0, full, source, asset, -1, today, None, None),
        (brand, 2, full, source, asset, 5, today, hold, 4),
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(_INSERT, *row)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(_INSERT, brand, 2, full, source, asset, 4, today, hold, 4)
    assert await books.balances(source, full, cash) == before


async def test_raw_row_of_the_owner_reaches_the_balance(
    books: Books, owner: asyncpg.Connection
) -> None:
    source, full = await books.filled(10)
    today = books.brand.day(books.clock.now())
    attempt = owner.transaction()
    await attempt.start()
    await owner.execute(
        _INSERT, books.brand.id, 0, full, source, books.points.id, 3, today, None, None
    )
    row = await owner.fetchrow("SELECT dr, cr FROM balance WHERE account_id = $1", full)
    await attempt.rollback()
    assert row is not None
    assert tuple(row) == (3, 10)


async def test_bound_of_an_account_is_that_of_its_balance(
    books: Books, owner: asyncpg.Connection
) -> None:
    for bound in Bound:
        (account,) = await books.open(NewAccount(books.points.id, f"b{bound}", bound=bound))
        row = await owner.fetchval("SELECT bound FROM balance WHERE account_id = $1", account)
        assert row == bound
