"""What a ``[streaks]`` section says, and what is told of one that makes no sense."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import Document, load
from gamification.streaks.section import StreaksSection
from kit.documents import FaultyDocumentError
from tests.gamification.streaks.playing import daily, shop_with, wins

REPAIRS = 'repair_days = 3\nrepair_reward = "mend"'


def read(*parts: str) -> Document:
    return load(shop_with(*parts), SECTIONS, "test")


def faults(*parts: str) -> list[str]:
    with pytest.raises(FaultyDocumentError) as caught:
        read(*parts)
    return [f"{'.'.join(map(str, each.path))} {each.message}" for each in caught.value.problems]


def test_a_streak_is_read() -> None:
    goal = '[streaks.streak.goal]\non = "visit"\n'
    said = 'weekdays = ["monday"]\nrepairs_free = 1\nrepairs_per = "year"\nfreezes_max = 2\n'
    text = daily(said + REPAIRS + '\nfreeze_every = 7\nfreeze_reward = "freeze"', goal + wins(7))
    (streak,) = read(text).section(StreaksSection).streak
    assert (streak.code, streak.every, streak.times, streak.goal.on) == ("daily", "day", 1, "visit")
    assert (streak.freezes_max, streak.freeze_every, streak.repairs_per) == (2, 7, "year")
    (milestone,) = streak.milestone
    assert (milestone.at, milestone.again, milestone.on_refund) == (7, False, "take_back")


def test_without_a_goal_it_is_of_purchases() -> None:
    (streak,) = read(daily()).section(StreaksSection).streak
    assert streak.goal.on == "purchase"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (daily() + daily(), "streak.1.code 'daily' is taken by a streak before"),
        (
            daily().replace('"day"', '"week"') + 'weekdays = ["monday"]',
            'streak.0.weekdays goes with every = "day"; for others write goal.weekdays',
        ),
        (
            daily("freeze_every = 7"),
            "streak.0.freeze_every needs room for freezes; set freezes_max to 1 or more",
        ),
        (
            daily('freeze_reward = "freeze"'),
            "streak.0.freeze_reward needs room for freezes; set freezes_max to 1 or more",
        ),
        (
            daily("repair_days = 2"),
            "streak.0.repair_days needs repairs_free or repair_reward: what a repair costs",
        ),
        (
            daily("repairs_free = 2"),
            "streak.0.repairs_free goes with repair_days; add how long a break can be repaired",
        ),
        (
            daily('repair_reward = "mend"'),
            "streak.0.repair_reward goes with repair_days; add how long a break can be repaired",
        ),
        (
            daily(REPAIRS + '\nrepairs_per = "week"'),
            "streak.0.repairs_per goes with repairs_free; add how many are free",
        ),
        (
            daily(REPAIRS.replace("mend", "mnd")),
            "streak.0.repair_reward names 'mnd', which is no reward; did you mean 'mend'?",
        ),
        (
            daily(REPAIRS.replace("mend", "cup")),
            'streak.0.repair_reward must be a reward of kind "game_item", not "voucher"',
        ),
        (
            daily(REPAIRS) + daily(REPAIRS, code="other"),
            "streak.1.repair_reward 'mend' is a repair of 'daily' already; use another",
        ),
        (
            daily(REPAIRS + '\nfreezes_max = 1\nfreeze_reward = "mend"'),
            "streak.0.repair_reward 'mend' is a freeze of 'daily' already; use another",
        ),
        (
            daily(milestones=wins(2) + wins(2)),
            "streak.0.milestone.1.at must be above 2, that of the milestone before",
        ),
        (
            daily(milestones=wins(2, settings="times = 2")),
            "streak.0.milestone.0.times goes with again = true; without it there is one time",
        ),
        (
            daily(milestones=wins(2, 'badge = "none"')),
            "streak.0.milestone.0.prize.badge names 'none', which is no badge; known are hero",
        ),
        (
            daily(milestones="[streaks.streak.goal]\nminimum = '0.001'"),
            "streak.0.goal.minimum is finer than USD can be; write fewer decimals",
        ),
        (
            daily(milestones=wins(2, 'freeze = 1, streak = "weekly"')),
            "streak.0.milestone.0.prize.streak names 'weekly', which is no streak; known are daily",
        ),
        (
            daily(milestones=wins(2, 'freeze = 1, streak = "daily"')),
            "streak.0.milestone.0.prize.freeze is of 'daily', which has no room; set freezes_max",
        ),
    ],
)
def test_what_makes_no_sense_is_told(parts: str, said: str) -> None:
    assert faults(parts) == [f"streaks.{said}"]
