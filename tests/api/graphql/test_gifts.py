"""Points from member to member, over GraphQL."""

from datetime import timedelta
from typing import Any

import pytest

from kit.ids import new_id
from tests.support.client import Client
from tests.support.family import done, joined
from tests.support.shop import purchase

GIFT = "direction points message otherName givenAt"
MINE = f"{{ me {{ balance {{ total }} gifts {{ nodes {{ id {GIFT} }} }} }} }}"


@pytest.fixture
async def friends(client: Client) -> Client:
    """Three members; ann has 1,000 points."""
    await joined(client, "ann", "ben", "cid")
    await client.shop.buy(purchase("p1", "ann", 100_000, client.shop.clock.now()))
    return client


async def give(client: Client, name: str, asked: str = "", **given: Any) -> Any:
    wanted = {"receiver": "ben", "points": "100", **given}
    return await done(client, client.member(name), "givePoints", asked, **wanted)


async def test_points_change_hands_and_both_see_it(friends: Client) -> None:
    asked = f"gift {{ {GIFT} }} member {{ balance {{ total }} }}"
    payload = await give(friends, "ann", asked, message="Thanks!")
    given = {
        "direction": "GIVEN",
        "points": "100",
        "message": "Thanks!",
        "otherName": "BEN",
        "givenAt": "2026-03-02T12:00:00Z",
    }
    assert payload == {"gift": given, "member": {"balance": {"total": "900"}}, "errors": []}
    (mine,) = (await friends.ask(MINE, friends.member("ann"))).data["me"]["gifts"]["nodes"]
    theirs = (await friends.ask(MINE, friends.member("ben"))).data["me"]
    (got,) = theirs["gifts"]["nodes"]
    assert theirs["balance"] == {"total": "100"}
    assert got == {**given, "id": got["id"], "direction": "RECEIVED", "otherName": "ANN"}
    assert mine == {**given, "id": mine["id"]}
    assert mine["id"] != got["id"]


async def test_each_sees_a_side_and_a_name_alone(friends: Client) -> None:
    await give(friends, "ann")
    came = await friends.ask(
        "{ me { movements { nodes { code reason } } } }", friends.member("ben")
    )
    assert came.data["me"]["movements"]["nodes"] == [{"code": "gift", "reason": None}]
    query = "{ me { gifts { nodes { other { externalId } } } } }"
    assert (await friends.ask(query, friends.member("ben"))).status == 403
    (mine,) = (await friends.ask(MINE, friends.member("ann"))).data["me"]["gifts"]["nodes"]
    node = "query ($id: ID!) { node(id: $id) { ... on Gift { direction } } }"
    seen = {"node": {"direction": "GIVEN"}}
    for token, found in (
        (friends.member("ann"), seen),
        (friends.member("ben"), {"node": None}),
        (friends.member("cid"), {"node": None}),
        (friends.server, seen),
        (friends.staff, seen),
    ):
        assert (await friends.ask(node, token, id=mine["id"])).data == found
    query = '{ memberBy(by: {externalId: "ben"}) { gifts { nodes { other { externalId } } } } }'
    gifts = (await friends.ask(query, friends.server)).data["memberBy"]["gifts"]["nodes"]
    assert gifts == [{"other": {"externalId": "ann"}}]


