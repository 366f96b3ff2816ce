"""One voucher at many tills, one code for many takers: exactly one has it, also after a crash."""

import asyncio
import random
import sys
from collections import Counter

import pytest

from domain.vouchers import service
from kit.clock import MovableClock
from kit.db import Database, Session
from kit.embedded import Servers
from tests.support.process import environment
from tests.support.shop import ROOT
from tests.support.vouchers import Desk, broken, codes_of, opened_desk, use

CODES = 100_000
CLIENTS = 8
KILLS = 3
BATCH = 1_000


@pytest.fixture
async def desk(database: Database, clock: MovableClock) -> Desk:
    return await opened_desk(database, clock)


async def test_one_of_200_uses_at_two_tills_succeeds(desk: Desk) -> None:
    voucher = await desk.issued()
    outcomes = await asyncio.gather(
        *(desk.burn(use(str(n), voucher.code, store=f"till {n % 2}")) for n in range(200))
    )
    codes = Counter(code for some in outcomes for code in codes_of(some))
    assert codes == {None: 1, "VOUCHER_USED": 199}
    async with desk.database.read() as session:
        assert await session.value("SELECT count(*) FROM voucher_use") == 1
    assert await broken(desk.database) == []


async def test_200_uses_of_a_gift_card_take_what_is_on_it_and_no_more(desk: Desk) -> None:
    card = await desk.issued(value=1_000)
    outcomes = await asyncio.gather(*(desk.burn(use(str(n), card.code, 30)) for n in range(200)))
    done = [each for some in outcomes for each in some if each.code is None]
    assert sorted(each.left or 0 for each in done) == list(range(10, 1_000, 30))
    assert Counter(each.code for some in outcomes for each in some) == {
        None: 33,
        "EXCEEDS_VALUE": 167,
    }
    assert await broken(desk.database) == []


async def test_one_use_told_by_many_is_done_once(desk: Desk) -> None:
    card, other = await desk.issued(value=1_000), await desk.issued(value=1_000)
    outcomes = await asyncio.gather(
        *(desk.burn(use("a", (card if n % 2 else other).code, 30)) for n in range(40))
    )
    found = Counter((each.code, each.replayed) for some in outcomes for each in some)
    assert found == {(None, False): 1, (None, True): 19, ("KEY_CONFLICT", False): 20}
    assert await broken(desk.database) == []


async def test_one_of_200_takers_gets_the_last_code(desk: Desk) -> None:
    await desk.add("spring", "first", "last")
    await desk.issued(pool="spring")
    issued = await asyncio.gather(*(desk.issue(desk.new(pool="spring")) for _ in range(200)))
    assert [code for some in issued for code in some.values()] == ["last"]
    assert await desk.pools() == {"spring": (2, 0)}
    assert await broken(desk.database) == []


async def test_a_voucher_is_used_or_given_back_but_never_both(desk: Desk) -> None:
    vouchers = [await desk.issued(value=100 if n % 2 else None) for n in range(40)]
    codes = [voucher.code for voucher in vouchers]

    async def till(names: list[str]) -> list[str | None]:
        return codes_of(await desk.burn(*(use(name, name) for name in names)))

    # Both at once, and many at a time in opposite orders: nobody waits for ever.
    burnt, back, _ = await asyncio.gather(
        till(codes[:20]),
        desk.give_back(*(voucher.redemption_id for voucher in reversed(vouchers))),
        asyncio.gather(*(till([code]) for code in codes[20:])),
    )
    after = [await desk.voucher(voucher.id) for voucher in vouchers]
    expected = {None: "returned", "VOUCHER_USED": "used"}
    assert [each.state for each in after] == [expected[back[v.redemption_id]] for v in vouchers]
    told = ["VOUCHER_RETURNED" if each.state == "returned" else None for each in after[:20]]
    assert burnt == told
    assert await broken(desk.database) == []


async def test_who_loses_its_transaction_leaves_the_code_to_the_next(desk: Desk) -> None:
    await desk.add("spring", "only")
    item = desk.new(pool="spring")

    async def lost(session: Session) -> None:
        assert await service.issue(session, desk.now, desk.shop.brand, [item])
        assert await desk.issue(desk.new(pool="spring")) == {}
        raise LookupError

    with pytest.raises(LookupError):
        await desk.database.write(lost)
    assert await desk.issue(item) == {item.id: "only"}


async def test_100_000_codes_by_killed_clients_go_to_one_voucher_each(
    desk: Desk, servers: Servers
) -> None:
    await desk.add("spring", *(f"code-{number}" for number in range(CODES)))
    chance = random.Random(5)
    told: list[str] = []
    most = [*(chance.randrange(1, 8) for _ in range(KILLS)), *[None] * (CLIENTS - KILLS)]
    ready = asyncio.Barrier(CLIENTS)
    await asyncio.gather(*(_client(desk, servers, ready, told, each) for each in most))
    assert len(told) == len(set(told))
    async with desk.database.read() as session:
        rows = await session.fetch(
            "SELECT v.code, count(c.id) AS codes FROM voucher v"
            " LEFT JOIN pool_code c ON c.voucher_id = v.id AND c.code = v.code GROUP BY v.code"
        )
    given = {row["code"] for row in rows}
    assert {row["codes"] for row in rows} == {1}
    assert len(rows) == len(given) == CODES
    assert given >= set(told)
    # A killed client heard nothing of its last commits; each other one heard of all of its own.
    assert CODES - len(told) <= KILLS * 2 * BATCH
    assert await desk.pools() == {"spring": (CODES, 0)}
    assert await broken(desk.database) == []


async def _client(
    desk: Desk, servers: Servers, ready: asyncio.Barrier, told: list[str], most: int | None
) -> None:
    """Run a process that takes codes; kill it after so many batches."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.code_taker",
        *(str(desk.shop.brand.id), str(desk.member_id), "spring", str(BATCH)),
        cwd=ROOT,
        env=environment(servers),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    await ready.wait()
    process.stdin.write(b"go\n")
    batches = 0
    while line := await process.stdout.readline():
        if line.endswith(b"\n"):
            told += line.decode().split()
        batches += 1
        if batches == most:
            process.kill()
    code = await process.wait()
    assert code == 0 if most is None else code < 0
