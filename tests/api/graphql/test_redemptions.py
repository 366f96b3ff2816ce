"""Members ask for rewards, staff approve and fulfil: what is answered, and who is refused what."""

from datetime import timedelta
from typing import Any

import pytest

from domain.brands.service import issue_keys
from kit.clock import MovableClock
from tests.support.client import Client
from tests.support.redeeming import done

EVERY = """
query ($states: [RedemptionState!], $reward: String) {
  redemptions(states: $states, reward: $reward) {
    nodes { id state reward { code } quantity points money { amount } member { externalId } }
  }
}
"""
MINE = """
query ($states: [RedemptionState!], $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me { redemptions(
    states: $states, first: $first, after: $after, last: $last, before: $before
  ) { nodes { reward { code } state } pageInfo { startCursor endCursor hasNextPage } } }
}
"""
NODE = "query ($id: ID!) { node(id: $id) { id } }"


async def spendable(client: Client, member: str) -> str:
    data = (await client.ask("{ me { balance { spendable } } }", client.member(member))).data
    return str(data["me"]["balance"]["spendable"])


async def another_key(client: Client) -> str:
    """Return a key of somebody else of the brand's staff."""
    brand, now = client.shop.brand, client.shop.clock.now()
    (key,) = await client.shop.database.write(
        lambda session: issue_keys(session, now, brand, [("staff", "another")])
    )
    return key.secret


def refused(payload: Any) -> tuple[str, list[str]]:
    """Return the code and the place of the one reason why nothing was done."""
    (error,) = payload["errors"]
    return error["code"], error["field"]


async def test_a_member_redeems_and_gets_a_voucher(cafe: Client) -> None:
    token = cafe.member("ana")
    given = {"idempotencyKey": "k", "reward": "tea", "quantity": 2}
    first = await done(cafe, "redeemReward", token, **given)
    assert first["errors"] == []
    assert first["redemption"]["state"] == "FULFILLED"
    assert len({each["code"] for each in first["redemption"]["vouchers"]}) == 2
    assert await done(cafe, "redeemReward", token, **given) == first
    assert await spendable(cafe, "ana") == "799"
    other = await done(cafe, "redeemReward", token, **given | {"quantity": 1})
    assert refused(other) == ("IDEMPOTENCY_CONFLICT", ["input", "idempotencyKey"])
    # Members choose their keys without knowing of each other.
    bens = await done(cafe, "redeemReward", cafe.member("ben"), idempotencyKey="k", reward="tea")
    assert bens["redemption"]["id"] != first["redemption"]["id"]
    assert await spendable(cafe, "ben") == "20"
    staffs = await done(cafe, "redeemReward", cafe.staff, **given | {"member": "ana"})
    assert staffs["redemption"]["id"] not in {first["redemption"]["id"], bens["redemption"]["id"]}
    assert await spendable(cafe, "ana") == "599"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"reward": "none"}, "NO_SUCH_REWARD", ["input", "reward"]),
        ({"reward": "te\0a"}, "NO_SUCH_REWARD", ["input", "reward"]),
        ({"reward": "secret"}, "NOT_LISTED", ["input", "reward"]),
        ({"reward": "spring"}, "NOT_YET", ["input"]),
        ({"reward": "winter"}, "NO_LONGER", ["input"]),
        ({"reward": "lounge"}, "TIER_REQUIRED", ["input"]),
        ({"reward": "cake"}, "NOT_YOUR_BIRTHDAY", ["input"]),
        ({"reward": "spa"}, "OUT_OF_STOCK", ["input"]),
        ({"reward": "class", "quantity": 2}, "OUT_OF_STOCK", ["input"]),
        ({"reward": "card", "quantity": 2}, "LIMIT_REACHED", ["input"]),
        ({"reward": "tea", "quantity": 0}, "INVALID_QUANTITY", ["input", "quantity"]),
        ({"reward": "tea", "quantity": 101}, "INVALID_QUANTITY", ["input", "quantity"]),
        ({"reward": "tea", "quantity": 10}, "INSUFFICIENT_POINTS", ["input"]),
        ({"reward": "tea", "fromHousehold": True}, "NOT_IN_HOUSEHOLD", ["input", "fromHousehold"]),
        ({"reward": "tea", "member": "ana"}, "INVALID_INPUT", ["input", "member"]),
        ({"reward": "tea", "idempotencyKey": ""}, "INVALID_INPUT", ["input", "idempotencyKey"]),
    ],
)
async def test_wishes_that_are_refused(
    cafe: Client, given: dict[str, Any], code: str, field: list[str]
) -> None:
    payload = await done(cafe, "redeemReward", cafe.member("ana"), **given)
    assert payload["redemption"] is None
    assert refused(payload) == (code, field)
    assert await spendable(cafe, "ana") == "999"


