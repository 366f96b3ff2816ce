"""What boards count of what was done: limits, days, what is kept, and the one order."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Line
from domain.earning.rules_history import Happening
from domain.programmes.rules import Programme, Timeline, load
from gamification.leaderboards.rules_boards import VALUE_MAX, Boards, boards_of
from gamification.leaderboards.rules_scores import (
    Attribute,
    Completed,
    Counted,
    DayScore,
    Person,
    Total,
    base_scope,
    counted,
    day_scores,
    kept,
    order,
    scopes_of,
    team_id,
    team_of,
)
from kit.ids import new_id
from tests.support.programmes import GOOD
from tests.support.scoring import board

BRAND = Brand(1, "shop", "The Shop", "America/New_York", "USD", 2)
NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)
"""Noon in New York."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ALL = 'periods = ["all"]'


def programmes(*texts: str, starts: tuple[datetime, ...] = ()) -> Boards:
    """Return the boards of one version after the other, the first in force long ago."""
    begins = (datetime(2010, 1, 1, tzinfo=UTC), *starts)
    versions = tuple(
        Programme(number, at, load(f"{GOOD}\n{text}", SECTIONS, "test"))
        for number, (at, text) in enumerate(zip(begins, texts, strict=True))
    )
    return boards_of(Timeline(versions), BRAND)


def bought(at: datetime, cents: int = 1_000, points: int = 10, **more: object) -> Happening:
    """Return a purchase of one line."""
    said: dict[str, object] = {
        "kind": "purchase",
        "lines": (Line(cents, category=str(more.pop("category", ""))),),
        "attributes": {},
        "counts": True,
        "store": "",
    }
    said |= more
    return Happening(
        id=new_id(),
        external_id="x",
        member_id=UUID(int=1),
        occurred_at=at,
        recorded_at=at,
        amount=cents,
        points=points,
        channel="",
        **said,  # type: ignore[arg-type]
    )


def values(boards: Boards, code: str, *done: Happening) -> list[int]:
    """Return what a board counts of these, in their order."""
    ordered = sorted(done, key=lambda each: (each.occurred_at, each.id))
    return [each.value for each in counted(boards, BRAND, ordered).get(code, ())]


def test_a_purchase_gives_what_the_score_says() -> None:
    boards = programmes(
        board("spend", f'{ALL}\ncategories = ["tea"]')
        + board("points", ALL, "points")
        + board("visits", ALL, "visits")
        + board("value", f"{ALL}\nvalue = 'int(event.amount) * 2'", "value")
        + board("any", f'{ALL}\non = "any"', "visits")
    )
    tea, gum = bought(NOON, 1_250, 12, category="tea"), bought(NOON, 300, 3, category="gum")
    review = bought(NOON, 0, 5, kind="review", lines=())
    gone = bought(NOON, counts=False)
    done = (tea, gum, review, gone)
    assert values(boards, "spend", *done) == [1_250]
    assert sorted(values(boards, "points", *done)) == [3, 12]
    assert values(boards, "visits", *done) == [1, 1]
    assert sorted(values(boards, "value", *done)) == [6, 24]
    assert values(boards, "any", *done) == [1, 1, 1]


def test_what_gives_nothing_or_less_does_not_count_and_there_is_a_most() -> None:
    said = f'{ALL}\non = "run"\nvalue = \'event.attributes["n"]\''
    boards = programmes(board("value", said, "value"))
    runs = [
        bought(NOON + place * MINUTE, kind="run", lines=(), attributes={"n": n})
        for place, n in enumerate((0, -5, 7, 10**15, "many"))
    ]
    assert values(boards, "value", *runs) == [7, VALUE_MAX]
    assert values(boards, "value", bought(NOON, kind="run", lines=())) == []


def test_baskets_that_are_split_are_one_visit() -> None:
    boards = programmes(board("visits", f"{ALL}\napart_minutes = 30", "visits"))
    minutes = (0, 10, 29, 30, 45, 61)
    # Each is measured from the visit counted before: 0, 30 and 61.
    assert values(boards, "visits", *(bought(NOON + n * MINUTE) for n in minutes)) == [1, 1, 1]
    # A day begins anew: two visits, one on each side of midnight.
    midnight = datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert values(boards, "visits", bought(midnight - MINUTE), bought(midnight)) == [1, 1]


