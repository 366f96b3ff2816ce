"""Challenges over GraphQL: what there is, how far a member is, joining and leaving, live."""

from typing import Any

import pytest

from api.runtime import Runtime
from domain.members.service import NewMember
from tests.support.client import Client
from tests.support.event_client import Stream, streamed
from tests.support.games import Games
from tests.support.live import announced
from tests.support.playing import done, refused
from tests.support.shop import purchase

MARCH = {"startsAt": "2026-03-01T05:00:00Z", "endsAt": "2026-04-01T04:00:00Z"}


def money(value: str) -> dict[str, Any]:
    return {"value": value, "unit": "MONEY", "currency": "USD"}


def count(value: str) -> dict[str, Any]:
    return {"value": value, "unit": "COUNT", "currency": None}


QUANTITY = "{ value unit currency }"
PROGRESS = f"current {QUANTITY} target {QUANTITY} missing {QUANTITY} seen"
MINE = f"""
query ($states: [ChallengeState!]) {{ me {{ challenges(states: $states) {{
  challenge {{ code name }} state window {{ startsAt endsAt }} goals {{ {PROGRESS} }}
  levels {{ isReached level {{ code prizes {{ kind points badge {{ code }} }} }} }}
  share {{ team mine {QUANTITY} least {QUANTITY} }} round times timesEver restsUntil joinedAt
  missingFirst
}} }} }}
"""


async def mine(client: Client, member: str, **given: Any) -> dict[str, Any]:
    """Return a member's challenges by code."""
    data = (await client.ask(MINE, client.member(member), **given)).data
    return {each["challenge"]["code"]: each for each in data["me"]["challenges"]}


async def test_progress_with_what_is_missing(client: Client) -> None:
    now = client.shop.clock.now()
    await client.shop.buy(
        purchase("p1", "ana", 10_000, now, category="tea"),
        purchase("p2", "ana", 7_550, now, category="rice"),
        purchase("p3", "ben", 3_000, now),
    )
    found = await mine(client, "ana")
    assert list(found) == ["five-aisles", "big-month", "together"]
    one = {"round": 1, "times": 0, "timesEver": 0, "restsUntil": None, "joinedAt": None}
    assert found["five-aisles"] == {
        "challenge": {"code": "five-aisles", "name": "Five aisles"},
        "state": "ACTIVE",
        "window": MARCH,
        "goals": [
            {
                "current": count("2"),
                "target": count("5"),
                "missing": count("3"),
                "seen": ["rice", "tea"],
            }
        ],
        "levels": [
            {
                "isReached": False,
                "level": {
                    "code": None,
                    "prizes": [
                        {"kind": "POINTS", "points": "25", "badge": None},
                        {"kind": "BADGE", "points": None, "badge": {"code": "explorer"}},
                    ],
                },
            }
        ],
        "share": None,
        "missingFirst": [],
        **one,
    }
    big = found["big-month"]
    assert big["goals"] == [
        {
            "current": money("175.50"),
            "target": money("300.00"),
            "missing": money("124.50"),
            "seen": [],
        }
    ]
    assert [(each["level"]["code"], each["isReached"]) for each in big["levels"]] == [
        ("silver", True),
        ("gold", False),
    ]
    assert found["together"]["share"] == {
        "team": None,
        "mine": money("175.50"),
        "least": money("50.00"),
    }


async def test_states_are_asked_for(client: Client) -> None:
    await client.shop.buy(purchase("p1", "ana", 30_000, client.shop.clock.now()))
    found = await mine(client, "ana")
    assert {code: each["state"] for code, each in found.items()} == {
        "five-aisles": "ACTIVE",
        "big-month": "COMPLETED",
        "together": "ACTIVE",
    }
    assert found["big-month"]["times"] == found["big-month"]["timesEver"] == 1
    assert list(await mine(client, "ana", states=["COMPLETED", "OPEN"])) == ["big-month"]
    refused = await client.ask(MINE, client.member("ana"), states=["OPEN"] * 8)
    assert refused.reasons == ["TOO_MANY_STATES"]


