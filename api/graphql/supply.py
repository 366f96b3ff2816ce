"""What is there of rewards, for the brand: stock, codes, and what was given to causes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from api.context import Info
from api.graphql import catalogue, paging, rewards
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.outcomes import UserError, user_error
from api.graphql.paging import Connection
from api.graphql.pricing import directives
from api.graphql.redeeming import refusal
from api.graphql.requests import KEY, brands_key, checked_number, checked_text, done_once, stored
from api.graphql.rewards import Reward
from api.graphql.scalars import BigInt, Points
from api.graphql.vouchers import Pages
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.programmes.rules import Programme
from domain.rewards.queries_supply import Supply
from domain.rewards.rules_catalogue import offers_of
from domain.rewards.service_stock import StockChange, change_stock
from domain.vouchers import queries as vouchers
from domain.vouchers.service_pools import add_codes
from kit.db import Session

CODES_MAX = 1_000
POOL_WEIGHT = 10
"""Every code is counted."""


@strawberry.type(description="Codes that the brand brought along.")
class CodePool:
    """A pool."""

    name: str = attribute(BRAND, "The pool's name, as the programme has it.")
    codes: BigInt = attribute(BRAND, "How many codes were ever in it.")
    free: BigInt = attribute(BRAND, "How many of them were not given yet.")


@strawberry.type(description="How much there is of a reward, as of the instant of the request.")
class RewardSupply:
    """A reward and what is left of it."""

    pool_name: strawberry.Private[str | None]
    reward: Reward = attribute(BRAND, "What it is.", weight=0)
    is_listed: bool = attribute(
        BRAND, "Whether members may ask for it, or only get it by themselves or from staff."
    )
    stock: BigInt | None = attribute(
        BRAND, "How many there are for all time, with what was added; null for no end."
    )
    taken: BigInt | None = attribute(
        BRAND, "How many of them are reserved or were given; null where nobody counts."
    )
    left: BigInt | None = attribute(BRAND, "How many of them can be had; null for no end.")

    @resolver(BRAND, "Where its codes come from; null if they are made here.", weight=POOL_WEIGHT)
    async def pool(self, info: Info) -> CodePool | None:
        if self.pool_name is None:
            return None
        found = await info.context.loaders.spending.pools.load(self.pool_name)
        return _pool(found or vouchers.Pool(self.pool_name, 0, 0))

    @resolver(BRAND, "How many points members gave to it; null if it is no donation.")
    async def donated(self, info: Info) -> Points | None:
        return await catalogue.donated(info, self.reward)


@strawberry.input(description="Some of a reward that came, or went.")
class ChangeStockInput:
    """The input of changeStock."""

    idempotency_key: str = strawberry.field(description=KEY)
    reward: str = strawberry.field(description="The reward's code.")
    units: BigInt = strawberry.field(
        description="How many came; negative if they went: no more than are left."
    )
    reason: str = strawberry.field(description="Why, 1 to 200 characters.")


@strawberry.input(description="Codes to give out, of a pool that a reward names.")
class AddPoolCodesInput:
    """The input of addPoolCodes."""

    idempotency_key: str = strawberry.field(description=KEY)
    pool: str = strawberry.field(description="The pool's name, as the programme has it.")
    codes: list[str] = strawberry.field(
        description=f"Up to {CODES_MAX:,} codes, each 1 to 200 printable characters. One that the"
        " brand has already is not added again. Files of more are for `laurel pool import`.",
        directives=directives(weight=0.1),
    )


async def page(info: Info, pages: Pages, category: str | None) -> Connection[RewardSupply]:
    """Return a page of the rewards of the programme in force, in its order, with what is left."""
    brand, now = info.context.principal.brand, info.context.now
    cursors = info.context.cursors("Query.rewards")
    programme = (await info.context.loaders.programmes()).timeline.at(now)
    codes = _codes(programme, brand, category)
    asked = paging.window(cursors, *pages, codes.index)
    wanted = paging.slice_of(codes, asked)
    shown = await _supplies(info, programme, wanted)
    return paging.connection(cursors, asked, shown, lambda each: each.reward.code)


async def supply(info: Info, code: str) -> RewardSupply | None:
    """Return what there is of one reward of the programme in force, None if it has none such."""
    programme = (await info.context.loaders.programmes()).timeline.at(info.context.now)
    brand = info.context.principal.brand
    known = code in _codes(programme, brand, None)
    return (await _supplies(info, programme, [code]))[0] if known else None


async def pools(info: Info, pages: Pages) -> Connection[CodePool]:
    """Return a page of the brand's pools, by name."""
    cursors = info.context.cursors("Query.pools")
    asked = paging.window(cursors, *pages, str)
    async with info.context.reads.session() as session:
        found = await vouchers.pools(session, info.context.principal.brand.id)
    found.sort(key=lambda each: each.name)  # The database may sort otherwise.
    among = [
        _pool(each)
        for each in found
        if (asked.after is None or each.name > asked.after)
        and (asked.before is None or each.name < asked.before)
    ]
    among = among[-asked.size - 1 :] if asked.backwards else among[: asked.size + 1]
    return paging.connection(cursors, asked, among, lambda each: each.name)


