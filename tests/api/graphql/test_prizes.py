"""Prizes over GraphQL: what members have won, why not, and what staff do about it."""

from typing import Any

import pytest

from tests.support.client import Client
from tests.support.games import Games
from tests.support.playing import done, refused

MINE = """
query ($first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me { prizes(first: $first, after: $after, last: $last, before: $before) {
    nodes { id source kind isMystery points reward { code } streak freezes state wonAt paysFrom
      paidAt whyNot { code message } undoneBecause isKept redemption { state }
      award { badge { code } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""


async def mine(client: Client, member: str, **pages: object) -> Any:
    data = (await client.ask(MINE, client.member(member), **pages)).data
    return data["me"]["prizes"]


@pytest.fixture
async def games(arcade: Client) -> Games:
    """Ana and ben found the secret: one of them won what there is one of. Both ran the sprint."""
    games = Games(arcade.shop)
    for name in ("ana", "ben"):
        await games.buy(f"{name} 1", name, 1_000)
        await games.later(minutes=1)
        await done(arcade, "joinChallenge", arcade.member(name), challenge="sprint")
        for number in (2, 3):
            await games.later(minutes=1)
            await games.buy(f"{name} {number}", name, 1_000)
        await games.heard()
    return games


NOTHING = {
    "isMystery": False,
    "points": None,
    "reward": None,
    "streak": None,
    "freezes": None,
    "whyNot": None,
    "undoneBecause": None,
    "isKept": False,
    "redemption": None,
    "award": None,
}


async def test_what_a_member_has_won(arcade: Client, games: Games) -> None:
    assert games
    found = (await mine(arcade, "ana"))["nodes"]
    by_kind = {each["kind"]: each for each in found}
    won = {
        **NOTHING,
        "state": "PAID",
        "wonAt": "2026-03-02T12:03:00Z",
        "paysFrom": "2026-03-02T12:03:00Z",
        "paidAt": "2026-03-02T12:03:00Z",
    }
    assert by_kind == {
        "POINTS": {
            **won,
            "id": by_kind["POINTS"]["id"],
            "source": "challenge:sprint",
            "kind": "POINTS",
            "points": "25",
        },
        "BADGE": {
            **won,
            "id": by_kind["BADGE"]["id"],
            "source": "challenge:sprint",
            "kind": "BADGE",
            "award": {"badge": {"code": "hero"}},
        },
        "REWARD": {
            **won,
            "id": by_kind["REWARD"]["id"],
            "source": "challenge:secret",
            "kind": "REWARD",
            "reward": {"code": "rare"},
            "redemption": {"state": "FULFILLED"},
        },
    }


async def test_why_not(arcade: Client, games: Games) -> None:
    assert games
    content = {"query": MINE}
    token = arcade.member("ben")
    answer = await arcade.post(content, token, **{"accept-language": "vi"})
    (refusal,) = (e for e in answer.data["me"]["prizes"]["nodes"] if e["state"] == "REFUSED")
    assert refusal["whyNot"] == {
        "code": "BUDGET_SPENT",
        "message": "Các phần thưởng loại này đã được trao hết.",
    }
    assert (refusal["reward"], refusal["paidAt"]) == ({"code": "rare"}, None)


async def test_pages_run_both_ways(arcade: Client, games: Games) -> None:
    assert games

    def names(page: Any) -> list[str]:
        return [each["id"] for each in page["nodes"]]

    whole = names(await mine(arcade, "ana"))
    assert len(whole) == 3
    first = await mine(arcade, "ana", first=2)
    assert (names(first), first["pageInfo"]["hasNextPage"]) == (whole[:2], True)
    rest = await mine(arcade, "ana", first=2, after=first["pageInfo"]["endCursor"])
    assert (names(rest), rest["pageInfo"]["hasNextPage"]) == (whole[2:], False)
    last = await mine(arcade, "ana", last=2)
    assert (names(last), last["pageInfo"]["hasPreviousPage"]) == (whole[1:], True)
    before = await mine(arcade, "ana", last=2, before=last["pageInfo"]["startCursor"])
    assert (names(before), before["pageInfo"]["hasPreviousPage"]) == (whole[:1], False)
    between = await mine(
        arcade,
        "ana",
        first=3,
        after=first["pageInfo"]["startCursor"],
        before=rest["pageInfo"]["startCursor"],
    )
    assert names(between) == whole[1:2]


async def test_a_mystery_is_told_once_it_is_paid(arcade: Client, games: Games) -> None:
    await games.buy("ana 4", "ana", 10_000)
    await games.heard()
    luck = (await mine(arcade, "ana"))["nodes"][0]
    assert (luck["source"], luck["state"]) == ("challenge:luck", "OWED")
    assert (luck["kind"], luck["points"], luck["isMystery"]) == ("MYSTERY", None, True)
    assert luck["paysFrom"] == "2026-03-05T05:00:00Z"
    await games.later(days=3)
    await games.heard()
    luck = (await mine(arcade, "ana"))["nodes"][0]
    assert (luck["kind"], luck["points"], luck["state"]) == ("POINTS", "40", "PAID")


async def test_staff_try_again(arcade: Client, games: Games, other: Client) -> None:
    found = (await mine(arcade, "ben"))["nodes"]
    by_state = {(each["state"], each["kind"]): each["id"] for each in found}
    refusal, points = by_state["REFUSED", "REWARD"], by_state["PAID", "POINTS"]
    staff = arcade.staff
    not_refused = await refused(arcade, "retryPrize", staff, prize=points)
    assert not_refused == ("NOT_REFUSED", "prize")
    unknown = await refused(arcade, "retryPrize", staff, prize="none")
    assert unknown == ("PRIZE_NOT_FOUND", "prize")
    theirs = await refused(other, "retryPrize", other.staff, prize=points)
    assert theirs == ("PRIZE_NOT_FOUND", "prize")
    for _ in range(2):
        payload = await done(
            arcade,
            "retryPrize",
            staff,
            "prize { state member { externalId } }",
            prize=refusal,
            idempotencyKey="k",
        )
        owed = {"state": "OWED", "member": {"externalId": "ben"}}
        assert payload == {"prize": owed, "errors": []}
    await games.heard()
    states = {each["id"]: each["whyNot"] for each in (await mine(arcade, "ben"))["nodes"]}
    assert states[refusal]["code"] == "OUT_OF_STOCK"


async def test_a_prize_by_its_id(arcade: Client, games: Games, other: Client) -> None:
    assert games
    prize = (await mine(arcade, "ana"))["nodes"][0]
    node = "query ($id: ID!) { node(id: $id) { ... on WonPrize { state } } }"
    for who, token, found in (
        (arcade, arcade.member("ana"), {"state": "PAID"}),
        (arcade, arcade.member("ben"), None),
        (arcade, arcade.server, {"state": "PAID"}),
        (other, other.staff, None),
    ):
        assert (await who.ask(node, token, id=prize["id"])).data == {"node": found}
    mutation = """mutation ($id: ID!) {
      retryPrize(input: {idempotencyKey: "k", prize: $id}) { errors { code } }
    }"""
    for token in (arcade.server, arcade.member("ana")):
        answer = await arcade.ask(mutation, token, id=prize["id"])
        assert (answer.status, set(answer.codes)) == (403, {"FORBIDDEN"})
