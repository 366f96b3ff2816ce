"""What is bought as a freeze or a repair, and what pays for one."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from domain.brands.rules import Brand
from domain.rewards.rules_steps import Item
from gamification.streaks.rules import Past
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_repair import UNPAID, Payment, Repaired, past_of, payment
from gamification.streaks.rules_terms import Life, Terms
from gamification.streaks.section import Streak
from tests.gamification.streaks.naive import utc

NOW = utc(2026, 6, 10)
SHOP = Brand(1, "cafe", "Café", "America/New_York", "USD", 2)


def streak(**more: object) -> Streak:
    said: dict[str, object] = {"code": "daily", "name": "Daily", "every": "day", **more}
    return Streak.model_validate(said)


def item(number: int, reward: str, at: datetime = NOW, quantity: int = 1) -> Item:
    return Item(UUID(int=number), reward, quantity, at)


def test_what_is_bought_is_a_freeze_by_the_terms_of_then() -> None:
    old, new = streak(freezes_max=1, freeze_reward="ice"), streak(freezes_max=1)
    starts, changes, ends = utc(2026, 1, 1), utc(2026, 2, 1), utc(2026, 3, 1)
    lives = [Life("daily", 0, "day", starts, ends, (Terms(starts, old), Terms(changes, new)))]
    given = Freezes(UUID(int=9), NOW, 1)
    bought = [
        item(1, "ice", starts, 2),
        item(2, "ice", starts - timedelta.resolution),
        item(3, "ice", changes),
        item(4, "mend", starts),
    ]
    past = past_of(lives, [given], [], bought)
    assert past == Past((given, Freezes(UUID(int=1), starts, 2)), [])


def test_a_repair_whose_redemption_was_returned_has_never_been() -> None:
    made = [Repaired(NOW, None), Repaired(NOW, UUID(int=1)), Repaired(NOW, UUID(int=2))]
    assert past_of([], [], made, [item(1, "mend")]).repairs == [NOW, NOW]


@pytest.mark.parametrize(
    ("per", "before", "free"),
    [
        (None, utc(2020, 1, 1), False),
        ("month", utc(2026, 5, 31), True),
        # 1 June has begun in New York at 4:00 UTC.
        ("month", utc(2026, 6, 1) + timedelta(hours=3, minutes=59), True),
        ("month", utc(2026, 6, 1) + timedelta(hours=4), False),
    ],
)
def test_free_repairs_are_counted_in_the_brands_periods(
    per: str | None, before: datetime, *, free: bool
) -> None:
    part = streak(repair_days=1, repairs_free=1, repairs_per=per)
    found = payment(SHOP, part, [Repaired(before, None)], [], NOW)
    assert found == (Payment() if free else UNPAID)


def test_the_oldest_item_that_is_not_used_pays() -> None:
    part = streak(repair_days=1, repair_reward="mend")
    early, late = item(2, "mend", utc(2026, 6, 1), 2), item(1, "mend", utc(2026, 6, 2))
    has = [item(3, "ice", utc(2026, 1, 1)), late, early]
    made: list[Repaired] = []
    paid = []
    for _ in range(3):
        found = payment(SHOP, part, made, has, NOW)
        assert isinstance(found, Payment)
        paid.append(tuple(found))
        made.append(Repaired(NOW, found.redemption_id))
    assert paid == [(UUID(int=2), 1), (UUID(int=2), 2), (UUID(int=1), 1)]
    assert payment(SHOP, part, made, has, NOW) == UNPAID
