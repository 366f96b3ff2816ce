"""What is wrong with a [tiers] section is said where it stands, with the remedy."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import Document, load
from domain.tiers.section import TiersSection
from kit.documents import FaultyDocumentError
from tests.support.programmes import GOOD

HEAD = GOOD[: GOOD.index("[[tiers.ladder]]")]
LADDER = """
[[tiers.ladder]]
qualify_by = "spend"
window = "calendar_year"
holds = "end_of_window"
"""
LOW = """
[[tiers.ladder.tier]]
name = "Low"
threshold = "0"
"""
HIGH = """
[[tiers.ladder.tier]]
name = "High"
threshold = "10.00"
"""


def read(text: str) -> Document:
    return load(text, SECTIONS, "test.toml")


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(FaultyDocumentError) as caught:
        read(text)
    return [
        (".".join(map(str, problem.path)), problem.message) for problem in caught.value.problems
    ]


def ladder(**told: str) -> str:
    """Return a file with a ladder that says ``told`` besides or instead of the usual."""
    usual = {"qualify_by": '"spend"', "window": '"calendar_year"', "holds": '"end_of_window"'}
    lines = [f"{name} = {value}" for name, value in (usual | told).items()]
    return "\n".join([HEAD, "[[tiers.ladder]]", *lines, LOW, HIGH])


def test_a_good_section_is_read() -> None:
    section = read(HEAD + LADDER + LOW + HIGH).section(TiersSection)
    assert section.names == {"Low", "High"}
    assert [each.code for each in section.ladder] == ["status"]


@pytest.mark.parametrize(
    ("told", "place", "message"),
    [
        ({"qualify_by": '"activities"'}, "activity", 'goes with qualify_by = "activities"'),
        ({"activity": '"review"'}, "activity", 'goes with qualify_by = "activities"'),
        ({"expression": '"1"'}, "expression", 'goes with qualify_by = "expression"'),
        ({"months": "12"}, "months", 'goes with window = "rolling"'),
        ({"window": '"lifetime"'}, "holds", "choose of: forever"),
        ({"window": '"rolling"', "months": "3"}, "holds", "while_reached, { months = 12 }"),
        ({"holds": '"forever"', "grace_days": "3"}, "grace_days", "has no meaning"),
        ({"holds": '"forever"', "downgrade": '"one_tier"'}, "downgrade", "has no meaning"),
        ({"holds": "3"}, "holds", "must be text such as"),
        ({"qualify_by": '"purchases"'}, "tier.1.threshold", ""),
        (
            {"qualify_by": '"expression"', "expression": '"spend + visits"'},
            "expression",
            "visits",
        ),
        ({"qualify_by": '"expression"', "expression": "3"}, "expression", "put the expression"),
    ],
)
def test_a_ladder_that_contradicts_itself_is_refused(
    told: dict[str, str], place: str, message: str
) -> None:
    if told == {"qualify_by": '"purchases"'}:
        text = ladder(**told).replace('"10.00"', '"10.50"')
        message = "has more decimals than what it counts"
    else:
        text = ladder(**told)
    found = faults(text)
    assert [where for where, _ in found if where == f"tiers.ladder.0.{place}"], found
    assert any(message in said for _, said in found), found


def test_tiers_must_rise_from_zero_and_have_names_of_their_own() -> None:
    text = HEAD + LADDER + LOW.replace('"0"', '"1"') + HIGH.replace("High", "Low")
    text += HIGH.replace("High", "Top") + LADDER + LOW
    said = faults(text)
    assert [place.removeprefix("tiers.") for place, _ in said] == [
        "ladder.0.tier.0.threshold",
        "ladder.0.tier.1.name",
        "ladder.0.tier.2.threshold",
        "ladder.1.code",
        "ladder.1.tier.0.name",
    ]
    assert "every member has a tier" in said[0][1]
    assert "tiers must not overlap" in said[2][1]


def test_what_keeps_a_tier_goes_with_months() -> None:
    text = HEAD + LADDER + LOW + HIGH + 'keep = "5.00"\n'
    assert faults(text) == [
        ("tiers.ladder.0.holds", "must be { months = ... } for tiers with keep")
    ]


def test_benefits_and_ends_of_points_name_tiers_that_are_there() -> None:
    benefit = """
[[tiers.benefit]]
name = "Sale"
kind = "early_access"
tiers = ["High", "Top"]
from = 2026-05-01
until = 2026-05-01
"""
    points = '\n[[points.tier_expiry]]\ntiers = ["Top"]\nexpires = "never"\n'
    said = faults(HEAD + points + LADDER + LOW + HIGH + benefit)
    assert sorted(place for place, _ in said) == [
        "points.tier_expiry.0.tiers.0",
        "tiers.benefit.0.tiers.1",
        "tiers.benefit.0.until",
    ]
    assert sum("names 'Top', which is no tier" in message for _, message in said) == 2
