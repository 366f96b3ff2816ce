"""Activities over GraphQL: what they earn by which rule, and refusals as data."""

from typing import Any

import pytest

from tests.support.client import Client

RECORD = """
mutation Record($input: RecordActivitiesInput!) {
  recordActivities(input: $input) {
    outcomes {
      externalId status points awards { rule points availableAt expiresAt qualifies }
      error { code field }
      member {
        tiers { ladder name counted { value unit currency } next { name missing { value } by } }
        movements(first: 1) { nodes { code points reference rule reason } }
      }
    }
    errors { code field }
  }
}
"""


def done(external_id: str = "a1", kind: str = "check-in", **changes: Any) -> dict[str, Any]:
    return {
        "externalId": external_id,
        "member": "ana",
        "kind": kind,
        "occurredAt": "2026-03-01T20:00:00Z",
        **changes,
    }


def said(**attributes: object) -> list[dict[str, Any]]:
    kinds = {bool: "flag", str: "text"}
    return [
        {
            "name": name,
            "value": {
                kinds.get(type(each), "number"): each if isinstance(each, bool) else str(each)
            },
        }
        for name, each in attributes.items()
    ]


async def record(client: Client, *activities: dict[str, Any], key: str = "k1") -> Any:
    given = {"idempotencyKey": key, "activities": list(activities)}
    return (await client.ask(RECORD, client.server, input=given)).data["recordActivities"]


@pytest.fixture
async def ana(ridge: Client) -> Client:
    """A member who bought for a dollar."""
    mutation = (
        "mutation ($i: EnrolMembersInput!) { enrolMembers(input: $i) { outcomes { status } } }"
    )
    given = {
        "idempotencyKey": "ana",
        "members": [{"externalId": "ana", "joinedAt": "2025-06-01T12:00:00Z"}],
    }
    await ridge.ask(mutation, ridge.server, i=given)
    return ridge


async def test_an_activity_earns_by_its_rule(ana: Client) -> None:
    (outcome,) = (await record(ana, done(attributes=said(place="summit"))))["outcomes"]
    assert outcome == {
        "externalId": "a1",
        "status": "RECORDED",
        "points": "100",
        "awards": [
            {
                "rule": "Check-in in the mountains",
                "points": "100",
                "availableAt": "2026-03-01T20:00:00Z",
                # Two years after the day, and to its end, in Los Angeles.
                "expiresAt": "2028-03-02T08:00:00Z",
                "qualifies": True,
            }
        ],
        "error": None,
        "member": {
            "tiers": [
                {
                    "ladder": "status",
                    "name": "VIPeak",
                    "counted": {"value": "0.00", "unit": "MONEY", "currency": "USD"},
                    "next": None,
                },
                {
                    "ladder": "summits",
                    "name": "Walker",
                    "counted": {"value": "1", "unit": "COUNT", "currency": None},
                    "next": {"name": "Hiker", "missing": {"value": "9"}, "by": None},
                },
            ],
            "movements": {
                "nodes": [
                    {
                        "code": "accrual",
                        "points": "100",
                        "reference": "a1",
                        "rule": "Check-in in the mountains",
                        "reason": None,
                    }
                ]
            },
        },
    }


async def test_rules_ask_for_texts_numbers_and_flags(ana: Client) -> None:
    payload = await record(
        ana,
        done("a1", "review", attributes=said(stars=5, words=20)),
        done("a2", "review", attributes=said(stars=5, words=19)),
        done("a3", "review", attributes=said(stars="5", words=20)),
        done("a4", "review", attributes=said(stars=True)),
        done("a5", "review"),
        done("a6", "dance"),
    )
    assert [each["points"] for each in payload["outcomes"]] == ["75", "0", "0", "0", "0", "0"]
    assert {each["status"] for each in payload["outcomes"]} == {"RECORDED"}


async def test_the_same_again_changes_nothing(ana: Client) -> None:
    place = said(place="shop")
    first = await record(ana, done(attributes=place))
    assert await record(ana, done(attributes=place)) == first
    (again,) = (await record(ana, done(attributes=place), key="k2"))["outcomes"]
    assert (again["status"], again["points"]) == ("REPLAYED", "50")
    assert again["awards"] == first["outcomes"][0]["awards"]
    (other,) = (await record(ana, done(attributes=said(place="park")), key="k3"))["outcomes"]
    assert other["error"] == {
        "code": "ACTIVITY_CONFLICT",
        "field": ["input", "activities", "0", "externalId"],
    }
    assert (other["awards"], other["member"]) == ([], None)


async def test_a_cap_is_told_by_what_is_not_given(ana: Client) -> None:
    place = said(place="shop")
    payload = await record(ana, done("a1", attributes=place), done("a2", attributes=place))
    assert [each["points"] for each in payload["outcomes"]] == ["50", "0"]
    assert payload["outcomes"][1]["status"] == "RECORDED"


REFUSED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"kind": "purchase"}, "KIND_RESERVED", ["kind"]),
    ({"kind": " "}, "KIND_EMPTY", ["kind"]),
    ({"member": "ben"}, "UNKNOWN_MEMBER", ["member"]),
    ({"amount": "-1"}, "AMOUNT_OUT_OF_RANGE", ["amount"]),
    ({"amount": "1.001"}, "AMOUNT_TOO_FINE", ["amount"]),
    ({"occurredAt": "2026-03-04T00:00:00Z"}, "DATE_IN_FUTURE", ["occurredAt"]),
    ({"attributes": said(stars=2**53 + 1)}, "ATTRIBUTE_UNUSABLE", ["attributes", "stars"]),
    ({"attributes": 2 * said(stars=1)}, "ATTRIBUTE_UNUSABLE", ["attributes", "1", "name"]),
    (
        {"attributes": said(**{f"n{number}": 1 for number in range(51)})},
        "TOO_MANY_ATTRIBUTES",
        ["attributes"],
    ),
]


async def test_refusals_say_where(ana: Client) -> None:
    wrong = [done(f"a{place}", **changes) for place, (changes, _, _) in enumerate(REFUSED)]
    payload = await record(ana, *wrong, done("good", attributes=said(place="shop")))
    *refused, good = payload["outcomes"]
    assert [each["error"] for each in refused] == [
        {"code": code, "field": ["input", "activities", str(place), *field]}
        for place, (_, code, field) in enumerate(REFUSED)
    ]
    assert (good["status"], good["points"]) == ("RECORDED", "50")


async def test_a_list_that_is_too_long_is_refused_as_a_whole(ana: Client) -> None:
    payload = await record(ana, *(done(f"a{number}") for number in range(251)))
    assert payload == {
        "outcomes": [],
        "errors": [{"code": "TOO_MANY_ACTIVITIES", "field": ["input", "activities"]}],
    }
