"""Which purchases and activities a filter speaks of."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from domain.brands.rules import Brand
from domain.earning.rules import Line
from domain.earning.rules_history import Happening
from gamification.grounds.rules_filter import compile_filter
from gamification.grounds.section_parts import Filter
from kit.ids import new_id

BRAND = Brand(1, "cafe", "Café", "America/New_York", "USD", 2)
FRIDAY_NOON = datetime(2026, 5, 1, 16, tzinfo=UTC)
COFFEE = Line(300, sku="latte", category="coffee", quantity=2)
CAKE = Line(450, sku="torte", category="cake")
BOUGHT = Happening(
    id=new_id(),
    external_id="p1",
    member_id=new_id(),
    kind="purchase",
    occurred_at=FRIDAY_NOON,
    recorded_at=FRIDAY_NOON,
    amount=750,
    points=7,
    lines=(COFFEE, CAKE),
    channel="app",
    store="12",
    attributes={},
    counts=True,
)
RATED = replace(BOUGHT, kind="review", lines=(), amount=0, attributes={"stars": 5})


def met(happening: Happening = BOUGHT, **said: Any) -> bool:
    """Whether a filter that says this speaks of a happening."""
    return compile_filter(Filter.model_validate(said), BRAND).met(happening)


@pytest.mark.parametrize(
    ("said", "bought", "rated"),
    [
        ({}, True, False),
        ({"on": "review"}, False, True),
        ({"on": "any"}, True, True),
        ({"channels": ["app"], "on": "any"}, True, True),
        ({"channels": ["web"], "on": "any"}, False, False),
        ({"stores": ["12", "13"], "on": "any"}, True, True),
        ({"stores": ["13"], "on": "any"}, False, False),
        ({"categories": ["coffee"], "on": "any"}, True, False),
        ({"skus": ["torte"]}, True, False),
        ({"categories": ["coffee"], "skus": ["torte"]}, False, False),
        ({"weekdays": ["friday"], "on": "any"}, True, True),
        ({"weekdays": ["monday"], "on": "any"}, False, False),
        ({"hours": "12:00-12:01", "on": "any"}, True, True),
        ({"hours": "12:01-12:00", "on": "any"}, False, False),
        ({"from": date(2026, 5, 1), "on": "any"}, True, True),
        ({"from": date(2026, 5, 2), "on": "any"}, False, False),
        ({"until": date(2026, 5, 1), "on": "any"}, False, False),
        ({"until": datetime(2026, 5, 1, 16, 1, tzinfo=UTC), "on": "any"}, True, True),
        ({"minimum": "7.50", "on": "any"}, True, False),
        ({"minimum": "7.51", "on": "any"}, False, False),
        ({"minimum": "3.01", "categories": ["coffee"]}, False, False),
        ({"when": "event.amount > 7.0", "on": "any"}, True, False),
        ({"when": "event.attributes.stars == 5", "on": "any"}, False, True),
        ({"when": 'line.category == "cake"'}, True, False),
        ({"when": 'now.weekday == "friday" && now.hour == 12', "on": "any"}, True, True),
        ({"when": 'event.kind == "review"', "on": "any"}, False, True),
    ],
)
def test_a_filter_speaks_of_what_meets_all_that_it_says(
    said: dict[str, Any], *, bought: bool, rated: bool
) -> None:
    assert (met(BOUGHT, **said), met(RATED, **said)) == (bought, rated)


def test_what_was_wholly_returned_is_never_spoken_of() -> None:
    gone = replace(BOUGHT, counts=False)
    found = compile_filter(Filter(on="any"), BRAND)
    assert (found.met(gone), found.lines(gone), found.amount(gone)) == (False, (), 0)


def test_a_filter_of_lines_speaks_of_their_money_and_their_number() -> None:
    coffee = compile_filter(Filter(categories=("coffee",)), BRAND)
    assert list(coffee.lines(BOUGHT)) == [COFFEE]
    assert (coffee.amount(BOUGHT), coffee.quantity(BOUGHT)) == (300, 2)
    everything = compile_filter(Filter(), BRAND)
    assert everything.lines(BOUGHT) == (COFFEE, CAKE)
    assert (everything.amount(BOUGHT), everything.quantity(BOUGHT)) == (750, 3)
    paid = compile_filter(Filter(on="review"), BRAND)
    assert (paid.amount(replace(RATED, amount=90)), paid.quantity(RATED)) == (90, 0)


@pytest.mark.parametrize(
    ("at", "hour"),
    [
        # On 8 March 2026 New York goes from 2:00 to 3:00, on 1 November from 2:00 back to 1:00.
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "01:59-02:00"),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "03:00-03:01"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "01:30-01:31"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "01:30-01:31"),
        (datetime(2026, 11, 1, 7, 0, tzinfo=UTC), "02:00-02:01"),
    ],
)
def test_hours_are_those_on_the_wall_also_when_the_clocks_change(at: datetime, hour: str) -> None:
    assert met(replace(BOUGHT, occurred_at=at), hours=hour)
    assert not met(replace(BOUGHT, occurred_at=at), hours="12:00-13:00")


def test_the_day_of_the_brands_clock_decides() -> None:
    late = replace(BOUGHT, occurred_at=datetime(2026, 5, 2, 3, 59, tzinfo=UTC))
    assert met(late, weekdays=["friday"], until=date(2026, 5, 2))


def test_filters_that_say_the_same_are_made_ready_once() -> None:
    one = compile_filter(Filter(channels=("a",)), BRAND)
    assert one is compile_filter(Filter(channels=("a",)), BRAND)
