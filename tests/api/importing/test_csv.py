"""CSV files, good and bad, read to exact purchases and rejects."""

import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.importing.mapping import Mapping
from api.importing.reading import open_purchases
from api.importing.shape import Read, Reject, SourceError
from api.importing.text import BLOCK_ROWS_MAX
from domain.earning.rules import Line, Purchase
from tests.support.purchase_files import HEADER, Reader, faults, names, read_all

AT = "2017-01-01T11:53:26Z"
MOMENT = datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)


def test_adjacent_rows_are_one_purchase(read: Reader) -> None:
    header = "purchase_id,member_id,occurred_at,amount,discount,quantity,sku,category,channel,store"
    items = read(
        f"{header}\n"
        f"a,m,{AT},3.49,0.51,2,s1,dairy,web,7\n"
        f"a,m,{AT},1,,,s2,,web,7\n"
        f"b,n,2017-01-01T06:53:26-05:00,0.05,0,1,,,,\n"
    )
    assert items == [
        Read(
            2,
            Purchase(
                "a",
                "m",
                MOMENT,
                "USD",
                (Line(349, 51, 2, "s1", "dairy"), Line(100, 0, 1, "s2", "")),
                "web",
                "7",
            ),
        ),
        Read(4, Purchase("b", "n", MOMENT, "USD", (Line(5),), "", "")),
    ]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "AMOUNT_MISSING"),
        ("NaN", "AMOUNT_NOT_FINITE"),
        ("-inf", "AMOUNT_NOT_FINITE"),
        ("1e30", "AMOUNT_TOO_LARGE"),
        ("1e-30", "AMOUNT_NOT_EXACT"),
        ("3.499", "AMOUNT_NOT_EXACT"),
        ("-1", "AMOUNT_NEGATIVE"),
        ("1_000", "AMOUNT_NOT_A_NUMBER"),
        ("٣", "AMOUNT_NOT_A_NUMBER"),
        ("0x10", "AMOUNT_NOT_A_NUMBER"),
        ("9" * 70, "AMOUNT_NOT_A_NUMBER"),
        ("10000000000.01", "AMOUNT_TOO_LARGE"),
    ],
)
def test_wrong_amounts(read: Reader, cell: str, code: str) -> None:
    items = read(HEADER + f"a,m,{AT},1\nb,m,{AT},{cell}\nc,m,{AT},2\n")
    assert names(items) == ["a", "c"]
    assert faults(items) == [(3, "b", code)]


@pytest.mark.parametrize(
    ("cell", "cents"),
    [("3.49", 349), ("3.490000", 349), (" 7 ", 700), ("1.5e1", 1500), ("-0", 0), (".5", 50)],
)
def test_right_amounts(read: Reader, cell: str, cents: int) -> None:
    (item,) = read(HEADER + f"a,m,{AT},{cell}\n")
    assert isinstance(item, Read)
    assert item.purchase.amount == cents


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "OCCURRED_AT_MISSING"),
        ("yesterday", "OCCURRED_AT_MALFORMED"),
        ("0001-01-01T00:00:00Z", "OCCURRED_AT_OUT_OF_RANGE"),
        ("0001-01-01T00:00:00+14:00", "OCCURRED_AT_OUT_OF_RANGE"),
        ("9999-12-31T23:59:59-12:00", "OCCURRED_AT_OUT_OF_RANGE"),
        ("1969-12-31T23:59:59Z", "OCCURRED_AT_OUT_OF_RANGE"),
        ("2017-01-01T00:00:00", "OCCURRED_AT_WITHOUT_ZONE"),
    ],
)
def test_wrong_moments(read: Reader, cell: str, code: str) -> None:
    assert faults(read(HEADER + f"a,m,{cell},1\n")) == [(2, "a", code)]


