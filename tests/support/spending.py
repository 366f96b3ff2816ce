"""Short ways to spend points, to undo it, and to hand them on."""

from collections.abc import Sequence
from datetime import timedelta

from api.sections import SECTIONS
from domain.expiry import service_gift, service_spend
from domain.ledger.rules import Kind, Resolution
from domain.metrics.queries import figures
from domain.programmes import queries as programmes
from domain.wallets import jobs
from domain.wallets.service_give_back import GiveBack, GivenBack
from domain.wallets.service_hold import Hold
from domain.wallets.service_move import Move, Moved
from kit.db import Session
from kit.ids import new_id
from tests.support.shop import Shop

YEAR = timedelta(days=365)


async def spend(shop: Shop, name: str, points: int, *, of: int | None = None) -> int:
    """Spend points, of those held all or so many; return the hold."""
    (member,) = await shop.member_ids(name)
    wanted = Hold(new_id(), member, of or points, shop.clock.now() + YEAR, "tea")
    (held,) = await shop.hold(wanted)
    assert held.hold_id is not None, held
    item = Resolution(new_id(), held.hold_id, Kind.POST, "redemption", points)
    assert (await shop.settle(item))[0].refusal is None
    return held.hold_id


def back(hold_id: int, points: int) -> GiveBack:
    """Return what gives back so many points of a hold."""
    return GiveBack(new_id(), hold_id, points, "tea", "cold")


async def give_back(shop: Shop, *items: GiveBack) -> list[GivenBack]:
    """Undo spendings in one batch."""

    async def work(session: Session) -> list[GivenBack]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        now = shop.clock.now()
        return await service_spend.give_back(session, now, shop.brand, timeline, items)

    return await shop.database.write(work)


async def moving(shop: Shop, giver: str, receiver: str, points: int) -> Move:
    """Return what hands so many points from one member to another."""
    ann, bob = await shop.member_ids(giver, receiver)
    return Move(new_id(), ann, bob, points, "gift")


async def move(shop: Shop, *items: Move) -> list[Moved]:
    """Hand points on in one batch."""

    async def work(session: Session) -> list[Moved]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        return await service_gift.move(session, shop.clock.now(), shop.brand, timeline, items)

    return await shop.database.write(work)


async def expire(shop: Shop) -> int:
    """Book what has ended; return how many lots had."""
    return await shop.database.write(lambda session: jobs.expire_lots(session, shop.clock.now()))


async def totals(shop: Shop) -> tuple[int, ...]:
    """Return points issued, spent, expired, reversed and outstanding by now."""
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        found = await figures(session, shop.brand, timeline, shop.clock.now())
    return (
        found.points_issued,
        found.points_spent,
        found.points_expired,
        found.points_reversed,
        found.points_outstanding,
    )


async def lots(shop: Shop, name: str) -> Sequence[tuple[int, int, str]]:
    """Return a member's lots by end: amount, rest, and the day from which they are gone."""
    (member,) = await shop.member_ids(name)
    async with shop.database.read() as session:
        rows = await session.fetch(
            "SELECT amount, remaining, expires_at FROM lot JOIN wallet USING (account_id)"
            " WHERE member_id = $1 ORDER BY expires_at, lot.id",
            member,
        )
    return [
        (amount, rest, f"{shop.brand.local(end):%Y-%m-%d}" if end else "never")
        for amount, rest, end in rows
    ]
