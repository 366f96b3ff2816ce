"""Tiers given and taken by hand, over GraphQL."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.client import Client
from tests.support.shop import purchase

GRANT = """
mutation Grant($input: GrantStatusInput!) {
  grantStatus(input: $input) {
    grant { id ladder name startsAt endsAt grantedFor revokedAt }
    member { tier { name granted since validUntil keep { missing { value } } } }
    errors { code field }
  }
}
"""
REVOKE = """
mutation Revoke($input: RevokeStatusInput!) {
  revokeStatus(input: $input) {
    grant { id name revokedAt }
    member { tier { name granted } grants { id grantedBy } }
    errors { code field }
  }
}
"""


@pytest.fixture
async def ana(client: Client) -> Client:
    """A member who bought for ten dollars."""
    await client.shop.buy(purchase("p1", "ana", 1_000, client.shop.clock.now()))
    return client


async def give(client: Client, **given: Any) -> Any:
    wanted = {
        "idempotencyKey": "k1",
        "member": "ana",
        "tier": "VIB",
        "reason": "A partner",
        **given,
    }
    return (await client.ask(GRANT, client.server, input=wanted)).data["grantStatus"]


async def revoke(client: Client, grant: str, key: str = "r1") -> Any:
    given = {"idempotencyKey": key, "grant": grant}
    return (await client.ask(REVOKE, client.staff, input=given)).data["revokeStatus"]


async def test_a_partner_grants_a_tier_for_a_time(ana: Client) -> None:
    end = "2026-06-01T04:00:00Z"
    payload = await give(ana, endsAt=end)
    grant = payload["grant"]
    number = grant.pop("id")
    assert grant == {
        "ladder": "status",
        "name": "VIB",
        "startsAt": "2026-03-02T12:00:00Z",
        "endsAt": end,
        "grantedFor": "A partner",
        "revokedAt": None,
    }
    assert payload["member"]["tier"] == {
        "name": "VIB",
        "granted": True,
        "since": "2026-03-02T12:00:00Z",
        "validUntil": end,
        "keep": {"missing": {"value": "340.00"}},
    }
    assert (await give(ana, endsAt=end))["grant"]["id"] == number
    ana.shop.clock.move(timedelta(days=100))
    own = await ana.ask("{ me { tier { name granted } } }", ana.member("ana"))
    assert own.data["me"]["tier"] == {"name": "Insider", "granted": False}


async def test_what_was_granted_is_revoked_once(ana: Client) -> None:
    grant = (await give(ana))["grant"]["id"]
    ana.shop.clock.move(timedelta(days=1))
    payload = await revoke(ana, grant)
    assert payload["grant"] == {"id": grant, "name": "VIB", "revokedAt": "2026-03-03T12:00:00Z"}
    assert payload["member"]["tier"] == {"name": "Insider", "granted": False}
    (kept,) = payload["member"]["grants"]
    assert kept["grantedBy"].startswith("key:")
    ana.shop.clock.move(timedelta(days=1))
    again = await revoke(ana, grant, "r2")
    assert again["grant"] == payload["grant"]


async def test_a_grant_is_an_object_with_an_id(ana: Client) -> None:
    grant = (await give(ana))["grant"]["id"]
    query = "query ($id: ID!) { node(id: $id) { id ... on StatusGrant { name } } }"
    found = {"node": {"id": grant, "name": "VIB"}}
    assert (await ana.ask(query, ana.staff, id=grant)).data == found
    assert (await ana.ask(query, ana.server, id=grant)).data == found


async def test_members_see_no_grants(ana: Client) -> None:
    grant = (await give(ana))["grant"]["id"]
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await ana.ask(query, ana.member("ana"), id=grant)).data == {"node": None}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"member": "nobody"}, "UNKNOWN_MEMBER", "member"),
        ({"member": "a\0"}, "UNKNOWN_MEMBER", "member"),
        ({"ladder": "summits"}, "UNKNOWN_LADDER", "ladder"),
        ({"tier": "Gold"}, "UNKNOWN_TIER", "tier"),
        ({"startsAt": "2026-03-01T00:00:00Z"}, "STARTS_IN_THE_PAST", "startsAt"),
        ({"endsAt": "2026-03-02T12:00:00Z"}, "INVALID_DEADLINE", "endsAt"),
        ({"reason": ""}, "INVALID_INPUT", "reason"),
    ],
)
async def test_grants_that_are_refused(
    ana: Client, given: dict[str, str], code: str, field: str
) -> None:
    payload = await give(ana, **given)
    errors = [{"code": code, "field": ["input", field]}]
    assert payload == {"grant": None, "member": None, "errors": errors}


@pytest.mark.parametrize("grant", ["", "none", "TWVtYmVyOjE"])
async def test_what_is_no_grant_is_not_revoked(ana: Client, grant: str) -> None:
    payload = await revoke(ana, grant)
    assert payload["errors"] == [{"code": "GRANT_NOT_FOUND", "field": ["input", "grant"]}]
    assert (payload["grant"], payload["member"]) == (None, None)