async def test_a_gift_is_given_once_and_keys_are_each_members_own(friends: Client) -> None:
    await friends.shop.buy(purchase("p2", "cid", 50_000, friends.shop.clock.now()))
    first = await give(friends, "ann", "gift { id }", idempotencyKey="k")
    again = await give(friends, "ann", "gift { id }", idempotencyKey="k")
    assert first["errors"] == []
    assert again == first
    other = await give(friends, "cid", "gift { id }", idempotencyKey="k")
    assert other["errors"] == []
    assert other["gift"] != first["gift"]
    changed = await give(friends, "ann", idempotencyKey="k", points="101")
    assert changed["errors"][0]["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await friends.shop.balance("ben")).total == 200


async def test_the_brand_gives_in_the_names_of_its_members(friends: Client) -> None:
    given = {"member": "ann", "receiver": "ben", "points": "60"}
    for token in (friends.server, friends.staff):
        payload = await done(friends, token, "givePoints", "gift { points }", **given)
        assert payload == {"gift": {"points": "60"}, "errors": []}
    assert (await friends.shop.balance("ann")).total == 880
    nobody = await done(friends, friends.staff, "givePoints", receiver="ben", points="60")
    assert nobody["errors"] == [{"code": "INVALID_INPUT", "field": ["input", "member"]}]


REFUSED: list[tuple[str, dict[str, str], str, str]] = [
    ("ann", {"receiver": "nobody"}, "UNKNOWN_MEMBER", "receiver"),
    ("nobody", {}, "UNKNOWN_MEMBER", "member"),
    ("ann", {"member": "ann"}, "INVALID_INPUT", "member"),
    ("ann", {"member": "ben", "receiver": "ann"}, "INVALID_INPUT", "member"),
    ("ann", {"receiver": "ann"}, "SAME_MEMBER", "receiver"),
    ("ann", {"points": "49"}, "TOO_FEW_POINTS", "points"),
    ("ann", {"points": "-100"}, "TOO_FEW_POINTS", "points"),
    ("ann", {"points": "100.5"}, "POINTS_TOO_FINE", "points"),
    ("ann", {"points": "1001"}, "INSUFFICIENT_POINTS", "points"),
    ("ann", {"points": "5001"}, "LIMIT_REACHED", ""),
    ("ann", {"message": "x" * 501}, "INVALID_MESSAGE", "message"),
]


async def test_what_is_refused_says_why_and_where_and_changes_nothing(friends: Client) -> None:
    for name, given, code, field in REFUSED:
        payload = await give(friends, name, "gift { id } member { id }", **given)
        errors = [{"code": code, "field": ["input", *([field] if field else [])]}]
        assert payload == {"gift": None, "member": None, "errors": errors}, (name, code)
    assert (await friends.shop.balance("ann")).total == 1_000
    await give(friends, "ann")
    payload = await give(friends, "ben", receiver="cid")
    assert payload["errors"] == [{"code": "TOO_SOON", "field": ["input"]}]
    friends.shop.clock.move(timedelta(days=1))
    assert (await give(friends, "ben", receiver="cid"))["errors"] == []


async def test_receivers_cannot_be_guessed(friends: Client) -> None:
    # What somebody has guessed is remembered longer than a run takes.
    guesser = str(new_id())
    await joined(friends, guesser)
    told: list[str] = []
    while len(told) < 150 and "TOO_MANY_GUESSES" not in told:
        payload = await give(friends, guesser, receiver=f"card {len(told)}")
        told.append(payload["errors"][0]["code"])
    assert set(told[:100]) == {"UNKNOWN_MEMBER"}
    assert told[-1] == "TOO_MANY_GUESSES"


async def test_pages_go_both_ways(friends: Client) -> None:
    for points in range(50, 55):
        friends.shop.clock.move(timedelta(minutes=1))
        payload = await give(friends, "ann", points=str(points))
        assert payload["errors"] == []
    page = "nodes { points } edges { cursor } pageInfo { hasNextPage hasPreviousPage }"

    async def asked(given: str) -> Any:
        query = f"{{ me {{ gifts({given}) {{ {page} }} }} }}"
        return (await friends.ask(query, friends.member("ben"))).data["me"]["gifts"]

    def points_of(found: Any) -> list[str]:
        return [each["points"] for each in found["nodes"]]

    first = await asked("first: 2")
    assert points_of(first) == ["54", "53"]
    assert first["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False}
    assert points_of(await asked(f'first: 2, after: "{first["edges"][1]["cursor"]}"')) == [
        "52",
        "51",
    ]
    last = await asked("last: 2")
    assert points_of(last) == ["51", "50"]
    assert points_of(await asked(f'last: 2, before: "{last["edges"][0]["cursor"]}"')) == [
        "53",
        "52",
    ]


async def test_another_brand_has_no_part_in_it(friends: Client, other: Client) -> None:
    await give(friends, "ann")
    (mine,) = (await friends.ask(MINE, friends.member("ann"))).data["me"]["gifts"]["nodes"]
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for token in (other.staff, other.server, other.member("ann")):
        assert (await other.ask(node, token, id=mine["id"])).data == {"node": None}
    given = {"member": "ann", "receiver": "ben", "points": "60"}
    payload = await done(other, other.staff, "givePoints", **given)
    assert payload["errors"][0]["code"] == "UNKNOWN_MEMBER"
    await joined(other, "ann", "ben")
    payload = await done(other, other.staff, "givePoints", **given)
    assert payload["errors"] == [{"code": "NO_GIFTS", "field": ["input"]}]
    assert (await other.ask(MINE, other.member("ann"))).data["me"]["gifts"] == {"nodes": []}
