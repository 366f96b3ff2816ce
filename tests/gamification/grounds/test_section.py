"""What filters can say, and what is wrong with what makes no sense."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from api.sections import SECTIONS
from domain.programmes.rules import load
from gamification.grounds.section_faults import filter_faults
from gamification.grounds.section_parts import Filter
from tests.support.programmes import GOOD

OTHERS = load(GOOD, SECTIONS, "test").sections


def faults(**said: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with a filter that says this."""
    return list(filter_faults(("goal", 0), Filter.model_validate(said), OTHERS))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"on": "any", "categories": ["coffee"], "minimum": "1.25"},
        {"on": "review", "when": "event.attributes.stars == 5"},
        {"from": date(2026, 5, 1), "until": date(2026, 5, 2), "when": "line.quantity > 1"},
    ],
)
def test_what_makes_sense_has_no_faults(said: dict[str, Any]) -> None:
    assert faults(**said) == []


@pytest.mark.parametrize(
    ("said", "field", "message"),
    [
        (
            {"on": "redemption"},
            "on",
            "'redemption' is a word of Laurel's own; call the activity otherwise",
        ),
        (
            {"on": "review", "skus": ["latte"]},
            "on",
            "'review' has no lines; leave out categories, skus and line",
        ),
        (
            {"on": "review", "when": "line.amount > 1.0"},
            "on",
            "'review' has no lines; leave out categories, skus and line",
        ),
        (
            {"from": date(2026, 5, 1), "until": date(2026, 5, 1)},
            "until",
            "is not after from; choose a later day",
        ),
        ({"minimum": "1.255"}, "minimum", "is finer than USD can be; write fewer decimals"),
    ],
)
def test_what_makes_no_sense_is_said_where_it_is(
    said: dict[str, Any], field: str, message: str
) -> None:
    assert faults(**said) == [(("goal", 0, field), message)]


@pytest.mark.parametrize(
    ("when", "names"),
    [
        ('tier == "Gold"', "tier"),
        ('member.region == "CA-ON" && now.birthday', "member.region, now.birthday"),
    ],
)
def test_a_filter_can_ask_only_what_is_known_of_what_is_past(when: str, names: str) -> None:
    with pytest.raises(ValidationError) as told:
        Filter(when=when)
    assert told.value.errors()[0]["msg"] == (
        f"Value error, speaks of {names}, which a game can't know of what is past;"
        " speak only of event, line and now, without now.birthday"
    )


def test_an_expression_that_is_none_is_refused_as_everywhere() -> None:
    with pytest.raises(ValidationError, match="amount"):
        Filter(when="event.amout > 3.0")
