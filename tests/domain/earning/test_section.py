"""Faults of the earning section that need more than one setting."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.sections import SECTIONS
from domain.earning.section import EarningSection
from domain.programmes.rules import load
from kit.documents import FaultyDocumentError
from tests.support.programmes import GOOD


def faults(**window: Any) -> list[tuple[str | int, ...]]:
    section = EarningSection(
        points="1",
        per="1",
        rounding="floor",
        base="after_discount",
        multiplier=[{"name": "m", "factor": "2"} | window],
    )
    return [path for path, _ in section.faults({})]


DAY = date(2026, 5, 1)
INSTANT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "faulty"),
    [
        (DAY, date(2026, 5, 2), False),
        (DAY, DAY, True),
        (INSTANT, INSTANT, True),
        (INSTANT, INSTANT.replace(hour=1), False),
        # A day and an instant can only be compared in the brand's time zone, which isn't there.
        (INSTANT, DAY, False),
        (DAY, INSTANT, False),
        (None, DAY, False),
        (DAY, None, False),
    ],
)
def test_a_window_without_length_is_a_fault(
    start: date | None, end: date | None, *, faulty: bool
) -> None:
    window = {key: value for key, value in (("from", start), ("until", end)) if value}
    assert faults(**window) == ([("multiplier", 0, "until")] if faulty else [])


@pytest.mark.parametrize("moment", ["2026-05-01", 20260501, INSTANT.replace(tzinfo=None)])
def test_what_is_no_moment_is_refused(moment: object) -> None:
    with pytest.raises(ValidationError):
        faults(**{"from": moment})


BASE = 'points = "1"\nper = "1.00"\n'
BOOST = '[[earning.multiplier]]\nname = "a"\nfactor = "2"\n'
NO_TIER = "which is no tier of the main ladder; did you mean"
RULE = '[[earning.rule]]\nname = "a"\n'


def told(added: str, *, base: bool = True) -> list[str]:
    text = (GOOD if base else GOOD.replace(BASE, "")) + added
    try:
        load(text, SECTIONS, "f")
    except FaultyDocumentError as error:
        return [problem.describe("f").partition(": ")[2] for problem in error.problems]
    return []


def test_a_programme_earns_by_a_rate_or_by_rules() -> None:
    assert told("", base=False) == [
        "earning.rule: is missing: nothing is earned; add points and per, or a rule"
    ]
    assert told(f'{RULE}points = "5"\n', base=False) == []
    assert told(f'{RULE}points = "5"\n{BOOST}', base=False) == [
        "earning.multiplier: multiplies points per money, which are missing; add them"
    ]


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        ('of = "base"\nshare = "0.5"\nper = "1"', ["per: goes with points; add them"]),
        ('of = "base"\nshare = "0.5"\neach = "1"', ["each: goes with points; add them"]),
        ('share = "0.5"', ["share: goes with the other of of and share"]),
        ('points = "1"\nexpires = { months = 1, on = 2026-05-05 }', [
            "expires: must have one of months and on, such as { months = 12 }"
        ]),
        ('points = "1"\nexpires = "never"\npending_days = 3000', []),
        ('points = "1"\nexpires = { on = 2026-05-05 }\npending_days = 3000', []),
        ('points = "1"\npending_days = 3000', []),
        ('points = "1"\nchance = "1"\nseed = "x"', []),
        ('points = "0.5"\nper = "1"', []),
        ('points = "0.5"\neach = "member.days"', []),
        ('points = "1"\ntiers = ["VIB"]\nwhen = \'"Insider" != tier || tiers.status == "x"\'', []),
        ('points = "1"\nwhen = \'tier in ["VIB", "VIP"] && "Insidr" == tier\'', [
            f"when: compares tier with 'VIP', {NO_TIER} 'VIB'?",
            f"when: compares tier with 'Insidr', {NO_TIER} 'Insider'?",
        ]),
    ],
)  # fmt: skip
def test_faults_of_one_rule(rule: str, faults: list[str]) -> None:
    assert told(f"{RULE}{rule}\n") == [f"earning.rule[1].{fault}" for fault in faults]


def test_a_window_of_a_day_and_an_instant_is_judged_on_the_brands_clock() -> None:
    window = "from = 2026-05-01\nuntil = 2026-05-01T{}:00:00Z\n"
    assert told(BOOST + window.format("05")) == []  # An hour after midnight in New York.
    assert told(BOOST + window.format("04")) == [
        "earning.multiplier[1].until: is not after from; choose a later day"
    ]


SHARES = st.lists(st.sampled_from(["a", "b", "c", "d", "base"]), min_size=4, max_size=4)


@given(SHARES)
def test_shares_are_refused_exactly_if_some_go_in_a_circle(sources: list[str]) -> None:
    of = dict(zip("abcd", sources, strict=True))
    rules = "".join(
        f'[[earning.rule]]\nname = "{a}"\nof = "{b}"\nshare = "1"\n' for a, b in of.items()
    )

    def ends(name: str, steps: int = 5) -> bool:
        return name == "base" or (steps > 0 and ends(of[name], steps - 1))

    assert bool(told(rules)) == (not all(ends(name) for name in of))


def test_each_circle_is_told_once() -> None:
    of = {"a": "b", "b": "a", "c": "a", "d": "d"}
    rules = "".join(
        f'[[earning.rule]]\nname = "{a}"\nof = "{b}"\nshare = "1"\n' for a, b in of.items()
    )
    assert told(rules) == [
        "earning.rule[1].of: goes in a circle: 'a' of 'b' of 'a'; break it",
        "earning.rule[4].of: goes in a circle: 'd' of 'd'; break it",
    ]
