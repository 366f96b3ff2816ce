"""What a ``[badges]`` section says, and what is told of one that makes no sense."""

from decimal import Decimal

import pytest

from api.sections import SECTIONS
from domain.programmes.rules import Document, load
from gamification.badges.section import BadgesSection
from kit.documents import FaultyDocumentError
from tests.support.programmes import GOOD

WORDS = 'code = "fan"\nname = "Fan"\ndescription = "Comes often."\ncriteria = "Come often."\n'


def read(badge: str, *, before: str = "") -> Document:
    return load(f"{GOOD}\n[badges]\n{before}\n[[badges.badge]]\n{badge}", SECTIONS, "test")


def faults(badge: str, *, before: str = "") -> list[str]:
    with pytest.raises(FaultyDocumentError) as caught:
        read(badge, before=before)
    return [f"{'.'.join(map(str, each.path))} {each.message}" for each in caught.value.problems]


def goal(settings: str, *, levels: str = "", of_badge: str = "") -> str:
    return f"{WORDS}{of_badge}\n[badges.badge.goal]\n{settings}\n{levels}"


def level(settings: str) -> str:
    return f'[[badges.badge.level]]\nname = "L"\n{settings}\n'


def test_a_badge_is_read() -> None:
    levels = level('target = "10"') + level('target = "50"\npicture = "https://example.com/s.png"')
    text = goal('kind = "count"\ncategories = ["tea"]', levels=levels, of_badge='award = "month"')
    section = read(text, before='url = "https://example.com"').section(BadgesSection)
    (badge,) = section.badge
    assert (section.url, badge.award, badge.on_refund) == ("https://example.com", "month", "revoke")
    assert [each.target for each in badge.level] == [Decimal(10), Decimal(50)]


def test_a_badge_may_only_be_given() -> None:
    (badge,) = read(WORDS).section(BadgesSection).badge
    assert (badge.goal, badge.level, badge.award) == (None, (), "once")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            WORDS + f"[[badges.badge]]\n{WORDS}",
            "badges.badge.1.code 'fan' is taken by a badge before",
        ),
        (
            WORDS.replace('"fan"', '"keys"'),
            "badges.badge.0.code 'keys' is a word of Laurel's own addresses; choose another",
        ),
        (
            goal('kind = "count"'),
            "badges.badge.0.target is missing: how much of the goal it takes",
        ),
        (
            f'{WORDS}target = "3"',
            "badges.badge.0.target goes with a goal; add a [badges.badge.goal] that it counts",
        ),
        (
            goal('kind = "sum"', of_badge='target = "3"'),
            'badges.badge.0.goal.of goes with kind = "sum", which it says what of',
        ),
        (
            goal('of = "amount"', of_badge='target = "3"'),
            'badges.badge.0.goal.of goes with kind = "sum", which it says what of',
        ),
        (
            goal("", of_badge='target = "3.5"'),
            "badges.badge.0.target has more decimals than what is counted; write fewer",
        ),
        (
            goal('kind = "sum"\nof = "amount"', of_badge='target = "3.555"'),
            "badges.badge.0.target has more decimals than what is counted; write fewer",
        ),
        (
            goal('kind = "sum"\nof = "points"', of_badge='target = "3.5"'),
            "badges.badge.0.target has more decimals than what is counted; write fewer",
        ),
        (
            goal("", of_badge='target = "3"', levels=level('target = "3"')),
            "badges.badge.0.target goes into the levels of a badge that has some; move it there",
        ),
        (
            goal("", levels=level('target = "3"') + level('target = "3"')),
            "badges.badge.0.level.1.target must be above 3, the target of the level before",
        ),
        (
            goal('on = "adjustment"', of_badge='target = "3"'),
            (
                "badges.badge.0.goal.on 'adjustment' is a word of Laurel's own;"
                " call the activity otherwise"
            ),
        ),
        (
            f'{WORDS}tier = "VPI"',
            "badges.badge.0.tier names 'VPI', which is no tier; did you mean 'VIB'?",
        ),
        (
            f'{WORDS}tier = "VIB"\naward = "year"',
            'badges.badge.0.award must be "once" for a badge by tier',
        ),
        (
            goal("", of_badge='target = "3"\ntier = "VIB"'),
            "badges.badge.0.goal can't be there with a tier: choose what earns the badge",
        ),
        (
            WORDS + level('tier = "VIB"') + level(""),
            "badges.badge.0.level must all have a tier, or none of them",
        ),
        (
            WORDS + level('tier = "VIB"') + level('tier = "Insider"'),
            (
                "badges.badge.0.level.1.tier must be above 'VIB' on the same ladder,"
                " the tier of the level before"
            ),
        ),
    ],
)
def test_faults(text: str, said: str) -> None:
    assert faults(text) == [said]


def test_an_address_is_one() -> None:
    (found,) = faults(WORDS, before='url = "example.com"')
    assert found.startswith('badges.url is no address; write one such as "https://example.com"')
