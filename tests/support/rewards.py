"""A shop whose programme has rewards, and short ways to redeem, fulfil and return there."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from domain.rewards import queries
from domain.rewards.queries import CatalogueItem
from domain.rewards.rules_steps import Redemption
from domain.rewards.service_cancel import Cancel, Return, cancel, take_return
from domain.rewards.service_fulfil import Approve, Fulfil, approve, fulfil
from domain.rewards.service_redeem import Redeem, RedeemOutcome, redeem
from domain.rewards.service_steps import Resolved
from domain.rewards.service_stock import StockChange, StockOutcome, change_stock
from domain.vouchers import queries as vouchers
from domain.vouchers import service_pools
from domain.vouchers.rules import Voucher
from domain.vouchers.service import Burn, BurnOutcome
from domain.vouchers.service import burn as burn_vouchers
from kit.db import Session
from tests.support.shop import Shop

Item = TypeVar("Item")
Answer = TypeVar("Answer")

PROGRAMME = """
[brand]
code = "cafe"
name = "Café"
currency = "USD"
time_zone = "America/New_York"

[points]
code = "bean"
name = "Beans"
expires = { months = 12 }

[earning]
points = "1"
per = "1"
rounding = "floor"
base = "after_discount"

[enrolment]
on_first_purchase = true
"""


def programme(*tables: str) -> str:
    """Return a programme: a point per dollar, and these tables of rewards."""
    return "\n".join((PROGRAMME, *tables))


def reward(code: str, points: str = "100", **settings: str) -> str:
    """Return a reward's table: a free voucher in English unless ``settings``, as TOML, say else."""
    lines = {"kind": '"voucher"', "name": f'"{code}"', **settings}
    told = "\n".join(f"{name.rstrip('_')} = {value}" for name, value in lines.items())
    return f'[[rewards.reward]]\ncode = "{code}"\npoints = "{points}"\n{told}\n'


def wish(key: str, member: str, code: str, **more: Any) -> Redeem:
    """Return what a member asks for himself."""
    return Redeem(key, member, code, **{"requested_by": member, **more})


async def run(
    shop: Shop, verb: Callable[..., Awaitable[list[Answer]]], items: Sequence[Item]
) -> list[Answer]:
    """Do something to all of ``items`` in one batch."""

    async def work(session: Session) -> list[Answer]:
        timeline = await programmes.timeline_to_write(session, shop.brand.id, SECTIONS)
        return await verb(session, shop.clock.now(), shop.brand, timeline, items)

    return await shop.database.write(work)


async def redeemed(shop: Shop, *items: Redeem) -> list[RedeemOutcome]:
    """Ask for rewards in one batch."""
    return await run(shop, redeem, items)


async def approved(shop: Shop, *items: Approve) -> list[Resolved]:
    """Approve redemptions in one batch."""
    return await run(shop, approve, items)


async def fulfilled(shop: Shop, *items: Fulfil) -> list[Resolved]:
    """Fulfil redemptions in one batch."""
    return await run(shop, fulfil, items)


async def cancelled(shop: Shop, *items: Cancel) -> list[Resolved]:
    """Cancel redemptions in one batch."""
    return await run(shop, cancel, items)


async def returned(shop: Shop, *items: Return) -> list[Resolved]:
    """Return redemptions in one batch."""
    return await run(shop, take_return, items)


async def stocked(shop: Shop, *items: StockChange) -> list[StockOutcome]:
    """Change stock in one batch."""
    return await run(shop, change_stock, items)


def id_of(outcome: RedeemOutcome) -> UUID:
    """Return the id of what was granted."""
    assert outcome.code is None, outcome
    assert outcome.redemption_id is not None
    return outcome.redemption_id


async def add_codes(shop: Shop, pool: str, *codes: str) -> None:
    """Put codes into a pool."""
    now = shop.clock.now()
    await shop.database.write(
        lambda session: service_pools.add_codes(session, now, shop.brand.id, pool, codes)
    )


async def redemption(shop: Shop, id_: UUID) -> Redemption:
    """Return a redemption as it is now."""
    async with shop.database.read() as session:
        found = await queries.redemptions(session, shop.clock.now(), shop.brand.id, [id_])
    return found[id_]


async def vouchers_of(shop: Shop, id_: UUID) -> list[Voucher]:
    """Return the vouchers that a redemption gave."""
    async with shop.database.read() as session:
        now = shop.clock.now()
        found = await vouchers.of_redemptions(session, now, shop.brand.id, [id_])
    return found[id_]


async def burn(shop: Shop, key: str, code: str, amount: int | None = None) -> BurnOutcome:
    """Use a voucher at a till."""
    item = Burn(key, code, "5th Avenue", "till", amount)
    (found,) = await shop.database.write(
        lambda session: burn_vouchers(session, shop.clock.now(), shop.brand, [item])
    )
    return found


async def catalogue_of(shop: Shop, member: str) -> dict[str, CatalogueItem]:
    """Return the catalogue as a member sees it, by the codes of rewards."""
    (member_id,) = await shop.member_ids(member)
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        found = await queries.catalogues(
            session, shop.clock.now(), shop.brand, timeline, [member_id]
        )
    return {item.offer.code: item for item in found[member_id]}


async def left(shop: Shop, code: str) -> int | None:
    """Return how many of a reward can be had by anybody."""
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        found = await queries.catalogue(session, shop.clock.now(), shop.brand, timeline)
    return next(item.left for item in found if item.offer.code == code)


async def given(shop: Shop, *rewards: str) -> dict[str, int]:
    """Return how many points were donated by each of these rewards."""
    async with shop.database.read() as session:
        return await queries.given_to(session, shop.brand.id, rewards)
