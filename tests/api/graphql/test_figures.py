"""A brand's figures for its staff."""

from datetime import UTC, datetime

import pytest

from tests.support.client import Client
from tests.support.shop import purchase

FIGURES = """
query Figures($at: DateTime) {
  figures(asOf: $at) {
    asOf members purchases spend { amount currency } refunded { amount }
    pointsIssued pointsSpent pointsExpired pointsReversed pointsOutstanding
    tiers { ladder name members }
  }
}
"""


async def test_figures_up_to_an_instant(client: Client) -> None:
    await client.shop.buy(
        purchase("p1", "ana", 40_000, datetime(2026, 1, 5, tzinfo=UTC)),
        purchase("p2", "ben", 1_050, datetime(2026, 2, 5, tzinfo=UTC)),
    )
    answer = await client.ask(FIGURES, client.staff, at="2026-01-31T00:00:00-05:00")
    assert answer.data["figures"] == {
        "asOf": "2026-01-31T05:00:00Z",
        "members": "1",
        "purchases": "1",
        "spend": {"amount": "400.00", "currency": "USD"},
        "refunded": {"amount": "0.00"},
        "pointsIssued": "400",
        "pointsSpent": "0",
        "pointsExpired": "0",
        "pointsReversed": "0",
        "pointsOutstanding": "400",
        "tiers": [
            {"ladder": "status", "name": "Insider", "members": "0"},
            {"ladder": "status", "name": "VIB", "members": "1"},
            {"ladder": "status", "name": "Rouge", "members": "0"},
        ],
    }
    assert (await client.ask(FIGURES, client.staff)).data["figures"]["members"] == "2"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_figures_of_no_time(client: Client, at: str) -> None:
    answer = await client.ask(FIGURES, client.staff, at=at)
    assert (answer.codes, answer.reasons) == (["BAD_USER_INPUT"], ["DATE_OUT_OF_RANGE"])
