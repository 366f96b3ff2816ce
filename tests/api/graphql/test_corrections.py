"""What staff corrects by hand and what the brand lets go, over GraphQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.earning.rules import Activity
from domain.earning.rules_refund_request import Refund
from domain.members.service import NewMember
from tests.support.client import Client
from tests.support.shop import purchase

ADJUST = """
mutation Adjust($input: AdjustPointsInput!) {
  adjustPoints(input: $input) {
    adjustment {
      status points
      member {
        balance { spendable debt expiringNext { points at } }
        movements(first: 1) { nodes { code points rule reason actor reference } }
      }
    }
    errors { code field }
  }
}
"""
RELEASE = """
mutation Release($input: ReleasePointsInput!) {
  releasePoints(input: $input) {
    outcomes {
      externalId status points availableAt error { code field }
      member { balance { spendable pending } }
    }
    errors { code field }
  }
}
"""
AT = datetime(2026, 3, 1, 20, tzinfo=UTC)
BALANCE = "{ me { balance { spendable pending debt } } }"


async def adjust(client: Client, token: str = "", **given: Any) -> Any:
    wanted = {"idempotencyKey": "k1", "member": "ana", "reason": "A late delivery", **given}
    answer = await client.ask(ADJUST, token or client.staff, input=wanted)
    return answer.data["adjustPoints"]


@pytest.fixture
async def ana(ridge: Client) -> Client:
    """A member with 1,250 points: for the first purchase, of a hundred dollars."""
    await ridge.shop.buy(purchase("p1", "ana", 10_000, AT))
    return ridge


async def test_points_are_given_with_a_reason(ana: Client) -> None:
    done = (await adjust(ana, points="40"))["adjustment"]
    assert (done["status"], done["points"]) == ("RECORDED", "40")
    assert done["member"]["balance"]["spendable"] == "1290"
    (movement,) = done["member"]["movements"]["nodes"]
    actor = movement.pop("actor")
    assert actor.startswith("key:")
    assert movement == {
        "code": "adjustment",
        "points": "40",
        "rule": None,
        "reason": "A late delivery",
        "reference": None,
    }
    assert await adjust(ana, points="40") == {
        "adjustment": done
        | {"member": done["member"] | {"movements": {"nodes": [movement | {"actor": actor}]}}},
        "errors": [],
    }


async def test_points_are_taken_from_what_is_there(ana: Client) -> None:
    short = await adjust(ana, points="-1251")
    assert short["errors"] == [{"code": "INSUFFICIENT_POINTS", "field": ["input", "points"]}]
    # The refusal stands under its key; another correction has another one.
    assert await adjust(ana, points="-1251") == short
    done = (await adjust(ana, points="-1250", idempotencyKey="k2"))["adjustment"]
    assert (done["points"], done["member"]["balance"]["spendable"]) == ("-1250", "0")


async def test_what_is_given_ends_as_it_is_told(ana: Client) -> None:
    end = "2026-03-09T00:00:00Z"
    done = (await adjust(ana, points="40", expiresAt=end))["adjustment"]
    assert done["member"]["balance"]["expiringNext"] == {"points": "40", "at": end}


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"points": "0"}, "INVALID_AMOUNT", "points"),
        ({"points": "9" * 30}, "INVALID_AMOUNT", "points"),
        ({"points": "1.5"}, "POINTS_TOO_FINE", "points"),
        ({"points": "1", "member": "nobody"}, "UNKNOWN_MEMBER", "member"),
        ({"points": "1", "member": "a\0"}, "UNKNOWN_MEMBER", "member"),
        ({"points": "1", "reason": " "}, "INVALID_INPUT", "reason"),
        ({"points": "1", "expiresAt": "2026-03-02T11:00:00Z"}, "INVALID_DEADLINE", "expiresAt"),
        ({"points": "1", "idempotencyKey": ""}, "INVALID_INPUT", "idempotencyKey"),
    ],
)
async def test_what_can_not_be_corrected(
    ana: Client, given: dict[str, str], code: str, field: str
) -> None:
    payload = await adjust(ana, **given)
    assert payload == {"adjustment": None, "errors": [{"code": code, "field": ["input", field]}]}
    answer = await ana.ask(BALANCE, ana.member("ana"))
    assert answer.data["me"]["balance"]["spendable"] == "1250"


async def test_given_points_count_towards_tiers_on_request(ana: Client) -> None:
    text = (await versions(ana))[0].replace(
        'qualify_by = "spend"\nwindow = "lifetime"', 'qualify_by = "points"\nwindow = "lifetime"'
    )
    ladder = text.replace('name = "VIPeak"\nthreshold = "0"', TWO_TIERS)
    await ana.shop.apply(ladder, ana.shop.clock.now())

    async def tier() -> str:
        found = await ana.ask("{ me { tier { name } } }", ana.member("ana"))
        return str(found.data["me"]["tier"]["name"])

    assert await tier() == "VIPeak"
    await adjust(ana, points="100")
    assert await tier() == "VIPeak"
    await adjust(ana, points="50", qualifies=True, idempotencyKey="k2")
    assert await tier() == "Higher"
    counts = await ana.ask("{ figures { tiers { name members } } }", ana.staff)
    assert {"name": "Higher", "members": "1"} in counts.data["figures"]["tiers"]
    earlier = '{ me { tier(asOf: "2026-03-01T21:00:00Z") { name } } }'
    found = await ana.ask(earlier, ana.member("ana"))
    assert found.data == {"me": {"tier": {"name": "VIPeak"}}}
    await adjust(ana, points="-50", qualifies=True, idempotencyKey="k3")
    assert await tier() == "VIPeak"


TWO_TIERS = """name = "VIPeak"
threshold = "0"

