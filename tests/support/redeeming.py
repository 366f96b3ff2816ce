"""Short ways to do things with rewards over GraphQL, and what is then said of them."""

from typing import Any

from tests.support.client import Client
from tests.support.operations import fresh

ASKED = {
    "redeemReward": "redemption { id state vouchers { code } }",
    "cancelRedemption": "redemption { id state reason } member { balance { spendable } }",
    "returnRedemption": "redemption { id state reason } member { balance { spendable } }",
    "fulfilRedemptions": "outcomes { status redemption { state reference } error { code field } }",
    "approveRedemption": "redemption { id state }",
    "declineRedemption": "redemption { id state reason }",
    "changeStock": "supply { stock taken left }",
    "addPoolCodes": "added known refused { code field }",
    "burnVoucher": "voucher { state left { amount } } amount { amount }",
}


async def done(client: Client, verb: str, token: str, **given: object) -> Any:
    """Do one thing; return its payload. ``given`` may hold the idempotency key."""
    name = verb[0].upper() + verb[1:]
    asked = f"{ASKED[verb]} errors {{ code message field }}"
    mutation = f"mutation ($input: {name}Input!) {{ {verb}(input: $input) {{ {asked} }} }}"
    answer = await client.ask(mutation, token, input={"idempotencyKey": fresh(), **given})
    return answer.data[verb]