def test_naive_stamps_are_in_the_mapping_s_zone(read: Reader) -> None:
    mapping = Mapping(time_zone="America/New_York")
    (item,) = read(HEADER + "a,m,2017-01-01 06:53:26,1\n", mapping=mapping)
    assert isinstance(item, Read)
    assert item.purchase.occurred_at == MOMENT
    assert item.purchase.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("cell", "code"), [("EUR", "CURRENCY_NOT_ACCEPTED"), ("usd", "CURRENCY_UNKNOWN")]
)
def test_currency(read: Reader, cell: str, code: str) -> None:
    header = "purchase_id,member_id,occurred_at,amount,currency\n"
    items = read(f"{header}a,m,{AT},1,{cell}\nb,m,{AT},1,\nc,m,{AT},1,USD\n")
    assert faults(items) == [(2, "a", code)]
    assert names(items) == ["b", "c"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [("0.5", "QUANTITY_NOT_WHOLE"), ("-1", "QUANTITY_INVALID"), ("x", "QUANTITY_INVALID")],
)
def test_quantity(read: Reader, cell: str, code: str) -> None:
    header = "purchase_id,member_id,occurred_at,amount,quantity\n"
    assert faults(read(f"{header}a,m,{AT},1,{cell}\n")) == [(2, "a", code)]


def test_a_wrong_line_rejects_its_whole_purchase_only(read: Reader) -> None:
    items = read(HEADER + f"a,m,{AT},1\nb,m,{AT},1\nb,m,{AT},x\nb,m,{AT},y\nc,m,{AT},1\n")
    assert names(items) == ["a", "c"]
    (reject,) = [each for each in items if isinstance(each, Reject)]
    assert reject == Reject(
        4,
        "b",
        "AMOUNT_NOT_A_NUMBER",
        "amount must be a decimal number such as 3.49; the whole purchase of 3 lines is left out;"
        " 1 more of its lines are at fault",
        f"b,m,{AT},x",
    )


def test_lines_that_disagree(read: Reader) -> None:
    items = read(HEADER + f"a,m,{AT},1\na,n,{AT},1\na,m,{AT},1\nb,m,{AT},1\n")
    assert faults(items) == [(2, "a", "PURCHASE_INCONSISTENT")]
    assert names(items) == ["b"]


def test_a_damaged_row_inside_a_purchase_belongs_to_it(read: Reader) -> None:
    items = read(HEADER + f"a,m,{AT},1\nrubbish\na,m,{AT},1\nb,m,{AT},1\nrubbish\nc,m,{AT},1\n")
    assert faults(items) == [
        (3, "a", "ROW_WIDTH"),
        (6, "b", "ROW_WIDTH"),
        (7, "c", "LINE_IN_DOUBT"),
    ]
    assert names(items) == []


@pytest.mark.parametrize(
    ("damaged", "rejected", "sound"),
    [
        (f"a,m,{AT},1,beans, black\n", ["a"], ["b"]),
        (f"b,n,{AT},1,beans, black\n", ["b"], ["a"]),
        (f'b,n,{AT},"1\n', ["b"], ["a"]),
        (f'a,"m,{AT},1\n', ["a", "b"], []),
        ("black,\n", ["a", "b"], []),
        (f",m,{AT},1,\n", ["a"], ["b"]),
        (f",n,{AT},1,\n", ["", "b"], ["a"]),
        (f",x,{AT},1,\n", [""], ["a", "b"]),
    ],
)
@pytest.mark.parametrize("scattered", [False, True])
def test_a_damaged_row_between_two_purchases(
    read: Reader, damaged: str, rejected: list[str], sound: list[str], *, scattered: bool
) -> None:
    header = "purchase_id,member_id,occurred_at,amount,sku\n"
    text = f"{header}a,m,{AT},1,\n{damaged}b,n,{AT},1,\nb,n,{AT},2,\nc,o,{AT},1,\n"
    items = read(text, scattered=scattered)
    assert sorted(name for _, name, _ in faults(items)) == rejected
    assert sorted(names(items)) == [*sound, "c"]


def test_a_claim_behind_a_shifted_cell_is_not_believed(read: Reader) -> None:
    header = "sku,purchase_id,member_id,occurred_at,amount\n"
    text = f"{header}x,a,m,{AT},1\nbeans, black,a,m,{AT},2\nx,b,n,{AT},1\n"
    assert faults(read(text)) == [(3, "a", "ROW_WIDTH"), (4, "b", "LINE_IN_DOUBT")]


