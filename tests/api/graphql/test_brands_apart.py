"""One brand never reads or writes another's data: tried on every root field."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from api.graphql.schema import core
from domain.members.service import NewMember
from domain.wallets import queries as wallets
from domain.wallets.service import enrol
from kit.db import Session
from tests.support.callers import granted
from tests.support.client import Client
from tests.support.redeeming import done
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
    "recordActivities",
    "enrolMembers",
    "amendMembers",
    "releasePoints",
    "adjustPoints",
    "grantStatus",
    "revokeStatus",
    "previewPurchase",
    "programmeVersions",
    *("rewards", "redemptions", "voucherByCode", "pools", "redeemReward", "cancelRedemption"),
    *("returnRedemption", "fulfilRedemptions", "approveRedemption", "declineRedemption"),
    *("changeStock", "addPoolCodes", "burnVoucher"),
    # In test_merging.py.
    *("mergeMembers", "eraseMember"),
    # In test_households.py, test_referrals.py and test_gifts.py.
    *("foundHousehold", "inviteToHousehold", "answerInvitation", "leaveHousehold"),
    *("removeFromHousehold", "changeHouseholdRole", "claimReferral", "reviewReferrals"),
    *("referrals", "givePoints"),
    # In test_challenges.py, test_streaks.py, test_badges.py and test_prizes.py.
    *("joinChallenge", "leaveChallenge", "repairStreak", "grantFreezes", "shareBadge"),
    *("unshareBadge", "awardBadge", "revokeBadge", "retryPrize"),
    # In test_boards.py.
    *("board", "boards", "flags", "chooseBoardAlias", "hideFromBoards", "showOnBoards"),
    *("leaveLeagues", "enterLeagues", "removeBoardAlias", "banFromBoards", "liftBan"),
    *("excludeFromBoards", "includeOnBoards", "disqualifyPlace", "reviewFlag"),
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


async def changed(client: Client, verb: str, asked: str, **given: object) -> Any:
    """Do one thing with the rights of the brand's staff, or of its servers; return the payload."""
    name = verb[0].upper() + verb[1:]
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {asked} }} }}"
    token = client.staff if verb == "adjustPoints" else client.server
    answer = await client.ask(mutation, token, input={"idempotencyKey": "k", **given})
    return answer.data[verb]


async def test_names_mean_the_members_of_the_brand_that_calls(
    client: Client, other: Client, ana: str
) -> None:
    at = "2026-03-01T00:00:00Z"
    done = {"externalId": "p1", "member": "ana", "kind": "review", "occurredAt": at}
    payload = await changed(other, "recordActivities", "outcomes { status }", activities=[done])
    assert payload == {"outcomes": [{"status": "RECORDED"}]}
    known = {"member": "ana", "displayName": "Another Ana"}
    payload = await changed(other, "amendMembers", "outcomes { status }", members=[known])
    assert payload == {"outcomes": [{"status": "RECORDED"}]}
    new = [{"externalId": "ana"}, {"externalId": "ben"}]
    payload = await changed(other, "enrolMembers", "outcomes { status }", members=new)
    assert payload == {"outcomes": [{"status": "REPLAYED"}, {"status": "RECORDED"}]}
    given = {"member": "ana", "points": "7", "reason": "a gift"}
    payload = await changed(other, "adjustPoints", "adjustment { status }", **given)
    assert payload == {"adjustment": {"status": "RECORDED"}}
    mine = "query ($id: ID!) { member(id: $id) { displayName balance { total } tier { name } } }"
    before = {"displayName": None, "balance": {"total": "500"}, "tier": {"name": "VIB"}}
    assert (await client.ask(mine, client.staff, id=ana)).data == {"member": before}
    page = await client.ask("{ members { nodes { externalId } } }", client.staff)
    assert page.data["members"]["nodes"] == [{"externalId": "ana"}]


