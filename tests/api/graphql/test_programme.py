"""A brand's public terms."""

from datetime import timedelta

import pytest

from tests.support.client import Client

TERMS = """
query Terms($brand: String!) {
  programme(brand: $brand) {
    pointsName effectiveFrom
    brand { code name timeZone currency }
    pendingDays endings { tiers kind months toEndOf on }
    ladders {
      code name measure activity window windowMonths holds holdsMonths graceDays
      tiers { name rank threshold { value unit currency } keep { value } benefits { name } }
    }
  }
}
"""


def step(rank: int, name: str, threshold: str, *benefits: str) -> dict[str, object]:
    return {
        "name": name,
        "rank": rank,
        "threshold": {"value": threshold, "unit": "MONEY", "currency": "USD"},
        "keep": {"value": threshold},
        "benefits": [{"name": each} for each in benefits],
    }


async def test_anybody_may_read_the_terms(client: Client) -> None:
    found = (await client.ask(TERMS, brand="grocer")).data["programme"]
    assert found == {
        "pointsName": "Points",
        "effectiveFrom": "2010-01-01T00:00:00Z",
        "brand": {
            "code": "grocer",
            "name": "The Grocer",
            "timeZone": "America/New_York",
            "currency": "USD",
        },
        "pendingDays": 0,
        "endings": [{"tiers": [], "kind": "NEVER", "months": None, "toEndOf": None, "on": None}],
        # Sephora's Beauty Insider, as programmes/grocer.toml says with its source.
        "ladders": [
            {
                "code": "status",
                "name": None,
                "measure": "SPEND",
                "activity": None,
                "window": "CALENDAR_YEAR",
                "windowMonths": None,
                "holds": "END_OF_NEXT_WINDOW",
                "holdsMonths": None,
                "graceDays": 0,
                "tiers": [
                    step(0, "Insider", "0.00", "Birthday cake"),
                    step(1, "VIB", "350.00", "Birthday cake", "Free delivery"),
                    step(2, "Rouge", "1000.00", "Birthday cake", "Free delivery"),
                ],
            }
        ],
    }


@pytest.mark.parametrize("brand", ["", "nobody", "GROCER", "a\0", "x" * 5000])
async def test_a_brand_that_there_is_not(client: Client, brand: str) -> None:
    assert (await client.ask(TERMS, brand=brand)).data == {"programme": None}


async def test_before_the_first_terms_there_are_none(client: Client) -> None:
    client.shop.clock.move(timedelta(days=-20 * 365))
    assert (await client.ask(TERMS, brand="grocer")).data == {"programme": None}
