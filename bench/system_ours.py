"""Laurel's ledger under load: `ledger_post`, members bounded and inline, hot accounts deferred."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from api.checking import violations
from bench.scratch import APPLICATION, Cluster, plain
from bench.systems import MEMBERS, OPENING, Leg, drawn, listed, many
from domain.brands.rules import Brand
from domain.ledger import service
from domain.ledger.rules import Bound, Journal, Mode, NewAccount, Transfer
from kit.clock import SystemClock
from kit.db import Database, Session
from kit.ids import derived_id
from migrations.run import upgrade

ROLLUP_SECONDS = 1.0
_HASH = f"decode('{'00' * 32}', 'hex')"


@dataclass(frozen=True)
class Books:
    """Where the accounts of a template are: members' are consecutive, from these ids on."""

    brand_id: int
    assets: tuple[int, int, int]
    member_a: int
    member_b: int
    hot: tuple[int, ...]


class Ours:
    """`ledger_post`, the hot accounts deferred, the members' bounded."""

    name = "Laurel"
    role = APPLICATION
    template = "ours_template"

    def __init__(self) -> None:
        self.books = Books(0, (0, 0, 0), 0, 0, ())

    async def prepare(self, cluster: Cluster) -> None:
        """Migrate, open a brand with three assets, fund 10,000 members in two of them."""
        servers = await cluster.create(self.template)
        await upgrade(servers.owner_database_url, servers.database_url)
        database = Database(servers.database_url, pool_size=1)
        try:
            await self._open(database)
        finally:
            await database.close()
        await cluster.admin("VACUUM ANALYZE", self.template)

    async def _open(self, database: Database) -> None:
        now = SystemClock().now()
        async with database.alone() as session:
            brand_id = await session.value(
                "INSERT INTO brand (code, name, time_zone, currency, currency_exponent, created_at)"
                " VALUES ('bench', 'Bench', 'UTC', 'USD', 2, $1) RETURNING id",
                now,
            )
            brand = Brand(brand_id, "bench", "Bench", "UTC", "USD", 2)
            kinds = (("a", "points"), ("b", "points"), ("usd", "money"))
            assets = [
                (await service.open_asset(session, brand, code, 2, kind)).id for code, kind in kinds
            ]
            a, b, money = assets
            names = ((a, "clearing"), (b, "clearing"), (a, "fee"), (money, "payable"))
            deferred = [(money, "receivable"), *names, (a, "issuance"), (b, "issuance")]
            hot = await service.open_accounts(
                session,
                brand_id,
                [NewAccount(asset, code, mode=Mode.DEFERRED) for asset, code in deferred],
            )
            firsts = [
                await _funded_members(session, brand, asset, issuance)
                for asset, issuance in ((a, hot[-2]), (b, hot[-1]))
            ]
            await session.value("SELECT ledger_rollup()")
        self.books = Books(brand_id, (a, b, money), firsts[0], firsts[1], tuple(hot))

    def script(self, workload: str, batch: int) -> str:
        """Return one call of `ledger_post` with ``batch`` journals."""
        legs = self.legs(workload)
        if batch == 1:
            return drawn(legs) + _single(self.books.brand_id, legs)
        return _batch(self.books.brand_id, legs, batch)

    def legs(self, workload: str) -> list[Leg]:
        """Return the transfers of one journal."""
        books = self.books
        a, b, money = books.assets
        receivable, clearing_a, clearing_b, fee, payable = books.hot[:5]
        member = f"{books.member_a} + {{m}}"
        if workload == "w4":
            return [
                Leg(member, str(clearing_a), a, 100),
                Leg(str(clearing_b), f"{books.member_b} + {{m}}", b, 80),
                Leg(str(clearing_a), str(fee), a, 2),
                Leg(str(payable), str(receivable), money, 95),
            ]
        if workload == "w2":
            return [Leg(member, str(clearing_a), a, 1)]
        other = f"{books.member_a} + ({{m}} + {{d}}) % {MEMBERS}"
        return [Leg(member, other, a, 1)]

    async def faults(self, cluster: Cluster, database: str) -> list[str]:
        """Fold what is left and run every invariant of the house."""
        found: list[str] = []
        connection = Database(cluster.at(database).database_url, pool_size=1)
        async with connection.alone() as session:
            await session.value("SELECT ledger_rollup()")
        async with connection.read() as session:
            async for code, bad in violations(session):
                found += [code] if bad else []
        await connection.close()
        return found

    async def weight(self, cluster: Cluster, database: str) -> float:
        """Return the size of transfers with their journals and keys."""
        (row,) = await cluster.admin(
            "SELECT (pg_total_relation_size('transfer') + pg_total_relation_size('journal'))::float"
            " / (SELECT count(*) FROM transfer)",
            database,
        )
        return float(row[0])

    @asynccontextmanager
    async def beside(self, cluster: Cluster, database: str) -> AsyncIterator[None]:
        """Fold every second while the block runs, as the worker does."""
        connection = await asyncpg.connect(plain(cluster.at(database).database_url))

        async def fold() -> None:
            while True:
                await asyncio.sleep(ROLLUP_SECONDS)
                await connection.fetchval("SELECT ledger_rollup()")

        task = asyncio.create_task(fold())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            connection.terminate()