[[tiers.ladder.tier]]
name = "Higher"
threshold = "1300"
"""


async def versions(client: Client) -> list[str]:
    query = "{ programmeVersions { nodes { document } } }"
    found = (await client.ask(query, client.staff)).data["programmeVersions"]["nodes"]
    return [each["document"] for each in found]


async def test_a_debt_is_shown_and_paid_by_what_comes_next(ana: Client) -> None:
    await adjust(ana, points="-1250")
    await ana.shop.refund(Refund("r1", "p1", AT + timedelta(hours=1)))

    async def balance() -> Any:
        return (await ana.ask(BALANCE, ana.member("ana"))).data["me"]["balance"]

    assert await balance() == {"spendable": "0", "pending": "0", "debt": "1250"}
    done = (await adjust(ana, points="1300", idempotencyKey="k2"))["adjustment"]
    assert done["member"]["balance"]["debt"] == "0"
    assert await balance() == {"spendable": "50", "pending": "0", "debt": "0"}


@pytest.fixture
async def tour(ridge: Client) -> Client:
    """A member with 400 points of a tour, which wait for the shop, and 500 of an event."""
    await ridge.shop.enrol(NewMember("ana", AT))
    await ridge.shop.act(Activity("t1", "ana", "tour", AT), Activity("e1", "ana", "event", AT))
    return ridge


async def release(client: Client, *earnings: dict[str, str], key: str = "k1") -> Any:
    given = {"idempotencyKey": key, "earnings": list(earnings)}
    return (await client.ask(RELEASE, client.server, input=given)).data["releasePoints"]


async def test_points_wait_for_the_brand(tour: Client) -> None:
    query = "{ me { balance { spendable pending } movements { nodes { points } } } }"
    before = (await tour.ask(query, tour.member("ana"))).data["me"]["balance"]
    assert before == {"spendable": "500", "pending": "400"}
    payload = await release(tour, {"activity": "t1"}, {"purchase": "t1"}, {"activity": "e1"})
    first, second, third = payload["outcomes"]
    assert first == {
        "externalId": "t1",
        "status": "RECORDED",
        "points": "400",
        # From the start of the second day after, in Los Angeles.
        "availableAt": "2026-03-04T08:00:00Z",
        "error": None,
        "member": {"balance": before},
    }
    assert second["error"] == {
        "code": "PURCHASE_NOT_FOUND",
        "field": ["input", "earnings", "1"],
    }
    assert (third["status"], third["points"]) == ("REPLAYED", "500")
    (again,) = (await release(tour, {"activity": "t1"}, key="k2"))["outcomes"]
    assert (again["status"], again["points"]) == ("REPLAYED", "400")
    tour.shop.clock.set(datetime(2026, 3, 4, 8, tzinfo=UTC))
    after = (await tour.ask(query, tour.member("ana"))).data["me"]["balance"]
    assert after == {"spendable": "900", "pending": "0"}


async def test_what_nobody_knows_is_not_released(tour: Client) -> None:
    payload = await release(tour, {"activity": "a\0"}, {"activity": "none"})
    assert [each["error"]["code"] for each in payload["outcomes"]] == ["ACTIVITY_NOT_FOUND"] * 2
    many = [{"activity": f"a{number}"} for number in range(251)]
    assert (await release(tour, *many, key="k2"))["errors"] == [
        {"code": "TOO_MANY_EARNINGS", "field": ["input", "earnings"]}
    ]