@pytest.mark.parametrize("cut", range(1, len(f"a2,m,{AT},1,")))
def test_a_file_cut_off_in_a_row_rejects_its_last_purchase(read: Reader, cut: int) -> None:
    header = "purchase_id,member_id,occurred_at,amount,sku\n"
    last = f"a2,m,{AT},1,"[:cut]
    items = read(f"{header}a1,m,{AT},1,\na2,m,{AT},1,\n{last}")
    assert faults(items) == [(4, "a2", "ROW_WIDTH")]
    assert names(items) == ["a1"]


def test_a_damaged_row_at_the_edge_of_a_block(read: Reader) -> None:
    sizes = range(BLOCK_ROWS_MAX - 2, BLOCK_ROWS_MAX + 2)
    for size in sizes:
        text = f"a,m,{AT},1\n" * size + "rubbish\n" + f"b,m,{AT},1\nc,m,{AT},1\n"
        assert names(read(HEADER + text)) == ["c"]


def test_malformed_utf8_rejects_its_row(read: Reader) -> None:
    content = HEADER.encode() + f"a,m,{AT},1\n".encode() + b"b,\xff\xfe,2017-01-01,1\n"
    items = read(content + f"c,é,{AT},1\n".encode())
    assert names(items) == ["a", "c"]
    assert items[1] == Reject(
        3, "b", "NOT_UTF8", "the row is not valid UTF-8", r"b,\udcff\udcfe,2017-01-01,1"
    )


def test_unbalanced_quotes_cost_one_row(read: Reader) -> None:
    good = "".join(f"p{number},m,{AT},1\n" for number in range(3000))
    items = read(HEADER + f'x,"m,{AT},1\n' + good + f'y,"m,{AT},1\n')
    assert faults(items) == [
        (2, "", "ROW_MALFORMED"),
        (3, "p0", "LINE_IN_DOUBT"),
        (3003, "p2999", "ROW_MALFORMED"),
    ]
    assert len(names(items)) == 2998


def test_quoted_fields_may_hold_line_breaks(read: Reader) -> None:
    header = "purchase_id,note,member_id,occurred_at,amount\n"
    items = read(f'{header}a,"two\nlines, ""x""",m,{AT},1\nb,,m,{AT},z\n')
    assert names(items) == ["a"]
    assert faults(items) == [(4, "b", "AMOUNT_NOT_A_NUMBER")]


def test_a_field_of_ten_megabytes(read: Reader) -> None:
    items = read(HEADER + f"a,m,{AT},1\nb,{'x' * 10_000_000},{AT},1\nc,m,{AT},1\n")
    assert faults(items) == [(3, "a", "ROW_TOO_LONG"), (4, "c", "LINE_IN_DOUBT")]
    assert max(len(each.raw) for each in items if isinstance(each, Reject)) <= 1001


def test_long_and_controlled_text(read: Reader) -> None:
    items = read(
        HEADER + f"a,{'x' * 201},{AT},1\nb,m\x00,{AT},1\nc, ,{AT},1\n,m,2018-01-01,1\n",
        mapping=Mapping(time_zone="UTC"),
    )
    assert faults(items) == [
        (2, "a", "MEMBER_ID_TOO_LONG"),
        (3, "b", "MEMBER_ID_BAD_CHARACTERS"),
        (4, "c", "MEMBER_ID_MISSING"),
        (5, "", "PURCHASE_ID_MISSING"),
    ]


def test_bom_crlf_blank_lines_and_a_repeated_header(read: Reader) -> None:
    text = "\ufeff" + HEADER + f"a,m,{AT},1\n\n" + HEADER + f"b,m,{AT},1\n"
    items = read(text.replace("\n", "\r\n"))
    assert names(items) == ["a", "b"]
    assert faults(items) == [(4, "", "HEADER_REPEATED")]


