"""What is simulated is what happened: the same months, lots and balances as by the live verbs."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from api.sections import SECTIONS
from api.simulating.from_database import replay
from domain.metrics.queries import Figures
from domain.programmes import queries as programmes
from domain.simulation.rules_life import Life
from domain.simulation.rules_months import Calendar, calendar
from domain.simulation.rules_replay import Replay
from domain.simulation.rules_simulation import Simulation
from kit.clock import MovableClock
from kit.db import Database
from tests.support.histories import (
    BEGIN,
    Historian,
    book_what_ended,
    live_figures,
    live_lots,
    live_wallets,
)
from tests.support.shop import Shop, opened_shop

PROGRAMMES = (
    "grocer",
    "beauty-insider",
    "hk-explorer",
    "cash-back",
    "star-rewards-2026",
    "airline",
    "xplr",
)


RICH = """\
[brand]
code = "rich"
name = "The Rich"
time_zone = "America/New_York"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
scale = 1
pending_days = 2
expires = { months = 3, after = "activity" }
no_expiry_by_time_in = ["CA-ON"]
negative_balance = "collect"

[[points.tier_expiry]]
tiers = ["Gold"]
expires = "with_tier"

[earning]
points = "1"
per = "1.00"
rounding = "half_up"
base = "after_discount"
stacking = "best"

[[earning.multiplier]]
name = "Gold earns half more"
factor = "1.5"
tiers = ["Gold"]

[[earning.rule]]
name = "Welcome"
points = "100"
first = true
qualifies = false
expires = { months = 1 }

[[earning.rule]]
name = "Every third in a month"
points = "50"
nth = 3
nth_per = "month"

[[earning.rule]]
name = "Check-in"
on = "check-in"
points = "5"

[[earning.cap]]
name = "A pot for all"
period = "month"
points = "150"
of = "everyone"
rules = ["Every third in a month", "Check-in"]

[[earning.cap]]
name = "So much a day"
period = "day"
points = "200"
excess = "carried"
rules = ["base"]

[[tiers.ladder]]
qualify_by = "spend"
window = "rolling"
months = 2
holds = { months = 1 }

[[tiers.ladder.tier]]
name = "Green"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "300.00"

[gifts]
"""
LATER = (
    RICH.replace('negative_balance = "collect"', 'negative_balance = { limit = "40" }')
    .replace("months = 3, after", "months = 5, after")
    .replace('threshold = "300.00"', 'threshold = "200.00"')
)
NEVER = datetime.max.replace(tzinfo=UTC)


class Watched(Simulation):
    """A simulation that keeps its members."""

    def __init__(self, draft: Replay) -> None:
        super().__init__(draft)
        self.lives: list[Life] = []

    def finish(self, lives: list[Life]) -> None:
        super().finish(lives)
        self.lives += lives


@pytest.mark.parametrize("programme", PROGRAMMES)
async def test_simulated_is_what_happened(
    database: Database, clock: MovableClock, programme: str
) -> None:
    clock.set(BEGIN)
    shop = await opened_shop(database, clock, programme)
    historian = Historian(shop, clock, random.Random(f"{programme} 1"))
    await historian.begin()
    await historian.go_on(80)
    await assert_same(shop)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_a_programme_says_it_is_simulated(
    database: Database, clock: MovableClock, seed: int
) -> None:
    clock.set(BEGIN)
    shop = await opened_shop(database, clock, RICH)
    historian = Historian(shop, clock, random.Random(seed))
    await historian.begin()
    await historian.go_on(90)
    clock.move(historian.step)
    await shop.apply(LATER, clock.now())
    await historian.begin()
    await historian.go_on(60)
    await assert_same(shop)


async def assert_same(shop: Shop) -> None:
    await book_what_ended(shop)
    until = shop.clock.now()
    months = calendar(shop.brand.zone, datetime(2025, 11, 1, tzinfo=shop.brand.zone), until)
    live = await live_figures(shop, months.ends)
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        versions = await programmes.versions(session, shop.brand.id)
        known_at = {each.id: each.applied_at for each in versions}
        simulation = Watched(Replay(shop.brand, timeline, months, known_at=known_at))
        await replay(session, shop.brand, simulation, until, lambda _: None)
    assert simulated(simulation, months) == [told(each) for each in live]
    assert lots(simulation, until) == await live_lots(shop, until)
    mine = {each.past.external_id: each.pocket for each in simulation.lives}
    assert {
        name: (
            sum(each.held + each.remaining * (not each.ended(until)) for each in pocket.parcels),
            pocket.debt,
            pocket.owed,
            sum(claim.points for claim in pocket.claims),
        )
        for name, pocket in mine.items()
    } == await live_wallets(shop)


def told(figures: Figures) -> dict[str, Any]:
    """Return what both sides say of a month."""
    return {
        "members": figures.members,
        "purchases": figures.purchases,
        "spend": figures.spend_minor,
        "refunded": figures.refunded_minor,
        "issued": figures.points_issued,
        "spent": figures.points_spent,
        "expired": figures.points_expired,
        "reversed": figures.points_reversed,
        "outstanding": figures.points_outstanding,
        "tiers": {
            (ladder, tier): count
            for ladder, tiers in figures.tiers.items()
            for tier, count in tiers.items()
            if count
        },
    }


def simulated(simulation: Simulation, months: Calendar) -> list[dict[str, Any]]:
    """Return the same of a simulation, running sums."""
    sums = simulation.found().draft.sums
    left = sums.outstanding()
    names = {"members": "joined"}
    found = []
    for place in range(len(months.ends)):
        mine: dict[str, Any] = {
            name: sum(getattr(sums, names.get(name, name))[: place + 1])
            for name in ("members", "purchases", "spend", "refunded", "issued")
        }
        mine |= {
            name: sum(getattr(sums, name)[: place + 1]) for name in ("spent", "expired", "reversed")
        }
        found.append({**mine, "outstanding": left[place], "tiers": sums.tiers[place]})
    return found


def lots(simulation: Watched, at: datetime) -> list[tuple[Any, ...]]:
    """Return what is left of the lots of a simulation."""
    found = [
        (
            life.past.external_id,
            each.remaining + each.held,
            each.earned_at,
            each.available_at,
            each.expires_at,
        )
        for life in simulation.lives
        for each in life.pocket.parcels
        if not each.ended(at) and each.remaining + each.held
    ]
    return sorted(found, key=lambda each: (each[0], each[2], each[3], each[4] or NEVER, each[1]))
