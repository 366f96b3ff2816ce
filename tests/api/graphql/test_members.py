"""A member's home, one member for the brand, the brand's list, and fetching again by id."""

from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette

from api.graphql.ids import decode, encode
from api.runtime import Runtime
from api.tokens import Tokens
from domain.earning.rules_refund_request import Refund
from kit.clock import MovableClock
from kit.db import Database
from tests.support.client import Client, client_of
from tests.support.shop import ROOT, opened_shop, purchase

SPRING = datetime(2026, 2, 20, 9, tzinfo=UTC)

HOME = """
query Home {
  me {
    id externalId displayName joinedAt
    balance {
      total spendable pending held debt
      expiringNext { points at } upcomingExpiries { points at }
    }
    tier {
      ladder name rank since validUntil granted measure progress
      counted { value unit currency } next { name missing { value unit currency } by }
      keep { missing { value } by } benefits { name kind value minimum { amount } from until }
    }
    movements(first: 2) {
      edges { cursor node { code points effectiveAt recordedAt reference rule reason } }
      nodes { points }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
MEMBERS = """
query Members($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  members(first: $first, after: $after, last: $last, before: $before) {
    nodes { externalId }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
OLDER = """
query Older($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me {
    movements(first: $first, after: $after, last: $last, before: $before) {
      nodes { reference }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""


@pytest.fixture
async def ana(client: Client) -> Client:
    """A member with three purchases: 100, 250.50 and 40 dollars, an hour apart."""
    await client.shop.buy(
        purchase("p1", "ana", 10_000, SPRING),
        purchase("p2", "ana", 25_050, SPRING + timedelta(hours=1)),
        purchase("p3", "ana", 4_000, SPRING + timedelta(hours=2)),
    )
    return client


def benefit(name: str, kind: str, **more: object) -> dict[str, object]:
    plain = {"value": None, "minimum": None, "from": None, "until": None}
    return {"name": name, "kind": kind, **plain, **more}


async def test_home(ana: Client) -> None:
    answer = await ana.ask(HOME, ana.member("ana"))
    me = answer.data["me"]
    assert me["externalId"] == "ana"
    assert me["joinedAt"] == "2026-02-20T09:00:00Z"
    assert me["balance"] == {
        "total": "390",
        "spendable": "390",
        "pending": "0",
        "held": "0",
        "debt": "0",
        "expiringNext": None,
        "upcomingExpiries": [],
    }
    assert me["tier"] == {
        "ladder": "status",
        "name": "VIB",
        "rank": 1,
        "since": "2026-02-20T05:00:00Z",
        "validUntil": "2028-01-01T05:00:00Z",
        "granted": False,
        "measure": "SPEND",
        "progress": 0.3905,
        "counted": {"value": "390.50", "unit": "MONEY", "currency": "USD"},
        "next": {
            "name": "Rouge",
            "missing": {"value": "609.50", "unit": "MONEY", "currency": "USD"},
            "by": "2027-01-01T05:00:00Z",
        },
        "keep": {"missing": {"value": "0.00"}, "by": "2027-01-01T05:00:00Z"},
        "benefits": [
            benefit("Birthday cake", "GIFT"),
            benefit("Free delivery", "FREE_SHIPPING", minimum={"amount": "35.00"}),
        ],
    }
    assert [edge["node"]["points"] for edge in me["movements"]["edges"]] == ["40", "250"]
    assert me["movements"]["edges"][0]["node"] == {
        "code": "accrual",
        "points": "40",
        "effectiveAt": "2026-02-20T11:00:00Z",
        "recordedAt": "2026-03-02T12:00:00Z",
        "reference": "p3",
        "rule": "base",
        "reason": None,
    }
    assert me["movements"]["pageInfo"]["hasNextPage"] is True


async def test_all_ends_to_come_up_to_a_hundred(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> None:
    text = (ROOT / "programmes" / "grocer.toml").read_text()
    shop = await opened_shop(
        database, clock, text.replace('expires = "never"', "expires = { months = 12 }")
    )
    market = await client_of(app, shop, Tokens(runtime.settings))
    first = clock.now() - timedelta(days=120)
    days = [first + timedelta(days=number) for number in range(120)]
    await shop.buy(*(purchase(f"p{at:%j}", "ana", 1_000, at) for at in days))
    query = "{ me { balance { expiringNext { at } upcomingExpiries { points at } } } }"
    balance = (await market.ask(query, market.member("ana"))).data["me"]["balance"]
    ends = [each["at"] for each in balance["upcomingExpiries"]]
    assert len(ends) == 100
    assert ends == sorted(set(ends))
    assert balance["expiringNext"] == {"at": ends[0]}


async def test_someone_who_is_no_member_yet_has_no_home(client: Client) -> None:
    assert (await client.ask(HOME, client.member("nobody"))).data == {"me": None}


async def test_the_tier_of_another_year(ana: Client) -> None:
    query = '{ me { tier(asOf: "2024-06-01T00:00:00Z") { name counted { value } } } }'
    answer = await ana.ask(query, ana.member("ana"))
    assert answer.data["me"]["tier"] == {"name": "Insider", "counted": {"value": "0.00"}}


async def test_the_tier_at_an_instant_counts_what_had_happened_by_then(ana: Client) -> None:
    june = ana.shop.clock.now() - timedelta(days=365 * 2)
    await ana.shop.buy(
        purchase("t1", "ana", 35_000, june), purchase("t2", "ana", 70_000, june + timedelta(days=9))
    )
    await ana.shop.refund(Refund("t3", "t2", june + timedelta(days=20)))

    async def tier_at(days: int) -> tuple[str, str]:
        at = (june + timedelta(days=days)).isoformat()
        query = "query ($at: DateTime!) { me { tier(asOf: $at) { name counted { value } } } }"
        tier = (await ana.ask(query, ana.member("ana"), at=at)).data["me"]["tier"]
        return tier["name"], tier["counted"]["value"]

    assert await tier_at(-1) == ("Insider", "0.00")
    assert await tier_at(1) == ("VIB", "350.00")
    assert await tier_at(10) == ("Rouge", "1050.00")
    assert await tier_at(21) == ("VIB", "350.00")


async def test_movements_in_pages_both_ways(ana: Client) -> None:
    token = ana.member("ana")
    first = (await ana.ask(OLDER, token, first=2)).data["me"]["movements"]
    assert [each["reference"] for each in first["nodes"]] == ["p3", "p2"]
    rest = await ana.ask(OLDER, token, first=2, after=first["pageInfo"]["endCursor"])
    assert rest.data["me"]["movements"]["nodes"] == [{"reference": "p1"}]
    assert rest.data["me"]["movements"]["pageInfo"]["hasNextPage"] is False
    assert rest.data["me"]["movements"]["pageInfo"]["hasPreviousPage"] is True
    last = (await ana.ask(OLDER, token, last=2)).data["me"]["movements"]
    assert [each["reference"] for each in last["nodes"]] == ["p2", "p1"]
    assert last["pageInfo"]["hasPreviousPage"] is True
    start = last["pageInfo"]["startCursor"]
    before = (await ana.ask(OLDER, token, last=2, before=start)).data["me"]["movements"]
    assert before["nodes"] == [{"reference": "p3"}]
    assert before["pageInfo"]["hasPreviousPage"] is False


async def test_a_page_does_not_move_when_something_happens(ana: Client) -> None:
    token = ana.member("ana")
    first = (await ana.ask(OLDER, token, first=1)).data["me"]["movements"]
    await ana.shop.buy(purchase("p4", "ana", 100, SPRING))
    rest = await ana.ask(OLDER, token, first=5, after=first["pageInfo"]["endCursor"])
    assert [each["reference"] for each in rest.data["me"]["movements"]["nodes"]] == ["p2", "p1"]


async def test_members_in_pages_both_ways(client: Client) -> None:
    names = [f"m{number}" for number in range(5)]
    await client.shop.buy(*(purchase(name, name, 100, SPRING) for name in names))
    forwards, after = [], None
    while True:
        page = (await client.ask(MEMBERS, client.staff, first=2, after=after)).data["members"]
        forwards += [each["externalId"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(forwards) == names
    last = (await client.ask(MEMBERS, client.staff, last=2)).data["members"]
    assert [each["externalId"] for each in last["nodes"]] == forwards[-2:]
    before = last["pageInfo"]["startCursor"]
    page = (await client.ask(MEMBERS, client.staff, last=2, before=before)).data["members"]
    assert [each["externalId"] for each in page["nodes"]] == forwards[1:3]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"first": 101}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": -1}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"last": 2**31 - 1}, "PAGE_SIZE_OUT_OF_RANGE"),
        ({"first": 1, "last": 1}, "PAGE_AMBIGUOUS"),
        ({"after": ""}, "CURSOR_INVALID"),
        ({"after": "\u0000é"}, "CURSOR_INVALID"),
        ({"before": "azox"}, "CURSOR_INVALID"),
        ({"after": "a" * 5000}, "CURSOR_INVALID"),
    ],
)
async def test_pages_that_make_no_sense(
    client: Client, arguments: dict[str, object], reason: str
) -> None:
    answer = await client.ask(MEMBERS, client.staff, **arguments)
    assert answer.status == 200
    assert (answer.codes, answer.reasons) == (["BAD_USER_INPUT"], [reason])
    assert answer.json["data"] == {"members": None}


async def test_a_cursor_of_another_members_list_is_refused(ana: Client) -> None:
    page = (await ana.ask(OLDER, ana.member("ana"), first=1)).data["me"]["movements"]
    cursor = page["pageInfo"]["endCursor"]
    await ana.shop.buy(purchase("p4", "ben", 100, SPRING))
    answer = await ana.ask(OLDER, ana.member("ben"), first=1, after=cursor)
    assert (await ana.ask(OLDER, ana.member("ana"), first=1, after=cursor)).data
    assert answer.reasons == ["CURSOR_INVALID"]


async def test_a_member_is_fetched_again_by_id(ana: Client) -> None:
    me = (await ana.ask("{ me { id externalId } }", ana.member("ana"))).data["me"]
    query = "query ($id: ID!) { node(id: $id) { __typename id ... on Member { externalId } } }"
    expected = {"node": {"__typename": "Member", **me}}
    for token in (ana.member("ana"), ana.staff, ana.server):
        assert (await ana.ask(query, token, id=me["id"])).data == expected
    assert (await ana.ask(query, ana.member("ben"), id=me["id"])).data == {"node": None}


MOVEMENTS = """
query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Movement { code points reference } } }
"""


async def test_a_movement_is_fetched_again_by_id(ana: Client) -> None:
    query = "{ me { movements(last: 2) { nodes { id code points reference } } } }"
    found = (await ana.ask(query, ana.member("ana"))).data["me"]["movements"]["nodes"]
    assert [each["reference"] for each in found] == ["p2", "p1"]
    asked = [each["id"] for each in found]
    for token in (ana.member("ana"), ana.staff, ana.server):
        assert (await ana.ask(MOVEMENTS, token, ids=asked)).data == {"nodes": found}
    await ana.shop.buy(purchase("p4", "ben", 100, SPRING))
    for token in (ana.member("ben"), ana.member("nobody")):
        assert (await ana.ask(MOVEMENTS, token, ids=asked)).data == {"nodes": [None, None]}


async def test_ids_of_no_movement(ana: Client) -> None:
    me = (await ana.ask("{ me { id movements { nodes { id } } } }", ana.member("ana"))).data["me"]
    _, key = decode(me["movements"]["nodes"][0]["id"]) or ("", "")
    number, _, member = key.partition(".")
    await ana.shop.buy(purchase("p4", "ben", 100, SPRING))
    ben = (await ana.ask("{ me { id } }", ana.member("ben"))).data["me"]["id"]
    _, other = decode(ben) or ("", "")
    made_up = [
        *(f"{number}.{other}", f"0.{member}", f"-1.{member}", f"{2**63}.{member}", member),
        *(f"+{number}.{member}", f"{number}.{member.upper()}", f"{int(number) + 999}.{member}"),
    ]
    asked = [encode("Movement", each) for each in made_up]
    assert (await ana.ask(MOVEMENTS, ana.staff, ids=asked)).data == {"nodes": [None] * len(asked)}


async def test_nodes_come_in_order_with_gaps(ana: Client) -> None:
    me = (await ana.ask("{ me { id } brand { id } }", ana.member("ana"))).data
    ids = [me["brand"]["id"], "junk", me["me"]["id"]]
    answer = await ana.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", ana.staff, ids=ids
    )
    found = [each and each["__typename"] for each in answer.data["nodes"]]
    assert found == ["Brand", None, "Member"]


async def test_nodes_are_not_for_whole_tables(client: Client) -> None:
    answer = await client.ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", client.staff, ids=["x"] * 101
    )
    assert answer.reasons == ["TOO_MANY_IDS"]


@pytest.mark.parametrize("text", ["", "é", "TWVtYmVyOng", "Tm90aGluZzox", "=", "a" * 10_000, "\0"])
async def test_ids_that_nothing_has(client: Client, text: str) -> None:
    by_id = "query ($id: ID!) { node(id: $id) { id } member(id: $id) { id } }"
    assert (await client.ask(by_id, client.staff, id=text)).data == {"node": None, "member": None}


@pytest.mark.parametrize("text", ["", "nobody", "\0", "x" * 10_000, "é"])
async def test_external_ids_that_nobody_has(client: Client, text: str) -> None:
    query = "query ($id: String!) { member: memberBy(by: {externalId: $id}) { id } }"
    assert (await client.ask(query, client.staff, id=text)).data == {"member": None}


async def test_a_member_is_named_in_one_way(ana: Client) -> None:
    query = "query ($by: MemberBy!) { member: memberBy(by: $by) { externalId } }"
    found = await ana.ask(query, ana.server, by={"externalId": "ana"})
    assert found.data == {"member": {"externalId": "ana"}}
    for way in ({}, {"id": None}, {"id": "x", "externalId": "ana"}):
        answer = await ana.ask(query, ana.server, by=way)
        assert answer.codes == ["BAD_USER_INPUT"]
