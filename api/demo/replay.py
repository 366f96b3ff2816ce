"""Replays the real year's baskets as if they were bought now, so that boards and bars move."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from api.demo.load import BRAND, year_of
from api.importing.shape import Read
from api.parts import Parts, named_brand, opened
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.service import record_purchases
from domain.programmes import queries as programmes
from kit import log
from kit.db import Session
from kit.settings import Settings

EVERY_SECONDS = 2.0
AT_ONCE = 3
"""So many baskets every so often: 90 a minute, a busy shop."""


async def replay(parts: Parts, brand: Brand, stop: asyncio.Event) -> None:
    """Let members buy what they bought in the real year, in its order, until ``stop`` is set.

    Each basket is a new purchase of now. The year begins anew when it is over.
    """
    async for baskets in _paced(brand, stop):
        now = parts.clock.now()
        bought = [_now(each, now) for each in baskets]

        async def work(
            session: Session, now: datetime = now, bought: list[Purchase] = bought
        ) -> None:
            timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
            await record_purchases(session, now, brand, timeline, bought)

        await parts.database.write(work)


async def _paced(brand: Brand, stop: asyncio.Event) -> AsyncIterator[list[Purchase]]:
    while not stop.is_set():
        baskets = _baskets(brand)
        while some := list(islice(baskets, AT_ONCE)):
            yield some
            try:
                async with asyncio.timeout(EVERY_SECONDS):
                    await stop.wait()
            except TimeoutError:
                continue
            return


def _baskets(brand: Brand) -> Iterator[Purchase]:
    for items in year_of(brand):
        for item in items:
            if isinstance(item, Read):
                yield item.purchase


def _now(basket: Purchase, now: datetime) -> Purchase:
    return replace(
        basket, external_id=f"live {now:%Y%m%d%H%M%S%f} {basket.external_id}", occurred_at=now
    )


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(Settings(), migrate=False) as parts:
        async with parts.database.read() as session:
            brand = await named_brand(session, BRAND)
        await replay(parts, brand, stop)


if __name__ == "__main__":
    log.configure(Settings(log_level="warning"))
    asyncio.run(_main())