async def _funded_members(session: Session, brand: Brand, asset: int, issuance: int) -> int:
    """Open the members' accounts in one asset, fund them, and return the first one's id."""
    now = SystemClock().now()
    bound = Bound.DEBITS_WITHIN_CREDITS
    members = [NewAccount(asset, "till", UUID(int=n + 1), bound) for n in range(MEMBERS)]
    ids = await service.open_accounts(session, brand.id, members)
    if ids != list(range(ids[0], ids[0] + MEMBERS)):
        raise AssertionError
    opening = Journal(
        derived_id("opening", str(asset)),
        "opening",
        now,
        brand.day(now),
        tuple(Transfer(issuance, each, asset, OPENING, "opening") for each in ids),
    )
    (outcome,) = await service.post(session, now, brand.id, [opening])
    if outcome.refusal:
        raise AssertionError(outcome.refusal)
    return ids[0]


def _single(brand_id: int, legs: list[Leg]) -> str:
    count = len(legs)
    return (
        f"SELECT journals FROM ledger_post({brand_id}, now(), 'bench',"
        f" ARRAY[gen_random_uuid()], ARRAY[{_HASH}], ARRAY['move'], ARRAY[now()],"
        " ARRAY[current_date], ARRAY[NULL]::bigint[], ARRAY[NULL]::text[], ARRAY[NULL]::text[],"
        f" {listed([1] * count, 'int')}, {listed([0] * count, 'smallint')},"
        f" {listed([leg.debit for leg in legs], 'bigint')},"
        f" {listed([leg.credit for leg in legs], 'bigint')},"
        f" {listed([leg.asset for leg in legs], 'int')},"
        f" {listed([leg.amount for leg in legs], 'bigint')},"
        f" array_fill('move'::text, ARRAY[{count}]), array_fill(NULL::bigint, ARRAY[{count}]),"
        f" array_fill(NULL::timestamptz, ARRAY[{count}]));\n"
    )


def _batch(brand_id: int, legs: list[Leg], batch: int) -> str:
    return (
        "SELECT p.journals FROM (SELECT array_agg(gen_random_uuid()) AS keys"
        f" FROM generate_series(1, {batch})) AS j,"
        " (SELECT array_agg(n) AS n, array_agg(debit::bigint) AS debit,"
        " array_agg(credit::bigint) AS credit, array_agg(asset) AS asset,"
        f" array_agg(amount::bigint) AS amount, array_fill(0::smallint, ARRAY[count(*)::int])"
        " AS kind, array_fill('move'::text, ARRAY[count(*)::int]) AS code,"
        " array_fill(NULL::bigint, ARRAY[count(*)::int]) AS pending,"
        " array_fill(NULL::timestamptz, ARRAY[count(*)::int]) AS expires"
        f" FROM {many(legs, batch)}) AS t,"
        f" LATERAL ledger_post({brand_id}, now(), 'bench', j.keys,"
        f" array_fill({_HASH}, ARRAY[{batch}]), array_fill('move'::text, ARRAY[{batch}]),"
        f" array_fill(now(), ARRAY[{batch}]), array_fill(current_date, ARRAY[{batch}]),"
        f" array_fill(NULL::bigint, ARRAY[{batch}]), array_fill(NULL::text, ARRAY[{batch}]),"
        f" array_fill(NULL::text, ARRAY[{batch}]),"
        " t.n, t.kind, t.debit, t.credit, t.asset, t.amount, t.code, t.pending, t.expires) AS p;\n"
    )
