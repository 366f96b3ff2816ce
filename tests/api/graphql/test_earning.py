"""Purchases and refunds over GraphQL: outcomes in order, refusals as data, once per key."""

import asyncio
from typing import Any

import pytest

from tests.support.client import Answer, Client

RECORD = """
mutation Record($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) {
    outcomes {
      externalId status points
      error { code field }
      member { externalId balance { spendable } tier { name } }
    }
    errors { code message field }
    query { brand { code } }
  }
}
"""
REFUND = """
mutation Refund($input: RefundPurchaseInput!) {
  refundPurchase(input: $input) {
    refund {
      externalId status amount { amount currency } pointsDue pointsReversed
      member { balance { spendable } }
    }
    errors { code field }
  }
}
"""


def bought(external_id: str = "p1", amount: str = "12.99", **changes: object) -> dict[str, Any]:
    return {
        "externalId": external_id,
        "member": "ana",
        "occurredAt": "2026-03-01T10:00:00Z",
        "currency": "USD",
        "lines": [{"amount": amount}],
        **changes,
    }


def refunded(external_id: str = "r1", **changes: object) -> dict[str, Any]:
    return {
        "idempotencyKey": external_id,
        "externalId": external_id,
        "purchase": "p1",
        "occurredAt": "2026-03-02T10:00:00Z",
        **changes,
    }


async def record(client: Client, *purchases: dict[str, Any], key: str = "k1") -> Any:
    given = {"idempotencyKey": key, "purchases": list(purchases)}
    answer = await client.ask(RECORD, client.server, input=given)
    return answer.data["recordPurchases"]


async def refund(client: Client, **given: Any) -> Answer:
    return await client.ask(REFUND, client.server, input=given)


async def test_purchases_are_answered_in_order(client: Client) -> None:
    payload = await record(
        client,
        bought("p1", "12.99"),
        bought("p2", currency="EUR"),
        bought("p3", "1000", member="ben"),
    )
    assert payload["errors"] == []
    assert payload["query"] == {"brand": {"code": "grocer"}}
    first, second, third = payload["outcomes"]
    assert first == {
        "externalId": "p1",
        "status": "RECORDED",
        "points": "12",
        "error": None,
        "member": {
            "externalId": "ana",
            "balance": {"spendable": "12"},
            "tier": {"name": "Insider"},
        },
    }
    assert second == {
        "externalId": "p2",
        "status": "REFUSED",
        "points": "0",
        "error": {
            "code": "CURRENCY_MISMATCH",
            "field": ["input", "purchases", "1", "currency"],
        },
        "member": None,
    }
    assert third["member"]["tier"] == {"name": "Rouge"}


async def test_the_same_key_answers_the_same(client: Client) -> None:
    first = await record(client, bought("p1"))
    assert await record(client, bought("p1", "12.990")) == first


async def test_the_same_key_with_another_input_is_a_conflict(client: Client) -> None:
    await record(client, bought("p1"))
    payload = await record(client, bought("p1"), bought("p2"))
    assert payload["outcomes"] == []
    (error,) = payload["errors"]
    assert (error["code"], error["field"]) == ("IDEMPOTENCY_CONFLICT", ["input", "idempotencyKey"])


async def test_another_key_with_the_same_purchase_is_a_replay(client: Client) -> None:
    await record(client, bought("p1"))
    (outcome,) = (await record(client, bought("p1"), key="k2"))["outcomes"]
    assert (outcome["status"], outcome["points"]) == ("REPLAYED", "12")


async def test_one_key_many_times_at_once(client: Client) -> None:
    answers = await asyncio.gather(*(record(client, bought("p1")) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert (await client.shop.balance("ana")).spendable == 12


@pytest.mark.parametrize("key", ["", "x" * 201, "a\u0000b", "line\nbreak"])
async def test_a_key_is_printable_and_short(client: Client, key: str) -> None:
    payload = await record(client, bought(), key=key)
    assert [error["field"] for error in payload["errors"]] == [["input", "idempotencyKey"]]


async def test_a_list_is_not_a_file(client: Client) -> None:
    payload = await record(client, *(bought(str(number)) for number in range(251)))
    assert [error["code"] for error in payload["errors"]] == ["TOO_MANY_PURCHASES"]
    assert len((await record(client, *(bought(str(n)) for n in range(250))))["outcomes"]) == 250


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": [{"amount": "1.005"}]}, "AMOUNT_TOO_FINE"),
        ({"lines": [{"amount": "1" + "0" * 29}]}, "AMOUNT_TOO_LARGE"),
        ({"lines": [{"amount": "-1"}]}, "AMOUNT_NEGATIVE"),
        ({"lines": [{"amount": "1", "discount": "-1"}]}, "DISCOUNT_NEGATIVE"),
        ({"lines": [{"amount": "1", "quantity": -1}]}, "QUANTITY_OUT_OF_RANGE"),
        ({"lines": [{"amount": "1", "sku": "a\u0000"}]}, "TEXT_UNPRINTABLE"),
        ({"lines": [{"amount": "1"}] * 2001}, "TOO_MANY_LINES"),
        ({"currency": "XYZ"}, "CURRENCY_UNKNOWN"),
        ({"currency": ""}, "CURRENCY_UNKNOWN"),
        ({"occurredAt": "0001-01-01T00:00:00Z"}, "DATE_TOO_EARLY"),
        ({"occurredAt": "9999-12-31T23:59:59Z"}, "DATE_IN_FUTURE"),
        ({"member": ""}, "MEMBER_EMPTY"),
        ({"member": "x" * 201}, "TEXT_TOO_LONG"),
        ({"externalId": " "}, "EXTERNAL_ID_EMPTY"),
        ({"externalId": "x" * 201}, "EXTERNAL_ID_TOO_LONG"),
        ({"store": "\u0007"}, "TEXT_UNPRINTABLE"),
    ],
)
async def test_refused_purchases(client: Client, changes: dict[str, Any], code: str) -> None:
    payload = await record(client, bought(**changes), bought("good", member="ben"))
    assert payload["outcomes"][0]["error"]["code"] == code
    assert payload["outcomes"][1]["status"] == "RECORDED"


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "1e3", "", "1,00", "0x10", " 1", "1" * 31, "\u0661", 12.5, 12, None],
)
async def test_amounts_that_are_no_decimals(client: Client, amount: object) -> None:
    given = {"idempotencyKey": "k", "purchases": [bought(lines=[{"amount": amount}])]}
    answer = await client.ask(RECORD, client.server, input=given)
    assert (answer.status, answer.codes) == (200, ["BAD_USER_INPUT"])
    assert "data" not in answer.json