@pytest.mark.parametrize(("language", "name"), [("en", "Five aisles"), ("vi", "Năm quầy hàng")])
async def test_anybody_reads_what_there_is_to_play(
    client: Client, language: str, name: str
) -> None:
    await client.shop.buy(purchase("p1", "ana", 12_345, client.shop.clock.now()))
    await Games(client.shop).heard()
    query = f"""{{ programme(brand: "grocer") {{
      challenges {{ code name every filledBy windowsMax timesMax isOptIn holdDays anyGoal
        goals {{ kind measure counts }}
        levels {{ code targets {QUANTITY} challengePoints prizes {{ kind points level }} }} }}
      bars {{ challenge {{ code }} window {{ startsAt endsAt }} progress {{ {PROGRESS} }}
        levels {{ isReached }} }}
    }} }}"""
    answer = await client.post({"query": query}, **{"accept-language": language})
    aisles, big, together = answer.data["programme"]["challenges"]
    assert aisles == {
        "code": "five-aisles",
        "name": name,
        "every": "MONTH",
        "filledBy": "MEMBER",
        "windowsMax": 3,
        "timesMax": 1,
        "isOptIn": False,
        "holdDays": 0,
        "anyGoal": False,
        "goals": [{"kind": "DISTINCT", "measure": "CATEGORIES", "counts": "purchase"}],
        "levels": [
            {
                "code": None,
                "targets": [count("5")],
                "challengePoints": "10",
                "prizes": [
                    {"kind": "POINTS", "points": "25", "level": None},
                    {"kind": "BADGE", "points": None, "level": 1},
                ],
            }
        ],
    }
    assert [(each["code"], each["targets"]) for each in big["levels"]] == [
        ("silver", [money("150.00")]),
        ("gold", [money("300.00")]),
    ]
    assert together["filledBy"] == "EVERYONE"
    assert answer.data["programme"]["bars"] == [
        {
            "challenge": {"code": "together"},
            "window": {"startsAt": None, "endsAt": None},
            "progress": {
                "current": money("123.45"),
                "target": money("1000000.00"),
                "missing": money("999876.55"),
                "seen": [],
            },
            "levels": [{"isReached": False}],
        }
    ]


async def test_members_join_and_leave(arcade: Client) -> None:
    await Games(arcade.shop).buy("p1", "ana", 1_000)
    found = await mine(arcade, "ana")
    assert {code: each["state"] for code, each in found.items()} == {
        "sprint": "OPEN",
        "gone": "OVER",
        "secret": "ACTIVE",
        "luck": "LOCKED",
    }
    assert found["luck"]["missingFirst"] == ["sprint"]
    asked = "challenge { state joinedAt challenge { code } } member { externalId }"
    given = {"challenge": "sprint", "idempotencyKey": "k"}
    joined = {
        "challenge": {
            "state": "ACTIVE",
            "joinedAt": "2026-03-02T12:00:00Z",
            "challenge": {"code": "sprint"},
        },
        "member": {"externalId": "ana"},
        "errors": [],
    }
    ana = arcade.member("ana")
    for _ in range(2):
        assert await done(arcade, "joinChallenge", ana, asked, **given) == joined
    again = await refused(arcade, "joinChallenge", ana, challenge="sprint")
    assert again == ("ALREADY_JOINED", "challenge")
    other = await refused(arcade, "joinChallenge", ana, **{**given, "challenge": "luck"})
    assert other == ("IDEMPOTENCY_CONFLICT", "idempotencyKey")
    left = await done(arcade, "leaveChallenge", ana, asked, challenge="sprint")
    assert left["challenge"] == {
        "state": "OPEN",
        "joinedAt": None,
        "challenge": {"code": "sprint"},
    }
    assert await refused(arcade, "leaveChallenge", ana, challenge="sprint") == (
        "NOT_JOINED",
        "challenge",
    )


