"""What members redeem in a replay, at whose prices, and what they get without asking."""

from datetime import date
from uuid import UUID

import pytest

from domain.ledger.rules import Kind
from domain.simulation.rules import (
    CameBack,
    Ended,
    Got,
    Happening,
    Reserved,
    WasCorrected,
    WasGranted,
)
from domain.simulation.rules_months import Failures
from domain.tiers.rules import Grant
from tests.support.replays import (
    REWARDS,
    acted,
    ann,
    bought,
    day,
    lived,
    redeemed,
    replay,
)

DEARER = REWARDS.replace('points = "50"', 'points = "80"')
JANUARY, FEBRUARY = 0, 1


def test_what_was_redeemed_costs_what_the_draft_says() -> None:
    history: list[Happening] = [bought("01-01", 100), *redeemed("02-01", 50, "cup")]
    drafted, real = replay(DEARER), replay(DEARER, reprices=False)
    assert lived(drafted, history).mine.spent == 80
    assert lived(real, history).mine.spent == 50
    for made in (drafted, real):
        assert made.ledger.sums.cost[FEBRUARY] == 200
        assert made.ledger.sums.redemptions[FEBRUARY] == 1


def test_two_of_a_reward_cost_twice_and_a_part_of_it_a_part() -> None:
    held, ended = redeemed("02-01", 50, "cup", quantity=2)
    shared = held._replace(whole=100, is_own=False)
    made = replay(DEARER)
    assert lived(made, [bought("01-01", 100), shared, ended]).mine.spent == 80
    assert sum(made.ledger.sums.cost) == 200


def test_what_is_too_dear_or_gone_could_not_have_been_redeemed() -> None:
    history: list[Happening] = [bought("01-01", 79), *redeemed("02-01", 50, "cup")]
    made = replay(DEARER)
    assert lived(made, history).mine.spent == 0
    assert made.failures == Failures(redemptions=1, redeemed_points=80)
    made = replay(REWARDS)
    assert lived(made, [bought("01-01", 79), *redeemed("02-01", 50, "plate")]).mine.spent == 0
    assert made.failures == Failures(redemptions=1, gone_rewards=1)
    real = replay(REWARDS, reprices=False)
    assert lived(real, [bought("01-01", 79), *redeemed("02-01", 50, "plate")]).mine.spent == 50
    assert sum(real.ledger.sums.cost) == 0


def test_a_hold_may_be_let_go_or_spent_in_part() -> None:
    reserved = Reserved(day("02-01"), 1, 50, day("03-01"))
    for kind, spent in ((Kind.VOID, 0), (Kind.POST, 20)):
        made = replay(REWARDS)
        life = lived(made, [bought("01-01", 100), reserved, Ended(day("02-02"), 1, kind, 20, 50)])
        assert (life.mine.spent, life.pocket.spendable(day("02-03"))) == (spent, 100 - spent)
    # Nobody has ended it in time: it is over, and what comes late is nothing.
    late = Ended(day("04-01"), 1, Kind.POST, 50, 50)
    made = replay(REWARDS)
    life = lived(made, [bought("01-01", 100), reserved, bought("03-02", 1, "q"), late])
    assert life.mine.spent == 50
    life = lived(replay(REWARDS), [bought("01-01", 100), reserved])
    assert life.pocket.holds == {}


def test_what_comes_back_was_not_spent_and_cost_nothing() -> None:
    held, ended = redeemed("02-01", 50, "cup")
    made = replay(DEARER)
    back = CameBack(day("03-01"), 1, 50, 50)
    life = lived(made, [bought("01-01", 100), held, ended, back, back])
    assert (life.mine.spent, life.pocket.spendable(day("03-02"))) == (0, 100)
    assert (sum(made.ledger.sums.cost), sum(made.ledger.sums.redemptions)) == (0, 0)
    real = replay(DEARER, reprices=False)
    part = CameBack(day("03-01"), 1, 20, 50)
    life = lived(real, [bought("01-01", 100), held, ended, part])
    assert (life.mine.spent, sum(real.ledger.sums.cost)) == (30, 200)
    # What could not have been redeemed can't come back, and what was free has no points.
    assert lived(replay(DEARER), [bought("01-01", 10), held, ended, back]).mine.spent == 0
    cheap = replay(REWARDS.replace('points = "50"', 'points = "0"').replace("CUP", "CUP"))
    life = lived(cheap, [bought("01-01", 10), held, ended, back])
    assert (life.mine.spent, sum(cheap.ledger.sums.cost)) == (0, 0)


