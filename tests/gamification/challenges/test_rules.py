"""What members reach follows from what they did, value by value."""

from datetime import UTC, date, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Line
from domain.programmes.rules import Programme, Timeline, load
from domain.tiers.rules import Run
from gamification.challenges.rules_challenge import (
    Player,
    courses,
)
from gamification.challenges.rules_compile import plan_of
from gamification.challenges.rules_view import current
from tests.support.challenge_courses import BOTH, STEPS, days, reached
from tests.support.challenge_rules import BRAND, DAY, LONG_AGO, NOON, course, happening, plan
from tests.support.challenges import challenge, level
from tests.support.programmes import GOOD


def test_a_sum_is_of_lines_quantities_points_or_a_value() -> None:
    of = {
        "amount": ('categories = ["tea"]', 30),
        "quantity": ("", 3),
        "points": ("", 7),
        "value": ('value = "int(event.amount) * 2"', 2),
    }
    for what, (more, done) in of.items():
        lines = (Line(30, category="tea", quantity=2), Line(70, category="nut"))
        one = happening(NOON, 100, lines=lines, points=7)
        target = '"99.00"' if what == "amount" else '"99"'
        text = challenge("c", f'kind = "sum"\nof = "{what}"\ntarget = {target}\n{more}')
        standing = course(text, one).standing
        assert standing is not None
        assert [state.done for state in standing.states] == [done]


@pytest.mark.parametrize(
    ("of", "names"),
    [
        ("categories", ("a", "b")),
        ("skus", ("x",)),
        ("stores", ("s1", "s2")),
        ("channels", ("web",)),
        ("days", ("2026-03-02", "2026-03-03")),
    ],
)
def test_different_ones_are_told_apart(of: str, names: tuple[str, ...]) -> None:
    told = [
        happening(NOON, category="a", sku="x", store="s1", channel="web"),
        happening(NOON + timedelta(hours=1), category="b", sku="x", store="s2", channel="web"),
        happening(NOON + DAY, category="a", sku="", store="s1", channel=""),
    ]
    text = challenge("c", f'kind = "distinct"\nof = "{of}"\ntarget = "{len(names)}"')
    found = course(text, *told)
    assert found.standing is not None
    assert found.standing.states[0].seen == names
    assert len(found.reached) == 1


def test_a_row_of_days_is_broken_by_a_day_without() -> None:
    text = challenge("c", 'kind = "streak"\nof = "days"\ntarget = "3"')
    broken = course(text, *days(0, 1, 1.1, 3, 4), now=NOON + 5 * DAY)
    assert broken.reached == ()
    assert broken.standing is not None
    assert broken.standing.states[0][:2] == (2, 2)
    late = course(text, *days(0, 1, 3, 4), now=NOON + 6 * DAY).standing
    assert late is not None
    assert late.states[0][:2] == (2, 0)
    done = course(text, *days(0, 1, 3, 4, 5, 7), now=NOON + 7 * DAY)
    assert reached(done) == [("all", "", 1, NOON + 5 * DAY)]


@pytest.mark.parametrize(("of", "offsets"), [("weeks", (0, 7, 14)), ("months", (0, 30, 60))])
def test_rows_of_weeks_and_months(of: str, offsets: tuple[int, ...]) -> None:
    text = challenge("c", f'kind = "streak"\nof = "{of}"\ntarget = "3"')
    assert len(course(text, *days(*offsets)).reached) == 1
    assert course(text, *days(*offsets[:1], *offsets[2:])).reached == ()


def test_clocks_that_are_put_back_at_midnight_break_no_row() -> None:
    brand = Brand(1, "shop", "The Shop", "America/Havana", "USD", 2)
    text = GOOD + challenge("c", 'kind = "streak"\nof = "days"\ntarget = "2"')
    timeline = Timeline((Programme(1, LONG_AGO, load(text, SECTIONS, "test")),))
    # 1 November 2026: 01:00 becomes 00:00 in Havana.
    told = [happening(datetime(2026, 11, 1, hour, 30, tzinfo=UTC)) for hour in (3, 4, 5)]
    found = courses(plan_of(timeline, brand), brand, Player(LONG_AGO, told), told[-1].occurred_at)
    assert [each.reached_at for each in found["c"].reached] == [told[1].occurred_at]


