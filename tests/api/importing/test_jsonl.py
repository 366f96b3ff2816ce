"""JSON lines: flat rows, whole purchases, and what is neither."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from api.importing.mapping import Columns, Constants, Mapping
from api.importing.shape import SourceError
from domain.earning.rules import Line, Purchase
from tests.support.purchase_files import Reader, faults, names, purchases

AT = "2017-01-01T11:53:26Z"
MOMENT = datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
HEAD = {"member_id": "m", "occurred_at": AT}


def lines(*objects: object) -> str:
    """Return objects as JSON lines."""
    return "".join(json.dumps(each) + "\n" for each in objects)


def test_flat_rows_and_whole_purchases(read: Reader) -> None:
    whole = {"purchase_id": "b", **HEAD, "store": 7, "lines": [{"amount": 3.49}, {"amount": "1"}]}
    items = read(
        lines(
            {"purchase_id": "a", **HEAD, "amount": 1},
            {"purchase_id": "a", **HEAD, "amount": 2.5, "discount": None, "sku": 12},
            whole,
            whole,
            {"purchase_id": "b", **HEAD, "amount": 1, "store": "7"},
        ),
        name="file.jsonl",
    )
    twice = Purchase("b", "m", MOMENT, "USD", (Line(349), Line(100)), "", "7")
    assert purchases(items) == [
        Purchase("a", "m", MOMENT, "USD", (Line(100), Line(250, sku="12")), "", ""),
        twice,
        twice,
        Purchase("b", "m", MOMENT, "USD", (Line(100),), "", "7"),
    ]
    assert [each.line for each in items] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("NaN", "AMOUNT_NOT_FINITE"),
        ("-Infinity", "AMOUNT_NOT_FINITE"),
        ("1e30", "AMOUNT_TOO_LARGE"),
        ("1e999999999999", "AMOUNT_TOO_LARGE"),
        ("1" + "0" * 30, "AMOUNT_TOO_LARGE"),
        ("3.4900000001", "AMOUNT_NOT_EXACT"),
        ("0." + "1" * 100_000, "AMOUNT_NOT_EXACT"),
        ("true", "AMOUNT_NOT_A_NUMBER"),
        ("[]", "AMOUNT_NOT_A_NUMBER"),
        ("{}", "AMOUNT_NOT_A_NUMBER"),
        ("null", "AMOUNT_MISSING"),
        ("9" * 5000, "ROW_MALFORMED"),
    ],
)
def test_wrong_amounts(read: Reader, amount: str, code: str) -> None:
    row = f'{{"purchase_id": "a", "member_id": "m", "occurred_at": "{AT}", "amount": {amount}}}\n'
    items = read(row + lines({"purchase_id": "b", **HEAD, "amount": 1}), name="file.jsonl")
    assert faults(items)[0][::2] == (1, code)
    assert names(items) == ([] if code == "ROW_MALFORMED" else ["b"])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "ROW_MALFORMED"),
        (b"[1]", "ROW_MALFORMED"),
        (b"[" * 100_000, "ROW_MALFORMED"),
        (b'{"purchase_id": "x", "lines": []}', "LINES_MISSING"),
        (b'{"purchase_id": "x", "lines": 3}', "LINES_MALFORMED"),
        (b'{"purchase_id": "x", "lines": [3]}', "LINES_MALFORMED"),
        (b'{"purchase_id": "x\xff"}', "NOT_UTF8"),
        (b'{"purchase_id": "\\ud800"}', "PURCHASE_ID_BAD_CHARACTERS"),
        (b'{"purchase_id": "x\\u0000"}', "PURCHASE_ID_BAD_CHARACTERS"),
        (b'{"purchase_id": ["x"]}', "PURCHASE_ID_NOT_TEXT"),
        (b'{"purchase_id": "' + b"x" * 10_000_000 + b'"}', "ROW_TOO_LONG"),
        (b"{}", "PURCHASE_ID_MISSING"),
    ],
)
def test_wrong_lines(read: Reader, line: bytes, code: str) -> None:
    good = lines({"purchase_id": "b", **HEAD, "amount": 1}).encode()
    items = read(good.replace(b'"b"', b'"a"') + line + b"\n\n" + good, name="file.jsonl")
    if code.startswith("LINES"):
        assert [fault[::2] for fault in faults(items)] == [(2, code)]
        assert names(items) == ["a", "b"]
    else:
        assert faults(items) == [(2, "a", code), (4, "b", "LINE_IN_DOUBT")]


def test_a_damaged_line_is_no_line_of_a_whole_purchase(read: Reader) -> None:
    whole = lines({"purchase_id": "a", **HEAD, "lines": [{"amount": 1}]})
    items = read(whole + '{"purchase_id":\n' + whole.replace('"a"', '"b"'), name="file.jsonl")
    assert faults(items) == [(2, "", "ROW_MALFORMED")]
    assert names(items) == ["a", "b"]


def test_mapping_and_gzip(read: Reader) -> None:
    mapping = Mapping(
        time_zone="Europe/Berlin",
        columns=Columns(purchase_id="id", discount=["d1", "d2"]),
        constants=Constants(channel="app"),
    )
    row = {"id": 5, "member_id": 9, "occurred_at": "2017-07-01 10:00", "amount": "1"}
    content = gzip.compress(lines(row | {"d1": 0.1, "d2": "0.2"}).encode())
    assert purchases(read(content, name="file.ndjson.gz", mapping=mapping)) == [
        Purchase("5", "9", datetime(2017, 7, 1, 8, tzinfo=UTC), "USD", (Line(100, 30),), "app", "")
    ]


def test_an_empty_file(read: Reader) -> None:
    with pytest.raises(SourceError, match="is empty"):
        read("", name="file.jsonl")