async def test_the_brand_asks_in_the_name_of_a_member(cafe: Client) -> None:
    for token in (cafe.server, cafe.staff):
        for member in (None, "nobody", "a\0"):
            payload = await done(cafe, "redeemReward", token, reward="tea", member=member)
            assert payload["errors"][0]["field"] == ["input", "member"]
    payload = await done(cafe, "redeemReward", cafe.server, reward="secret", member="ana")
    assert refused(payload) == ("NOT_LISTED", ["input", "reward"])
    payload = await done(cafe, "redeemReward", cafe.staff, reward="secret", member="ana")
    assert payload["redemption"]["state"] == "FULFILLED"


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "There are not enough points for this."),
        ("vi", "Không có đủ điểm."),
    ],
)
async def test_a_refusal_is_told_in_the_readers_language(
    cafe: Client, language: str, message: str
) -> None:
    query = """
    mutation ($input: RedeemRewardInput!) { redeemReward(input: $input) { errors { message } } }
    """
    content = {"query": query, "variables": {"input": {"idempotencyKey": "k", "reward": "grand"}}}
    answer = await cafe.post(content, cafe.member("ben"), **{"accept-language": language})
    assert answer.data["redeemReward"] == {"errors": [{"message": message}]}


async def test_staff_fulfil_what_is_held(cafe: Client) -> None:
    held = (await done(cafe, "redeemReward", cafe.member("ana"), reward="class"))["redemption"]
    assert (held["state"], held["vouchers"]) == ("HELD", [])
    assert await spendable(cafe, "ana") == "849"
    waiting = (await cafe.ask(EVERY, cafe.server, states=["HELD"], reward="class")).data
    assert waiting["redemptions"]["nodes"] == [
        {
            "id": held["id"],
            "state": "HELD",
            "reward": {"code": "class"},
            "quantity": 1,
            "points": "150",
            "money": {"amount": "7.50"},
            "member": {"externalId": "ana"},
        }
    ]
    wanted = [{"redemption": held["id"], "reference": "B-17"}, {"redemption": "none"}]
    wanted.append({"redemption": held["id"], "reference": "a\nb"})
    given = {"idempotencyKey": "f", "redemptions": wanted}
    payload = await done(cafe, "fulfilRedemptions", cafe.server, **given)
    assert payload["outcomes"] == [
        {
            "status": "RECORDED",
            "redemption": {"state": "FULFILLED", "reference": "B-17"},
            "error": None,
        },
        {
            "status": "REFUSED",
            "redemption": None,
            "error": {
                "code": "REDEMPTION_NOT_FOUND",
                "field": ["input", "redemptions", "1", "redemption"],
            },
        },
        {
            "status": "REFUSED",
            "redemption": None,
            "error": {
                "code": "INVALID_INPUT",
                "field": ["input", "redemptions", "2", "reference"],
            },
        },
    ]
    assert await done(cafe, "fulfilRedemptions", cafe.server, **given) == payload
    many = [{"redemption": held["id"]}] * 251
    payload = await done(cafe, "fulfilRedemptions", cafe.server, redemptions=many)
    assert refused(payload) == ("TOO_MANY_REDEMPTIONS", ["input", "redemptions"])


async def test_much_at_once_waits_for_a_second_person(cafe: Client) -> None:
    asked = await done(cafe, "redeemReward", cafe.staff, reward="grand", member="ana")
    grand = asked["redemption"]["id"]
    assert asked["redemption"]["state"] == "WAITING"
    payload = await done(cafe, "approveRedemption", cafe.staff, redemption=grand)
    assert refused(payload) == ("SAME_PERSON", ["input"])
    second = await another_key(cafe)
    given = {"idempotencyKey": "a", "redemption": grand}
    payload = await done(cafe, "approveRedemption", second, **given)
    assert payload == {"redemption": {"id": grand, "state": "FULFILLED"}, "errors": []}
    assert await done(cafe, "approveRedemption", second, **given) == payload
    again = await done(cafe, "approveRedemption", second, redemption=grand)
    assert refused(again) == ("NOT_WAITING", ["input"])
    again = await done(cafe, "declineRedemption", second, redemption=grand, reason="no")
    assert refused(again) == ("NOT_WAITING", ["input"])
    assert await spendable(cafe, "ana") == "499"