def test_steps_are_done_one_after_the_other_with_anything_in_between() -> None:
    a, b = days(0, category="a"), days(1, category="b")
    review = happening(NOON + 2 * DAY, kind="review", lines=())
    other = days(0.5, category="z")
    assert reached(course(STEPS, *a, *other, *b, review)) == [
        ("week:2026-03-02", "", 1, NOON + 2 * DAY)
    ]
    wrong = course(STEPS, *days(-1, category="a"), *b, review, now=NOON + 3 * DAY)
    assert wrong.reached == ()
    assert wrong.standing is not None
    assert wrong.standing.states[0].done == 0


def test_any_or_all_of_several_goals() -> None:
    told = [*days(0, 1, category="a"), *days(2, category="b")]
    assert reached(course(BOTH.format(goals="all"), *told)) == [("all", "", 1, NOON + 2 * DAY)]
    assert reached(course(BOTH.format(goals="any"), *told)) == [("all", "", 1, NOON + DAY)]


def test_windows_begin_with_the_brands_days_when_clocks_change() -> None:
    text = challenge("c", 'target = "1"', 'period = "day"\ntimes = 9')
    # New York's clocks are put forward on 8 March 2026, so that day has 23 hours.
    told = [
        datetime(2026, 3, 8, 4, 59, tzinfo=UTC),
        datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
        datetime(2026, 3, 9, 3, 59, tzinfo=UTC),
        datetime(2026, 3, 9, 4, 0, tzinfo=UTC),
    ]
    found = course(text, *(happening(at) for at in told), now=told[-1])
    assert [each.window for each in found.reached] == [
        "day:2026-03-07",
        "day:2026-03-08",
        "day:2026-03-08",
        "day:2026-03-09",
    ]
    assert found.standing is not None
    assert found.standing.window[1:] == (told[-1], told[-1] + DAY)


def test_a_rolling_window_forgets_and_a_completion_begins_anew() -> None:
    text = challenge("c", 'target = "2"', "rolling_days = 3\ntimes = 2")
    found = course(text, *days(0, 3, 4, 5, 6), now=NOON + 7 * DAY)
    assert reached(found) == [
        ("rolling", "", 1, NOON + 4 * DAY),
        ("rolling", "", 2, NOON + 6 * DAY),
    ]
    open_ = course(text, *days(0, 2.5), now=NOON + 3 * DAY).standing
    assert open_ is not None
    assert (open_.states[0].done, open_.round, open_.full) == (1, 1, False)
    gone = course(text, *days(0), now=NOON + 3 * DAY).standing
    assert gone is not None
    assert gone.states[0].done == 0
    assert gone.window.starts_at == datetime(2026, 3, 3, 5, tzinfo=UTC)


def test_a_window_since_joining_ends_with_its_last_day() -> None:
    text = challenge("c", 'target = "1"', "joining_days = 2")
    joined = NOON
    inside = happening(datetime(2026, 3, 5, 4, 59, tzinfo=UTC))
    outside = happening(datetime(2026, 3, 5, 5, 0, tzinfo=UTC))
    assert len(course(text, inside, joined_at=joined).reached) == 1
    late = course(text, outside, joined_at=joined)
    assert (late.reached, late.standing) == ((), None)


def test_from_and_until_cut_windows_and_name_them() -> None:
    more = "from = 2026-03-03\nuntil = 2026-03-04T17:00:00Z"
    text = challenge("c", 'target = "1"', more + "\ntimes = 9")
    found = course(text, *days(0, 1, 1.9, 2), now=NOON + 1.5 * DAY)
    assert [each[3] for each in reached(found)] == [NOON + DAY, NOON + 1.9 * DAY]
    start, end = datetime(2026, 3, 3, 5, tzinfo=UTC), NOON + 2 * DAY
    assert found.standing is not None
    assert found.standing.window == (f"from:{start.isoformat()}", start, end)
    assert course(text, now=NOON + 2 * DAY).standing is None
    weekly = challenge("c", 'target = "1"', more + '\nperiod = "week"')
    standing = course(weekly, now=NOON + 1.5 * DAY).standing
    assert standing is not None
    assert standing.window == ("week:2026-03-02", start, end)
    assert course(weekly, now=NOON - 7 * DAY).standing is None


