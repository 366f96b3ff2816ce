"""The whole run: batches, outcomes, counts, the file of rejects."""

import csv
import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.importing.mapping import Mapping
from api.importing.reading import open_purchases
from api.importing.rejects import Rejects
from api.importing.run import Summary, run
from api.importing.shape import Reject, SourceError
from domain.earning.rules import Purchase
from tests.support.purchase_files import HEADER

AT = "2017-01-01T11:53:26Z"


@dataclass(frozen=True)
class Answer:
    """An outcome as the recording verb gives it."""

    status: str
    points: int = 0
    code: str | None = None
    message: str | None = None


class Till:
    """Records in memory: an id once, a conflict if it comes back with other lines."""

    def __init__(self) -> None:
        self.kept: dict[str, Purchase] = {}
        self.sizes: list[int] = []

    async def record(self, some: list[Purchase]) -> Sequence[Answer]:
        """Answer for each purchase, in order."""
        self.sizes.append(len(some))
        return [self._answer(purchase) for purchase in some]

    def _answer(self, purchase: Purchase) -> Answer:
        before = self.kept.setdefault(purchase.external_id, purchase)
        if before is purchase:
            return Answer("recorded", points=purchase.amount // 100)
        if before == purchase:
            return Answer("replayed", points=purchase.amount // 100)
        return Answer("refused", code="PURCHASE_CONFLICT", message="known with other content")


async def imported(path: Path, till: Till, **options: int | None) -> tuple[Summary, Rejects]:
    """Import a file into a till, rejects beside it."""
    source = open_purchases(path, "auto", Mapping(), "USD", 2)
    shown: list[int] = []
    with Rejects(path.with_name(path.name + ".rejects.csv"), source=path) as rejects:
        summary = await run(
            source,
            till.record,
            reject=rejects.write,
            progress=lambda each: shown.append(each.purchases),
            **options,  # type: ignore[arg-type]
        )
    assert shown == sorted(shown)
    return summary, rejects


def written(folder: Path, *rows: str) -> Path:
    """Write rows below the usual header."""
    path = folder / "file.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


async def test_everything_fine_and_again(tmp_path: Path) -> None:
    path = written(tmp_path, *(f"p{number},m,{AT},1.50" for number in range(1234)))
    till = Till()
    first, rejects = await imported(path, till, batch=500)
    again, _ = await imported(path, till, batch=500)
    assert till.sizes == [500, 500, 234] * 2
    assert (first.recorded, first.replayed, first.points, first.lines) == (1234, 0, 1234, 1234)
    assert (again.recorded, again.replayed, again.points) == (0, 1234, 0)
    assert first.exit_code == again.exit_code == 0
    assert not rejects.path.exists()


async def test_rejects_are_written_with_line_and_reason(tmp_path: Path) -> None:
    path = written(
        tmp_path, f"a,m,{AT},1", f"b,m,{AT},-1", f"c,m,{AT},1", f"a,m,{AT},2", f"d,m,{AT},1"
    )
    summary, rejects = await imported(path, Till())
    assert (summary.recorded, summary.refused, summary.rejected) == (3, 1, 1)
    assert summary.exit_code == 1
    with rejects.path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "external_id", "code", "message", "raw"]
    assert ["3", "b", "AMOUNT_NEGATIVE", "amount is negative", f"b,m,{AT},-1"] in rows
    refused = next(row for row in rows if row[0] == "5")
    assert refused[1:4] == ["a", "PURCHASE_CONFLICT", "known with other content"]
    assert '"external_id":"a"' in refused[4]


async def test_limit(tmp_path: Path) -> None:
    path = written(tmp_path, *(f"p{number},m,{AT},1" for number in range(100)))
    till = Till()
    summary, _ = await imported(path, till, batch=7, limit=10)
    assert till.sizes == [7, 3]
    assert (summary.recorded, summary.exit_code) == (10, 0)


async def test_a_file_that_breaks_off(tmp_path: Path) -> None:
    rows = "".join(f"p{number},member{number * 7919},{AT},1\n" for number in range(60_000))
    packed = gzip.compress((HEADER + rows).encode())
    path = tmp_path / "file.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    till = Till()
    cut, _ = await imported(path, till)
    assert cut.failure is not None
    assert cut.failure.code == "SOURCE_TRUNCATED"
    assert cut.exit_code == 2
    assert 0 < cut.recorded < 60_000
    path.write_bytes(packed)
    whole, _ = await imported(path, till)
    assert whole.exit_code == 0
    assert (whole.recorded, whole.replayed) == (60_000 - cut.recorded, cut.recorded)


async def test_what_the_database_raises_is_passed_on(tmp_path: Path) -> None:
    path = written(tmp_path, *(f"p{number},m,{AT},1" for number in range(30_000)))

    async def record(some: list[Purchase]) -> Sequence[Answer]:
        raise ConnectionError(len(some))

    source = open_purchases(path, "auto", Mapping(), "USD", 2)
    with pytest.raises(ConnectionError, match="500"):
        await run(source, record, reject=print, progress=print)


def test_rejects_never_overwrite_another_file(tmp_path: Path) -> None:
    path = written(tmp_path)
    other = tmp_path / "notes.csv"
    other.write_text("mine", encoding="utf-8")
    for target in (path, other, tmp_path / "absent" / "file.csv"):
        with pytest.raises(SourceError) as caught:
            Rejects(target, source=path)
        assert caught.value.code == "REJECTS_UNWRITABLE"
    assert other.read_text(encoding="utf-8") == "mine"
    target = tmp_path / "rejects.csv"
    for _ in range(2):
        with Rejects(target, source=path) as rejects:
            rejects.write(Reject(1, "a", "CODE", "message", 'raw,"x"'))
    assert len(target.read_text(encoding="utf-8").splitlines()) == 2
    with Rejects(target, source=path):
        pass
    assert not target.exists()


def test_only_a_file_of_its_own_is_removed(tmp_path: Path) -> None:
    path = written(tmp_path)
    empty, kept, link, device = (tmp_path / name for name in ("empty", "kept", "link", "device"))
    empty.touch()
    with Rejects(kept, source=path) as rejects:
        rejects.write(Reject(1, "a", "CODE", "message", "raw"))
    link.symlink_to(kept)
    device.symlink_to(os.devnull)
    for target in (empty, link, device):
        with Rejects(target, source=path):
            pass
        assert target.exists()
    assert link.is_symlink()
    assert device.is_symlink()
    assert empty.read_bytes() == kept.read_bytes() == b""


def test_a_file_of_rejects_that_someone_removed_meanwhile(tmp_path: Path) -> None:
    target = tmp_path / "rejects.csv"
    with Rejects(target, source=written(tmp_path)):
        target.unlink()
    assert not target.exists()
