"""A brand whose programme has activities, caps, two ladders, benefits and points that wait."""

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support import games
from tests.support.client import Client, client_of
from tests.support.coherence import assert_coherent
from tests.support.playing import GAMES
from tests.support.rewards import programme
from tests.support.shop import ROOT, opened_shop, purchase

WAITING = """
[[earning.rule]]
name = "Tour"
on = "tour"
points = "400"
pending_from = "release"
pending_days = 2
"""


@pytest.fixture
async def ridge(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> Client:
    """A client of the outdoor shop, which collects debts and lets points of tours wait for it."""
    text = (ROOT / "programmes" / "vipeak.toml").read_text()
    text = text.replace("warn_days", 'negative_balance = "collect"\nwarn_days', 1)
    shop = await opened_shop(database, clock, text + WAITING)
    return await client_of(app, shop, Tokens(runtime.settings))


CAFE = """
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_next_window"

[[tiers.ladder.tier]]
name = "Green"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "1000"

[rewards]
approval_over = "400"

[[rewards.category]]
code = "drinks"
name = { en = "Drinks", vi = "Đồ uống" }

[[rewards.limit]]
name = "One card a day"
rewards = ["card"]
period = "day"
times = 1

[[rewards.reward]]
code = "tea"
kind = "free_product"
name = { en = "A tea", vi = "Một ly trà" }
description = { en = "Any size.", vi = "Mọi cỡ." }
terms = "Not with other offers."
picture = "https://example.com/tea.png"
category = "drinks"
points = "100"
article = "TEA"
valid = { days = 30 }
return_days = 14

[[rewards.reward]]
code = "card"
kind = "gift_card"
name = "A card"
points = "200"
value = "5.00"

[[rewards.reward]]
code = "class"
kind = "event"
name = "An evening of tea"
points = "150"
money = "7.50"
stock = 1
fulfil = "by_staff"
fulfil_days = 5

[[rewards.reward]]
code = "spring"
kind = "voucher"
name = "Spring tea"
points = "10"
from = 2026-03-20
until = 2026-05-01
[[rewards.reward.early]]
tiers = ["Gold"]
from = 2026-03-10

[[rewards.reward]]
code = "winter"
kind = "voucher"
name = "Winter tea"
points = "10"
until = 2026-03-01

[[rewards.reward]]
code = "cake"
kind = "free_product"
name = "A birthday cake"
points = "0"
birthday_days = 7

[[rewards.reward]]
code = "lounge"
kind = "experience"
name = "The lounge"
points = "10"
tiers = ["Gold"]

[[rewards.reward]]
code = "spa"
kind = "voucher"
name = "A day at the spa"
points = "50"
codes = "spa"

[[rewards.reward]]
code = "meal"
kind = "donation"
name = "A meal for somebody"
points = "50"

[[rewards.reward]]
code = "grand"
kind = "voucher"
name = "The grand voucher"
points = "500"

[[rewards.reward]]
code = "secret"
kind = "voucher"
name = "A surprise"
points = "0"
listed = false
"""


@pytest.fixture
async def cafe(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> AsyncIterator[Client]:
    """A client of a café with rewards of many kinds; ana has 999 points, ben 120."""
    shop = await opened_shop(database, clock, programme(CAFE))
    await shop.buy(purchase("p1", "ana", 999_00, clock.now()))
    await shop.buy(purchase("p2", "ben", 120_00, clock.now()))
    yield await client_of(app, shop, Tokens(runtime.settings))
    await assert_coherent(database)


@pytest.fixture
async def arcade(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> AsyncIterator[Client]:
    """A client of a shop in New York with games of many kinds."""
    shop = await opened_shop(database, clock, games.programme(GAMES))
    yield await client_of(app, shop, Tokens(runtime.settings))
    await assert_coherent(database)
