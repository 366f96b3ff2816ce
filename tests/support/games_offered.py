"""A programme in which everything can be won, with what `games_model` says of it."""

from tests.support import games_model as model
from tests.support.challenges import challenge, level
from tests.support.games import programme
from tests.support.scoring import board


def _points(code: str) -> str:
    return f'points = "{model.WINS[code]}"'


CHALLENGES = (
    challenge(
        "weekly",
        'target = "2"',
        'period = "week"\ntimes = 2\nchallenge_points = 7',
        _points("weekly"),
    ),
    challenge(
        "keeper",
        'target = "3"\nminimum = "10.00"',
        'period = "week"\non_refund = "keep"',
        'points = "100"',
    ),
    challenge(
        "aisles",
        'kind = "distinct"\nof = "categories"',
        'period = "month"\nwindows = 1',
        levels=level("two", "2", prize=_points("two"))
        + level("three", "3", "challenge_points = 3", _points("three"))
        + '[[challenges.challenge.level.prize]]\nbadge = "hero"\n',
    ),
    challenge(
        "rolling",
        'kind = "sum"\nof = "amount"\ntarget = "60.00"',
        "rolling_days = 3\ntimes = 2\ncool_off_days = 1",
        _points("rolling"),
    ),
    challenge("welcome", 'on = "review"\ntarget = "1"', "joining_days = 6", _points("welcome")),
    challenge(
        "path",
        'kind = "sequence"\n[[challenges.challenge.goal.step]]\ncategories = ["a"]\n'
        '[[challenges.challenge.goal.step]]\non = "review"\n'
        '[[challenges.challenge.goal.step]]\ncategories = ["c"]',
        'after = ["weekly"]',
        _points("path"),
    ),
    challenge(
        "either",
        'target = "4"\n[[challenges.challenge.goal]]\nkind = "streak"\nof = "days"\ntarget = "3"',
        'goals = "any"\nhold_days = 2',
        'badge = "hero"',
    ),
    challenge("vip", 'target = "2"', 'tiers = ["VIB"]', _points("vip")),
    challenge(
        "chosen", 'kind = "sum"\nof = "points"\ntarget = "20"', "opt_in = true", _points("chosen")
    ),
    challenge(
        "bar",
        'kind = "sum"\nof = "amount"\ntarget = "100.00"',
        'who = "everyone"\nperiod = "week"\ncontribution = "20.00"\nchallenge_points = 2',
        _points("bar"),
    ),
    challenge(
        "club", 'target = "3"', 'who = "team"\nteam = "club"\nchallenge_points = 4', _points("club")
    ),
)
STREAKS = """
[[streaks.streak]]
code = "daily"
name = "Daily"
every = "day"
goal = { minimum = "10.00" }
freezes_max = 2
freeze_every = 3
repair_days = 2
repairs_free = 99
milestone = [
  { at = 2, again = true, prize = { points = "3" } },
  { at = 3, again = true, times = 2, hold_days = 2, prize = { points = "5" } },
  { at = 4, prize = { points = "9" } },
]

[[streaks.streak]]
code = "weekly"
name = "Weekly"
every = "week"
milestone = [{ at = 2, prize = { points = "31" } }]
"""
BADGES = """
[[badges.badge]]
code = "visits"
name = "Visits"
description = "Comes"
criteria = "Come"
goal = { kind = "count" }
level = [{ name = "Three", target = "3" }, { name = "Five", target = "5" }]

[[badges.badge]]
code = "tea"
name = "Tea"
description = "Drinks"
criteria = "Drink"
award = "week"
target = "20"
goal = { kind = "sum", of = "amount", categories = ["a"] }

[[badges.badge]]
code = "vib"
name = "VIB"
description = "Is somebody"
criteria = "Be"
tier = "VIB"
"""
BOARDS = (
    board(
        "spend",
        'periods = ["day", "week", "all"]\nrolling_days = 3\nscopes = ["store", "tier", "city"]\n'
        "close_after_hours = 6\nprize = [\n"
        '  { period = "day", to = 2, points = "41" },\n  { period = "week", points = "97" },\n]',
    ),
    board(
        "visits",
        'periods = ["day", "month"]\nexclude = ["staff"]\n'
        "apart_minutes = 20\nper_hour = 2\nper_day = 3",
        "visits",
    ),
    board(
        "best",
        'keep = "best"\non = "review"\nvalue = \'event.attributes["stars"]\'\n'
        'periods = ["all"]\nrolling_days = 2',
        "value",
    ),
    board(
        "latest",
        'keep = "latest"\non = "review"\nvalue = \'event.attributes["stars"]\'\n'
        'periods = ["week"]\nscopes = ["city"]',
        "value",
    ),
    board("clubs", 'periods = ["week", "all"]\nof = "teams"\nteam = "club"'),
    board("stars", 'periods = ["week", "all"]', "challenge_points"),
)
PROGRAMME = programme(BADGES + STREAKS + "".join(CHALLENGES) + "".join(BOARDS))
