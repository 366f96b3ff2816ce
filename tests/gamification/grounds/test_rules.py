"""What games judge by, as a value."""

from dataclasses import replace
from datetime import timedelta

from api.sections import SECTIONS
from domain.programmes.rules import Programme, Timeline, load
from gamification.grounds.rules import Ground
from kit.ids import new_id
from tests.gamification.grounds.test_rules_filter import BOUGHT, BRAND, FRIDAY_NOON
from tests.support.programmes import GOOD


def test_what_counts_is_judged_by_the_programme_in_force_when_it_happened() -> None:
    document = load(GOOD, SECTIONS, "test")
    hour = timedelta(hours=1)
    first, second = (Programme(n, FRIDAY_NOON + n * hour, document) for n in (1, 2))
    mine = [replace(BOUGHT, occurred_at=FRIDAY_NOON + n * hour, counts=n != 3) for n in range(5)]
    member_id = new_id()
    ground = Ground(
        BRAND, Timeline((first, second)), FRIDAY_NOON, {}, {member_id: mine}, {member_id: {}}
    )
    assert list(ground.counting(member_id)) == [
        (mine[1], first),
        (mine[2], second),
        (mine[4], second),
    ]
    assert list(ground.counting(new_id())) == []
