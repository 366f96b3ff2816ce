"""A brand whose programme has activities, caps, two ladders, benefits and points that wait."""

import pytest
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from kit.clock import MovableClock
from kit.db import Database
from tests.support.client import Client, client_of
from tests.support.shop import ROOT, opened_shop

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
