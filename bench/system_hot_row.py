"""The rival of bench/hot_row.sql: one balance row per account, updated by each transfer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench.scratch import OWNER, Cluster, plain
from bench.systems import MEMBERS, OPENING, Leg, drawn, listed, many

HOT_ACCOUNTS = 5


class HotRow:
    """The rival of bench/hot_row.sql: one balance row per account, updated by each transfer."""

    name = "hot row"
    role = OWNER
    template = "hot_row_template"

    async def prepare(self, cluster: Cluster) -> None:
        """Create the tables, five hot accounts, and 10,000 members in each of two currencies."""
        servers = await cluster.create(self.template)
        connection = await asyncpg.connect(plain(servers.owner_database_url))
        await connection.execute(Path(__file__).with_name("hot_row.sql").read_text())
        await connection.execute(
            "INSERT INTO hot_account (currency, allow_negative) VALUES"
            " ('a', true), ('b', true), ('a', true), ('usd', true), ('usd', true);"
            " INSERT INTO hot_account (currency, balance, allow_negative)"
            f" SELECT c, {OPENING}, false FROM (VALUES ('a'), ('b')) AS v(c),"
            f" generate_series(1, {MEMBERS}) ORDER BY c"
        )
        await connection.close()
        await cluster.admin("VACUUM ANALYZE", self.template)

    def script(self, workload: str, batch: int) -> str:
        """Return one call of `hot_transfers` with the same transfers as ours."""
        legs = self.legs(workload)
        if batch == 1:
            return (
                f"{drawn(legs)}SELECT * FROM hot_transfers("
                f"{listed([leg.debit for leg in legs], 'bigint')},"
                f" {listed([leg.credit for leg in legs], 'bigint')},"
                f" {listed([leg.amount for leg in legs], 'bigint')});\n"
            )
        return (
            "SELECT p.* FROM (SELECT array_agg(debit::bigint) AS debit,"
            " array_agg(credit::bigint) AS credit, array_agg(amount::bigint) AS amount"
            f" FROM {many(legs, batch)}) AS t,"
            " LATERAL hot_transfers(t.debit, t.credit, t.amount) AS p;\n"
        )

    def legs(self, workload: str) -> list[Leg]:
        """Return the transfers of one call."""
        a, b = HOT_ACCOUNTS + 1, HOT_ACCOUNTS + 1 + MEMBERS
        if workload == "w4":
            return [
                Leg(f"{a} + {{m}}", "1", 0, 100),
                Leg("2", f"{b} + {{m}}", 0, 80),
                Leg("1", "3", 0, 2),
                Leg("4", "5", 0, 95),
            ]
        if workload == "w2":
            return [Leg(f"{a} + {{m}}", "1", 0, 1)]
        return [Leg(f"{a} + {{m}}", f"{a} + ({{m}} + {{d}}) % {MEMBERS}", 0, 1)]

    async def faults(self, cluster: Cluster, database: str) -> list[str]:
        """Compare balances with entries, and their sums with zero."""
        (row,) = await cluster.admin(
            "SELECT (SELECT sum(balance) FROM hot_account)"
            f" = {OPENING}::numeric * {2 * MEMBERS} AS kept,"
            " (SELECT coalesce(sum(amount), 0) FROM hot_entry) = 0 AS zero, NOT EXISTS (SELECT"
            " FROM hot_account h JOIN (SELECT account_id, sum(amount) AS s FROM hot_entry"
            f" GROUP BY 1) e ON e.account_id = h.id WHERE h.balance <> e.s + CASE WHEN h.id >"
            f" {HOT_ACCOUNTS} THEN {OPENING} ELSE 0 END) AS matching",
            database,
        )
        return [name for name, good in row.items() if not good]

    async def weight(self, cluster: Cluster, database: str) -> float:
        """Return the size of transfers with their entries."""
        (row,) = await cluster.admin(
            "SELECT (pg_total_relation_size('hot_transfer')"
            " + pg_total_relation_size('hot_entry'))::float"
            " / greatest((SELECT count(*) FROM hot_transfer), 1)",
            database,
        )
        return float(row[0])

    @asynccontextmanager
    async def beside(self, _cluster: Cluster, _database: str) -> AsyncIterator[None]:
        """Nothing runs beside."""
        yield
