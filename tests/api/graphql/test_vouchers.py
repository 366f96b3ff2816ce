"""Vouchers: members' own, codes that a brand brings along, and a till that uses one."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.graphql.allowances import GUESSES
from kit.clock import MovableClock
from tests.support.client import Client
from tests.support.redeeming import done

MINE = """
query ($states: [VoucherState!], $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  me { vouchers(
    states: $states, first: $first, after: $after, last: $last, before: $before
  ) { nodes { reward { code } } pageInfo { endCursor hasNextPage } } }
}
"""
BY_CODE = """
query ($code: String!) {
  voucherByCode(code: $code) {
    id code state reward { code name } value { amount currency } left { amount }
    issuedAt expiresAt usedAt returnedAt uses { amount { amount } store usedAt }
    redemption { state member { externalId } }
  }
}
"""


async def issued(client: Client, reward: str, member: str = "ana") -> str:
    """Let a member redeem; return the code of the voucher."""
    payload = await done(client, "redeemReward", client.member(member), reward=reward)
    (voucher,) = payload["redemption"]["vouchers"]
    return str(voucher["code"])


async def looked_up(client: Client, code: str) -> Any:
    return (await client.ask(BY_CODE, client.server, code=code)).data["voucherByCode"]


def refused(payload: Any) -> tuple[str, list[str]]:
    (error,) = payload["errors"]
    return error["code"], error["field"]


async def test_a_till_finds_and_uses_a_voucher_in_one_call(cafe: Client) -> None:
    code = await issued(cafe, "tea")
    found = await looked_up(cafe, code.replace("-", "").lower())
    assert found.pop("id")
    assert found == {
        "code": code,
        "state": "ISSUED",
        "reward": {"code": "tea", "name": "A tea"},
        "value": None,
        "left": None,
        "issuedAt": "2026-03-02T12:00:00Z",
        "expiresAt": "2026-04-02T04:00:00Z",
        "usedAt": None,
        "returnedAt": None,
        "uses": [],
        "redemption": {"state": "FULFILLED", "member": {"externalId": "ana"}},
    }
    given = {"idempotencyKey": "b", "code": f" {code.lower()} ", "store": "Main Street"}
    payload = await done(cafe, "burnVoucher", cafe.server, **given)
    assert payload == {"voucher": {"state": "USED", "left": None}, "amount": None, "errors": []}
    assert await done(cafe, "burnVoucher", cafe.server, **given) == payload
    other = await done(cafe, "burnVoucher", cafe.server, **given | {"store": "Elsewhere"})
    assert refused(other) == ("IDEMPOTENCY_CONFLICT", ["input", "idempotencyKey"])
    again = await done(cafe, "burnVoucher", cafe.staff, code=code)
    assert refused(again) == ("VOUCHER_USED", ["input", "code"])
    assert again["voucher"] == {"state": "USED", "left": None}
    found = await looked_up(cafe, code)
    assert (found["state"], found["usedAt"]) == ("USED", "2026-03-02T12:00:00Z")
    assert found["uses"] == [
        {"amount": None, "store": "Main Street", "usedAt": "2026-03-02T12:00:00Z"}
    ]


async def test_a_card_is_used_in_parts(cafe: Client) -> None:
    code = await issued(cafe, "card")
    payload = await done(cafe, "burnVoucher", cafe.server, code=code, amount="2.00")
    assert payload["voucher"] == {"state": "ISSUED", "left": {"amount": "3.00"}}
    assert payload["amount"] == {"amount": "2.00"}
    wrong = {
        "3.01": "EXCEEDS_VALUE",
        "0": "INVALID_AMOUNT",
        "-1": "INVALID_AMOUNT",
        "0.001": "AMOUNT_TOO_FINE",
    }
    for amount, reason in wrong.items():
        payload = await done(cafe, "burnVoucher", cafe.server, code=code, amount=amount)
        assert refused(payload) == (reason, ["input", "amount"])
    payload = await done(cafe, "burnVoucher", cafe.server, code=code)
    assert payload["voucher"] == {"state": "USED", "left": {"amount": "0.00"}}
    assert payload["amount"] == {"amount": "3.00"}
    uses = (await looked_up(cafe, code))["uses"]
    assert [each["amount"]["amount"] for each in uses] == ["3.00", "2.00"]
    tea = await issued(cafe, "tea")
    payload = await done(cafe, "burnVoucher", cafe.server, code=tea, amount="1.00")
    assert refused(payload) == ("INVALID_AMOUNT", ["input", "amount"])
    payload = await done(cafe, "burnVoucher", cafe.server, code=tea, store="a\0")
    assert refused(payload) == ("INVALID_INPUT", ["input", "store"])


async def test_what_ended_or_was_given_back_is_worth_nothing(
    cafe: Client, clock: MovableClock
) -> None:
    code = await issued(cafe, "tea")
    redemption = "{ me { redemptions { nodes { id } } } }"
    data = (await cafe.ask(redemption, cafe.member("ana"))).data
    (tea,) = data["me"]["redemptions"]["nodes"]
    await done(cafe, "returnRedemption", cafe.member("ana"), redemption=tea["id"])
    payload = await done(cafe, "burnVoucher", cafe.server, code=code)
    assert refused(payload) == ("VOUCHER_RETURNED", ["input", "code"])
    late = await issued(cafe, "tea")
    clock.move(timedelta(days=31))
    payload = await done(cafe, "burnVoucher", cafe.server, code=late)
    assert refused(payload) == ("VOUCHER_EXPIRED", ["input", "code"])
    assert payload["voucher"] == {"state": "EXPIRED", "left": None}


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("en", "This code was not found. Please check it."),
        ("vi", "Không tìm thấy mã này. Vui lòng kiểm tra lại."),
    ],
)
async def test_a_wrong_code_says_nothing_else(cafe: Client, language: str, message: str) -> None:
    query = """
    mutation ($input: BurnVoucherInput!) {
      burnVoucher(input: $input) { voucher { id } errors { code message detail field } }
    }
    """
    told: list[Any] = []
    code = await issued(cafe, "tea")
    for wrong in ("", "x", "a\0", code[:-1], "9" * 300):
        given = {"idempotencyKey": f"w{len(told)}", "code": wrong}
        content = {"query": query, "variables": {"input": given}}
        answer = await cafe.post(content, cafe.server, **{"accept-language": language})
        told.append(answer.data["burnVoucher"])
    error = {
        "code": "VOUCHER_NOT_FOUND",
        "message": message,
        "detail": "code is of no voucher of this brand; read it again.",
        "field": ["input", "code"],
    }
    assert told == [{"voucher": None, "errors": [error]}] * 5


async def test_few_wrong_codes_are_looked_for(cafe: Client) -> None:
    code = await issued(cafe, "tea")
    # All at once and some more: one comes back each second, however slow the machine is.
    wrong = (f"wrong {number}" for number in range(int(GUESSES.capacity) + 60))
    await asyncio.gather(*(cafe.ask(BY_CODE, cafe.server, code=each) for each in wrong))
    answer = await cafe.ask(BY_CODE, cafe.server, code=code)
    assert answer.reasons == ["TOO_MANY_GUESSES"]
    payload = await done(cafe, "burnVoucher", cafe.server, code=code)
    assert refused(payload) == ("TOO_MANY_GUESSES", ["input"])
    # Another key has guessed nothing.
    assert (await cafe.ask(BY_CODE, cafe.staff, code=code)).data["voucherByCode"]


async def test_a_member_has_vouchers_in_pages_and_by_state(
    cafe: Client, clock: MovableClock
) -> None:
    codes = []
    for reward in ("tea", "card", "tea"):
        clock.move(timedelta(seconds=1))
        codes.append(await issued(cafe, reward))
    await done(cafe, "burnVoucher", cafe.server, code=codes[0])

    async def page(**given: object) -> tuple[list[str], Any]:
        found = (await cafe.ask(MINE, cafe.member("ana"), **given)).data["me"]["vouchers"]
        return [each["reward"]["code"] for each in found["nodes"]], found["pageInfo"]

    rewards, info = await page(first=2)
    assert rewards == ["tea", "card"]
    assert info["hasNextPage"]
    assert (await page(after=info["endCursor"]))[0] == ["tea"]
    assert (await page(last=2))[0] == ["card", "tea"]
    assert (await page(last=1, before=info["endCursor"]))[0] == ["tea"]
    assert (await page(states=["ISSUED"]))[0] == ["tea", "card"]
    assert (await page(states=["USED", "RETURNED"]))[0] == ["tea"]
    clock.move(timedelta(days=40))
    assert (await page(states=["EXPIRED"]))[0] == ["tea"]


async def test_vouchers_are_their_members_alone(cafe: Client, other: Client) -> None:
    code = await issued(cafe, "tea")
    found = await looked_up(cafe, code)
    query = "query ($id: ID!) { node(id: $id) { id } }"
    seen = [
        (await client.ask(query, token, id=found["id"])).data["node"] is not None
        for client, token in (
            (cafe, cafe.member("ana")),
            (cafe, cafe.staff),
            (cafe, cafe.member("ben")),
            (cafe, cafe.member("stranger")),
            (other, other.staff),
            (other, other.member("ana")),
        )
    ]
    assert seen == [True, True, False, False, False, False]
    assert (await cafe.ask(MINE, cafe.member("ben"))).data["me"]["vouchers"]["nodes"] == []
    assert (await other.ask(BY_CODE, other.server, code=code)).data == {"voucherByCode": None}
    payload = await done(other, "burnVoucher", other.server, code=code)
    assert refused(payload) == ("VOUCHER_NOT_FOUND", ["input", "code"])
    assert (await cafe.ask(BY_CODE, cafe.member("ana"), code=code)).status == 403
    assert (await looked_up(cafe, code))["state"] == "ISSUED"


POOLS = """
query ($first: Int, $after: Cursor, $last: Int) {
  pools(first: $first, after: $after, last: $last) {
    nodes { name codes free } pageInfo { endCursor }
  }
}
"""


async def test_a_brand_brings_codes_along(cafe: Client) -> None:
    given = {"idempotencyKey": "p", "pool": "spa", "codes": ["S-1", " S-2 ", "S-1", "", "a\0b"]}
    payload = await done(cafe, "addPoolCodes", cafe.server, **given)
    assert payload == {
        "added": "2",
        "known": "1",
        "refused": [
            {"code": "CODE_EMPTY", "field": ["input", "codes", "3"]},
            {"code": "CODE_UNPRINTABLE", "field": ["input", "codes", "4"]},
        ],
        "errors": [],
    }
    assert await done(cafe, "addPoolCodes", cafe.server, **given) == payload
    again = await done(cafe, "addPoolCodes", cafe.staff, pool="bath", codes=["S-2", "B-1"])
    assert (again["added"], again["known"]) == ("1", "1")
    assert await issued(cafe, "spa") == "S-1"
    payload = await done(cafe, "burnVoucher", cafe.server, code="S-1")
    assert payload["voucher"] == {"state": "USED", "left": None}
    pages = (await cafe.ask(POOLS, cafe.staff)).data["pools"]
    assert pages["nodes"] == [
        {"name": "bath", "codes": "1", "free": "1"},
        {"name": "spa", "codes": "2", "free": "1"},
    ]
    first = (await cafe.ask(POOLS, cafe.staff, first=1)).data["pools"]
    assert first["nodes"] == pages["nodes"][:1]
    after = first["pageInfo"]["endCursor"]
    rest = (await cafe.ask(POOLS, cafe.staff, first=1, after=after)).data["pools"]
    assert rest["nodes"] == pages["nodes"][1:]
    assert (await cafe.ask(POOLS, cafe.staff, last=1)).data["pools"] == rest
    for wrong, code, field in (
        ({"pool": "A Pool", "codes": ["C"]}, "INVALID_POOL", "pool"),
        ({"pool": "spa", "codes": ["C"] * 1_001}, "TOO_MANY_CODES", "codes"),
    ):
        payload = await done(cafe, "addPoolCodes", cafe.server, **wrong)
        assert refused(payload) == (code, ["input", field])
        assert payload["added"] is None


async def test_a_home_screen_is_one_query(cafe: Client) -> None:
    code = await issued(cafe, "tea")
    query = """
    { me {
      balance { spendable }
      catalogue(first: 1) { nodes { reward { name price { points } } canRedeem } }
      vouchers(states: [ISSUED]) { nodes { code reward { name } expiresAt } }
      redemptions(first: 1) { nodes { state } }
    } }
    """
    assert (await cafe.ask(query, cafe.member("ana"))).data["me"] == {
        "balance": {"spendable": "899"},
        "catalogue": {
            "nodes": [{"reward": {"name": "A tea", "price": {"points": "100"}}, "canRedeem": True}]
        },
        "vouchers": {
            "nodes": [
                {"code": code, "reward": {"name": "A tea"}, "expiresAt": "2026-04-02T04:00:00Z"}
            ]
        },
        "redemptions": {"nodes": [{"state": "FULFILLED"}]},
    }
