"""Mapping files: what they say, and what is said about wrong ones."""

from pathlib import Path

import pytest

from api.importing.mapping import load_mapping
from api.importing.shape import SourceError
from tests.support.purchase_files import HEADER, Reader


def written(folder: Path, text: str) -> Path:
    """Write a mapping file."""
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_one() -> None:
    mapping = load_mapping(Path("programmes/grocer.import.toml"))
    assert mapping.columns.discount == ["retail_disc", "coupon_disc", "coupon_match_disc"]
    assert mapping.constants.currency == "USD"
    assert str(mapping.zone) == "UTC"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns]\namuont = 'x'", "mapping.toml:2: columns.amuont: is not a known setting"),
        ("[columns]\namount = 3", "mapping.toml:2: columns.amount: is not text"),
        ("[columns]\namount = ['a', 'b']", "mapping.toml:2: columns.amount: is not text"),
        ("time_zone = 'Mars'", "mapping.toml:1: time_zone: 'Mars' is not an IANA time zone"),
        ("delimiter = '::'", "mapping.toml:1: delimiter: must be one of"),
        (
            "[columns]\nstore = 'x'\n[constants]\nstore = 'y'",
            r"store is both in \[columns\] and in \[constants\]; keep one",
        ),
        ("[columns", "is not valid TOML"),
    ],
)
def test_wrong_ones(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        load_mapping(written(tmp_path, text))
    assert caught.value.code == "MAPPING_INVALID"


def test_absent_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="can't be read"):
        load_mapping(tmp_path / "absent.toml")
    path = tmp_path / "mapping.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SourceError, match="can't be read"):
        load_mapping(path)


def test_a_constant_that_cannot_be_used(read: Reader, tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, "[constants]\ncurrency = 'EUR'"))
    with pytest.raises(SourceError, match=r"constants\.currency can't be used: currency is EUR"):
        read(HEADER, mapping=mapping)