def test_points_bought_with_points_are_issued() -> None:
    life = lived(replay(REWARDS), [bought("01-01", 100), *redeemed("02-01", 10, "doubled")])
    assert (life.mine.issued, life.mine.spent) == (115, 10)
    assert life.pocket.spendable(day("02-01")) == 105


def test_what_was_free_may_have_a_price() -> None:
    got = Got(day("02-01"), "free", 2, automatic=False)
    made = replay(REWARDS)
    assert lived(made, [bought("01-01", 100), got]).mine.spent == 0
    assert sum(made.ledger.sums.cost) == 200
    priced = REWARDS.replace('points = "0"', 'points = "30"')
    made = replay(priced)
    assert lived(made, [bought("01-01", 100), got]).mine.spent == 60
    made = replay(priced)
    assert lived(made, [bought("01-01", 10), got]).mine.spent == 0
    assert made.failures == Failures(redemptions=1, redeemed_points=60)
    made = replay(priced)
    lived(made, [bought("01-01", 10), Got(day("02-01"), "plate", 1, automatic=False)])
    assert made.failures == Failures(redemptions=1, gone_rewards=1)


def test_what_came_by_itself_comes_as_the_draft_says() -> None:
    held, ended = redeemed("02-01", 50, "cup", automatic=True)
    history: list[Happening] = [
        bought("01-01", 100),
        held,
        ended,
        Got(day("02-01"), "free", 1, automatic=True),
    ]
    real = replay(REWARDS, reprices=False)
    assert lived(real, history).mine.spent == 50
    assert sum(real.ledger.sums.cost) == 300
    drafted = replay(REWARDS)
    assert lived(drafted, history).mine.spent == 0
    assert (sum(drafted.ledger.sums.cost), drafted.failures) == (0, Failures())


def automatic(reason: str, reward: str = "free") -> str:
    return f'{REWARDS}\n[[rewards.automatic]]\nreward = "{reward}"\non = {reason}\n'


def test_points_buy_by_themselves_as_soon_as_they_can_be_spent() -> None:
    text = automatic('"points"', "cup").replace(
        'expires = "never"', 'expires = "never"\npending_days = 40'
    )
    made = replay(text)
    life = lived(made, [bought("01-01", 130), bought("03-01", 1, "q")])
    # 130 points can be spent from 10 February: two cups, and 30 stay.
    assert (life.mine.spent, life.pocket.spendable(day("12-01"))) == (100, 31)
    assert made.ledger.sums.redemptions[:3] == [0, 2, 0]
    made = replay(text)
    assert lived(made, [bought("11-30", 130)]).mine.spent == 0
    made = replay(text)
    assert lived(made, [bought("10-30", 130)]).mine.spent == 100
    assert made.ledger.sums.redemptions[11] == 2


@pytest.mark.parametrize(
    ("reason", "cost"),
    [
        ('"activity"\nactivity = "walk"', {"03": 100, "04": 100}),
        ('"tier"\ntiers = ["Gold"]', {"02": 100}),
        ('"birthday"', {"05": 100}),
    ],
)
def test_occasions_give_by_themselves(reason: str, cost: dict[str, int]) -> None:
    made = replay(automatic(reason))
    happenings = [
        bought("01-01", 100),
        bought("02-01", 50, "q"),
        acted("03-01", "walk"),
        acted("04-01", "walk"),
        acted("04-01", "talk"),
    ]
    lived(made, happenings, ann(date(2000, 5, 5)))
    costs = {f"{month + 1:02}": each for month, each in enumerate(made.ledger.sums.cost) if each}
    assert costs == cost
    lived(replay(automatic(reason)), [])


def test_who_joins_with_a_large_purchase_has_moved_up() -> None:
    made = replay(automatic('"tier"\ntiers = ["Gold"]'))
    given = WasCorrected(day("02-01"), 5, None, 0)
    lived(made, [bought("01-01", 200), given], ann())
    assert [made.ledger.sums.cost[0], sum(made.ledger.sums.redemptions)] == [100, 1]
    # What history says of the time before joining gives nothing.
    made = replay(automatic('"tier"\ntiers = ["Gold"]'))
    early = Grant(UUID(int=3), "status", "Gold", day("01-01"), None, "kind", "staff")
    lived(made, [WasGranted(day("01-01"), early), bought("03-01", 10)], ann())
    assert sum(made.ledger.sums.cost) == 0


def test_corrections_are_no_activities() -> None:
    made = replay(automatic('"activity"\nactivity = "walk"'))
    lived(made, [acted("01-01", "walk"), WasCorrected(day("02-01"), 5, None, 0)], ann())
    assert sum(made.ledger.sums.redemptions) == 1
