"""What a challenge asks for and shows, on plain values."""

from datetime import UTC, date, datetime
from uuid import UUID

from gamification.challenges.rules import (
    Bar,
    Completion,
    Key,
    Mark,
    Share,
    compare,
    filled,
    marks_of,
    shared_completions,
)
from gamification.challenges.rules_challenge import (
    Course,
    Part,
    Player,
    Span,
    courses,
    joined_spans,
    shares,
)
from gamification.challenges.rules_compile import level_of
from tests.support.challenge_courses import SHARED, days, shown
from tests.support.challenge_rules import BRAND, DAY, LONG_AGO, NOON, course, plan
from tests.support.challenges import challenge, level


def test_only_times_of_membership_count_and_each_begins_anew() -> None:
    text = challenge("c", 'target = "2"', "opt_in = true")
    spans: tuple[Span, ...] = ((NOON, NOON + 2 * DAY), (NOON + 3 * DAY, None))
    found = course(text, *days(-1, 1, 2, 3), entries=spans, now=NOON + 4 * DAY)
    assert found.reached == ()
    assert found.standing is not None
    assert found.standing.states[0].done == 1
    left = course(text, *days(1), entries=spans[:1], now=NOON + 4 * DAY)
    assert left.standing is not None
    assert left.standing.states[0].done == 0
    early = course(text, *days(-3000), entries=((NOON - 4000 * DAY, NOON - 3500 * DAY),))
    assert not early.touched


def test_times_that_overlap_are_one() -> None:
    at = [NOON + n * DAY for n in range(6)]
    assert joined_spans([(at[0], at[2]), (at[1], at[3]), (at[3], at[4])]) == [
        (at[0], at[3]),
        (at[3], at[4]),
    ]
    assert joined_spans([(at[0], None), (at[1], at[3])]) == [(at[0], None)]
    assert joined_spans([(at[0], at[3]), (at[1], None)]) == [(at[0], None)]


def test_shares_of_a_bar_are_by_day_and_team() -> None:
    found, _ = plan(SHARED)
    player = Player(LONG_AGO, days(0, 0.1, 1), {"club": "Red"})
    assert shares(found, BRAND, player, NOON) == {
        "c": {
            Part(1, "team all", "Red", date(2026, 3, 2)): 200,
            Part(1, "team all", "Red", date(2026, 3, 3)): 100,
        }
    }
    assert shares(found, BRAND, Player(LONG_AGO, days(0)), NOON) == {"c": {}}
    assert courses(found, BRAND, player, NOON)["c"] == Course((), None, touched=False)
    mixed, _ = plan(challenge("c", 'target = "1"'), SHARED, starts=(NOON + 0.5 * DAY,))
    assert list(shares(mixed, BRAND, player, NOON)["c"].values()) == [100]


def test_who_did_enough_of_a_full_bar_has_completed_it_on_the_day_that_both_held() -> None:
    found, _ = plan(SHARED)
    bar = Bar("c", "team all", "Red")
    first, second, third = (date(2026, 3, day) for day in (2, 3, 4))
    assert marks_of(found, bar, {1: {first: 200, second: 100}, 9: {first: 900}}) == {
        "low": Mark(bar, "low", 1, second)
    }
    assert marks_of(found, Bar("x", "all", ""), {1: {first: 900}}) == {}
    ann, bob, cid = (UUID(int=n) for n in (1, 2, 3))
    told = [
        Share(ann, "c", Part(1, "team all", "Red", first), 200),
        Share(bob, "c", Part(1, "team all", "Red", first), 100),
        Share(bob, "c", Part(1, "team all", "Red", third), 100),
        Share(cid, "c", Part(1, "team all", "Red", first), 199),
    ]
    marks = [Mark(bar, "low", 1, second), Mark(bar, "high", 1, None)]
    midnight = datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert shared_completions(found, BRAND, told, marks) == {
        Key(ann, "c", "team all", "low", 1): midnight,
        Key(bob, "c", "team all", "low", 1): midnight + DAY,
    }


def test_only_what_is_otherwise_is_written_of_shares() -> None:
    ann = UUID(int=1)
    red, blue = (Part(1, "w", team, date(2026, 3, 2)) for team in ("Red", "Blue"))
    other = Part(1, "w", "Red", date(2026, 3, 3))
    one, two = Share(ann, "c", red, 5), Share(ann, "c", other, 7)
    assert filled([one, two], [one, two]) == ([], {})
    moved = Share(ann, "c", blue, 5)
    assert filled([one, two], [moved]) == (
        [moved, two._replace(done=0)],
        {("c", red): -5, ("c", other): -7, ("c", blue): 5},
    )
    assert filled([two._replace(done=0)], []) == ([], {})