async def test_staff_decline_what_waits(cafe: Client) -> None:
    asked = await done(cafe, "redeemReward", cafe.member("ana"), reward="grand")
    grand = asked["redemption"]["id"]
    given = {"redemption": grand, "reason": "a stolen card"}
    for reason in ("", "a\0"):
        payload = await done(cafe, "declineRedemption", cafe.staff, **given | {"reason": reason})
        assert refused(payload) == ("INVALID_INPUT", ["input", "reason"])
    payload = await done(cafe, "declineRedemption", cafe.staff, **given)
    assert payload["redemption"] == {"id": grand, "state": "CANCELLED", "reason": "a stolen card"}
    assert await spendable(cafe, "ana") == "999"


async def test_a_member_calls_off_what_is_held(cafe: Client, clock: MovableClock) -> None:
    asked = await done(cafe, "redeemReward", cafe.member("ana"), reward="class")
    given = {"idempotencyKey": "c", "redemption": asked["redemption"]["id"], "reason": "ill"}
    payload = await done(cafe, "cancelRedemption", cafe.member("ana"), **given)
    assert payload == {
        "redemption": {"id": given["redemption"], "state": "CANCELLED", "reason": "ill"},
        "member": {"balance": {"spendable": "999"}},
        "errors": [],
    }
    assert await done(cafe, "cancelRedemption", cafe.member("ana"), **given) == payload
    again = await done(cafe, "cancelRedemption", cafe.server, redemption=given["redemption"])
    assert refused(again) == ("NOT_HELD", ["input"])
    late = await done(cafe, "redeemReward", cafe.member("ana"), reward="class")
    clock.move(timedelta(days=5))
    given = {"redemption": late["redemption"]["id"]}
    payload = await done(cafe, "cancelRedemption", cafe.member("ana"), **given)
    assert refused(payload) == ("DEADLINE_PASSED", ["input"])
    payload = await done(cafe, "redeemReward", cafe.member("ana"), reward="tea", quantity=9)
    assert payload["redemption"]["state"] == "WAITING"


async def test_a_member_gives_back_what_is_unused(cafe: Client, clock: MovableClock) -> None:
    ana = cafe.member("ana")
    teas = [(await done(cafe, "redeemReward", ana, reward="tea"))["redemption"] for _ in range(3)]
    given = {"idempotencyKey": "r", "redemption": teas[0]["id"], "reason": "no thirst"}
    payload = await done(cafe, "returnRedemption", ana, **given)
    assert payload == {
        "redemption": {"id": teas[0]["id"], "state": "RETURNED", "reason": "no thirst"},
        "member": {"balance": {"spendable": "799"}},
        "errors": [],
    }
    assert await done(cafe, "returnRedemption", ana, **given) == payload
    await done(cafe, "burnVoucher", cafe.server, code=teas[1]["vouchers"][0]["code"])
    used = await done(cafe, "returnRedemption", ana, redemption=teas[1]["id"])
    assert refused(used) == ("VOUCHER_USED", ["input"])
    clock.move(timedelta(days=15))
    late = await done(cafe, "returnRedemption", cafe.member("ana"), redemption=teas[2]["id"])
    assert refused(late) == ("RETURN_TOO_LATE", ["input"])
    card = await done(cafe, "redeemReward", cafe.member("ana"), reward="card")
    given = {"redemption": card["redemption"]["id"]}
    payload = await done(cafe, "returnRedemption", cafe.member("ana"), **given)
    assert refused(payload) == ("NOT_RETURNABLE", ["input"])


