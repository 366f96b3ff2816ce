"""Challenges over GraphQL: what there is, how far a member is, joining and leaving, live."""

from typing import Any

import pytest

from tests.support.client import Client
from tests.support.games import Games
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