def test_so_many_count_in_an_hour_and_in_a_day_and_no_more() -> None:
    boards = programmes(board("spend", f"{ALL}\nper_hour = 2\nper_day = 3"))
    done = [bought(NOON + n * 10 * MINUTE, n + 1) for n in range(9)]
    assert values(boards, "spend", *done) == [1, 2, 7]
    # Which ones count follows from the history: without the first the third moves up.
    assert values(boards, "spend", *done[1:]) == [2, 3, 7]
    assert values(boards, "spend", *done, bought(NOON + 24 * HOUR, 50)) == [1, 2, 7, 50]


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    boards = programmes(board("spend", f"{ALL}\nper_hour = 1"))
    # 01:30 in New York, first in summer time, then in winter time.
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert values(boards, "spend", bought(first, 1), bought(first + HOUR, 2)) == [1, 2]
    assert values(boards, "spend", bought(first, 1), bought(first + 10 * MINUTE, 2)) == [1]


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        # The day on which the clocks are put forward begins at 05:00 and ends at 04:00 UTC.
        (datetime(2026, 3, 8, 4, 59, 59, 999_999, UTC), date(2026, 3, 7)),
        (datetime(2026, 3, 8, 5, tzinfo=UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 3, 59, 59, 999_999, UTC), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 4, tzinfo=UTC), date(2026, 3, 9)),
        # Put back: the day has 25 hours.
        (datetime(2026, 11, 2, 4, 59, 59, 999_999, UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 2, 5, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_days_are_those_of_the_brands_clock(instant: datetime, day: date) -> None:
    boards = programmes(board("spend", ALL))
    (each,) = counted(boards, BRAND, [bought(instant)])["spend"]
    assert each.day == day


def test_what_happened_is_judged_by_the_version_then_in_force() -> None:
    boards = programmes(
        board("spend", ALL),
        board("spend", f'{ALL}\ncategories = ["tea"]') + board("new", ALL),
        board("new", ALL),
        starts=(NOON, NOON + 2 * HOUR),
    )
    done = [bought(NOON + n * HOUR, n + 5, category="tea" if n > 0 else "") for n in range(-1, 4)]
    assert values(boards, "spend", *done) == [4, 6]
    assert values(boards, "new", *done) == [5, 6, 7, 8]
    assert set(boards.shapes_at(NOON + 5 * HOUR)) == {"spend", "new"}
    assert set(boards.shapes_at(NOON - HOUR)) == {"spend"}
    assert [each.code for each in boards.scorings_at(NOON + 5 * HOUR)] == ["new"]
    assert boards.scorings_at(datetime(2000, 1, 1, tzinfo=UTC)) == ()
    assert boards.shapes_at(datetime(2000, 1, 1, tzinfo=UTC)) == {}
    assert boards.version_at(datetime(2000, 1, 1, tzinfo=UTC)) is None
    version = boards.version_at(NOON)
    assert version is not None
    assert version.version_id == 1


@pytest.mark.parametrize(
    ("setting", "anew"),
    [
        ('keep = "best"', True),
        ("rolling_days = 7", True),
        ('scopes = ["store"]', True),
        ('exclude = ["staff"]', True),
        ("per_day = 3", False),
        ("public = false", False),
        ('description = "New"', False),
    ],
)
def test_only_what_changes_the_past_is_worked_out_anew(setting: str, *, anew: bool) -> None:
    boards = programmes(
        board("spend", ALL), board("spend", f"{ALL}\n{setting}"), starts=(NOON + HOUR,)
    )
    before, after = (boards.shapes_at(NOON + n * 2 * HOUR)["spend"].said for n in (0, 1))
    assert (before != after) is anew


def test_without_a_section_there_are_no_boards() -> None:
    boards = programmes("")
    assert not boards
    assert (boards.rolling, boards.seasons, boards.challenges, boards.teams) == (
        (),
        (),
        frozenset(),
        False,
    )


def test_boards_know_what_any_version_had() -> None:
    season = '[[leaderboards.season]]\ncode = "{}"\nname = "x"\nfrom = 2026-03-01\nuntil = {}\n'
    periods = 'periods = ["season"]\nrolling_days = 7'
    boards = programmes(
        board("spend", periods) + season.format("spring", "2026-06-01"),
        board("spend", periods.replace("7", "30") + '\nof = "teams"\nteam = "club"')
        + season.format("spring", "2026-07-01"),
        starts=(NOON,),
    )
    assert boards.rolling == (7, 30)
    assert [each.ends_on.month for each in boards.seasons] == [6, 7]
    assert boards.teams


def test_completed_challenges_count_on_boards_of_challenge_points() -> None:
    text = board("points", ALL, "challenge_points") + board("spend", ALL) + CHALLENGE
    boards = programmes(text)
    done = [Completed(NOON, 50), Completed(NOON + 24 * HOUR, 0)]
    found = counted(boards, BRAND, [bought(NOON)], done)
    assert found["points"] == [Counted(date(2026, 3, 2), NOON, "", 50)]
    assert [each.value for each in found["spend"]] == [1_000]
    assert boards.challenges == {"points"}
    assert boards.challenges_only
    mixed = programmes(text, board("points", ALL), starts=(NOON,))
    assert not mixed.challenges_only


CHALLENGE = """
[[challenges.challenge]]
code = "three"
name = "Three"
period = "week"
[[challenges.challenge.goal]]
target = "3"
"""


def test_a_day_has_a_score_for_the_brand_and_for_each_store() -> None:
    boards = programmes(board("spend", f'{ALL}\nscopes = ["store"]'))
    shape = boards.shapes_at(NOON)["spend"]
    done = [
        bought(NOON, 100, store="1"),
        bought(NOON + HOUR, 200, store="2"),
        bought(NOON + 2 * HOUR, 400, store="1"),
        bought(NOON + 24 * HOUR, 800),
    ]
    counts = counted(boards, BRAND, done)["spend"]
    today, tomorrow = date(2026, 3, 2), date(2026, 3, 3)
    assert day_scores(shape, counts) == {
        (today, ""): DayScore(700, NOON + 2 * HOUR, 3),
        (today, "store:1"): DayScore(500, NOON + 2 * HOUR, 2),
        (today, "store:2"): DayScore(200, NOON + HOUR, 1),
        (tomorrow, ""): DayScore(800, NOON + 24 * HOUR, 1),
    }
    assert set(day_scores(shape, counts, [tomorrow])) == {(tomorrow, "")}
    assert (base_scope("store:1"), base_scope("tier:Gold"), base_scope("")) == ("store:1", "", "")


def test_a_sum_is_reached_last_a_best_first_and_the_latest_is_the_latest() -> None:
    scores = [Total(5, NOON), Total(9, NOON + HOUR), Total(9, NOON + 2 * HOUR), Total(1, NOON)]
    for each in permutations(scores):
        assert kept("sum", each) == Total(24, NOON + 2 * HOUR)
        assert kept("best", each) == Total(9, NOON + HOUR)
        assert kept("latest", each) == Total(9, NOON + 2 * HOUR)
    assert kept("latest", [Total(1, NOON), Total(2, NOON)]) == Total(2, NOON)


def test_who_was_first_is_first_to_the_microsecond_then_the_highest_entity() -> None:
    low, high = UUID(int=1), UUID(int=2**127)
    later = NOON + timedelta(microseconds=1)
    rows = [
        (low, Total(5, NOON)),
        (high, Total(5, later)),
        (high, Total(5, NOON)),
        (low, Total(6, later)),
    ]
    assert sorted(rows, key=lambda row: order(*row)) == [rows[3], rows[2], rows[0], rows[1]]


def test_members_are_in_the_scopes_of_their_tier_and_attributes() -> None:
    text = board(
        "spend", f'{ALL}\nscopes = ["brand", "store", "tier", "city", "vip"]\nexclude = ["staff"]'
    )
    shape = programmes(text).shapes_at(NOON)["spend"]
    assert shape.asks == {"city", "vip", "staff"}
    about: dict[str, Attribute] = {"city": "Hanoi", "vip": True, "staff": False}
    assert scopes_of(shape, Person(tier="Gold", attributes=about)) == [
        "",
        "tier:Gold",
        "city:Hanoi",
        "vip:true",
    ]
    assert scopes_of(shape, Person()) == [""]
    assert scopes_of(shape, Person(attributes={"staff": True})) == []
    assert scopes_of(shape, Person(listed=False)) == []
    assert team_of(shape, Person(attributes=about)) is None


def test_members_count_for_the_team_that_an_attribute_names() -> None:
    text = board("clubs", f'{ALL}\nof = "teams"\nteam = "club"\nexclude = ["staff"]')
    shape = programmes(text).shapes_at(NOON)["clubs"]
    assert shape.asks == {"club", "staff"}
    assert team_of(shape, Person(attributes={"club": 7})) == "7"
    assert team_of(shape, Person()) is None
    assert team_of(shape, Person(attributes={"club": "red", "staff": True})) is None
    assert team_id(1, "red") == team_id(1, "red") != team_id(2, "red")
