"""Referrals over GraphQL."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette

from api.runtime import Runtime
from api.tokens import Tokens
from domain.members.service import NewMember
from kit.clock import MovableClock
from kit.db import Database
from kit.ids import new_id
from tests.support.client import Client, client_of
from tests.support.family import done
from tests.support.friends import Friends, programme
from tests.support.shop import opened_shop, purchase

LINK = 'link = "https://shop.example/join?friend={code}"\nreturn_days = 10\nreview_over = 2\n'
BOUGHT = """
claimedAt expiresAt qualifiedAt rewardsAt rewardedAt state friendName referrerName
"""
WAITING = "{ referrals { nodes { id state reason friend { externalId } } } }"


@pytest.fixture
async def shop(app: Starlette, runtime: Runtime, database: Database, clock: MovableClock) -> Client:
    """A shop whose members bring friends; ann has been there for a while."""
    found = await opened_shop(database, clock, programme(LINK + 'signals = ["device"]'))
    client = await client_of(app, found, Tokens(runtime.settings))
    await found.enrol(NewMember("ann", clock.now() - timedelta(days=50), "Ann"))
    return client


async def join(client: Client, *names: str, **attributes: str) -> None:
    now = client.shop.clock.now()
    await client.shop.enrol(
        *(NewMember(name, now, name.title(), attributes=attributes) for name in names)
    )


async def code(client: Client, name: str = "ann") -> str:
    query = "{ me { referralCode } }"
    return str((await client.ask(query, client.member(name))).data["me"]["referralCode"])


async def claim(client: Client, name: str, asked: str = "", **given: Any) -> Any:
    given = {"code": await code(client), **given}
    return await done(client, client.member(name), "claimReferral", asked, **given)


async def test_a_code_is_made_once_and_stands_in_the_link(shop: Client) -> None:
    await join(shop, "ben")
    query = "{ me { referralCode referralLink balance { total } } }"
    asked = await asyncio.gather(*(shop.ask(query, shop.member("ann")) for _ in range(15)))
    (mine,) = {str(answer.data["me"]) for answer in asked}
    me = asked[0].data["me"]
    assert me["referralLink"] == f"https://shop.example/join?friend={me['referralCode']}"
    assert str((await shop.ask(query, shop.member("ann"))).data["me"]) == mine
    every = await shop.ask("{ members { nodes { externalId referralCode } } }", shop.staff)
    codes = {each["externalId"]: each["referralCode"] for each in every.data["members"]["nodes"]}
    assert codes["ann"] == me["referralCode"]
    assert len(set(codes.values())) == 2
    assert await code(shop, "ben") == codes["ben"]


async def test_a_friend_is_brought_and_both_get_theirs(shop: Client) -> None:
    await join(shop, "ben")
    payload = await claim(shop, "ben", f"referral {{ {BOUGHT} }} member {{ externalId }}")
    new = {
        "claimedAt": "2026-03-02T12:00:00Z",
        "expiresAt": "2026-06-01T04:00:00Z",
        "qualifiedAt": None,
        "rewardsAt": None,
        "rewardedAt": None,
        "state": "PENDING",
        "friendName": "Ben",
        "referrerName": "Ann",
    }
    assert payload == {"referral": new, "member": {"externalId": "ben"}, "errors": []}
    assert (await claim(shop, "ben", "referral { state }"))["referral"] == {"state": "PENDING"}
    await shop.shop.buy(purchase("p1", "ben", 1_000, shop.shop.clock.now()))
    await Friends(shop.shop).work()
    query = f"{{ me {{ referrals {{ nodes {{ {BOUGHT} }} }} }} }}"
    (mine,) = (await shop.ask(query, shop.member("ann"))).data["me"]["referrals"]["nodes"]
    due = "2026-03-12T04:00:00Z"
    qualified = {"state": "QUALIFIED", "qualifiedAt": new["claimedAt"], "rewardsAt": due}
    assert mine == {**new, **qualified}
    shop.shop.clock.move(timedelta(days=10))
    await Friends(shop.shop).work()
    query = f"{{ me {{ broughtBy {{ {BOUGHT} }} }} }}"
    theirs = (await shop.ask(query, shop.member("ben"))).data["me"]["broughtBy"]
    assert theirs == {
        **mine,
        "state": "REWARDED",
        "rewardedAt": "2026-03-12T12:00:00Z",
    }
    assert [(await shop.shop.balance(name)).total for name in ("ann", "ben")] == [500, 210]


async def test_of_each_other_they_see_names_alone(shop: Client) -> None:
    await join(shop, "ben", "eve")
    await claim(shop, "ben")
    query = "{ me { id referrals { nodes { id } } } }"
    (mine,) = (await shop.ask(query, shop.member("ann"))).data["me"]["referrals"]["nodes"]
    for hidden in ("friend { id }", "referrer { id }", "reason", "reviewNote"):
        query = f"{{ me {{ referrals {{ nodes {{ {hidden} }} }} }} }}"
        assert (await shop.ask(query, shop.member("ann"))).status == 403
    node = "query ($id: ID!) { node(id: $id) { ... on Referral { friendName } } }"
    seen = {"friendName": "Ben"}
    for token, expected in (
        (shop.member("ann"), seen),
        (shop.member("ben"), seen),
        (shop.member("eve"), None),
        (shop.server, seen),
    ):
        assert (await shop.ask(node, token, id=mine["id"])).data == {"node": expected}


async def test_staff_look_at_what_should_be_looked_at(shop: Client) -> None:
    await join(shop, "ben", "cid", "dan", "eva")
    for name in ("ben", "cid"):
        assert (await claim(shop, name, "referral { state }"))["referral"]["state"] == "PENDING"
    for name in ("dan", "eva"):
        assert (await claim(shop, name, "referral { state }"))["referral"]["state"] == "REVIEW"
    found = (await shop.ask(WAITING, shop.staff)).data["referrals"]["nodes"]
    assert [(each["friend"]["externalId"], each["reason"]) for each in found] == [
        ("eva", "TOO_MANY_IN_A_DAY"),
        ("dan", "TOO_MANY_IN_A_DAY"),
    ]
    eva, dan = (each["id"] for each in found)
    asked = "outcomes { status referral { state reviewNote } error { code field } }"
    reviews = [
        {"referral": dan, "accept": True},
        {"referral": eva, "accept": False, "note": "one device"},
        {"referral": "x", "accept": True},
        {"referral": eva, "accept": True},
    ]
    payload = await done(shop, shop.staff, "reviewReferrals", asked, reviews=reviews)
    nothing = {"status": "REFUSED", "referral": None}
    within = ["input", "reviews"]
    assert payload["outcomes"] == [
        {
            "status": "RECORDED",
            "referral": {"state": "PENDING", "reviewNote": None},
            "error": None,
        },
        {
            "status": "RECORDED",
            "referral": {"state": "REFUSED", "reviewNote": "one device"},
            "error": None,
        },
        {**nothing, "error": {"code": "REFERRAL_NOT_FOUND", "field": [*within, "2", "referral"]}},
        {**nothing, "error": {"code": "NOT_IN_REVIEW", "field": [*within, "3", "referral"]}},
    ]
    again = await done(shop, shop.staff, "reviewReferrals", asked, reviews=reviews[:1])
    assert again["outcomes"][0]["status"] == "REPLAYED"
    assert (await shop.ask(WAITING, shop.staff)).data == {"referrals": {"nodes": []}}
    query = "{ me { referrals { nodes { friendName } } } }"
    shown = (await shop.ask(query, shop.member("ann"))).data["me"]["referrals"]["nodes"]
    assert [each["friendName"] for each in shown] == ["Dan", "Cid", "Ben"]
    node = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await shop.ask(node, shop.member("eva"), id=eva)).data == {"node": None}
    assert (await shop.ask(node, shop.staff, id=eva)).data == {"node": {"id": eva}}
    assert (await claim(shop, "eva"))["errors"] == [
        {"code": "REFUSED_BY_STAFF", "field": ["input", "code"]}
    ]


async def test_pages_go_both_ways(shop: Client) -> None:
    names = ["ben", "cid", "dan", "eva", "fay"]
    for name in names:
        shop.shop.clock.move(timedelta(minutes=1))
        await join(shop, name)
        await claim(shop, name)
    page = "nodes { friendName } edges { cursor } pageInfo { hasNextPage hasPreviousPage }"
    for path, token, every in (
        ("me { referrals(%s) { %s } }", shop.member("ann"), names[::-1]),
        ("referrals(states: [PENDING, REVIEW], %s) { %s }", shop.staff, names[::-1]),
    ):

        async def asked(given: str, path: str = path, token: str = token) -> Any:
            data = (await shop.ask(f"{{ {path % (given, page)} }}", token)).data
            return data.get("referrals") or data["me"]["referrals"]

        titles = [name.title() for name in every]
        first = await asked("first: 2")
        assert [each["friendName"] for each in first["nodes"]] == titles[:2]
        assert first["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False}
        middle = await asked(f'first: 2, after: "{first["edges"][-1]["cursor"]}"')
        assert [each["friendName"] for each in middle["nodes"]] == titles[2:4]
        last = await asked("last: 2")
        assert [each["friendName"] for each in last["nodes"]] == titles[3:]
        before = await asked(f'last: 2, before: "{last["edges"][0]["cursor"]}"')
        assert [each["friendName"] for each in before["nodes"]] == titles[1:3]


async def test_what_is_refused_says_why_and_where(shop: Client) -> None:
    await join(shop, "ben", "cid", "eva")
    await join(shop, "dora", device="d1")
    await join(shop, "dirk", device="d1")
    for name in ("dora", "eva"):
        assert (await claim(shop, name))["errors"] == []
    now = shop.shop.clock.now()
    for name, given, error, field in (
        ("ann", {}, "SELF_REFERRAL", "code"),
        ("ben", {"code": "nothing"}, "UNKNOWN_CODE", "code"),
        ("ben", {"code": await code(shop, "ben")}, "SELF_REFERRAL", "code"),
        ("dirk", {"code": await code(shop, "dora")}, "SHARED_SIGNAL", "code"),
        ("ann", {"code": await code(shop, "eva")}, "CIRCULAR_REFERRAL", "code"),
        ("dora", {"code": await code(shop, "ben")}, "ALREADY_REFERRED", "code"),
        ("ben", {"followedAt": (now + timedelta(1)).isoformat()}, "INVALID_DATE", "followedAt"),
        ("ben", {"followedAt": (now - timedelta(31)).isoformat()}, "LINK_TOO_OLD", "code"),
        ("ben", {"member": "cid"}, "INVALID_INPUT", "member"),
        ("nobody", {}, "UNKNOWN_MEMBER", "member"),
    ):
        payload = await claim(shop, name, "referral { id } member { id }", **given)
        errors = [{"code": error, "field": ["input", field]}]
        assert payload == {"referral": None, "member": None, "errors": errors}, (name, error)
    shop.shop.clock.move(timedelta(days=31))
    assert (await claim(shop, "cid"))["errors"][0]["code"] == "NOT_A_NEWCOMER"
    refused = "{ referrals(states: [REFUSED]) { nodes { reason } } }"
    reasons = (await shop.ask(refused, shop.staff)).data["referrals"]["nodes"]
    assert {each["reason"] for each in reasons} >= {"SELF_REFERRAL", "NOT_A_NEWCOMER"}


async def test_the_brand_names_codes_for_its_members_and_nobody_tries_them_all(
    shop: Client,
) -> None:
    await join(shop, "ben")
    given = {"member": "ben", "code": await code(shop)}
    payload = await done(shop, shop.server, "claimReferral", "referral { state }", **given)
    assert payload == {"referral": {"state": "PENDING"}, "errors": []}
    # What somebody has guessed is remembered longer than a run takes.
    guesser = str(new_id())
    await join(shop, guesser)
    told: list[str] = []
    while len(told) < 150 and "TOO_MANY_GUESSES" not in told:
        payload = await claim(shop, guesser, code=f"guess {len(told)}")
        told.append(payload["errors"][0]["code"])
    assert set(told[:100]) == {"UNKNOWN_CODE"}
    assert told[-1] == "TOO_MANY_GUESSES"


async def test_without_referrals_there_are_no_codes(client: Client, other: Client) -> None:
    now = client.shop.clock.now()
    await join(client, "ann")
    await join(other, "ann", "ben")
    query = "{ me { referralCode referralLink broughtBy { id } referrals { nodes { id } } } }"
    none = {"referralCode": None, "referralLink": None, "broughtBy": None}
    found = (await other.ask(query, other.member("ann"))).data["me"]
    assert found == {**none, "referrals": {"nodes": []}}
    assert now == other.shop.clock.now()
    # The grocer's card has codes, but no address.
    mine = (await client.ask(query, client.member("ann"))).data["me"]
    assert mine["referralCode"]
    assert mine["referralLink"] is None
    # A code means nothing to another brand, nor does the id of a referral.
    payload = await done(other, other.member("ben"), "claimReferral", code=mine["referralCode"])
    assert payload["errors"][0]["code"] == "NO_REFERRALS"
    await join(client, "ben")
    payload = await done(
        client,
        client.member("ben"),
        "claimReferral",
        "referral { id }",
        code=mine["referralCode"],
    )
    number = payload["referral"]["id"]
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for token in (other.staff, other.server, other.member("ben")):
        assert (await other.ask(node, token, id=number)).data == {"node": None}
    review = {"referral": number, "accept": True}
    asked = "outcomes { error { code } }"
    payload = await done(other, other.staff, "reviewReferrals", asked, reviews=[review])
    assert payload["outcomes"] == [{"error": {"code": "REFERRAL_NOT_FOUND"}}]
    listed = "{ referrals(states: [PENDING, REVIEW, REFUSED]) { nodes { id } } }"
    assert (await other.ask(listed, other.staff)).data == {"referrals": {"nodes": []}}
