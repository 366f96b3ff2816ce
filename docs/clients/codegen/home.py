"""What ariadne-codegen makes, at work: answers and inputs have types, codes are an enum.

ariadne-codegen --config ariadne.toml && python home.py
"""

import asyncio
import os
from datetime import UTC, datetime
from decimal import Decimal

from __generated__.laurel import (
    ErrorCode,
    Laurel,
    PurchaseInput,
    PurchaseLineInput,
    RecordPurchasesInput,
)

ADDRESS = os.environ.get("LAUREL_URL", "http://127.0.0.1:8000/graphql")
TOKEN = os.environ["LAUREL_TOKEN"]  # a member's, as an app has it
KEY = os.environ["LAUREL_KEY"]  # a till's: it never leaves the brand's servers


def laurel(credentials: str) -> Laurel:
    """Return a client that calls with these credentials."""
    return Laurel(ADDRESS, headers={"authorization": f"Bearer {credentials}"})


async def main() -> None:
    """Show a balance; then send what is refused, which is data."""
    async with laurel(TOKEN) as app:
        me = (await app.home(first=1)).me
    print(f"{me.external_id} has {me.balance.spendable} points.")
    name = f"example-{me.external_id}"
    purchase = PurchaseInput(
        externalId=name,
        member=me.external_id,
        occurredAt=datetime(2026, 3, 2, 12, tzinfo=UTC),
        currency="EUR",
        lines=[PurchaseLineInput(amount=Decimal("12.50"))],
    )
    async with laurel(KEY) as till:
        done = await till.record(RecordPurchasesInput(idempotencyKey=name, purchases=[purchase]))
    for outcome in done.record_purchases.outcomes:
        if outcome.error and outcome.error.code is ErrorCode.CURRENCY_MISMATCH:
            print(f"refused: {outcome.error.message}")


asyncio.run(main())