@pytest.mark.parametrize(
    "instant",
    [
        "",
        "2026-03-01",
        "2026-03-01T10:00:00",
        "2026-02-30T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-03-01T10:00:00+99:00",
        1,
    ],
)
async def test_instants_that_are_none(client: Client, instant: object) -> None:
    given = {"idempotencyKey": "k", "purchases": [bought(occurredAt=instant)]}
    assert (await client.ask(RECORD, client.server, input=given)).codes == ["BAD_USER_INPUT"]


async def test_a_part_is_refunded(client: Client) -> None:
    await record(client, bought("p1", "12.99"))
    payload = (await refund(client, **refunded(amount="3"))).data["refundPurchase"]
    assert payload == {
        "refund": {
            "externalId": "r1",
            "status": "RECORDED",
            "amount": {"amount": "3.00", "currency": "USD"},
            "pointsDue": "3",
            "pointsReversed": "3",
            "member": {"balance": {"spendable": "9"}},
        },
        "errors": [],
    }
    again = (await refund(client, **refunded(amount="3.00"))).data["refundPurchase"]
    assert again == payload


async def test_lines_are_refunded(client: Client) -> None:
    await record(client, bought("p1", lines=[{"amount": "5"}, {"amount": "7"}]))
    lines = [{"line": 1, "amount": "7"}]
    payload = (await refund(client, **refunded(lines=lines))).data["refundPurchase"]
    assert payload["refund"]["pointsReversed"] == "7"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purchase": "unknown"}, "PURCHASE_NOT_FOUND"),
        ({"purchase": "a\u0000"}, "INVALID_INPUT"),
        ({"externalId": ""}, "INVALID_INPUT"),
        ({"amount": "13"}, "REFUND_EXCEEDS_PURCHASE"),
        ({"amount": "-1"}, "REFUND_EXCEEDS_PURCHASE"),
        ({"amount": "0.001"}, "AMOUNT_TOO_FINE"),
        ({"amount": "1", "lines": []}, "REFUND_AMBIGUOUS"),
        ({"lines": [{"line": 7, "amount": "1"}]}, "REFUND_LINES_MISMATCH"),
        ({"lines": [{"line": 0, "amount": "0"}] * 2001}, "TOO_MANY_LINES"),
        ({"occurredAt": "2026-02-01T00:00:00Z"}, "REFUND_BEFORE_PURCHASE"),
        ({"occurredAt": "0001-01-01T00:00:00Z"}, "INVALID_DATE"),
    ],
)
async def test_refused_refunds(client: Client, changes: dict[str, Any], code: str) -> None:
    await record(client, bought("p1", "12.99"))
    payload = (await refund(client, **refunded(**changes))).data["refundPurchase"]
    assert payload["refund"] is None
    assert [error["code"] for error in payload["errors"]] == [code]
    assert payload["errors"][0]["field"][0] == "input"
    assert (await client.shop.balance("ana")).spendable == 12


RECORD_PLAINLY = """mutation ($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) { outcomes { externalId status } }
}"""


async def test_a_nul_is_refused_alone_and_again(client: Client) -> None:
    lines = [{"amount": "5.00"}]
    purchases = [
        {"externalId": id_, "member": "ann", "currency": "USD", "lines": lines}
        | {"occurredAt": client.shop.clock.now().isoformat()}
        for id_ in ("good", "bad\0")
    ]
    for _ in range(2):
        answer = await client.ask(
            RECORD_PLAINLY, client.server, input={"idempotencyKey": "k", "purchases": purchases}
        )
        outcomes = answer.data["recordPurchases"]["outcomes"]
        assert [each["status"] for each in outcomes] == ["RECORDED", "REFUSED"]
        assert outcomes[1]["externalId"] == "bad\0"
