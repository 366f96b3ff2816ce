"""A brand's public terms."""

from datetime import timedelta

import pytest

from tests.support.client import Client

TERMS = """
query Terms($brand: String!) {
  programme(brand: $brand) {
    pointsName effectiveFrom
    brand { code name timeZone currency }
    tiers { name rank threshold { amount currency } }
  }
}
"""


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
        # Sephora's Beauty Insider, as programmes/grocer.toml says with its source.
        "tiers": [
            {"name": "Insider", "rank": 0, "threshold": {"amount": "0.00", "currency": "USD"}},
            {"name": "VIB", "rank": 1, "threshold": {"amount": "350.00", "currency": "USD"}},
            {"name": "Rouge", "rank": 2, "threshold": {"amount": "1000.00", "currency": "USD"}},
        ],
    }


@pytest.mark.parametrize("brand", ["", "nobody", "GROCER", "a\0", "x" * 5000])
async def test_a_brand_that_there_is_not(client: Client, brand: str) -> None:
    assert (await client.ask(TERMS, brand=brand)).data == {"programme": None}


async def test_before_the_first_terms_there_are_none(client: Client) -> None:
    client.shop.clock.move(timedelta(days=-20 * 365))
    assert (await client.ask(TERMS, brand="grocer")).data == {"programme": None}