REFUSED = [
    ("five-aisles", "UNKNOWN_CHALLENGE"),
    ("luck", "NOT_OPT_IN"),
    ("gone", "CHALLENGE_OVER"),
]


@pytest.mark.parametrize(("code", "refusal"), REFUSED)
async def test_what_cannot_be_joined(arcade: Client, code: str, refusal: str) -> None:
    await Games(arcade.shop).buy("p1", "ana", 1_000)
    given = {"member": "ana", "challenge": code}
    for token in (arcade.server, arcade.staff):
        found = await refused(arcade, "joinChallenge", token, **given)
        assert found == (refusal, "challenge")


async def test_only_oneself_and_the_brand_let_a_member_join(arcade: Client, other: Client) -> None:
    await Games(arcade.shop).buy("p1", "ana", 1_000)
    given = {"member": "ana", "challenge": "sprint"}
    for verb in ("joinChallenge", "leaveChallenge"):
        ben = arcade.member("ben")
        assert await refused(arcade, verb, ben, **given) == ("INVALID_INPUT", "member")
        unknown = await refused(arcade, verb, ben, challenge="sprint")
        assert unknown == ("UNKNOWN_MEMBER", "member")
        theirs = await refused(other, verb, other.server, **given)
        assert theirs == ("UNKNOWN_MEMBER", "member")
    payload = await done(arcade, "joinChallenge", arcade.server, "challenge { state }", **given)
    assert payload == {"challenge": {"state": "ACTIVE"}, "errors": []}


async def test_a_hidden_one_is_left_out_until_it_is_found(arcade: Client) -> None:
    query = '{ programme(brand: "anvil") { challenges { code } } }'
    query = query.replace("anvil", arcade.shop.brand.code)
    there = (await arcade.ask(query)).data["programme"]["challenges"]
    assert [each["code"] for each in there] == ["sprint", "gone", "luck"]
    games = Games(arcade.shop)
    await arcade.shop.enrol(NewMember("ana", arcade.shop.clock.now()))
    assert "secret" not in await mine(arcade, "ana")
    await games.buy("p1", "ana", 1_000)
    assert (await mine(arcade, "ana"))["secret"]["goals"] == [
        {"current": count("1"), "target": count("3"), "missing": count("2"), "seen": []}
    ]


LIVE = """subscription { me {
  challenges(states: [ACTIVE, COMPLETED]) { challenge { code } state goals { missing { value } } }
  badges { nodes { badge { code } } } prizes { nodes { source state } } balance { total }
} }"""


async def test_progress_badges_and_prizes_are_live(arcade: Client, runtime: Runtime) -> None:
    games = Games(arcade.shop)
    await games.buy("p1", "ana", 1_000)
    token = arcade.member("ana")

    async def sprint(stream: Stream) -> Any:
        data = (await stream.next())["data"]["me"]
        (found,) = (each for each in data["challenges"] if each["challenge"]["code"] == "sprint")
        missing = found["goals"][0]["missing"]["value"]
        badges = [each["badge"]["code"] for each in data["badges"]["nodes"]]
        won = [each["state"] for each in data["prizes"]["nodes"]]
        return found["state"], missing, badges, won, data["balance"]["total"]

    await games.later(minutes=1)
    await done(arcade, "joinChallenge", token, challenge="sprint")
    async with streamed(arcade.app, {"query": LIVE}, token) as answers:
        assert (await answers.head()).status == 200
        assert await sprint(answers) == ("ACTIVE", "2", [], [], "10")
        await games.later(minutes=1)
        await games.buy("p2", "ana", 1_000)
        await announced(runtime)
        assert await sprint(answers) == ("ACTIVE", "1", [], [], "20")
        await games.later(minutes=1)
        await games.buy("p3", "ana", 1_000)
        await games.heard()
        await announced(runtime)
        found = await sprint(answers)
        assert found == ("COMPLETED", "0", ["hero"], ["PAID", "PAID", "PAID"], "55")
