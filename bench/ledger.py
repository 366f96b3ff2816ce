"""How fast the ledger is: against one hot balance row per transfer, and against django-hordak.

    python -m bench ledger [--fast-commit] [--rounds 5] [--seconds 3] [--levels sql,python]

Measured in one run, systems in turns, each run on a fresh copy of a prepared database: W1 any
member to any other of 10,000; W2 any member to one hot account; W4 a full swap, 4 transfers over
5 hot accounts. Single calls and batches; at SQL level pgbench with prepared statements, at Python
level asyncio tasks through `domain.ledger.service.post`. The load shares the machine with the
database. After each run conservation is checked: exit code 1 if it ever fails. hordak comes from
its package, in a virtual environment of its own that this script makes in bench/.venv.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
import venv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import make_url

from bench import report
from bench.ledger_worker import Order
from bench.scratch import Cluster, MeasurementError, cluster, plain, ran
from bench.system_hot_row import HotRow
from bench.system_ours import Ours
from bench.systems import BATCHES, MEMBERS, WORKLOADS, System

HERE = Path(__file__).parent
HORDAK = "django-hordak"
HORDAK_PROCESSES = 4
START_SECONDS = 3.0
# (calls at once at SQL level, or (processes, tasks each) at Python level) for single and batch.
SQL_CLIENTS = {1: (1, 8, 32), 2: (2,)}
PYTHON_TASKS = {1: ((1, 8), (1, 32), (HORDAK_PROCESSES, 8)), 2: ((1, 8),)}


@dataclass
class Results:
    """Numbers by (level, workload, batch, how many at once) and system."""

    rates: dict[tuple[str, str, int, str], dict[str, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    latencies: dict[tuple[str, str, int, str], dict[str, list[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    weights: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bench:
    """One run of the whole measurement on one cluster."""

    cluster: Cluster
    options: argparse.Namespace
    results: Results

    async def measure(self) -> None:
        """Prepare the systems, then measure them in turns."""
        systems: list[System] = [Ours(), HotRow()]
        for system in systems:
            report.progress(f"preparing {system.name}")
            await system.prepare(self.cluster)
        hordak = self.options.hordak and "python" in self.options.levels
        hordak = hordak and await self.hordak_ready()
        for number in range(1, self.options.rounds + 1):
            for workload in self.options.workloads:
                for size in (1, BATCHES[workload]):
                    if size > 1 and self.options.singles:
                        continue
                    where = f"round {number}/{self.options.rounds}, {workload}, {size} a call"
                    report.progress(f"{where}; {report.load()}")
                    if "sql" in self.options.levels:
                        await self.at_sql_level(systems, workload, size)
                    if "python" in self.options.levels:
                        await self.at_python_level(systems, workload, size)
                if hordak and workload != "w4":
                    await self.against_hordak(workload)
        report.done()

    async def at_sql_level(self, systems: list[System], workload: str, size: int) -> None:
        """Run pgbench against each system."""
        for clients in SQL_CLIENTS[min(size, 2)]:
            if size == 1 and self.options.clients and clients not in self.options.clients:
                continue
            for system in systems:
                await self.cluster.create("run", system.template)
                async with system.beside(self.cluster, "run"):
                    rate = await self.cluster.pgbench(
                        "run",
                        system.role,
                        system.script(workload, size),
                        clients=clients,
                        seconds=self.options.seconds,
                    )
                key = ("sql", workload, size, str(clients))
                self.results.rates[key][system.name].append(rate * size)
                await self.checked(system)

    async def at_python_level(self, systems: list[System], workload: str, size: int) -> None:
        """Run worker processes against each system."""
        for processes, tasks in PYTHON_TASKS[min(size, 2)]:
            for system in systems:
                servers = await self.cluster.create("run", system.template)
                key = ("python", workload, size, f"{processes} x {tasks}")
                ours = isinstance(system, Ours)
                url = servers.database_url if ours else plain(servers.owner_database_url)
                begins = time.monotonic() + START_SECONDS
                orders = [
                    Order(
                        system="ours" if ours else "hot row",
                        url=url,
                        brand_id=system.books.brand_id if isinstance(system, Ours) else 0,
                        legs=[
                            (leg.debit, leg.credit, leg.asset, leg.amount)
                            for leg in system.legs(workload)
                        ],
                        members=MEMBERS,
                        batch=size,
                        tasks=tasks,
                        begins=begins,
                        ends=begins + self.options.seconds,
                        seed=seed,
                    )
                    for seed in range(processes)
                ]
                async with system.beside(self.cluster, "run"):
                    answers = await asyncio.gather(*(self.worked(order) for order in orders))
                rate = sum(answer["done"] / answer["seconds"] for answer in answers)
                self.results.rates[key][system.name].append(rate)
                p50, p99 = (max(answer[p] for answer in answers) for p in ("p50", "p99"))
                self.results.latencies[key][system.name].append(f"{p50:.1f} / {p99:.1f}")
                await self.checked(system)

    async def worked(self, order: Order) -> dict[str, float]:
        """Run one worker process and return what it says."""
        command = [sys.executable, "-m", "bench.ledger_worker", order.as_text()]
        answer: dict[str, float] = json.loads(
            await ran(command, seconds_max=self.options.seconds + 60)
        )
        return answer

    async def checked(self, system: System) -> None:
        """Check that nothing was made or lost; weigh a transfer."""
        found = await system.faults(self.cluster, "run")
        self.results.faults += [f"{system.name}: {fault}" for fault in found]
        self.results.weights[system.name].append(await system.weight(self.cluster, "run"))

    async def hordak_ready(self) -> bool:
        """Install hordak and prepare its template; False, with the reason, if it can't be had."""
        try:
            report.progress("installing django-hordak into bench/.venv")
            await installed()
            await self.cluster.create("hordak_template")
            await self.hordak("prepare", "hordak_template")
        except MeasurementError as error:
            print(f"django-hordak is not measured, it can't be installed: {error}\n")
            return False
        return True

    async def against_hordak(self, workload: str) -> None:
        """Run hordak's `transfer_to` in four processes; compare with ours in as many."""
        await self.cluster.create("run", "hordak_template")
        load = (workload, str(HORDAK_PROCESSES), str(self.options.seconds))
        answer = json.loads((await self.hordak("run", "run", *load)).splitlines()[-1])
        key = ("python", workload, 1, f"{HORDAK_PROCESSES} x 8")
        self.results.rates[key][HORDAK].append(answer["done"] / answer["seconds"])
        self.results.faults += [f"{HORDAK}: {fault}" for fault in answer["faults"]]

    async def hordak(self, verb: str, database: str, *rest: str) -> str:
        """Run the rival's script with its own Python."""
        host = unquote(str(make_url(self.cluster.servers.database_url).query["host"]))
        python = str(HERE / ".venv" / "bin" / "python")
        command = [python, "-W", "ignore", str(HERE / "rival_hordak.py"), verb, host, database]
        return await ran([*command, *rest], seconds_max=300)


