"""What a basket would earn: the same as recording it, and nothing is written."""

from typing import Any

import pytest

from tests.support.client import Client
from tests.support.shop import ROOT, purchase

PREVIEW = """
query Preview($input: PreviewPurchaseInput!) {
  previewPurchase(input: $input) {
    points awards { rule points availableAt expiresAt qualifies }
    tiersBefore { ladder name } tiersAfter { ladder name }
    error { code field message }
  }
}
"""
RECORD = """
mutation Record($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) {
    outcomes { points awards { rule points availableAt expiresAt qualifies } error { code } }
  }
}
"""
BASKET = {
    "occurredAt": "2026-03-02T10:00:00Z",
    "currency": "USD",
    "lines": [{"amount": "99.99"}, {"amount": "250", "category": "experience"}],
}


async def preview(client: Client, token: str = "", **given: Any) -> Any:
    answer = await client.ask(PREVIEW, token or client.server, input={**BASKET, **given})
    return answer.data["previewPurchase"]


async def test_it_is_what_recording_gives(ridge: Client) -> None:
    seen = await preview(ridge, member="ana")
    assert seen["points"] == "4749"
    assert [(each["rule"], each["points"]) for each in seen["awards"]] == [
        ("base", "3499"),
        ("First purchase", "250"),
        ("Experience", "1000"),
    ]
    given = {
        "idempotencyKey": "k",
        "purchases": [{"externalId": "p1", "member": "ana", **BASKET}],
    }
    done = (await ridge.ask(RECORD, ridge.server, input=given)).data["recordPurchases"]
    (outcome,) = done["outcomes"]
    assert sorted(seen["awards"], key=str) == sorted(outcome["awards"], key=str)
    assert outcome["points"] == seen["points"]
    # It is not the first purchase any more.
    assert (await preview(ridge, member="ana"))["points"] == "4499"


async def test_nothing_is_written(ridge: Client) -> None:
    await preview(ridge, member="ana")
    figures = "{ figures { members purchases pointsIssued } members { nodes { id } } }"
    assert (await ridge.ask(figures, ridge.staff)).data == {
        "figures": {"members": "0", "purchases": "0", "pointsIssued": "0"},
        "members": {"nodes": []},
    }


async def test_tiers_before_and_after(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 30_000, client.shop.clock.now()))
    seen = await preview(client, member="ana", lines=[{"amount": "50"}])
    assert seen["tiersBefore"] == [{"ladder": "status", "name": "Insider"}]
    assert seen["tiersAfter"] == [{"ladder": "status", "name": "VIB"}]


async def test_members_preview_their_own_baskets(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 30_000, client.shop.clock.now()))
    seen = await preview(client, client.member("ana"))
    assert (seen["points"], seen["error"]) == ("349", None)
    assert seen["tiersBefore"] == [{"ladder": "status", "name": "Insider"}]
    for name in ("member", "externalId"):
        seen = await preview(client, client.member("ben"), **{name: "ana"})
        assert (seen["points"], seen["tiersBefore"], seen["awards"]) == ("0", [], [])
        assert seen["error"]["code"] == "INVALID_INPUT"
        assert seen["error"]["field"] == ["input", name]


DRAW = """
[[earning.rule]]
name = "Lucky"
points = "7"
chance = "0.5"
seed = "spring"
"""


@pytest.fixture
async def lucky(client: Client) -> Client:
    """The grocer, who gives seven points to every second purchase by lot."""
    text = (ROOT / "programmes" / "grocer.toml").read_text() + DRAW
    await client.shop.apply(text, client.shop.clock.now())
    return client


async def test_lots_are_drawn_by_the_id_of_the_purchase(lucky: Client) -> None:
    now = lucky.shop.clock.now().isoformat()
    names = [f"p{number}" for number in range(8)]
    seen = [
        (await preview(lucky, member="ana", occurredAt=now, externalId=name))["points"]
        for name in names
    ]
    assert set(seen) == {"349", "356"}
    for name, points in zip(names, seen, strict=True):
        bought = {**BASKET, "occurredAt": now, "externalId": name, "member": "ana"}
        given = {"idempotencyKey": name, "purchases": [bought]}
        done = (await lucky.ask(RECORD, lucky.server, input=given)).data["recordPurchases"]
        assert done["outcomes"][0]["points"] == points
    # Without an id there is nothing to draw by; a member never has one.
    assert (await preview(lucky, member="ana", occurredAt=now))["points"] == "349"
    assert (await preview(lucky, lucky.member("ana"), occurredAt=now))["points"] == "349"


async def test_a_refusal_is_data(client: Client) -> None:
    seen = await preview(client, member="ana", currency="EUR")
    assert seen == {
        "points": "0",
        "awards": [],
        "tiersBefore": [],
        "tiersAfter": [],
        "error": {
            "code": "CURRENCY_MISMATCH",
            "field": ["input", "currency"],
            "message": "The shop uses another currency. Please convert the amounts first.",
        },
    }
    assert (await preview(client))["error"]["code"] == "MEMBER_EMPTY"
