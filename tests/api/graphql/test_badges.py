"""Badges over GraphQL: what there is, what a member has, sharing, awarding and revoking."""

from typing import Any

import pytest

from api.graphql import ids
from api.runtime import Runtime
from domain.members.service import NewMember
from tests.support.client import Client, changed
from tests.support.games import Games
from tests.support.playing import done, refused
from tests.support.shop import purchase

MINE = """
query ($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me { badges(first: $first, after: $after, last: $last, before: $before) {
    nodes { id level period source awardedAt expiresAt revokedAt sharedAt shownName address
      badge { code name levels { level name heldByPercent } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""


async def mine(client: Client, member: str, **pages: object) -> Any:
    data = (await client.ask(MINE, client.member(member), **pages)).data
    return data["me"]["badges"]


@pytest.fixture
async def games(client: Client) -> Games:
    """Ana bought ten times, which is bronze; ben and two more bought once."""
    now = client.shop.clock.now()
    await client.shop.buy(*(purchase(f"p{n}", "ana", 1_000, now) for n in range(10)))
    await client.shop.buy(*(purchase(name, name, 1_000, now) for name in ("ben", "cid", "dan")))
    games = Games(client.shop)
    await games.heard()
    return games


async def test_what_a_member_was_awarded(client: Client, games: Games) -> None:
    assert games
    (award,) = (await mine(client, "ana"))["nodes"]
    assert award == {
        "id": award["id"],
        "level": 1,
        "period": None,
        "source": "rule",
        "awardedAt": "2026-03-02T12:00:00Z",
        "expiresAt": None,
        "revokedAt": None,
        "sharedAt": None,
        "shownName": None,
        "address": None,
        "badge": {
            "code": "regular",
            "name": "Regular",
            "levels": [
                {"level": 1, "name": "Bronze", "heldByPercent": "25.0"},
                {"level": 2, "name": "Silver", "heldByPercent": None},
                {"level": 3, "name": "Gold", "heldByPercent": None},
            ],
        },
    }
    assert (await mine(client, "ben"))["nodes"] == []


async def test_anybody_reads_what_badges_there_are(client: Client, games: Games) -> None:
    assert games
    query = """{ programme(brand: "grocer") { badges {
      code name description criteria address againEvery validDays
      levels { level name tier picture target { value unit currency } heldByPercent }
    } } }"""
    answer = await client.post({"query": query}, **{"accept-language": "vi"})
    regular, explorer = answer.data["programme"]["badges"]
    assert regular["levels"][0] == {
        "level": 1,
        "name": "Đồng",
        "tier": None,
        "picture": "/badges/grocer/regular/1.svg",
        "target": {"value": "10", "unit": "COUNT", "currency": None},
        "heldByPercent": "25.0",
    }
    assert explorer == {
        "code": "explorer",
        "name": "Nhà khám phá",
        "description": "Đã thử nhiều quầy hàng",
        "criteria": "Hoàn thành thử thách năm quầy",
        "address": "/badges/grocer/explorer",
        "againEvery": None,
        "validDays": None,
        "levels": [
            {
                "level": 1,
                "name": None,
                "tier": None,
                "picture": "/badges/grocer/explorer.svg",
                "target": None,
                "heldByPercent": None,
            }
        ],
    }


async def test_pages_of_awards_run_both_ways(client: Client, games: Games) -> None:
    given = {"member": "ana", "badge": "regular"}
    for level in (2, 3):
        await games.later(minutes=1)
        payload = await done(client, "awardBadge", client.staff, **given, level=level)
        assert payload == {"errors": []}

    def levels(page: Any) -> list[int]:
        return [each["level"] for each in page["nodes"]]

    whole = await mine(client, "ana")
    assert levels(whole) == [3, 2, 1]
    first = await mine(client, "ana", first=2)
    assert (levels(first), first["pageInfo"]["hasNextPage"]) == ([3, 2], True)
    rest = await mine(client, "ana", first=2, after=first["pageInfo"]["endCursor"])
    assert (levels(rest), rest["pageInfo"]["hasNextPage"]) == ([1], False)
    last = await mine(client, "ana", last=2)
    assert (levels(last), last["pageInfo"]["hasPreviousPage"]) == ([2, 1], True)
    before = await mine(client, "ana", last=2, before=last["pageInfo"]["startCursor"])
    assert (levels(before), before["pageInfo"]["hasPreviousPage"]) == ([3], False)


async def test_a_member_shares_an_award(
    client: Client, games: Games, runtime: Runtime, other: Client
) -> None:
    assert games
    (award,) = (await mine(client, "ana"))["nodes"]
    asked = "award { sharedAt shownName address }"
    given = {"award": award["id"], "name": "Ana B."}
    path = f"/badges/grocer/awards/{award_key(award['id'])}"
    shown = {"sharedAt": "2026-03-02T12:00:00Z", "shownName": "Ana B.", "address": path}
    for _ in range(2):
        payload = await done(
            client, "shareBadge", client.member("ana"), asked, **given, idempotencyKey="k"
        )
        assert payload == {"award": shown, "errors": []}
    page = await client.send("GET", path, headers={"accept": "application/json"})
    assert page.status == 200
    url = "https://cards.example"
    async with changed(runtime, client.shop, public_url=url) as named:
        (again,) = (await mine(named, "ana"))["nodes"]
        assert again["address"] == url + path
    for token, wrong, why in (
        (client.member("ben"), given, ("AWARD_NOT_FOUND", "award")),
        (client.member("ana"), {"award": "none"}, ("AWARD_NOT_FOUND", "award")),
        (client.member("ana"), {**given, "name": ""}, ("INVALID_INPUT", "name")),
        (client.server, {**given, "member": "ben"}, ("AWARD_NOT_FOUND", "award")),
        (client.server, given, ("INVALID_INPUT", "member")),
    ):
        assert await refused(client, "shareBadge", token, **wrong) == why
    payload = await done(
        client, "unshareBadge", client.server, asked, member="ana", award=award["id"]
    )
    assert payload == {"award": {**shown, "sharedAt": None, "shownName": None, "address": None}} | {
        "errors": []
    }
    gone = await client.send("GET", path, headers={"accept": "application/json"})
    assert gone.status == 404
    await other.shop.enrol(NewMember("ana", other.shop.clock.now()))
    for verb in ("shareBadge", "unshareBadge"):
        theirs = await refused(other, verb, other.member("ana"), award=award["id"])
        assert theirs == ("AWARD_NOT_FOUND", "award")


def award_key(text: str) -> str:
    named = ids.decode(text)
    assert named is not None
    return named.key


AWARDED = "award { id source level awardedBy member { externalId } } member { externalId }"


async def test_the_brand_awards_and_revokes(client: Client, games: Games, other: Client) -> None:
    assert games
    given = {"member": "ben", "badge": "explorer"}
    answers = [
        await done(client, "awardBadge", client.staff, AWARDED, **given, idempotencyKey="k")
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    award = answers[0]["award"]
    assert award == {
        "id": award["id"],
        "source": "hand",
        "level": 1,
        "awardedBy": award["awardedBy"],
        "member": {"externalId": "ben"},
    }
    for wrong, why in (
        ({}, ("ALREADY_AWARDED", "badge")),
        ({"badge": "none"}, ("UNKNOWN_BADGE", "badge")),
        ({"level": 2}, ("UNKNOWN_LEVEL", "level")),
        ({"member": "nobody"}, ("UNKNOWN_MEMBER", "member")),
    ):
        assert await refused(client, "awardBadge", client.server, **{**given, **wrong}) == why
    theirs = await refused(other, "awardBadge", other.staff, **given)
    assert theirs == ("UNKNOWN_MEMBER", "member")
    taken = {"award": award["id"], "reason": "a mistake"}
    nothing = await refused(other, "revokeBadge", other.staff, **taken)
    assert nothing == ("AWARD_NOT_FOUND", "award")
    reason = await refused(client, "revokeBadge", client.staff, **{**taken, "reason": ""})
    assert reason == ("INVALID_INPUT", "reason")
    asked = "award { revokedAt revokedBecause } member { externalId badges { nodes { id } } }"
    for _ in range(2):
        payload = await done(client, "revokeBadge", client.server, asked, **taken)
        assert payload == {
            "award": {"revokedAt": "2026-03-02T12:00:00Z", "revokedBecause": "a mistake"},
            "member": {"externalId": "ben", "badges": {"nodes": []}},
            "errors": [],
        }
    revoked = await refused(client, "shareBadge", client.member("ben"), award=award["id"])
    assert revoked == ("AWARD_REVOKED", "award")


async def test_an_award_by_its_id(client: Client, games: Games, other: Client) -> None:
    assert games
    (award,) = (await mine(client, "ana"))["nodes"]
    node = "query ($id: ID!) { node(id: $id) { ... on BadgeAward { level } } }"
    for who, token, found in (
        (client, client.member("ana"), {"level": 1}),
        (client, client.member("ben"), None),
        (client, client.server, {"level": 1}),
        (other, other.staff, None),
    ):
        assert (await who.ask(node, token, id=award["id"])).data == {"node": found}
    private = "{ me { badges { nodes { awardedBy } } } }"
    assert (await client.ask(private, client.member("ana"))).status == 403
