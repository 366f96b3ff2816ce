"""What a section of boards may say, and what to do about what makes no sense."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import load
from gamification.leaderboards.section import LeaderboardsSection
from kit.documents import FaultyDocumentError
from tests.support.programmes import GOOD
from tests.support.scoring import board

ALL = 'periods = ["week", "all"]'
SEASON = '[[leaderboards.season]]\ncode = "{}"\nname = "x"\nfrom = {}\nuntil = {}\n'
PRIZE = '\n[[leaderboards.board.prize]]\npoints = "100"\n'
LEAGUES = """
[leaderboards.leagues]
board = "spend"
[[leaderboards.leagues.league]]
code = "bronze"
name = "Bronze"
"""
WITHOUT_TIERS = GOOD.partition("[[tiers")[0]


def faults(text: str, before: str = GOOD) -> list[str]:
    """Return what is wrong with a file that has these tables, without its name and the lines."""
    with pytest.raises(FaultyDocumentError) as caught:
        load(f"{before}\n{text}", SECTIONS, "f.toml")
    return [each.describe("f.toml").partition(": ")[2] for each in caught.value.problems]


def test_a_board_says_little_and_is_read_with_defaults() -> None:
    text = board("spend", ALL) + SEASON.format("spring", "2026-03-01", "2026-06-01")
    document = load(f"{GOOD}\n{text}", SECTIONS, "f.toml")
    section = document.section(LeaderboardsSection)
    (each,) = section.board
    assert (each.keep, each.of, each.rank, each.on) == ("sum", "members", "ordinal", "purchase")
    assert each.public
    assert (section.season[0].code, section.leagues) == ("spring", None)


def test_every_setting_can_be_said() -> None:
    settings = (
        'description = { en = "Who spent most", vi = "Ai chi nhiều nhất" }\n'
        "value = 'int(event.amount) + now.hour'\nkeep = \"best\"\n"
        'periods = ["day", "week", "month", "season", "all"]\nrolling_days = 30\n'
        'scopes = ["brand", "store", "tier", "city"]\nrank = "dense"\nper_hour = 2\nper_day = 9\n'
        'public = false\nexclude = ["staff"]\ncategories = ["tea"]\nhours = "17:00-22:00"\n'
        "close_after_hours = 48\n" + PRIZE + 'period = "week"\nscope = "store"\nto = 3\n'
    )
    text = board("spend", settings, "value") + SEASON.format("s", "2026-03-01", "2026-06-01")
    text += board("clubs", f'{ALL}\nof = "teams"\nteam = "club"\nscopes = ["store"]')
    text += board("visits", f"{ALL}\napart_minutes = 60", "visits") + LEAGUES
    assert load(f"{GOOD}\n{text}", SECTIONS, "f.toml").find(LeaderboardsSection)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            "",
            (
                "leaderboards.board[1].periods: is empty, so there is no window;"
                ' write some, such as ["week", "all"]'
            ),
        ),
        (
            'periods = ["week", "week"]',
            "leaderboards.board[1].periods[2]: says 'week' again; once is enough",
        ),
        (
            'periods = ["season"]',
            (
                "leaderboards.board[1].periods: has seasons, but there is none;"
                " add a [[leaderboards.season]]"
            ),
        ),
        (
            f"{ALL}\nvalue = '1'",
            (
                'leaderboards.board[1].value: goes with score = "value", and only with it:'
                " what each gives"
            ),
        ),
        (
            f"{ALL}\napart_minutes = 5",
            'leaderboards.board[1].apart_minutes: goes with score = "visits", and only with it',
        ),
        (
            f'{ALL}\nof = "teams"',
            (
                'leaderboards.board[1].team: goes with of = "teams", and only with it:'
                " the attribute that names the team"
            ),
        ),
        (
            f'{ALL}\nteam = "club"',
            (
                'leaderboards.board[1].team: goes with of = "teams", and only with it:'
                " the attribute that names the team"
            ),
        ),
        (
            f'{ALL}\nof = "teams"\nteam = "club"\nscopes = ["city"]',
            (
                "leaderboards.board[1].scopes[1]: can't be 'city' on a board of teams:"
                " its members may differ in it"
            ),
        ),
        (
            f'{ALL}\nscopes = ["a:b"]',
            (
                "leaderboards.board[1].scopes[1]: names an attribute with a colon,"
                " which can't be told apart; rename it"
            ),
        ),
        (
            f'{ALL}\nscopes = ["city", "city"]',
            "leaderboards.board[1].scopes[2]: says 'city' again; once is enough",
        ),
        (
            f'{ALL}\nexclude = ["staff", "staff"]',
            "leaderboards.board[1].exclude[2]: says 'staff' again; once is enough",
        ),
        (
            f'{ALL}\non = "redemption"',
            (
                "leaderboards.board[1].on: 'redemption' is a word of Laurel's own;"
                " call the activity otherwise"
            ),
        ),
        (
            ALL + PRIZE + 'period = "month"',
            (
                "leaderboards.board[1].prize[1].period: names 'month', which is no period of this"
                " board; known are all, week"
            ),
        ),
        (
            ALL + PRIZE + 'period = "week"\nscope = "city"',
            (
                "leaderboards.board[1].prize[1].scope: names 'city', which is no scope of this"
                " board; known are brand"
            ),
        ),
        (
            ALL + PRIZE + 'period = "week"\nfrom = 3\nto = 2',
            "leaderboards.board[1].prize[1].to: is before from; write the last place that gets it",
        ),
    ],
)
def test_what_a_board_can_not_say(settings: str, expected: str) -> None:
    assert faults(board("spend", settings)) == [expected]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            f"{ALL}\nvalue = 'member.days'",
            (
                "leaderboards.board[1].value: speaks of member.days, which a board can't count;"
                " speak only of event and now, without now.birthday"
                ' (a whole number (CEL) for score = "value")'
            ),
        ),
        (
            ALL,
            (
                'leaderboards.board[1].value: goes with score = "value", and only with it:'
                " what each gives"
            ),
        ),
    ],
)
def test_a_value_speaks_of_what_was_done_only(settings: str, expected: str) -> None:
    assert faults(board("spend", settings, "value")) == [expected]


def test_challenge_points_come_from_challenges_alone() -> None:
    settings = f'{ALL}\non = "review"\nscopes = ["store"]'
    assert faults(board("stars", settings, "challenge_points")) == [
        "leaderboards.board[1].score: counts challenges, but there is none; add [challenges]",
        'leaderboards.board[1].on: has no meaning with score = "challenge_points"; leave it out',
        "leaderboards.board[1].scopes[1]: can't be 'store': challenges are completed in no store",
    ]


def test_tiers_must_be_there_for_boards_by_tier() -> None:
    assert faults(board("spend", f'{ALL}\nscopes = ["tier"]'), WITHOUT_TIERS) == [
        "leaderboards.board[1].scopes[1]: is tier, but there is none; add [tiers], or leave it out"
    ]


def test_codes_are_taken_once_and_seasons_follow_each_other() -> None:
    text = board("spend", ALL) + board("spend", ALL)
    text += SEASON.format("one", "2026-03-01", "2026-06-01")
    text += SEASON.format("one", "2026-05-31", "2026-07-01")
    text += SEASON.format("two", "2026-08-01", "2026-08-01")
    assert faults(text) == [
        "leaderboards.board[2].code: 'spend' is taken by a board before",
        "leaderboards.season[2].code: 'one' is taken by a season before",
        "leaderboards.season[2].from: overlaps the season 'one'; a day is in one season",
        "leaderboards.season[3].until: is not after from; choose a later day",
    ]


@pytest.mark.parametrize(
    ("boards", "expected"),
    [
        ("", "leaderboards.leagues.board: names 'spend', which is no board; there is no board"),
        (
            board("spend", 'periods = ["day"]'),
            "leaderboards.leagues.board: names 'spend', which needs weeks, of members",
        ),
        (
            board("spend", f'{ALL}\nof = "teams"\nteam = "club"'),
            "leaderboards.leagues.board: names 'spend', which needs weeks, of members",
        ),
    ],
)
def test_leagues_are_played_on_a_board_with_weeks(boards: str, expected: str) -> None:
    assert faults(boards + LEAGUES) == [expected]


def test_what_looks_unfair_is_said_in_whole() -> None:
    text = board("spend", ALL) + "[leaderboards.fair_play]\noutlier_times = 5\n"
    assert faults(text) == [
        (
            "leaderboards.fair_play.outlier_times: needs outlier_floor, and the other way round;"
            " write both"
        )
    ]
