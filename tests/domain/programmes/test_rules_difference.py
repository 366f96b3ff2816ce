"""What one file says otherwise than another."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sections import SECTIONS
from domain.programmes.rules import Document, load
from domain.programmes.rules_difference import Difference, differences, spelled
from tests.support.programmes import GOOD, RICH, SHARING


def read(text: str) -> Document:
    return load(text, SECTIONS, "shop.toml")


def told(old: str, new: str, text: str = RICH) -> list[str]:
    assert old in text
    return [each.describe() for each in differences(read(text), read(text.replace(old, new, 1)))]


DRAW = """\
[[earning.rule]]
name = "Draw"
points = "50"
chance = "0.05"
seed = "spring"
expires = { months = 1 }

"""
LADDERS = RICH[RICH.index("[[tiers.ladder]]") :]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ('per = "1.00"', 'per = "2.00"', ['earning.per: "1.00" → "2.00"']),
        ("scale = 1", "scale = 2", ["points.scale: 1 → 2"]),
        ("= true", "= false", ["enrolment.on_first_purchase: true → false"]),
        # A setting that is left out, or comes in.
        ("pending_days = 2", "", ["points.pending_days: 2 → (not set)"]),
        ("scale = 1", "scale = 1\nwarn_days = [7]", ["points.warn_days 7: added"]),
        (
            "scale = 1",
            'scale = 1\nnegative_balance = { limit = "5" }',
            ['points.negative_balance: (not set) → { limit = "5" }'],
        ),
        # Another spelling, a default that is written out, another layout.
        ('per = "1.00"', 'per = "1"', []),
        ("pending_days = 2", 'pending_days = 2\npending_from = "earning"', []),
        ("[earning]", "# What is earned.\n[earning]", []),
        # Tables within a line are one value.
        ("{ months = 6 }", '"never"', ['points.expires: { months = 6 } → "never"']),
        (
            '"end_of_next_window"',
            "{ months = 3 }",
            ['tiers.ladder "status".holds: "end_of_next_window" → { months = 3 }'],
        ),
        # What has a name is told by it, what has none by its place.
        ('name = "Beans"', 'name = "Bean"', [
            ('earning.multiplier "Beans": removed, { factor = "1.5", priority = 1,'
            ' categories = ["beans", "ground"] }'),
            ('earning.multiplier "Bean": added, { factor = "1.5", priority = 1,'
            ' categories = ["beans", "ground"] }'),
        ]),
        ('  "ground",\n', "", ['earning.multiplier "Beans".categories "ground": removed']),
        ("until = 2026-05-11", "until = 2026-05-12T00:00:00Z", [
            'earning.multiplier "Week".until: 2026-05-11 → 2026-05-12T00:00:00+00:00'
        ]),
        ('points = "75"', 'points = "80"', [
            'earning.rule "Reload".steps "50".points: "75" → "80"'
        ]),
        ('from = "50.00"', 'from = "60.00"', [
            'earning.rule "Reload".steps "50": removed, { from = "50.00", points = "75" }',
            'earning.rule "Reload".steps "60": added, { from = "60.00", points = "75" }',
        ]),
        ('tiers = ["VIB"]\nexpires = "never"', 'tiers = ["Critic"]\nexpires = "never"', [
            'points.tier_expiry[1].tiers "VIB": removed',
            'points.tier_expiry[1].tiers "Critic": added',
        ]),
        (DRAW, "", [
            ('earning.rule "Draw": removed, { points = "50", chance = "0.05", seed = "spring",'
            " expires = { months = 1 } }")
        ]),
        ('"350.00"', '"400.00"', [
            'tiers.ladder "status".tier "VIB".threshold: "350.00" → "400.00"'
        ]),
        ('["01-15", "06-18"]', '["06-18", "01-15"]', [
            'earning.cap "Seasons".windows: order "01-15", "06-18" → "06-18", "01-15"'
        ]),
    ],
)  # fmt: skip
def test_differences(old: str, new: str, lines: list[str]) -> None:
    assert told(old, new) == lines


def test_the_order_of_rules_is_told_among_those_that_stay() -> None:
    moved = RICH.replace(DRAW, "").replace("[[earning.rule]]", DRAW + "[[earning.rule]]", 1)
    (found,) = differences(read(RICH), read(moved))
    assert found == Difference(
        "earning.rule",
        "moved",
        '"Reload", "Visit", "Tuesday", "Gift", "Draw"',
        '"Draw", "Reload", "Visit", "Tuesday", "Gift"',
    )


def test_a_section_that_comes_or_goes_is_told_part_by_part() -> None:
    ladder = GOOD[GOOD.index("[[tiers.ladder]]") :]
    lines = told(ladder, "", GOOD)
    assert lines == [
        (
            'tiers.ladder "status": removed, { qualify_by = "spend", window = "calendar_year",'
            ' holds = "end_of_next_window", tier = [{ name = "Insider", threshold = "0" },'
            ' { name = "VIB", threshold = "350.00" }] }'
        )
    ]
    back = differences(read(GOOD.replace(ladder, "")), read(GOOD))
    assert [each.describe() for each in back] == [lines[0].replace("removed", "added")]


def test_two_of_one_name_are_told_apart() -> None:
    benefit = '\n[[tiers.benefit]]\nname = "Sale"\nkind = "event"\ntiers = ["VIB"]\n'
    two = GOOD + benefit + benefit
    new = GOOD + benefit + benefit.replace("VIB", "Insider")
    assert [each.describe() for each in differences(read(two), read(new))] == [
        'tiers.benefit "Sale" (2).tiers "VIB": removed',
        'tiers.benefit "Sale" (2).tiers "Insider": added',
    ]
    assert [each.path for each in differences(read(GOOD + benefit), read(two))] == [
        'tiers.benefit "Sale" (2)'
    ]


def test_without_a_version_before_all_that_is_written_is_new() -> None:
    found = differences(None, read(GOOD))
    assert all(each.kind == "added" or each.before is None for each in found)
    assert 'brand.code: (not set) → "shop"' in [each.describe() for each in found]
    assert len(found) == 4 + 1 + 3 + 4 + 1


@given(st.permutations(LADDERS.split("[[tiers.ladder]]\n")[1:]), st.booleans())
def test_there_and_back_is_told_both_ways(ladders: list[str], empty: bool) -> None:  # noqa: FBT001
    text = RICH.replace(' && tier == "VIB"', "")
    first = read(text)
    text = text.replace(LADDERS, "".join(f"[[tiers.ladder]]\n{each}" for each in ladders))
    other = read(text.replace('"gift card"', "" if empty else '"tax"'))
    there, back = differences(first, other), differences(other, first)
    assert len(there) == len(back)
    assert {(each.path, each.before, each.after) for each in there} == {
        (each.path, each.after, each.before) for each in back
    }
    assert not differences(other, other)


def test_a_list_that_a_file_leaves_out_is_what_it_is_without_it() -> None:
    plain, told = read(SHARING), read(SHARING + 'spenders = ["owner"]\n')
    assert not [each for each in differences(None, plain) if "spenders" in each.path]
    assert [each.describe() for each in differences(plain, told)] == [
        'households.spenders "adult": removed'
    ]


def test_rewards_are_told_apart_by_their_codes() -> None:
    dearer = read(SHARING.replace('points = "100"', 'points = "120"'))
    renamed = read(SHARING.replace('en = "A coffee"', 'en = "Coffee"'))
    assert [each.describe() for each in differences(read(SHARING), dearer)] == [
        'rewards.reward "coffee".points: "100" → "120"'
    ]
    assert [each.describe() for each in differences(read(SHARING), renamed)] == [
        (
            'rewards.reward "coffee".name: { en = "A coffee", vi = "Một ly cà phê" }'
            ' → { en = "Coffee", vi = "Một ly cà phê" }'
        )
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (3, "3"),
        ('a "b" ü', '"a \\"b\\" ü"'),
        (Decimal("1.50"), '"1.5"'),
        (date(2026, 5, 1), "2026-05-01"),
        ([1, "a"], '[1, "a"]'),
        ({"a": {}, "b": [True]}, "{ a = {}, b = [true] }"),
    ],
)
def test_values_are_spelled_as_a_file_writes_them(value: object, text: str) -> None:
    assert spelled(value) == text
