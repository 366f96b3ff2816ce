"""Which language is chosen for a caller's Accept-Language, whatever stands there."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.language import OFFERED, chosen

WEIGHTS = {"q=1": 1.0, "q=0.9": 0.9, "q=0.5": 0.5, " q = 0.25": 0.25, "q=.1": 0.1, "q=0.000": 0.0}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("en", "en"),
        ("vi", "vi"),
        ("VI", "vi"),
        ("vi-VN", "vi"),
        ("vi_VN", "vi"),
        ("vi-Latn-VN-x-shop", "vi"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("fr-FR, vi;q=0.1", "vi"),
        ("vie", "en"),
        ("v", "en"),
        ("*", "en"),
        ("*, vi", "vi"),
        ("*;q=0.5, vi;q=0.4", "en"),
        ("en;q=0, *", "vi"),
        ("vi;q=0, *", "en"),
        ("en;q=0", "en"),
        ("vi;q=0", "en"),
        ("*;q=0", "en"),
        ("en;q=0, vi;q=0", "en"),
        ("vi;q=0.8, en", "en"),
        ("vi;q=0.8, en;q=0.79", "vi"),
        ("vi, en", "vi"),
        ("en, vi", "en"),
        ("vi;q=0.5, en;q=0.5", "vi"),
        ("vi-VN,vi;q=0.9,en-US;q=0.8,en;q=0.7", "vi"),
        ("en-US,en;q=0.9,vi;q=0.8", "en"),
        ("vi-VN;q=0, vi;q=0.5, en;q=0.4", "vi"),
        ("vi;q=1.000", "vi"),
        ("vi;q=.5", "vi"),
        ("vi ; q = 0.5 , fr", "vi"),
        ("\tvi\t", "vi"),
        ("vi;level=1", "vi"),
    ],
)
def test_the_language_asked_for(header: str, language: str) -> None:
    assert chosen(header) == language


@pytest.mark.parametrize(
    "part",
    [
        "vi;q=1.1",
        "vi;q=2",
        "vi;q=-1",
        "vi;q=nan",
        "vi;q=inf",
        "vi;q=1e0",
        "vi;q=1_0",
        "vi;q=\u0661",
        "vi;q=",
        "vi;q",
        "vi;q=x",
        "vi;q=0.5;q=x",
        "vi vi",
        "vi--VN",
        "-vi",
        "vi-",
        "vi-toolongasubtag",
        "*-vi",
        "v\u0131",
        "vi\0",
        ";q=1",
        ";",
    ],
)
def test_what_cannot_be_read_is_passed_over(part: str) -> None:
    assert chosen(part) == "en"
    assert chosen(f"{part}, vi;q=0.001") == "vi"
    assert chosen(f"en;q=0.001,,{part}") == "en"


def test_what_stands_far_behind_is_not_read() -> None:
    assert chosen("fr," * 300 + "vi") == "vi"
    assert chosen("fr," * 1_000 + "vi") == "en"
    assert chosen("vi," + "x" * 100_000) == "vi"
    assert chosen("x" * 100_000) == "en"
    # A weight that is cut off must not be taken for another.
    assert chosen(" " * 990 + "en,vi;q=0.000001") == "en"


@given(st.text() | st.text(alphabet="viennVI*-_;,q=01. \t\0", max_size=60))
def test_any_header_chooses_a_language_that_is_spoken(header: str) -> None:
    assert chosen(header) in OFFERED


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["vi", "vi-VN", "en", "en-US", "fr", "zh-Hant-TW"]),
            st.sampled_from(sorted(WEIGHTS)),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_the_greater_weight_is_taken(wishes: list[tuple[str, str]], chance: random.Random) -> None:
    best = {
        language: max((WEIGHTS[w] for name, w in wishes if name[:2] == language), default=0.0)
        for language in OFFERED
    }
    chance.shuffle(wishes)
    header = ", ".join(f"{name};{weight}" for name, weight in wishes)
    if best["vi"] != best["en"]:
        assert chosen(header) == max(best, key=best.__getitem__)
    elif not best["vi"]:
        assert chosen(header) == "en"
