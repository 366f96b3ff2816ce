"""Programme files: what is read, what is refused and how it is said."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.sections import SECTIONS
from domain.brands.section import BrandSection
from domain.earning.section import EarningSection
from domain.programmes.rules import (
    Document,
    ProgrammeRefusedError,
    Version,
    in_force,
    load,
    refusal,
    same_content,
)
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from kit.documents import FaultyDocumentError
from tests.support.programmes import GOOD, RICH, SHARING

PROGRAMMES = [
    file
    for file in sorted((Path(__file__).parents[3] / "programmes").glob("*.toml"))
    if not file.name.endswith(".import.toml")
]


def faults(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
    )["fault"]
    return found


NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def read(text: str) -> Document:
    return load(text, SECTIONS, "shop.toml")


def complaint(text: str) -> str:
    with pytest.raises(FaultyDocumentError) as refused:
        read(text)
    return refused.value.message


@pytest.mark.parametrize("file", PROGRAMMES, ids=lambda file: file.stem)
def test_shipped_programmes_are_good_and_say_where_their_schema_is(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    document = load(text, SECTIONS, file.name)
    assert document.section(BrandSection).code
    assert text.startswith("#:schema ../docs/programme.schema.json\n")
    assert (file.parent / "../docs/programme.schema.json").exists()


def test_the_sections_are_found_by_their_model() -> None:
    document = read(GOOD)
    assert document.section(BrandSection).currency_exponent == 2
    assert document.section(PointsSection).expires is None
    assert document.section(EarningSection).rounding == "floor"


def test_a_programme_may_have_no_tiers() -> None:
    document = read(GOOD[: GOOD.index("[[tiers.ladder]]")])
    assert document.find(TiersSection) is None
    with pytest.raises(ProgrammeRefusedError) as refused:
        document.section(TiersSection)
    assert refused.value.code == "PROGRAMME_INCOMPLETE"


def test_comments_and_layout_are_not_content() -> None:
    rewritten = "# The shop.\n" + GOOD.replace(" = ", "=").replace('per="1.00"', "per = '1.00'")
    assert read(rewritten).content_hash == read(GOOD).content_hash
    assert read(GOOD.replace('"1.00"', '"2.00"')).content_hash != read(GOOD).content_hash


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        *((RICH, fault) for fault in faults("faults.toml")),
        *((SHARING, fault) for fault in faults("faults_of_rewards.toml")),
    ],
    ids=lambda value: f"{value['old']} → {value['new']}" if isinstance(value, dict) else "",
)
def test_a_fault_names_file_line_path_and_remedy(text: str, fault: dict[str, Any]) -> None:
    assert fault["old"] in text
    assert complaint(text.replace(fault["old"], fault["new"], 1)).splitlines() == fault["told"]


def test_tiers_that_no_section_has() -> None:
    ladders = RICH[RICH.index("[[tiers.ladder]]") :]
    end, when, unknown = complaint(RICH.replace(ladders, "")).splitlines()
    add = "the file has no [tiers]; add them"
    assert end == f"shop.toml:17: points.tier_expiry: is for members of tiers, but {add}"
    assert (
        when == f"shop.toml:48: earning.rule[1].when: speaks of a tier, but {add}, or leave it out"
    )
    assert unknown.endswith(
        "earning.rule[4].tiers[1]: names 'VIB', which is no tier; there is no tier"
    )


def test_every_fault_is_told_in_the_order_of_the_file() -> None:
    text = GOOD.replace('"USD"', '"USS"').replace('"floor"', '"down"').replace('"350.00"', "350.0")
    lines = complaint(text).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "shop.toml:5:",
        "shop.toml:18:",
        "shop.toml:32:",
    ]


def test_an_empty_file_lacks_every_section() -> None:
    assert complaint("").splitlines() == [
        f"shop.toml: {name}: is missing; add it"
        for name in ("brand", "enrolment", "points", "earning")
    ]


@pytest.mark.parametrize(
    "text", ["a = " + "1" * 5_000, "a = " + "[" * 100_000, "#" * 1_000_001, "\x00", "a = \ud800"]
)
def test_hostile_text_is_a_fault_like_any_other(text: str) -> None:
    assert complaint(text).startswith("shop.toml: ") or complaint(text).startswith("shop.toml:1: ")


def test_of_very_many_faults_the_first_are_told() -> None:
    lines = complaint(GOOD + "".join(f"zzz{number} = 1\n" for number in range(2_000))).splitlines()
    assert len(lines) == 101
    assert lines[-1] == "shop.toml: and more; mend these first"


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 400_000 + " = 1",
        "a = {" + "a." * 300_000 + "a = 1}",
        "\n".join(f"{'a.' * 70}b{number} = 1" for number in range(5_000)),
    ],
    ids=["one key", "an inline table", "many keys"],
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_read(text: str) -> None:
    assert complaint(text) == "shop.toml:1: has more than 64 dots outside of quotes; divide it"


def version(number: int, effective_from: datetime, text: str = GOOD) -> Version:
    return Version(number, 1, effective_from, text, read(text).content_hash, NOW, "test")


def test_a_version_is_in_force_until_the_next_begins() -> None:
    first, second = version(1, NOW), version(2, NOW + DAY)
    tick = timedelta(microseconds=1)
    versions = [first, second]
    assert in_force(versions, NOW - tick) is None
    assert in_force(versions, NOW) is first
    assert in_force(versions, NOW + DAY - tick) is first
    assert in_force(versions, NOW + DAY) is second
    assert in_force([], NOW) is None


def test_only_the_first_version_may_be_dated_in_the_past() -> None:
    assert refusal([], NOW - 1_000 * DAY, NOW) is None
    versions = [version(1, NOW - 10 * DAY)]
    assert refusal(versions, NOW, NOW) is None
    assert refusal(versions, NOW + DAY, NOW) is None


@pytest.mark.parametrize(
    ("effective_from", "code"),
    [
        (NOW - 10 * DAY, "EFFECTIVE_FROM_NOT_AFTER_LATEST"),
        (NOW - 11 * DAY, "EFFECTIVE_FROM_NOT_AFTER_LATEST"),
        (NOW - DAY, "EFFECTIVE_FROM_IN_THE_PAST"),
        (NOW.replace(tzinfo=None), "EFFECTIVE_FROM_WITHOUT_ZONE"),
        (datetime(1969, 12, 31, tzinfo=UTC), "EFFECTIVE_FROM_OUT_OF_RANGE"),
        (NOW + timedelta(days=3654), "EFFECTIVE_FROM_OUT_OF_RANGE"),
    ],
)
def test_a_later_version_is_refused(effective_from: datetime, code: str) -> None:
    error = refusal([version(1, NOW - 10 * DAY)], effective_from, NOW)
    assert error is not None
    assert (error.code, error.path) == (code, ("effective_from",))


def test_the_same_content_is_recognised_at_the_same_start_and_at_the_end() -> None:
    other = GOOD.replace('per = "1.00"', 'per = "2.00"')
    first, second = version(1, NOW - DAY), version(2, NOW, other)
    assert same_content([first], read(GOOD), NOW) is first
    assert same_content([first, second], read(other), NOW + DAY) is second
    assert same_content([first, second], read(GOOD), NOW - DAY) is first
    assert same_content([first, second], read(GOOD), NOW + DAY) is None
