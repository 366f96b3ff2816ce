"""What a report says in words and shows, by what its numbers are."""

from pathlib import Path
from typing import Any

import pytest

from api.sections import SECTIONS
from api.simulating.findings import findings
from api.simulating.page import page
from api.simulating.plots import short
from api.simulating.report import document
from api.simulating.run import Wish, from_file, unknown
from api.simulating.told import lines
from domain.programmes.rules import load
from kit.errors import InvalidInputError
from tests.support.replays import PLAIN, REWARDS, day

HISTORY = """\
purchase_id,member_id,occurred_at,amount
1,ann,2026-01-10T12:00:00Z,100.00
2,bob,2026-01-11T12:00:00Z,100.00
3,bob,2026-02-10T12:00:00Z,60.00
4,cy,2026-03-10T12:00:00Z,500.00
"""
DEARER = PLAIN.replace('points = "1"', 'points = "3"')
ENDING = PLAIN.replace('"never"', "{ months = 1 }")
GIVING = f'{REWARDS}\n[[rewards.automatic]]\nreward = "free"\non = "tier"\ntiers = ["Gold"]\n'


def simulated(
    tmp_path: Path, draft: str, beside: str | None = None, history: str = HISTORY
) -> dict[str, Any]:
    """Return the numbers of a draft over a file."""
    file = tmp_path / "history.csv"
    file.write_text(history)
    wish = Wish(
        load(draft, SECTIONS, "draft.toml"),
        history=file,
        beside=None if beside is None else load(beside, SECTIONS, "beside.toml"),
    )
    now = day("06-01")
    return document(from_file(wish, unknown(wish), now, lambda _: lambda _more, _baskets: None))


@pytest.mark.parametrize(
    ("draft", "beside", "said"),
    [
        (PLAIN, None, ("760 points issued", "760 points left with members")),
        (
            PLAIN,
            PLAIN,
            (
                "The draft issues exactly as many points: 760",
                "The draft leaves members exactly as many points: 760",
                "All 3 members have the same points under both",
            ),
        ),
        (
            DEARER,
            PLAIN,
            (
                "The draft issues 3.0 times as many points: 2,280 instead of 760",
                "The draft leaves members 3.0 times as many points: 2,280 instead of 760",
                "3 members gain points, nobody loses some, nobody has the same",
            ),
        ),
        (
            ENDING,
            PLAIN,
            (
                "The draft issues exactly as many points: 760",
                "The draft leaves members 26 % fewer points: 560 instead of 760",
                "The draft lets end more points: 200 instead of 0",
                "Nobody gains points, 2 members lose some, 1 member has the same",
            ),
        ),
        (
            GIVING,
            PLAIN,
            (
                "The draft issues exactly as many points: 760",
                "The draft leaves members exactly as many points: 760",
                "Rewards cost more: 2.00 USD instead of 0.00 USD",
                "All 3 members have the same points under both",
            ),
        ),
    ],
)
def test_the_summary_says_what_the_numbers_are(
    tmp_path: Path, draft: str, beside: str | None, said: tuple[str, ...]
) -> None:
    told = findings(simulated(tmp_path, draft, beside)).summary
    assert told == said


def test_hardly_any_difference_is_none(tmp_path: Path) -> None:
    numbers = simulated(tmp_path, DEARER, PLAIN)
    numbers["draft"]["totals"]["issued"] = 761
    assert findings(numbers).titles["issued"] == (
        "The draft issues about as many points: 761 instead of 760"
    )
    numbers["draft"]["totals"]["issued"] = 800
    assert findings(numbers).titles["issued"] == (
        "The draft issues 5.3 % more points: 800 instead of 760"
    )
    numbers["draft"]["notAllowed"] |= {"events": 2, "redemptions": 3, "corrections": 4}
    assert findings(numbers).summary[-3:] == (
        "3 of the redemptions that members made could not have been made under the draft",
        "The draft refuses 2 of the purchases and activities",
        "4 corrections by staff would have failed",
    )
    assert [line.split()[0] for line in lines(numbers)][-3:] == ["2", "3", "4"]


def test_a_page_shows_tiers_costs_and_what_points_left_would_cost(tmp_path: Path) -> None:
    numbers = simulated(tmp_path, GIVING, PLAIN)
    text = page(numbers)
    assert "Draft: 67 % of members end up Gold" in text
    assert "Beside it: 67 % of members end up Gold" in text
    # 760 points: a cup is 4 cents a point, points for points 1 cent.
    assert "All points left under the draft would cost 7.60 to 30.40 USD" in text
    assert "(0.0100 USD), or most (0.0400 USD)" in text
    assert "No points expired under either programme" in text
    assert text.count("<svg") == 6
    alone = page(simulated(tmp_path, PLAIN))
    assert "Who gains and loses most" not in alone
    assert alone.count("<svg") == 3
    one = REWARDS.replace('gives = "15"', 'gives = "15"\nlisted = false')
    assert "would cost 30.40 USD" in page(simulated(tmp_path, one))


def test_one_month_is_shown_as_well(tmp_path: Path) -> None:
    history = "".join(HISTORY.splitlines(keepends=True)[:3]) + "9,cy,2026-01-20T12:00:00Z,500.00\n"
    text = page(simulated(tmp_path, DEARER, PLAIN, history))
    assert text.count("<svg") == 5
    assert "3 members gain points" in text


def test_numbers_are_short_on_an_axis() -> None:
    assert [short(each) for each in (0, 950, -1_500, 1_250_000, 3e9)] == [
        "0",
        "950",
        "\u22121.5k",
        "1.25M",
        "3G",
    ]


def test_what_cant_be_simulated_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="no purchase that could be replayed"):
        simulated(tmp_path, PLAIN, history=HISTORY.splitlines(keepends=True)[0])
    file = tmp_path / "history.csv"
    file.write_text(HISTORY)
    wish = Wish(load(PLAIN, SECTIONS, "draft.toml"), history=file, begins=day("02-01"))
    with pytest.raises(InvalidInputError, match="--from needs to know what was in force before"):
        from_file(wish, unknown(wish), day("06-01"), lambda _: lambda _more, _baskets: None)
