"""Replays in tests: a programme as text, a member, and what happens, in memory."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from api.sections import SECTIONS
from api.simulating.asked import BEGINNING, DRAFT, Version, brand_of, timeline_of
from domain.earning.rules import Activity, Line, Purchase
from domain.ledger.rules import Kind
from domain.programmes.rules import load
from domain.simulation.rules import Did, Ended, Happening, Past, Reserved
from domain.simulation.rules_life import Life
from domain.simulation.rules_months import calendar
from domain.simulation.rules_replay import Replay

PLAIN = """\
[brand]
code = "shop"
name = "The Shop"
time_zone = "UTC"
currency = "USD"

[enrolment]
on_first_purchase = true

[points]
code = "points"
name = "Points"
expires = "never"

[earning]
points = "1"
per = "1.00"
rounding = "floor"
base = "after_discount"

[[tiers.ladder]]
qualify_by = "spend"
window = "lifetime"
holds = "forever"

[[tiers.ladder.tier]]
name = "Green"
threshold = "0"

[[tiers.ladder.tier]]
name = "Gold"
threshold = "150.00"
"""
"""A point a dollar for ever, and two tiers."""

REWARDS = (
    PLAIN
    + """
[rewards]

[[rewards.reward]]
code = "cup"
kind = "free_product"
name = "A cup"
points = "50"
article = "CUP"
cost = "2.00"

[[rewards.reward]]
code = "doubled"
kind = "points"
name = "Points for points"
points = "10"
gives = "15"
cost = "0.10"

[[rewards.reward]]
code = "free"
kind = "discount"
name = "Nothing to pay"
points = "0"
percent = "5"
cost = "1.00"
listed = false
"""
)


def day(text: str) -> datetime:
    """Return noon of a day of 2026, such as 01-31."""
    return datetime.fromisoformat(f"2026-{text}T12:00").replace(tzinfo=UTC)


def replay(text: str, *, reprices: bool = True, **more: Any) -> Replay:
    """Return a replay of one programme over 2026."""
    timeline = timeline_of((Version(DRAFT, BEGINNING, text, BEGINNING),))
    brand = brand_of(load(text, SECTIONS, "test"))
    months = calendar(brand.zone, day("01-01"), day("12-31"))
    return Replay(brand, timeline, months, reprices=reprices, **more)


def ann(birthday: date | None = None, **more: Any) -> Past:
    """Return a member."""
    return Past(UUID(int=1), "ann", birthday=birthday, **more)


def lived(made: Replay, happenings: Sequence[Happening], past: Past | None = None) -> Life:
    """Return a member's life to its end."""
    life = Life(made, past or ann())
    for each in happenings:
        life.meet(each)
    life.end()
    return life


def bought(text: str, dollars: int, name: str = "p", *, refunds: bool = False) -> Did:
    """Return that so much was bought on a day."""
    line = Line(amount=dollars * 100)
    return Did(day(text), Purchase(name, "ann", day(text), "USD", (line,)), refunds)


def acted(text: str, kind: str) -> Did:
    """Return that something was done on a day."""
    return Did(day(text), Activity(f"{kind} {text}", "ann", kind, day(text)))


def redeemed(
    text: str, points: int, reward: str | None = None, hold_id: int = 1, **more: Any
) -> tuple[Reserved, Ended]:
    """Return that points were reserved and spent on a day."""
    held = Reserved(day(text), hold_id, points, day("12-31"), reward, whole=points, **more)
    return held, Ended(day(text), hold_id, Kind.POST, points, points)