async def test_members_see_and_do_nothing_of_others(cafe: Client, other: Client) -> None:
    held = (await done(cafe, "redeemReward", cafe.member("ana"), reward="class"))["redemption"]
    tea = (await done(cafe, "redeemReward", cafe.member("ana"), reward="tea"))["redemption"]
    ben = cafe.member("ben")
    for verb, one in (("cancelRedemption", held), ("returnRedemption", tea)):
        for token in (ben, cafe.member("stranger")):
            payload = await done(cafe, verb, token, redemption=one["id"])
            assert refused(payload) == ("REDEMPTION_NOT_FOUND", ["input", "redemption"])
        payload = await done(other, verb, other.server, redemption=one["id"])
        assert refused(payload) == ("REDEMPTION_NOT_FOUND", ["input", "redemption"])
    payload = await done(other, "approveRedemption", other.staff, redemption=held["id"])
    assert refused(payload) == ("REDEMPTION_NOT_FOUND", ["input", "redemption"])
    assert (await cafe.ask(NODE, ben, id=held["id"])).data == {"node": None}
    assert (await other.ask(NODE, other.staff, id=held["id"])).data == {"node": None}
    for token in (cafe.member("ana"), cafe.server):
        assert (await cafe.ask(NODE, token, id=held["id"])).data == {"node": {"id": held["id"]}}
    assert (await cafe.ask(MINE, ben)).data["me"]["redemptions"]["nodes"] == []
    assert (await other.ask(EVERY, other.staff)).data["redemptions"]["nodes"] == []
    assert (await cafe.ask(EVERY, ben)).status == 403
    for verb in ("fulfilRedemptions", "approveRedemption", "declineRedemption", "changeStock"):
        name = verb[0].upper() + verb[1:]
        query = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ __typename }} }}"
        answer = await cafe.ask(query, ben, input={})
        assert answer.status in {400, 403}


async def test_redemptions_come_in_pages_and_by_state(cafe: Client, clock: MovableClock) -> None:
    ana = cafe.member("ana")
    for reward in ("tea", "class", "card", "meal"):
        clock.move(timedelta(seconds=1))
        await done(cafe, "redeemReward", ana, reward=reward)

    async def page(**given: object) -> tuple[list[str], Any]:
        found = (await cafe.ask(MINE, ana, **given)).data["me"]["redemptions"]
        return [each["reward"]["code"] for each in found["nodes"]], found["pageInfo"]

    codes, info = await page(first=3)
    assert codes == ["meal", "card", "class"]
    assert info["hasNextPage"]
    assert (await page(after=info["endCursor"]))[0] == ["tea"]
    assert (await page(last=1))[0] == ["tea"]
    assert (await page(last=1, before=info["endCursor"]))[0] == ["card"]
    assert (await page(first=9, before=info["endCursor"]))[0] == ["meal", "card"]
    assert (await page(last=9, after=info["startCursor"]))[0] == ["card", "class", "tea"]
    assert (await page(states=["HELD"]))[0] == ["class"]
    assert (await page(states=["LAPSED", "CANCELLED"]))[0] == []
    clock.move(timedelta(days=5))
    ana = cafe.member("ana")
    assert (await page(states=["LAPSED"]))[0] == ["class"]
    query = "query ($last: Int) { redemptions(last: $last) { nodes { reward { code } } } }"
    brands = (await cafe.ask(query, cafe.staff, last=2)).data["redemptions"]["nodes"]
    assert [each["reward"]["code"] for each in brands] == ["class", "tea"]


async def test_stock_changes_with_a_reason(cafe: Client) -> None:
    given = {"idempotencyKey": "s", "reward": "class", "units": "2", "reason": "a larger room"}
    payload = await done(cafe, "changeStock", cafe.staff, **given)
    assert payload == {"supply": {"stock": "3", "taken": "0", "left": "3"}, "errors": []}
    assert await done(cafe, "changeStock", cafe.staff, **given) == payload
    wrong = {
        "INVALID_UNITS": {"reward": "class", "units": "-4", "reason": "no room"},
        "NO_SUCH_REWARD": {"reward": "tea", "units": "1", "reason": "more"},
        "INVALID_INPUT": {"reward": "class", "units": "1", "reason": ""},
    }
    places = {"INVALID_UNITS": "units", "NO_SUCH_REWARD": "reward", "INVALID_INPUT": "reason"}
    for code, each in wrong.items():
        payload = await done(cafe, "changeStock", cafe.server, **each)
        assert payload["supply"] is None
        assert refused(payload) == (code, ["input", places[code]])