async def test_what_another_brand_knows_is_not_there(
    client: Client, other: Client, ana: str
) -> None:
    assert ana
    grant = await granted(client, "ana", "Rouge")
    payload = await changed(
        other, "releasePoints", "outcomes { error { code } }", earnings=[{"purchase": "p1"}]
    )
    assert payload == {"outcomes": [{"error": {"code": "PURCHASE_NOT_FOUND"}}]}
    payload = await changed(other, "revokeStatus", "errors { code }", grant=grant)
    assert payload == {"errors": [{"code": "GRANT_NOT_FOUND"}]}
    given = {"member": "ana", "tier": "Rouge", "reason": "a friend"}
    payload = await changed(other, "grantStatus", "errors { code }", **given)
    assert payload == {"errors": [{"code": "UNKNOWN_LADDER"}]}
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await other.ask(query, other.staff, id=grant)).data == {"node": None}
    found = await client.ask("{ programmeVersions { nodes { id } } }", client.staff)
    version = found.data["programmeVersions"]["nodes"][0]["id"]
    assert (await other.ask(query, other.staff, id=version)).data == {"node": None}
    theirs = await other.ask("{ programmeVersions { nodes { id document } } }", other.staff)
    (node,) = theirs.data["programmeVersions"]["nodes"]
    assert node["id"] != version
    assert 'code = "coffee"' in node["document"]


async def test_a_preview_is_of_the_brands_own_member(other: Client, ana: str) -> None:
    assert ana
    query = """
    query ($input: PreviewPurchaseInput!) {
      previewPurchase(input: $input) { points tiersBefore { name } }
    }
    """
    given = {"currency": "USD", "lines": [{"amount": "7"}]}
    for whose, token in (({"member": "ana"}, other.server), ({}, other.member("ana"))):
        answer = await other.ask(query, token, input=given | whose)
        assert answer.data["previewPurchase"] == {"points": "7.0", "tiersBefore": []}


async def test_rewards_and_codes_are_the_brands_own(
    client: Client, other: Client, ana: str
) -> None:
    assert ana
    payload = await done(client, "addPoolCodes", client.server, pool="tea", codes=["T-1"])
    assert payload["added"] == "1"
    asked = await done(client, "redeemReward", client.server, member="ana", reward="coffee")
    mine = asked["redemption"]["id"]
    (voucher,) = asked["redemption"]["vouchers"]
    query = """
    query ($code: String!) {
      rewards { nodes { reward { code } } } pools { nodes { name } }
      redemptions { nodes { id } } voucherByCode(code: $code) { id }
    }
    """
    found = (await other.ask(query, other.staff, code=voucher["code"])).data
    nothing: Any = {"nodes": []}
    assert found == {
        "rewards": nothing,
        "pools": nothing,
        "redemptions": nothing,
        "voucherByCode": None,
    }
    tries = {
        "redeemReward": ({"member": "ana", "reward": "coffee"}, "NO_REWARDS"),
        "cancelRedemption": ({"redemption": mine}, "REDEMPTION_NOT_FOUND"),
        "returnRedemption": ({"redemption": mine}, "REDEMPTION_NOT_FOUND"),
        "approveRedemption": ({"redemption": mine}, "REDEMPTION_NOT_FOUND"),
        "declineRedemption": ({"redemption": mine, "reason": "no"}, "REDEMPTION_NOT_FOUND"),
        "changeStock": ({"reward": "coffee", "units": "1", "reason": "more"}, "NO_SUCH_REWARD"),
        "burnVoucher": ({"code": voucher["code"]}, "VOUCHER_NOT_FOUND"),
    }
    for verb, (given, code) in tries.items():
        payload = await done(other, verb, other.staff, **given)
        assert [each["code"] for each in payload["errors"]] == [code], verb
    wanted = [{"redemption": mine}]
    payload = await done(other, "fulfilRedemptions", other.staff, redemptions=wanted)
    assert payload["outcomes"][0]["error"]["code"] == "REDEMPTION_NOT_FOUND"
    # The same code may be another brand's own, too.
    payload = await done(other, "addPoolCodes", other.server, pool="tea", codes=["T-1"])
    assert payload["added"] == "1"
    reward = await client.ask("{ rewards(first: 1) { nodes { reward { id } } } }", client.staff)
    node = "query ($id: ID!) { node(id: $id) { id } }"
    shown = reward.data["rewards"]["nodes"][0]["reward"]["id"]
    assert (await client.ask(node, client.staff, id=shown)).data == {"node": {"id": shown}}
    assert (await other.ask(node, other.staff, id=shown)).data == {"node": None}
