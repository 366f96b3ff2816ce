"""What prizes can say, and what is wrong with what makes no sense."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import load
from gamification.prizes.section_faults import prize_faults
from gamification.prizes.section_parts import MysteryPart, Prize
from tests.support.games import programme
from tests.support.programmes import GOOD

OTHERS = load(
    programme('\n[streaks]\n[[streaks.streak]]\ncode = "daily"\nname = "D"\nevery = "day"\n')
    .replace("[points]", "[points]\nscale = 4", 1)
    .replace(
        "[[rewards.reward]]",
        '[[rewards.reward]]\ncode = "dear"\nkind = "voucher"\nname = "D"\npoints = "5"\n\n'
        '[[rewards.reward]]\ncode = "trip"\nkind = "experience"\nname = "T"\npoints = "0"\n'
        'fulfil = "by_staff"\n\n[[rewards.reward]]',
        1,
    ),
    SECTIONS,
    "test",
).sections
ONE = "must give exactly one of points, qualifying, reward, badge and freeze"


@pytest.mark.parametrize(
    "prize",
    [
        Prize(points="1.5", qualifies=True),
        Prize(qualifying="3"),
        Prize(reward="cup"),
        Prize(badge="hero", level=1),
        Prize(freeze=3, streak="daily"),
        Prize(mystery=(MysteryPart(weight=1, points="5"), MysteryPart(weight=9, reward="cup"))),
    ],
)
def test_one_thing_or_a_mystery_is_a_prize(prize: Prize) -> None:
    assert list(prize_faults(("x",), prize, OTHERS)) == []


@pytest.mark.parametrize(
    ("prize", "path", "message"),
    [
        (Prize(), (), ONE),
        (Prize(points="1", reward="cup"), (), ONE),
        (
            Prize(reward="cup", qualifies=True),
            ("qualifies",),
            "goes with points; add them, or leave it out",
        ),
        (Prize(points="1", level=1), ("level",), "goes with badge; add it, or leave this out"),
        (Prize(freeze=1), ("freeze",), "goes with streak; add it, or leave this out"),
        (
            Prize(points="1", streak="daily"),
            ("streak",),
            "goes with freeze; add it, or leave this out",
        ),
        (
            Prize(points="1.00001"),
            ("points",),
            "has more decimals than points.scale, 4; write fewer",
        ),
        (
            Prize(qualifying="900000000000"),
            ("qualifying",),
            "is more than 100000000000.0000, the most that one can give; write less",
        ),
        (Prize(reward="cap"), ("reward",), "names 'cap', which is no reward; did you mean 'cup'?"),
        (
            Prize(reward="dear"),
            ("reward",),
            "costs points, which nobody wins; choose one that is free",
        ),
        (
            Prize(reward="trip"),
            ("reward",),
            "is fulfilled by staff, but nobody asks them; choose one done at once",
        ),
        (Prize(badge="zero"), ("badge",), "names 'zero', which is no badge; did you mean 'hero'?"),
        (
            Prize(freeze=1, streak="dayly"),
            ("streak",),
            "names 'dayly', which is no streak; did you mean 'daily'?",
        ),
        (
            Prize(points="1", mystery=(MysteryPart(weight=1, points="5"),) * 2),
            ("points",),
            "does not go with mystery, one of which is drawn; leave one out",
        ),
        (
            Prize(mystery=(MysteryPart(weight=1, points="5"),)),
            ("mystery",),
            "has one part only, which is no mystery; write it as the prize itself",
        ),
        (
            Prize(mystery=(MysteryPart(weight=1, points="5"), MysteryPart(weight=1))),
            ("mystery", 1),
            ONE,
        ),
    ],
)
def test_what_makes_no_sense_is_said_where_it_is(
    prize: Prize, path: tuple[str | int, ...], message: str
) -> None:
    assert list(prize_faults(("x",), prize, OTHERS)) == [(("x", *path), message)]


def test_without_sections_of_rewards_badges_and_points_nothing_can_be_named() -> None:
    sections = load(GOOD, SECTIONS, "test").sections
    (found,) = prize_faults((), Prize(reward="cup"), sections)
    assert found == (("reward",), "names 'cup', which is no reward; there is no reward")
    (found,) = prize_faults((), Prize(badge="hero"), {})
    assert found == (("badge",), "names 'hero', which is no badge; there is no badge")