def test_a_missing_column_is_explained(read: Reader) -> None:
    with pytest.raises(SourceError) as caught:
        read(f"basket,member_id,occurred_at,amount\na,m,{AT},1\n")
    assert caught.value.code == "COLUMN_MISSING"
    assert caught.value.message == (
        "Column 'purchase_id' for purchase_id is not in the file. Columns found: basket,"
        " member_id, occurred_at, amount. Say in a mapping file which of them it is, for example:"
        ' [columns] purchase_id = "basket", and give it with --mapping.'
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "SOURCE_EMPTY"),
        (HEADER.encode("utf-16"), "SOURCE_UNREADABLE"),
        (b'"purchase_id,member_id', "SOURCE_UNREADABLE"),
        (b"purchase_id,member_id,occurred_at,amount,amount\n", "COLUMN_TWICE"),
        (b"x" * 2_000_000, "SOURCE_UNREADABLE"),
    ],
)
def test_files_that_cannot_be_used(read: Reader, content: bytes, code: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(content)
    assert caught.value.code == code


def test_a_header_alone_is_no_purchase(read: Reader) -> None:
    assert read(HEADER) == []


def test_unknown_ending_and_absent_file(read: Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--format"):
        read(HEADER, name="file.dat")
    with pytest.raises(SourceError, match="is not a file"):
        read_all(tmp_path / "absent.csv")


def test_gzip_and_a_truncated_one(read: Reader, tmp_path: Path) -> None:
    text = HEADER + "".join(f"p{number},m{number},{AT},1\n" for number in range(20_000))
    packed = gzip.compress(text.encode())
    assert len(names(read(packed, name="file.csv.gz"))) == 20_000
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    got: list[Read | Reject] = []
    with pytest.raises(SourceError) as caught:
        for items in open_purchases(path, "auto", Mapping(), "USD", 2):
            got.extend(items)
    assert caught.value.code == "SOURCE_TRUNCATED"
    # Only whole purchases came out: the one on which the file breaks off did not.
    assert names(got) == [f"p{number}" for number in range(len(got))]


def test_purchases_span_blocks_and_have_a_greatest_length(read: Reader) -> None:
    long = f"long,m,{AT},1\n"
    items = read(HEADER + long * 9_999 + f"b,m,{AT},1\n" + long.replace("long", "over") * 30_001)
    assert names(items) == ["long", "b"]
    assert isinstance(items[0], Read)
    assert len(items[0].purchase.lines) == 9_999
    assert faults(items) == [(10_002, "over", "PURCHASE_TOO_LONG")]


def test_scattered_rows_are_brought_together(read: Reader) -> None:
    count = 500
    rows = [f"p{number},m{number},{AT},{part}.25\n" for part in range(3) for number in range(count)]
    rows[700] = f"p200,m200,{AT},x\n"
    apart = read(HEADER + "".join(rows), scattered=True)
    assert faults(apart) == [(702, "p200", "AMOUNT_NOT_A_NUMBER")]
    found = {each.purchase.external_id: each.purchase for each in apart if isinstance(each, Read)}
    assert found.keys() == {f"p{number}" for number in range(count)} - {"p200"}
    assert found["p7"] == Purchase(
        "p7", "m7", MOMENT, "USD", (Line(25), Line(125), Line(225)), "", ""
    )


NAME = st.text(
    st.characters(blacklist_categories=("Cc", "Cs", "Z")), min_size=1, max_size=20
).filter(lambda text: text == text.strip())
CENTS = st.integers(0, 10**12)
LINE = st.builds(Line, CENTS, CENTS, st.integers(0, 10**9), st.just("") | NAME, st.just("") | NAME)
MOMENTS = st.integers(0, 4_000_000_000_000_000).map(
    lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
PURCHASE = st.builds(
    Purchase,
    NAME,
    NAME,
    MOMENTS,
    st.just("USD"),
    st.lists(LINE, min_size=1, max_size=5).map(tuple),
    st.just("") | NAME,
    st.just("") | NAME,
)


@settings(deadline=None)
@given(st.lists(PURCHASE, max_size=15, unique_by=lambda each: each.external_id))
def test_what_is_written_is_read(purchases: list[Purchase]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            "purchase_id",
            "member_id",
            "occurred_at",
            "currency",
            "channel",
            "store",
            "amount",
            "discount",
            "quantity",
            "sku",
            "category",
        ]
    )
    for each in purchases:
        head = (each.external_id, each.member, each.occurred_at.isoformat(), each.currency)
        for line in each.lines:
            money = [f"{cents // 100}.{cents % 100:02d}" for cents in (line.amount, line.discount)]
            row = (*head, each.channel, each.store, *money, line.quantity, line.sku, line.category)
            writer.writerow(row)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        items = read_all(path)
    assert [each.purchase for each in items if isinstance(each, Read)] == purchases
    assert len(items) == len(purchases)