def test_how_often_in_a_window_in_how_many_windows_and_with_which_rest() -> None:
    text = challenge("c", 'target = "1"', 'period = "week"\ntimes = 2\nwindows = 2')
    found = course(text, *days(0, 1, 2, 7, 14), now=NOON + 14 * DAY)
    assert [each[:3] for each in reached(found)] == [
        ("week:2026-03-02", "", 1),
        ("week:2026-03-02", "", 2),
        ("week:2026-03-09", "", 1),
    ]
    assert found.standing is not None
    assert (found.standing.full, found.standing.round) == (True, 1)
    rests = challenge("c", 'target = "1"', "times = 9\ncool_off_days = 2")
    found = course(rests, *days(0, 0.1, 1, 2, 3), now=NOON + 3 * DAY)
    assert [each[3] for each in reached(found)] == [NOON, NOON + 3 * DAY]
    assert found.standing is not None
    assert found.standing.rests_until == date(2026, 3, 7)


def test_levels_are_reached_one_after_the_other_in_each_round() -> None:
    levels = level("low", "1") + level("high", "3")
    text = challenge("c", "", "times = 2", levels=levels)
    found = course(text, *days(0, 1, 2, 3, 4))
    assert [each[1:] for each in reached(found)] == [
        ("low", 1, NOON),
        ("high", 1, NOON + 2 * DAY),
        ("low", 2, NOON + 3 * DAY),
    ]
    assert [each.top for each in found.reached] == [False, True, False]
    assert found.standing is not None
    assert (found.standing.levels, found.standing.round) == (frozenset({"low"}), 2)
    both = course(challenge("c", 'kind = "sum"\nof = "quantity"', levels=levels), *days(0, 1, 2))
    assert len(both.reached) == 2


def test_only_what_is_done_with_a_tier_counts() -> None:
    text = challenge("c", 'target = "1"', 'tiers = ["VIB"]')
    runs = (Run(LONG_AGO, "Insider", 0, granted=False), Run(NOON, "VIB", 1, granted=False))
    found = course(text, *days(-1, 0), tiers=runs)
    assert reached(found) == [("all", "", 1, NOON)]
    assert course(text, *days(0)).reached == ()


def test_what_must_come_first_is_waited_for_also_in_a_circle_over_versions() -> None:
    first = challenge("one", 'target = "1"')
    then = challenge("two", 'target = "1"', 'after = ["one"]')
    found, _ = plan(first + then)
    player = Player(LONG_AGO, days(0, 1))
    both = courses(found, BRAND, player, NOON + 2 * DAY)
    assert reached(both["two"]) == [("all", "", 1, NOON + DAY)]
    assert reached(courses(found, BRAND, player, NOON, ["two"])["two"]) == reached(both["two"])
    turned = challenge("one", 'target = "1"', 'after = ["two"]') + challenge("two", 'target = "1"')
    circle, _ = plan(first + then, turned, starts=(NOON + 0.5 * DAY,))
    again = courses(circle, BRAND, Player(LONG_AGO, days(1)), NOON + 2 * DAY)
    assert [reached(again[code]) for code in ("one", "two")] == [[], [("all", "", 1, NOON + DAY)]]


def test_other_terms_begin_anew_and_other_words_do_not() -> None:
    text = challenge("c", 'target = "2"', "challenge_points = 1")
    words = text.replace('"C"', '"Other"').replace("challenge_points = 1", "challenge_points = 2")
    same, timeline = plan(text, words, starts=(NOON + 0.5 * DAY,))
    assert len(same.stretches["c"]) == 1
    player = Player(LONG_AGO, days(0, 1))
    assert len(courses(same, BRAND, player, NOON + DAY)["c"].reached) == 1
    assert [same.parts[version, "c"].challenge_points for version in (1, 2)] == [1, 2]
    other = text.replace('"2"', '"3"')
    anew, _ = plan(text, other, starts=(NOON + 0.5 * DAY,))
    assert [(each.version_id, each.end) for each in anew.stretches["c"]] == [
        (1, NOON + 0.5 * DAY),
        (2, None),
    ]
    assert courses(anew, BRAND, player, NOON + DAY)["c"].reached == ()
    gone, timeline = plan(text, "", starts=(NOON + 0.5 * DAY,))
    assert courses(gone, BRAND, player, NOON + DAY)["c"].standing is None
    assert current(gone, timeline, NOON + DAY) == []
    assert current(gone, timeline, LONG_AGO - DAY) == []
    assert [each.part.code for each in current(gone, timeline, NOON)] == ["c"]
