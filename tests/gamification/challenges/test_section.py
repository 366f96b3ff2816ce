"""What a programme can't say of challenges is told with what to do about it."""

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import load
from kit.documents import FaultyDocumentError
from tests.support.challenges import challenge, level
from tests.support.programmes import GOOD

TWO = level("low", "1") + level("high", "2")
ONE = 'target = "1"'
PRIZE = 'points = "5"'


def faults(text: str) -> list[str]:
    """Return what is wrong with challenges."""
    with pytest.raises(FaultyDocumentError) as error:
        load(GOOD + text, SECTIONS, "test")
    return [each.describe("").split(": ", 1)[1] for each in error.value.problems]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            challenge("a", ONE) + challenge("a", ONE),
            "challenges.challenge[2].code: 'a' is taken by a challenge before",
        ),
        (challenge("a", 'target = "1"', 'after = ["b"]'), "[1].after[1]: names 'b', which is no"),
        (
            challenge("a", ONE, 'after = ["b"]') + challenge("b", ONE, 'after = ["a"]'),
            "[1].after[1]: names 'b', which waits for this one; leave one out",
        ),
        (
            challenge("a", ONE, 'after = ["b"]') + challenge("b", ONE, 'who = "everyone"'),
            "[1].after[1]: names 'b', which is shared; name one that members do alone",
        ),
        (challenge("a", ONE, 'tiers = ["Gold"]'), "[1].tiers[1]: names 'Gold', which is no tier"),
        (
            challenge("a", ONE, "hidden = true\nopt_in = true"),
            "[1].hidden: can't be joined by who can't see it; leave out hidden or opt_in",
        ),
        (challenge("a", ONE, "budget = 5"), "[1].budget: is for prizes, but there are none"),
        (challenge("a", ONE, "hold_days = 5"), "[1].hold_days: is for prizes, but there are none"),
        (
            challenge("a", ONE, 'period = "week"\nrolling_days = 3'),
            "[1].rolling_days: does not go with period; leave one out",
        ),
        (challenge("a", ONE, "windows = 3"), "[1].windows: counts windows, but there is only one"),
        (
            challenge("a", ONE, "from = 2026-03-02\nuntil = 2026-03-02"),
            "[1].until: is not after from; choose a later day",
        ),
        (challenge("a", ONE, 'team = "club"'), '[1].team: goes with who = "team"; give both'),
        (challenge("a", ONE, 'who = "team"'), '[1].team: goes with who = "team"; give both'),
        (
            challenge("a", ONE, 'contribution = "1"'),
            "[1].contribution: is for bars that are shared; leave it out, or say who",
        ),
        (
            challenge("a", 'kind = "streak"\nof = "days"\ntarget = "2"', 'who = "everyone"'),
            "[1].goal: a bar that is shared has one goal, a count or a sum; divide it",
        ),
        (
            challenge("a", ONE, 'who = "everyone"\nrolling_days = 3'),
            '[1].rolling_days: does not go with who = "everyone"; leave it out',
        ),
        (
            challenge("a", ONE, 'who = "everyone"\ntimes = 3'),
            "[1].times: is 1 for a bar that is shared; give it a period to begin anew",
        ),
        (
            challenge("a", ONE, 'who = "everyone"\ncool_off_days = 3'),
            '[1].cool_off_days: does not go with who = "everyone"; leave it out',
        ),
        (
            challenge("a", ONE, 'who = "everyone"\ncontribution = "1.5"'),
            "[1].contribution: must be a whole number; write no decimals",
        ),
        (
            challenge("a", "", levels=level("low", "1") + level("low", "2")),
            "level[2].code: 'low' is taken by a level before",
        ),
        (
            challenge("a", "", levels=level("low", '1", "2')),
            "level[1].targets: are 2, but there are 1 goals; give one for each",
        ),
        (
            challenge("a", "", levels=level("low", "1.5")),
            "level[1].targets[1]: must be a whole number; write no decimals",
        ),
        (
            challenge("a", "", levels=level("low", "2") + level("high", "2")),
            "level[2].targets: must be more than those of the level before",
        ),
        (
            challenge("a", "", "challenge_points = 3", levels=TWO),
            "[1].challenge_points: is said by each level; move it there",
        ),
        (
            challenge("a", "", prize=PRIZE, levels=TWO),
            "[1].prize: is said by each level; move it there",
        ),
        (
            challenge("a", "", levels=level("low", "1", "", 'badge = "x"')),
            "level[1].prize[1].badge: names 'x', which is no badge",
        ),
        (
            challenge("a", ONE, prize='reward = "x"'),
            "[1].prize[1].reward: names 'x', which is no reward",
        ),
        (
            challenge("a", ONE, levels=TWO),
            "goal[1].target: is said by each level; leave it out",
        ),
        (challenge("a", ""), "goal[1].target: is missing; say how much is enough"),
        (challenge("a", 'target = "1.5"'), "goal[1].target: must be a whole number"),
        (
            challenge("a", 'kind = "sum"\nof = "amount"\ntarget = "1.555"'),
            "goal[1].target: is finer than USD can be; write fewer decimals",
        ),
        (
            challenge("a", 'kind = "sum"\nof = "points"\ntarget = "1.5"'),
            "goal[1].target: has more decimals than points.scale, 0; write fewer",
        ),
        (
            challenge(
                "a", 'kind = "sum"\nof = "amount"\ntarget = "999999999999.00"\nminimum = "0.001"'
            ),
            "goal[1].minimum: is finer than USD can be",
        ),
        (
            challenge("a", 'kind = "sum"\nof = "days"\ntarget = "1"'),
            '[1].of: of kind = "sum" must be one of amount, quantity, points, value',
        ),
        (
            challenge("a", 'of = "days"\ntarget = "1"'),
            '[1].of: does not go with kind = "count"; leave it out',
        ),
        (
            challenge("a", 'kind = "sum"\nof = "value"\ntarget = "1"'),
            'goal[1].value: goes with of = "value"; give both, or neither',
        ),
        (
            challenge("a", 'kind = "sum"\nof = "value"\nvalue = "member.days"\ntarget = "1"'),
            "goal[1].value: speaks of member.days, which a goal can't add up",
        ),
        (
            challenge("a", ONE + "\n[[challenges.challenge.goal.step]]"),
            'goal[1].step: is for kind = "sequence"; leave it out',
        ),
        (
            challenge("a", 'kind = "sequence"\ntarget = "2"\nskus = ["x"]'),
            "goal[1].step: must be at least two, one after the other",
        ),
        (
            challenge("a", 'kind = "sequence"\ntarget = "2"\nskus = ["x"]'),
            "goal[1].target: of a sequence is its last step; leave it out",
        ),
        (
            challenge("a", 'kind = "sequence"\ntarget = "2"\nskus = ["x"]'),
            "goal[1].skus: is said by each step of a sequence; move it there",
        ),
        (
            challenge(
                "a",
                'kind = "sequence"\n[[challenges.challenge.goal.step]]\non = "redemption"\n'
                "[[challenges.challenge.goal.step]]",
            ),
            "goal[1].step[1].on: 'redemption' is a word of Laurel's own",
        ),
        (
            challenge(
                "a",
                'kind = "sequence"\n[[challenges.challenge.goal.step]]\n'
                "[[challenges.challenge.goal.step]]",
                levels=level("low", "3"),
            ),
            "level[1].targets[1]: is more than its 2 steps",
        ),
    ],
)
def test_what_makes_no_sense_is_told(text: str, told: str) -> None:
    assert any(told in each for each in faults(text)), faults(text)


def test_a_target_that_nobody_can_reach_is_told() -> None:
    text = GOOD.replace('name = "Points"', 'name = "Points"\nscale = 9')
    goal = 'kind = "sum"\nof = "points"\ntarget = "999999999999"'
    with pytest.raises(FaultyDocumentError, match="is too much to be reached; write less"):
        load(text + challenge("a", goal), SECTIONS, "test")


def test_what_makes_sense_is_taken() -> None:
    load(
        GOOD + challenge("a", "", "hold_days = 3", levels=level("l", "1", "", PRIZE)), SECTIONS, ""
    )
