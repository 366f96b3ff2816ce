"""The ledgers that are compared at SQL level: how each is prepared, called, checked and weighed."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bench.scratch import Cluster

MEMBERS = 10_000
OPENING = 10**9
BATCHES = {"w1": 100, "w2": 100, "w4": 200}
WORKLOADS = {
    "w1": "W1 any member to any of 10,000",
    "w2": "W2 any member to one hot account",
    "w4": "W4 swap: 4 transfers, 5 hot accounts",
}


@dataclass(frozen=True)
class Leg:
    """A transfer of a load; in its accounts ``{m}`` is a member, ``{d}`` a distance to another."""

    debit: str
    credit: str
    asset: int
    amount: int

    def row(self) -> str:
        """Return it as a row of VALUES beside columns named m and d."""
        accounts = f"{self.debit}, {self.credit}".format(m="m", d="d")
        return f"({accounts}, {self.asset}, {self.amount})"


class System(Protocol):
    """One ledger under test."""

    name: str
    role: str
    template: str

    async def prepare(self, cluster: Cluster) -> None:
        """Create the template database: accounts opened and funded."""
        ...

    def script(self, workload: str, batch: int) -> str:
        """Return a pgbench script that makes ``batch`` transfers or swaps in one call."""
        ...

    def beside(self, cluster: Cluster, database: str) -> AbstractAsyncContextManager[None]:
        """Run what the system needs running beside a load."""
        ...

    async def faults(self, cluster: Cluster, database: str) -> list[str]:
        """Check conservation and whatever else must hold; return what does not."""
        ...

    async def weight(self, cluster: Cluster, database: str) -> float:
        """Return bytes per transfer, indexes included."""
        ...


def drawn(legs: list[Leg]) -> str:
    """Return pgbench's settings for one call: a member, and a distance if a leg asks for it."""
    other = any("{d}" in leg.debit + leg.credit for leg in legs)
    distance = f"\\set d random(1, {MEMBERS - 1})\n" if other else ""
    return f"\\set m random(0, {MEMBERS - 1})\n{distance}"


def listed(values: list[object], kind: str) -> str:
    """Return an array of SQL expressions; ``{m}`` and ``{d}`` become pgbench's variables."""
    cells = ", ".join(str(value).format(m=":m::int", d=":d::int") for value in values)
    return f"ARRAY[{cells}]::{kind}[]"


def many(legs: list[Leg], batch: int) -> str:
    """Return FROM items drawn in SQL: ``i(n, m, d)``, ``v(debit, credit, asset, amount)``."""
    return (
        f"(SELECT n, floor(random() * {MEMBERS})::int AS m,"
        f" 1 + floor(random() * {MEMBERS - 1})::int AS d"
        f" FROM generate_series(1, {batch}) AS n OFFSET 0) AS i,"
        f" LATERAL (VALUES {', '.join(leg.row() for leg in legs)})"
        " AS v(debit, credit, asset, amount)"
    )
