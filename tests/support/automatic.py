"""What is given by itself in a shop: short ways to let the worker's batches run and to look."""

import asyncio
from collections.abc import Awaitable, Callable

from api.sections import SECTIONS
from domain.earning.rules_refund_request import Refund
from domain.rewards.jobs_automatic import become_spendable, birthdays, follow
from domain.vouchers import queries as vouchers
from domain.vouchers.queries import Voucher
from domain.vouchers.service import Burn, BurnOutcome, burn
from kit.db import Session
from tests.support.rewards import programme, reward
from tests.support.shop import Shop

LADDER = """
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Basic"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "100.00"

[[tiers.ladder.tier]]
name = "Black"
threshold = "500.00"
"""
_VOUCHERS_MAX = 1_000
_WAIT_SECONDS = 0.01


def by_itself(code: str, on: str, more: str = "") -> str:
    """Return the table that gives a reward by itself."""
    return f'[[rewards.automatic]]\nreward = "{code}"\non = "{on}"\n{more}\n'


CUP = reward("cup", "125", listed="false")
WELCOME = reward("welcome", "0", value='"10.00"', listed="false")
FOR_POINTS = programme(CUP, by_itself("cup", "points"))
FOR_TIERS = programme(WELCOME, by_itself("welcome", "tier", 'tiers = ["Gold", "Black"]'), LADDER)


async def given(shop: Shop) -> int:
    """Let everything be given that is due at the clock's instant; return how much there was."""
    return (
        await followed(shop)
        + await until_done(shop, become_spendable)
        + await until_done(shop, birthdays)
        + await followed(shop)
    )


async def followed(shop: Shop) -> int:
    """Let what all facts are a reason for be given; return how many facts there were.

    Facts are handed out once no older transaction runs on the whole server, whose it may be.
    """
    total = 0
    while True:
        await facts_are_ready(shop)
        done = await until_done(shop, follow)
        if not done:
            return total
        total += done


async def facts_are_ready(shop: Shop) -> None:
    """Wait until every fact is handed out to who asks."""
    async with shop.database.alone() as session:
        while await session.value(
            "SELECT EXISTS (SELECT FROM fact WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()))"
        ):
            await asyncio.sleep(_WAIT_SECONDS)


async def until_done(shop: Shop, batch: Callable[..., Awaitable[int]], limit: int = 500) -> int:
    """Run batches, each in a transaction, until nothing is left; return how much there was."""

    async def work(session: Session) -> int:
        return await batch(session, shop.clock.now(), SECTIONS, limit)

    total = 0
    while done := await shop.database.write(work):
        total += done
    return total


async def forget_cursor(shop: Shop) -> None:
    """Let every fact come again."""
    async with shop.database.transaction() as session:
        await session.fetch("UPDATE fact_cursor SET xid = '0', fact_id = 0")


async def vouchers_of(shop: Shop, member: str) -> list[Voucher]:
    """Return a member's vouchers, the oldest first."""
    (member_id,) = await shop.member_ids(member)
    async with shop.database.read() as session:
        found = await vouchers.of_members(
            session, shop.clock.now(), shop.brand.id, [member_id], first=_VOUCHERS_MAX
        )
    return sorted(found[member_id], key=lambda each: (each.issued_at, each.id))


async def states(shop: Shop, member: str) -> list[tuple[str, str]]:
    """Return the reward and the state of a member's vouchers, the oldest first."""
    return [(each.reward, each.state) for each in await vouchers_of(shop, member)]


async def decisions(shop: Shop) -> list[tuple[str, str | None, bool, bool]]:
    """Return what was decided on occasions: reward, refusal, whether given, whether undone."""
    async with shop.database.read() as session:
        rows = await session.fetch(
            "SELECT reward, refusal, redemption_id IS NOT NULL, undone_at IS NOT NULL"
            " FROM automatic_reward ORDER BY given_at, occasion, reward"
        )
    return [tuple(row) for row in rows]


async def burned(shop: Shop, voucher: Voucher, amount: int | None = None) -> None:
    """Use a voucher at a till."""

    async def work(session: Session) -> list[BurnOutcome]:
        item = Burn(f"burn {voucher.id} {amount}", voucher.code, "shop 1", "till 1", amount)
        return await burn(session, shop.clock.now(), shop.brand, [item])

    (outcome,) = await shop.database.write(work)
    assert outcome.code is None, outcome


async def refunded(shop: Shop, name: str, cents: int | None = None) -> None:
    """Give money of a purchase back, all of it if nothing is said."""
    item = Refund(f"r{name}{shop.clock.now()}{cents}", name, shop.clock.now(), cents)
    (outcome,) = await shop.refund(item)
    assert outcome.status == "recorded", outcome