def test_what_must_change_of_completions() -> None:
    ann = UUID(int=1)
    keys = [Key(ann, "c", "w", "", n) for n in range(6)]

    def known(number: int, key: Key, state: str) -> Completion:
        return Completion(UUID(int=number), key, 1, NOON, 0, state, ())  # type: ignore[arg-type]

    rows = [
        known(0, keys[0], "living"),
        known(1, keys[1], "living"),
        known(2, keys[2], "undone"),
        known(3, keys[3], "living"),
        known(4, keys[4], "kept"),
        known(5, keys[0], "living"),
        known(6, keys[4], "undone"),
    ]
    wanted = dict.fromkeys((*keys[:3], keys[4], keys[5]), NOON) | {keys[1]: NOON + DAY}
    changes = compare(rows, wanted)
    assert list(changes.new) == [keys[5]]
    assert list(changes.again) == [keys[2], keys[4]]
    assert changes.moved == {keys[1]: NOON + DAY}
    assert [each.id.int for each in changes.fallen] == [3, 5]


def test_states_say_what_can_be_done() -> None:
    text = "".join(
        (
            challenge("upcoming", 'target = "1"', "from = 2026-03-03"),
            challenge("over", 'target = "1"', "until = 2026-03-02"),
            challenge("joining", 'target = "1"', "joining_days = 1"),
            challenge("open", 'target = "1"', "opt_in = true"),
            challenge("locked", 'target = "1"', 'after = ["active"]'),
            challenge("resting", 'target = "1"', "times = 2\ncool_off_days = 1"),
            challenge("completed", 'target = "1"'),
            challenge("active", 'target = "2"'),
            challenge("unfound", 'target = "1"\non = "review"', "hidden = true"),
            challenge("found", 'target = "2"', "hidden = true"),
        )
    )
    views = shown(text, *days(-0.1))
    assert [(each.code, each.state) for each in views if each] == [
        ("upcoming", "upcoming"),
        ("over", "over"),
        ("joining", "over"),
        ("open", "open"),
        ("locked", "locked"),
        ("resting", "resting"),
        ("completed", "completed"),
        ("active", "active"),
        ("found", "active"),
    ]
    by_code = {each.code: each for each in views if each}
    assert by_code["locked"].after == ("active",)
    assert by_code["resting"].rests_until == date(2026, 3, 3)
    assert (by_code["completed"].times, by_code["completed"].ever) == (1, 1)
    (joined,) = shown(
        challenge("open", 'target = "1"', "opt_in = true"), entries=((NOON - DAY, None),)
    )
    assert joined is not None
    assert (joined.state, joined.joined_at) == ("active", NOON - DAY)


def test_shared_bars_show_what_all_did_and_what_the_member_did() -> None:
    text = "".join(
        (
            challenge("bar", 'target = "9"', 'who = "everyone"\nperiod = "week"'),
            challenge("clubs", 'target = "2"', 'who = "team"\nteam = "club"'),
            challenge("done", 'target = "1"', 'who = "everyone"'),
            challenge("gone", 'target = "1"', 'who = "everyone"\nuntil = 2026-03-02'),
            challenge("none", 'target = "1"', 'who = "team"\nteam = "city"'),
            challenge("unfound", 'target = "1"\non = "x"', 'who = "everyone"\nhidden = true'),
        )
    )
    views = [each for each in shown(text, *days(-0.1)) if each]
    assert [(each.code, each.state, each.mine, each.team, each.times) for each in views] == [
        ("bar", "active", 1, "", 0),
        ("clubs", "active", 1, "Red", 0),
        ("done", "completed", 1, "", 1),
        ("gone", "over", 0, "", 0),
        ("none", "over", 0, None, 0),
    ]
    assert [(each.goals[0].done, each.goals[0].missing) for each in views[:2]] == [(1, 8), (1, 1)]


def test_a_broken_row_is_missing_as_a_whole() -> None:
    text = challenge("c", 'kind = "streak"\nof = "days"\ntarget = "3"')
    (broken,) = shown(text, *days(-4, -3))
    (alive,) = shown(text, *days(-2, -1))
    assert broken is not None
    assert alive is not None
    assert (broken.goals[0].missing, alive.goals[0].missing) == (3, 1)


def test_a_level_that_a_version_does_not_have_has_no_prize() -> None:
    found, _ = plan(challenge("c", "", levels=level("low", "1")))
    part = found.parts[1, "c"]
    assert [level_of(part, code) for code in ("", "low", "high")] == [None, part.level[0], None]