async def change(info: Info, given: ChangeStockInput) -> str:
    """Change a stock as one transaction; return the reward's code. Raises LaurelError."""
    context, reason = info.context, checked_text(given.reason, "reason")

    async def work(
        session: Session, now: datetime, brand: Brand, given: ChangeStockInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = StockChange(
            key=brands_key(context, given.idempotency_key),
            reward=given.reward,
            units=given.units,
            reason=reason,
            actor=context.principal.account,
        )
        (done,) = await change_stock(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(context, "changeStock", given, work)
    if done["code"]:
        raise refusal(done, "reason")
    return given.reward


async def add(info: Info, given: AddPoolCodesInput) -> tuple[BigInt, BigInt, list[UserError]]:
    """Add codes as one transaction; return how many are new and known, and what was refused.

    Raises LaurelError if the request as a whole is refused.
    """
    checked_number(len(given.codes), "codes", code="TOO_MANY_CODES", maximum=CODES_MAX)
    done = await done_once(info.context, "addPoolCodes", given, _add)
    refused = [
        user_error(code, detail, ("input", "codes", str(place)))
        for place, code, detail in done["refused"]
    ]
    return BigInt(done["added"]), BigInt(done["known"]), refused


async def _add(
    session: Session, now: datetime, brand: Brand, given: AddPoolCodesInput
) -> dict[str, Any]:
    done = await add_codes(session, now, brand.id, given.pool, given.codes)
    refused = [(place, why.code, why.message) for place, why in done.refused]
    return {"added": done.added, "known": done.known, "refused": refused}


def _codes(programme: Programme | None, brand: Brand, category: str | None) -> list[str]:
    offers = offers_of(programme, brand) if programme else {}
    return [code for code, each in offers.items() if category in {None, each.reward.category}]


async def _supplies(
    info: Info, programme: Programme | None, codes: Sequence[str]
) -> list[RewardSupply]:
    if programme is None:
        return []
    brand = info.context.principal.brand
    found = await info.context.loaders.spending.supplies()
    offers = offers_of(programme, brand)
    shown = rewards.shown(brand, programme, info.context.language)
    supplies = []
    for code in codes:
        reward, own = offers[code].reward, found.get(code, Supply())
        stock = None if reward.stock is None else reward.stock + own.added
        left = None if stock is None else max(0, stock - own.taken)
        supplies.append(
            RewardSupply(
                pool_name=reward.codes,
                reward=shown[code],
                is_listed=reward.listed,
                stock=None if stock is None else BigInt(stock),
                taken=None if stock is None else BigInt(own.taken),
                left=None if left is None else BigInt(left),
            )
        )
    return supplies


def _pool(found: vouchers.Pool) -> CodePool:
    return CodePool(name=found.name, codes=BigInt(found.codes), free=BigInt(found.free))
