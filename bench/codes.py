"""What a pool of codes costs: bringing a million along, giving them, finding one at a till.

    python -m bench codes [--codes 1000000] [--given 20000]

Durable commits. A file of codes is imported, and imported again, as `laurel pool import` does it.
Then vouchers are issued from the pool, one per transaction, eight clients at once; each is used
by its code, one per transaction. Afterwards every invariant is checked: exit code 1 if one is
broken.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

from api.checking import violations
from api.importing.codes import CodeFile, carry
from bench import report
from bench.purchases import Shop, opened
from bench.scratch import cluster
from domain.members import queries as members
from domain.members.service import NewMember
from domain.vouchers.service import Burn, NewVoucher, burn, issue
from domain.vouchers.service_pools import AddedCodes, add_codes
from domain.wallets.queries import books
from domain.wallets.service import enrol
from kit.clock import SystemClock
from kit.db import Session
from kit.ids import new_id, random_bytes

POOL = "spring"
CLIENTS = 8


async def imported(shop: Shop, path: Path) -> tuple[float, str]:
    """Import a file of codes; return the seconds and what was counted."""

    async def add(codes: Sequence[str]) -> AddedCodes:
        now = SystemClock().now()
        return await shop.database.write(
            lambda session: add_codes(session, now, shop.brand.id, POOL, codes)
        )

    source = CodeFile(path)
    summary = await carry(
        source,
        add,
        reject=lambda _: None,
        progress=lambda _: report.progress(f"{source.done / source.total:.0%} of the codes"),
    )
    return summary.seconds, f"{summary.added:,} added, {summary.known:,} known"


async def in_turns(count: int, one: Callable[[int], Awaitable[None]]) -> float:
    """Do ``one`` so many times, by as many at once as there are clients; return the seconds."""
    places = iter(range(count))

    async def client() -> None:
        for place in places:
            await one(place)

    begun = time.monotonic()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return time.monotonic() - begun


async def used(shop: Shop, given: int) -> list[tuple[str, float]]:
    """Issue so many vouchers from the pool and use them; return what took how many seconds."""
    member_id = await newcomer(shop)
    codes: list[str] = []

    async def give(_: int) -> None:
        item = NewVoucher(new_id(), member_id, new_id(), "coffee", "voucher", 1, None, None, POOL)
        now = SystemClock().now()
        found = await shop.database.write(lambda session: issue(session, now, shop.brand, [item]))
        codes.extend(found.values())

    async def use(place: int) -> None:
        now = SystemClock().now()
        item = Burn(codes[place], codes[place], "till", "bench")
        (done,) = await shop.database.write(lambda session: burn(session, now, shop.brand, [item]))
        assert done.code is None, done

    seconds = [("issued", await in_turns(given, give))]
    assert len(set(codes)) == given
    return [*seconds, ("used", await in_turns(given, use))]


async def newcomer(shop: Shop) -> UUID:
    """Enrol a member and return its id."""

    async def work(session: Session) -> UUID:
        accounts = await books(session, shop.brand.id)
        assert accounts is not None
        now = SystemClock().now()
        await enrol(session, now, shop.brand, accounts, [NewMember("ann", now)])
        return (await members.by_external_ids(session, shop.brand.id, ["ann"]))["ann"].id

    return await shop.database.write(work)


def written(path: Path, codes: int) -> Path:
    """Write so many new codes to ``path`` and return it."""
    with path.open("w") as file:
        file.writelines(f"{random_bytes(8).hex()}\n" for _ in range(codes))
    return path


async def measure(codes: int, given: int) -> bool:
    """Print the tables; return whether every invariant holds."""
    with tempfile.TemporaryDirectory() as place, cluster(fast_commit=False) as scratch:
        path = written(Path(place, "codes.txt"), codes)
        async with opened(scratch, "codes") as shop:
            rows = []
            for name in ("imported", "imported again"):
                seconds, said = await imported(shop, path)
                rows.append([name, said, f"{seconds:.1f}", f"{codes / seconds:,.0f}"])
            for name, seconds in await used(shop, given):
                rows.append([name, f"{given:,}", f"{seconds:.1f}", f"{given / seconds:,.0f}"])
            report.done()
            print(f"{scratch.title}; {report.load()}\n")
            print(report.table(["codes", "", "seconds", "per second"], rows))
            async with shop.database.read() as session:
                broken = [code async for code, bad in violations(session) if bad]
            await shop.database.close()
    print("\nevery invariant holds" if not broken else f"\nbroken: {broken}")
    return not broken


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench codes")
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--given", type=int, default=20_000)
    options = parser.parse_args()
    return 0 if asyncio.run(measure(options.codes, options.given)) else 1


if __name__ == "__main__":
    sys.exit(main())