async def installed() -> None:
    """Make bench/.venv as bench/requirements.txt says, unless it is there."""
    home, wanted = HERE / ".venv", HERE / "requirements.txt"
    mark = home / "installed"
    if mark.exists() and mark.read_text() == wanted.read_text():
        return
    venv.create(home, with_pip=True, clear=True)
    pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    await ran([*pip, "install", "--quiet", "-r", str(wanted)], seconds_max=300)
    mark.write_text(wanted.read_text())


def show(results: Results, level: str) -> None:
    """Print the table of one level."""
    rows = []
    for (where, workload, size, at_once), rates in sorted(results.rates.items()):
        if where != level:
            continue
        row = [workload.upper(), str(size), at_once]
        row += [report.spread(rates.get(name, [])) for name in ("Laurel", "hot row")]
        factor = report.ratio(rates["Laurel"], rates["hot row"])
        row.append(f"{factor:.1f}" if factor else "-")
        if level == "python":
            factor = report.ratio(rates["Laurel"], rates.get(HORDAK, []))
            row += [report.spread(rates.get(HORDAK, [])), f"{factor:.1f}" if factor else "-"]
            waits = results.latencies[where, workload, size, at_once]["Laurel"]
            row.append(sorted(waits, key=lambda text: float(text.split()[0]))[len(waits) // 2])
        rows.append(row)
    at_once = "clients" if level == "sql" else "processes x tasks"
    head = ["", "a call", at_once, "Laurel /s", "hot row /s", "ratio"]
    if level == "python":
        head += [f"{HORDAK} /s", "ratio", "Laurel p50 / p99 ms"]
    print(f"{report.table(head, rows)}\n")


def show_bars(results: Results) -> None:
    """Print which bars are met."""

    def by_rival(key: tuple[str, str, int, str], rival: str) -> float | None:
        rates = results.rates.get(key, {})
        return report.ratio(rates.get("Laurel", []), rates.get(rival, []))

    def best(level: str, workload: str, size: int, system: str) -> float | None:
        medians = [
            statistics.median(rates[system])
            for key, rates in results.rates.items()
            if key[:3] == (level, workload, size) and rates.get(system)
        ]
        return max(medians, default=None)

    ours, rival = (best("python", "w2", 1, name) for name in ("Laurel", HORDAK))
    fastest = ours / rival if ours and rival else None
    same = ("python", "w2", 1, f"{HORDAK_PROCESSES} x 8")
    bars = [
        ("W2 single, SQL, 8 clients, by hot row", by_rival(("sql", "w2", 1, "8"), "hot row"), 5),
        (f"W2 single, Python, best of each, by {HORDAK}", fastest, 3),
        (f"W2 single, Python, same processes, by {HORDAK}", by_rival(same, HORDAK), 3),
        ("W4 single, SQL, swaps/s", best("sql", "w4", 1, "Laurel"), 3000),
        ("W4 batched, SQL, swaps/s", best("sql", "w4", BATCHES["w4"], "Laurel"), 10_000),
    ]
    for name, value, bar in bars:
        print(report.verdict(name, value, bar))


async def run(scratch: Cluster, options: argparse.Namespace) -> int:
    """Measure and print; return the exit code."""
    before, results = report.load(), Results()
    syncs = ", ".join(f"{k} {v:,.0f}/s" for k, v in (await scratch.fsync_rates()).items())
    await Bench(scratch, options, results).measure()
    print(f"Commits: {scratch.title}; pg_test_fsync: {syncs}.")
    print(f"{options.rounds} rounds of {options.seconds} s, in turns; median (range); ", end="")
    print(f"ratio: median of the rounds. Before: {before}; after: {report.load()}.\n")
    print("\n".join(f"- {text}" for text in WORKLOADS.values()), end="\n\n")
    for level in options.levels:
        print(f"{'SQL' if level == 'sql' else 'Python'} level, transfers (W4: swaps) per second\n")
        show(results, level)
    for name, weights in results.weights.items():
        print(f"- bytes per transfer, {name}: {report.spread(weights)}")
    show_bars(results)
    for fault in sorted(set(results.faults)):
        print(f"- CONSERVATION BROKEN: {fault}")
    return 1 if results.faults else 0


def main() -> int:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench ledger",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    words = lambda text: text.split(",")  # noqa: E731 - a name for argparse's messages
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="length of each run")
    parser.add_argument("--fast-commit", action="store_true", help="commits of 1 ms, in memory")
    parser.add_argument("--levels", type=words, default=["sql", "python"])
    parser.add_argument("--workloads", type=words, default=list(WORKLOADS))
    parser.add_argument("--clients", type=lambda text: [int(n) for n in words(text)])
    parser.add_argument("--singles", action="store_true", help="leave batches out")
    parser.add_argument("--no-hordak", dest="hordak", action="store_false")
    options = parser.parse_args()
    with cluster(fast_commit=options.fast_commit) as scratch:
        return asyncio.run(run(scratch, options))


if __name__ == "__main__":
    sys.exit(main())
