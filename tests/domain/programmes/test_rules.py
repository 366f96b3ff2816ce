"""Programme files: what is read, what is refused and how it is said."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from tests.support.programmes import GOOD

SHIPPED = Path(__file__).parents[3] / "programmes"
NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def read(text: str) -> Document:
    return load(text, SECTIONS, "shop.toml")


def complaint(text: str) -> str:
    with pytest.raises(FaultyDocumentError) as refused:
        read(text)
    return refused.value.message


@pytest.mark.parametrize("name", ["grocer", "coffee"])
def test_shipped_programmes_are_good(name: str) -> None:
    file = SHIPPED / f"{name}.toml"
    document = load(file.read_text(encoding="utf-8"), SECTIONS, file.name)
    assert document.section(BrandSection).code == name


def test_the_sections_are_found_by_their_model() -> None:
    document = read(GOOD)
    assert document.section(BrandSection).currency_exponent == 2
    assert document.section(PointsSection).expires is None
    assert document.section(EarningSection).rounding == "floor"


def test_a_programme_may_have_no_tiers() -> None:
    document = read(GOOD[: GOOD.index("[tiers]")])
    assert document.find(TiersSection) is None
    with pytest.raises(ProgrammeRefusedError) as refused:
        document.section(TiersSection)
    assert refused.value.code == "PROGRAMME_INCOMPLETE"


def test_comments_and_layout_are_not_content() -> None:
    rewritten = "# The shop.\n" + GOOD.replace(" = ", "=").replace('per="1.00"', "per = '1.00'")
    assert read(rewritten).content_hash == read(GOOD).content_hash
    assert read(GOOD.replace('"1.00"', '"2.00"')).content_hash != read(GOOD).content_hash


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('per = "1.00"', "per = 1.00", "shop.toml:17: earning.per: is the inexact number 1.0; put"),
        ('per = "1.00"', 'per = "0"', "shop.toml:17: earning.per: is zero; write a number above"),
        ('per = "1.00"', 'per = "-1"', "shop.toml:17: earning.per: is not a number in quotes"),
        ('per = "1.00"', 'per = "1e9"', "shop.toml:17: earning.per: is not a number in quotes"),
        ('per = "1.00"', 'per = "nan"', "shop.toml:17: earning.per: is not a number in quotes"),
        ('per = "1.00"', "per = nan", "shop.toml:17: earning.per: is the inexact number nan"),
        ("per =", "pre =", "shop.toml:17: earning.pre: is not a known setting; did you mean 'per'"),
        ("per =", "zzz =", "earning.zzz: is not a known setting; known here: base, excluded_ca"),
        ("[tiers]", "[teirs]", "shop.toml:21: teirs: is not a known setting; did you mean 'tiers'"),
        ('"floor"', '"down"', "shop.toml:18: earning.rounding: must be one of 'floor', 'half_up'"),
        ("= true", '= "yes"', "on_first_purchase: is neither true nor false; write one of them"),
        ('"USD"', '"USS"', "shop.toml:5: brand.currency: is 'USS', which is no currency; write"),
        ("New_York", "Nw_York", "shop.toml:4: brand.time_zone: is 'America/Nw_York', which is no"),
        ('"shop"', '"The Shop"', "shop.toml:2: brand.code: is 'The Shop'; use 1 to 63 of a-z"),
        ('"The Shop"', '"a\\u0000b"', "shop.toml:3: brand.name: must be 1 to 200 printable char"),
        ('"The Shop"', "3", "shop.toml:3: brand.name: is not text; put it in quotes"),
        ('"350.00"', '"350.001"', "shop.toml:31: tiers.ladder[2].threshold: is finer than USD"),
        ('"350.00"', '"0.00"', "shop.toml:31: tiers.ladder[2].threshold: must be above 0, the"),
        ('threshold = "0"', 'threshold = "1"', "tiers.ladder[1].threshold: of the lowest tier"),
        ('"VIB"', '"Insider"', "shop.toml:30: tiers.ladder[2].name: 'Insider' is taken by a tier"),
        ("[points]", "[[points]]", "shop.toml:10: points: is not one table; write one header"),
        ("[earning]", "[earning", "shop.toml:15: is not valid TOML here: Expected ']'"),
        ('"never"', '"nevr"', 'shop.toml:13: points.expires: must be "never" or a table such as'),
        ('"never"', "{ months = 1.5 }", "shop.toml:13: points.expires.months: is not a whole num"),
        ('"never"', '"never"\nscale = 10', "shop.toml:14: points.scale: must be less than or eq"),
    ],
)
def test_a_fault_names_file_line_path_and_remedy(old: str, new: str, message: str) -> None:
    assert old in GOOD
    assert message in complaint(GOOD.replace(old, new, 1))


def test_every_fault_is_told_in_the_order_of_the_file() -> None:
    text = GOOD.replace('"USD"', '"USS"').replace('"floor"', '"down"').replace('"350.00"', "350.0")
    lines = complaint(text).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "shop.toml:5:",
        "shop.toml:18:",
        "shop.toml:31:",
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


EARNING_FAULTS = """
[[earning.multiplier]]
name = "a"
factor = "2"
from = 2026-05-01
until = 2026-05-01

[[earning.multiplier]]
name = "a"
factor = "2"
from = 2026-05-01T10:00:00

[[earning.period_cap]]
name = "c"
period = "day"
points = "1.5"
"""


def test_faults_of_multipliers_and_caps() -> None:
    assert "earning.multiplier[2].from: has a time of day without a time zone" in complaint(
        GOOD + EARNING_FAULTS
    )
    text = GOOD + EARNING_FAULTS.replace("T10:00:00", "")
    assert complaint(text) == (
        'shop.toml:15: earning.stacking: is missing: add "best", "multiply" or "add" for several'
        " multipliers\n"
        "shop.toml:37: earning.multiplier[1].until: is not after from; choose a later day\n"
        "shop.toml:40: earning.multiplier[2].name: 'a' is taken by one before; choose another\n"
        "shop.toml:47: earning.period_cap[1].points: has more decimals than points.scale, 0;"
        " write fewer"
    )


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
