"""Streaks over GraphQL: what there is, how a member's stand, freezes and repairs."""

from typing import Any

import pytest

from tests.support.client import Client
from tests.support.games import Games
from tests.support.playing import done, refused

MINE = """
{ me { streaks {
  streak { code name every } state length longest since last endsAt freezes freezesWaiting
  frozenOn repairedOn next { length name isRepeated prize { kind streak freezes reward { code } } }
  remaining lostAt lostLength repairUntil
} } }
"""
MIDNIGHT = "T05:00:00Z"


async def daily(client: Client, member: str = "ana") -> Any:
    """Return a member's daily streak."""
    data = (await client.ask(MINE, client.member(member))).data
    first, _ = data["me"]["streaks"]
    return first


@pytest.fixture
async def games(arcade: Client) -> Games:
    """Ana kept Monday, 2 March 2026."""
    games = Games(arcade.shop)
    await games.buy("p1", "ana", 1_000)
    return games


async def test_a_streak_as_it_stands(arcade: Client, games: Games) -> None:
    assert await daily(arcade) == {
        "streak": {"code": "daily", "name": "Every day", "every": "DAY"},
        "state": "ALIVE",
        "length": 1,
        "longest": 1,
        "since": "2026-03-02",
        "last": "2026-03-02",
        "endsAt": "2026-03-04" + MIDNIGHT,
        "freezes": 0,
        "freezesWaiting": 0,
        "frozenOn": [],
        "repairedOn": [],
        "next": {
            "length": 2,
            "name": "Two",
            "isRepeated": False,
            "prize": {"kind": "FREEZE", "streak": "daily", "freezes": 1, "reward": None},
        },
        "remaining": 1,
        "lostAt": None,
        "lostLength": None,
        "repairUntil": None,
    }
    await games.later(days=1)
    assert (await daily(arcade))["state"] == "AT_RISK"


async def test_anybody_reads_what_streaks_there_are(arcade: Client) -> None:
    query = """query ($brand: String!) { programme(brand: $brand) { streaks {
      code name description every counts times weekdays freezesMax freezeEvery freezeReward
      repairDays repairsFree repairsPer repairReward
      milestones { length name prize { kind freezes reward { code } } }
    } } }"""
    given = {"query": query, "variables": {"brand": arcade.shop.brand.code}}
    answer = await arcade.post(given, **{"accept-language": "vi"})
    first, second = answer.data["programme"]["streaks"]
    assert first == {
        "code": "daily",
        "name": "Mỗi ngày",
        "description": None,
        "every": "DAY",
        "counts": "purchase",
        "times": 1,
        "weekdays": [],
        "freezesMax": 2,
        "freezeEvery": None,
        "freezeReward": None,
        "repairDays": 3,
        "repairsFree": 1,
        "repairsPer": None,
        "repairReward": None,
        "milestones": [
            {"length": 2, "name": "Two", "prize": {"kind": "FREEZE", "freezes": 1, "reward": None}},
            {
                "length": 5,
                "name": None,
                "prize": {"kind": "REWARD", "freezes": None, "reward": {"code": "rare"}},
            },
        ],
    }
    assert (second["code"], second["every"], second["milestones"]) == ("plain", "WEEK", [])


async def test_a_broken_streak_is_repaired_once(arcade: Client, games: Games) -> None:
    ana = arcade.member("ana")
    whole = await refused(arcade, "repairStreak", ana, streak="daily")
    assert whole == ("NOTHING_TO_REPAIR", "streak")
    await games.later(days=2)
    ana = arcade.member("ana")
    broken = await daily(arcade)
    assert (broken["state"], broken["length"], broken["lostLength"]) == ("REPAIRABLE", 0, 1)
    assert broken["repairUntil"] == "2026-03-07" + MIDNIGHT
    asked = "streak { state length repairedOn } redemption { id } member { externalId }"
    for _ in range(2):
        mended = await done(arcade, "repairStreak", ana, asked, streak="daily", idempotencyKey="k")
        assert mended == {
            "streak": {"state": "AT_RISK", "length": 1, "repairedOn": ["2026-03-03"]},
            "redemption": None,
            "member": {"externalId": "ana"},
            "errors": [],
        }
    await games.later(days=2)
    unpaid = await refused(arcade, "repairStreak", arcade.member("ana"), streak="daily")
    assert unpaid == ("REPAIR_UNPAID", "streak")
    await games.later(days=9)
    late = await refused(arcade, "repairStreak", arcade.member("ana"), streak="daily")
    assert late == ("REPAIR_TOO_LATE", "streak")


@pytest.mark.parametrize(("streak", "code"), [("none", "UNKNOWN_STREAK"), ("plain", "NO_REPAIR")])
async def test_what_cannot_be_repaired(
    arcade: Client, games: Games, streak: str, code: str
) -> None:
    await games.later(days=21)
    given = {"member": "ana", "streak": streak}
    for token in (arcade.server, arcade.staff):
        assert await refused(arcade, "repairStreak", token, **given) == (code, "streak")
    ben = arcade.member("ben")
    assert await refused(arcade, "repairStreak", ben, **given) == ("INVALID_INPUT", "member")


async def test_the_brand_gives_freezes(arcade: Client, games: Games, other: Client) -> None:
    given = {"member": "ana", "streak": "daily", "freezes": 3, "reason": "we were closed"}
    asked = "streak { freezes freezesWaiting } member { externalId }"
    for _ in range(2):
        payload = await done(
            arcade, "grantFreezes", arcade.server, asked, **given, idempotencyKey="k"
        )
        assert payload == {
            "streak": {"freezes": 2, "freezesWaiting": 1},
            "member": {"externalId": "ana"},
            "errors": [],
        }
    await games.later(days=2)
    found = await daily(arcade)
    assert (found["state"], found["frozenOn"], found["freezes"]) == ("AT_RISK", ["2026-03-03"], 1)
    tries: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"freezes": 101}, ("INVALID_FREEZES", "freezes")),
        ({"streak": "plain"}, ("NO_FREEZES", "streak")),
        ({"streak": "none"}, ("UNKNOWN_STREAK", "streak")),
        ({"member": "nobody"}, ("UNKNOWN_MEMBER", "member")),
        ({"reason": ""}, ("INVALID_INPUT", "reason")),
        ({"idempotencyKey": "k", "freezes": 1}, ("IDEMPOTENCY_CONFLICT", "idempotencyKey")),
    ]
    for wrong, why in tries:
        assert await refused(arcade, "grantFreezes", arcade.staff, **{**given, **wrong}) == why
    theirs = await refused(other, "grantFreezes", other.staff, **given)
    assert theirs == ("UNKNOWN_MEMBER", "member")


async def test_members_give_themselves_none(arcade: Client, games: Games) -> None:
    assert games
    mutation = """mutation { grantFreezes(input: {
      idempotencyKey: "k", member: "ana", streak: "daily", reason: "please"
    }) { errors { code } } }"""
    answer = await arcade.ask(mutation, arcade.member("ana"))
    assert (answer.status, set(answer.codes)) == (403, {"FORBIDDEN"})
