"""Files of codes: what is read of them, and what is told of the rest."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.importing.codes import CodeFile, CodeSummary, carry
from api.importing.shape import Reject, SourceError
from domain.vouchers.rules import code_fault
from domain.vouchers.service_pools import AddedCodes


def read(path: Path, content: str | bytes, *, header: bool = False) -> list[tuple[int, str]]:
    """Write a file and return what is read of it: lines and codes."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    source = CodeFile(path, header=header)
    found = [(line.line, line.text) for block in source for line in block]
    assert source.done == source.total
    return found


@pytest.mark.parametrize(
    ("name", "content", "header", "expected"),
    [
        ("a.txt", "one\r\ntwo\n\nfour,4", False, ["one", "two", "", "four,4"]),
        ("a.txt", "Code\none\n", False, ["one"]),
        ("a.txt", "voucher\none\n", True, ["one"]),
        ("a.txt", "voucher\none\n", False, ["voucher", "one"]),
        ("a.csv", '"o,ne",x\ntwo,"y\nz"\n\nfour\n', False, ["o,ne", "two", "four"]),
        ("a.CSV", "codes,end\none,1\n", False, ["one"]),
        ("a.csv.gz", "coupon,end\none,1\n", True, ["one"]),
        ("a.gz", "one,1\n", False, ["one,1"]),
    ],
)
def test_codes_of_a_file(
    tmp_path: Path, name: str, content: str, *, header: bool, expected: list[str]
) -> None:
    assert [code for _, code in read(tmp_path / name, content, header=header)] == expected


def test_lines_are_numbered_as_they_stand_in_the_file(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", 'code\n"one","a\nb"\ntwo\n') == [(2, "one"), (4, "two")]


def test_what_is_no_file_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        CodeFile(tmp_path / "none.txt")
    assert error.value.code == "SOURCE_UNREADABLE"
    with pytest.raises(SourceError) as error:
        read(tmp_path / "a.txt", "")
    assert error.value.code == "SOURCE_EMPTY"


class Pool:
    """Takes codes as the verb does, and keeps them."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.rejects: list[Reject] = []

    async def add(self, codes: Sequence[str]) -> AddedCodes:
        refused = [(place, why) for place, code in enumerate(codes) if (why := code_fault(code))]
        sound = [code for code in codes if not code_fault(code)]
        new = dict.fromkeys(sound).keys() - set(self.codes)
        self.codes += new
        return AddedCodes(len(new), len(sound) - len(new), refused)

    async def carry(self, path: Path) -> CodeSummary:
        """Add a file's codes."""
        return await carry(
            CodeFile(path), self.add, reject=self.rejects.append, progress=lambda _: None
        )


async def test_bad_lines_are_told_with_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'one,\xff\n,x\ntwo\n"three\nfo\x07ur\ntwo\n')
    pool = Pool()
    summary = await pool.carry(path)
    assert (pool.codes, summary.added, summary.known) == (["two"], 1, 1)
    assert [(each.line, each.code, each.raw) for each in pool.rejects] == [
        (1, "NOT_UTF8", "one"),
        (2, "CODE_EMPTY", ""),
        (4, "ROW_MALFORMED", '"three'),
        (5, "CODE_UNPRINTABLE", "fo\x07ur"),
    ]
    assert (summary.rejected, summary.exit_code) == (4, 1)


async def test_a_file_that_breaks_off_ends_the_import_and_what_was_added_stands(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt.gz"
    packed = gzip.compress("".join(f"code {n * n}\n" for n in range(50_000)).encode())
    path.write_bytes(packed[: len(packed) // 2])
    pool = Pool()
    summary = await pool.carry(path)
    assert summary.failure is not None
    assert (summary.failure.code, summary.exit_code) == ("SOURCE_TRUNCATED", 2)
    assert summary.added == len(pool.codes) > 8_000
    assert summary.rate > 0
