"""One brand never reads or writes another's data: tried on every root field."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from api.graphql.schema import core
from domain.members.service import NewMember
from domain.wallets import queries as wallets
from domain.wallets.service import enrol
from kit.db import Session
from tests.support.client import Client
from tests.support.shop import purchase

SPRING = datetime(2026, 2, 20, 9, tzinfo=UTC)
TRIED = {
    "me",
    "brand",
    "member",
    "memberBy",
    "members",
    "figures",
    "node",
    "programme",
    "nodes",
    "recordPurchases",
    "refundPurchase",
}


async def enrolled(client: Client, name: str) -> None:
    brand = client.shop.brand

    async def work(session: Session) -> None:
        books = await wallets.books(session, brand.id)
        assert books is not None
        await enrol(session, SPRING, brand, books, [NewMember(name, SPRING)])

    await client.shop.database.write(work)


@pytest.fixture
async def ana(client: Client, other: Client) -> str:
    """A member of both brands called ana; the id of the grocer's, who bought for 500 dollars."""
    await client.shop.buy(purchase("p1", "ana", 50_000, SPRING))
    await enrolled(other, "ana")
    data = (await client.ask("{ me { id } }", client.member("ana"))).data
    return str(data["me"]["id"])


def test_every_root_field_is_tried() -> None:
    roots = (core().query_type, core().mutation_type)
    assert {name for root in roots if root for name in root.fields} == TRIED


async def test_a_member_is_another_in_another_brand(other: Client, ana: str) -> None:
    query = "{ me { id balance { total } movements { nodes { code } } } brand { code } }"
    data = (await other.ask(query, other.member("ana"))).data
    assert data["me"]["id"] != ana
    assert data["me"]["balance"] == {"total": "0.0"}
    assert data["me"]["movements"] == {"nodes": []}
    assert data["brand"] == {"code": "coffee"}


CALLERS: list[Callable[[Client], str]] = [
    lambda client: client.staff,
    lambda client: client.server,
    lambda client: client.member("ana"),
]


@pytest.mark.parametrize("caller", CALLERS, ids=["staff", "server", "member"])
async def test_ids_of_another_brand_lead_nowhere(
    client: Client, other: Client, ana: str, caller: Callable[[Client], str]
) -> None:
    brand = (await client.ask("{ brand { id } }", client.staff)).data["brand"]["id"]
    query = "query ($a: ID!, $b: ID!) { node(id: $a) { id } nodes(ids: [$a, $b]) { id } }"
    answer = await other.ask(query, caller(other), a=ana, b=brand)
    assert answer.data == {"node": None, "nodes": [None, None]}


async def test_staff_and_servers_find_their_own_members_only(other: Client, ana: str) -> None:
    await enrolled(other, "only")
    by_id = "query ($id: ID!) { member(id: $id) { id } }"
    assert (await other.ask(by_id, other.staff, id=ana)).data == {"member": None}
    assert (await other.ask(by_id, other.server, id=ana)).data == {"member": None}
    named = '{ member: memberBy(by: {externalId: "ana"}) { id balance { total } } }'
    found = (await other.ask(named, other.staff)).data["member"]
    assert found["id"] != ana
    assert found["balance"] == {"total": "0.0"}
    every = (await other.ask("{ members { nodes { externalId } } }", other.staff)).data
    assert sorted(each["externalId"] for each in every["members"]["nodes"]) == ["ana", "only"]


async def test_a_cursor_of_another_brand_is_none(client: Client, other: Client, ana: str) -> None:
    assert ana
    query = "query ($after: Cursor) { members(after: $after) { nodes { id } edges { cursor } } }"
    page = (await client.ask(query, client.staff)).data["members"]
    after = page["edges"][0]["cursor"]
    assert (await client.ask(query, client.staff, after=after)).data["members"]
    refused = await other.ask(query, other.staff, after=after)
    assert (refused.json["data"], refused.reasons) == ({"members": None}, ["CURSOR_INVALID"])


async def test_figures_are_the_brands_own(other: Client, ana: str) -> None:
    assert ana
    query = "{ figures { members purchases spend { amount } pointsOutstanding } }"
    assert (await other.ask(query, other.staff)).data["figures"] == {
        "members": "1",
        "purchases": "0",
        "spend": {"amount": "0.00"},
        "pointsOutstanding": "0.0",
    }


async def test_a_purchase_counts_where_it_was_reported(
    client: Client, other: Client, ana: str
) -> None:
    assert ana
    mutation = """
    mutation ($input: RecordPurchasesInput!) {
      recordPurchases(input: $input) { outcomes { status points error { code } } }
    }
    """
    bought = {
        "externalId": "p1",
        "member": "ana",
        "occurredAt": "2026-03-01T00:00:00Z",
        "currency": "USD",
        "lines": [{"amount": "7"}],
    }
    given = {"idempotencyKey": "k", "purchases": [bought]}
    answer = await other.ask(mutation, other.server, input=given)
    assert answer.data["recordPurchases"]["outcomes"] == [
        {"status": "RECORDED", "points": "7.0", "error": None}
    ]
    assert (await client.shop.balance("ana")).total == 500
    # The same key is another brand's own, too.
    assert "errors" not in (await client.ask(mutation, client.server, input=given)).json


async def test_a_purchase_of_another_brand_is_not_there_to_refund(
    client: Client, other: Client, ana: str
) -> None:
    assert ana
    mutation = """
    mutation ($input: RefundPurchaseInput!) {
      refundPurchase(input: $input) { refund { status } errors { code } }
    }
    """
    given = {
        "idempotencyKey": "k",
        "externalId": "r1",
        "purchase": "p1",
        "occurredAt": "2026-03-01T00:00:00Z",
    }
    answer = await other.ask(mutation, other.server, input=given)
    assert answer.data["refundPurchase"] == {
        "refund": None,
        "errors": [{"code": "PURCHASE_NOT_FOUND"}],
    }
    assert (await client.shop.balance("ana")).total == 500
