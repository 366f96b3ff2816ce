"""What published programmes say of their tiers, and what others got wrong."""

from datetime import UTC, datetime

import pytest

from domain.tallies.rules import Tallies
from tests.support.made_ladders import World, every_day, ladder, purchases

INSIDER = ladder(
    {"Insider": "0", "VIB": "350.00", "Rouge": "1000.00"},
    qualify_by="spend",
    window="calendar_year",
    holds="end_of_next_window",
)
SEPHORA = World(INSIDER)
YEAR = {"window": "calendar_year", "holds": "end_of_window"}
FIRST = "1999-12-31 19:00"


def test_s1_350_dollars_in_january_is_vib_to_the_end_of_the_next_year() -> None:
    """Sephora: thekrazycouponlady.com/tips/money/sephora-vib."""
    bought = purchases({"2026-01-15": 35_000})
    assert SEPHORA.course(bought) == [
        (FIRST, "Insider"),
        ("2026-01-15", "VIB"),
        ("2028-01-01", "Insider"),
    ]
    found = SEPHORA.standing("2026-01-15 12:00", bought)
    assert (found.tier, found.rank, found.granted) == ("VIB", 1, False)
    assert found.since == SEPHORA.at("2026-01-15")
    assert found.valid_until == SEPHORA.at("2028-01-01") == datetime(2028, 1, 1, 5, tzinfo=UTC)
    assert (found.progress, found.next_tier, found.missing) == (35_000, "Rouge", 65_000)
    assert found.missing_by == SEPHORA.at("2027-01-01")
    assert (found.keep_missing, found.keep_by) == (0, SEPHORA.at("2027-01-01"))


def test_s1_349_99_dollars_in_the_next_year_is_insider_after_it() -> None:
    """Sephora: trenddodia.com/sephora-beauty-insider-program."""
    bought = purchases({"2026-01-15": 35_000, "2027-06-01": 34_999})
    still = SEPHORA.standing("2027-12-31 23:59:59", bought)
    assert (still.tier, still.keep_missing) == ("VIB", 1)
    assert still.keep_by == still.valid_until == SEPHORA.at("2028-01-01")
    after = SEPHORA.standing("2028-01-01", bought)
    assert (after.tier, after.valid_until, after.progress) == ("Insider", None, 0)
    assert (after.next_tier, after.missing, after.keep_missing) == ("VIB", 35_000, None)
    bought = purchases({"2026-01-15": 35_000, "2027-06-01": 35_000})
    assert SEPHORA.standing("2028-01-01", bought).tier == "VIB"


def my_rewards(**others: object) -> World:
    return World(
        ladder(
            {"Welcome": "0", "Green": "5", "Gold": "30"},
            qualify_by="purchases",
            window="rolling",
            months=12,
            holds={"months": 12},
            **others,
        )
    )


def test_b1_green_at_5_stars_and_gold_at_30_within_12_months() -> None:
    """My Starbucks Rewards: pointsmd.com/my-starbucks-rewards."""
    assert my_rewards().course(purchases(every_day("2010-01-01", 30)))[:3] == [
        (FIRST, "Welcome"),
        ("2010-01-05", "Green"),
        ("2010-01-30", "Gold"),
    ]
    found = my_rewards().standing("2010-01-20", purchases(every_day("2010-01-01", 29)))
    assert (found.tier, found.next_tier, found.missing) == ("Green", "Gold", 10)
    assert found.missing_by is None
    slow = [day for year in range(2010, 2014) for day in every_day(f"{year}-03-01", 15)]
    assert all(tier != "Gold" for _, tier in my_rewards().course(purchases(slow)))


def test_b1_gold_is_kept_with_30_more() -> None:
    gold = every_day("2010-01-01", 30)
    fewer = [*gold, *every_day("2010-07-01", 29)]
    assert my_rewards().course(purchases(fewer))[2:4] == [
        ("2010-01-30", "Gold"),
        ("2011-01-30", "Green"),
    ]
    found = my_rewards().standing("2010-12-24", purchases(fewer))
    assert (found.keep_missing, found.keep_by) == (1, my_rewards().at("2011-01-30"))
    enough = [*gold, *every_day("2010-07-01", 30)]
    assert my_rewards().course(purchases(enough))[2:4] == [
        ("2010-01-30", "Gold"),
        ("2012-01-30", "Welcome"),
    ]
    found = my_rewards().standing("2010-12-24", purchases(enough))
    assert (found.keep_missing, found.valid_until) == (0, my_rewards().at("2012-01-30"))


def test_b2_gold_at_25_stars_and_green_if_it_is_not_renewed() -> None:
    """Starbucks India: starbucks.in/card/rewards/rewards-gold."""
    india = World(
        ladder(
            {"Green": "0", "Gold": "25"},
            qualify_by="purchases",
            window="rolling",
            months=12,
            holds={"months": 12},
        )
    )
    gold = every_day("2015-03-01", 25)
    assert india.course(purchases([*gold, *every_day("2015-09-01", 24)])) == [
        (FIRST, "Green"),
        ("2015-03-25", "Gold"),
        ("2016-03-25", "Green"),
    ]
    assert india.course(purchases([*gold, *every_day("2015-09-01", 25)]))[-1] == (
        "2017-03-25",
        "Green",
    )


def test_b6_gold_at_500_and_reserve_at_2500_stars_for_12_months() -> None:
    """Starbucks 2026: fox5ny.com/news/starbucks-unveils-updated-rewards-program."""
    world = World(
        ladder(
            {"Green": "0", "Gold": "500", "Reserve": "2500"},
            qualify_by="points",
            window="rolling",
            months=12,
            holds={"months": 12},
        )
    )
    earned = purchases({"2026-03-10": 499, "2026-05-01": 1, "2026-08-01": 2_000})
    assert world.course(earned)[1:] == [
        ("2026-05-01", "Gold"),
        ("2026-08-01", "Reserve"),
        ("2027-08-01", "Green"),
    ]
    once = purchases({"2026-05-01": 500})
    assert world.course(once)[1:] == [("2026-05-01", "Gold"), ("2027-05-01", "Green")]


@pytest.mark.parametrize(
    ("cents", "tier"),
    [
        (349_999, "Blazer"),
        (350_000, "Adventurer"),
        (699_900, "Adventurer"),
        (699_999, "Adventurer"),
        (700_000, "Pioneer"),
    ],
)
def test_n3_tiers_are_half_open_so_that_no_amount_is_undefined(cents: int, tier: str) -> None:
    """The North Face Hong Kong: nf.web-cardinal.com/xplr leaves 6,999.00 to 6,999.99 open."""
    tiers = {"Explorer": "0", "Blazer": "1", "Adventurer": "3500", "Pioneer": "7000"}
    world = World(
        ladder(tiers, qualify_by="spend", window="rolling", months=12, holds="while_reached")
    )
    assert world.standing("2026-06-01", purchases({"2026-05-31": cents})).tier == tier


def test_pitfall_9_a_tier_counts_what_was_earned_and_never_what_is_left_or_spent() -> None:
    tiers = {"Blue": "0", "Silver": "100", "Gold": "200"}
    points = World(ladder(tiers, qualify_by="points", **YEAR))
    spend = World(ladder({"Blue": "0", "Silver": "1.00"}, qualify_by="spend", **YEAR))
    done: Tallies = {
        (points.at("2026-02-01").date(), "purchase"): [90, 120, 1],
        # Who spends all points keeps the tier, and spending is no purchase.
        (points.at("2026-02-02").date(), "redemption"): [500, -120, 1],
        (points.at("2026-02-03").date(), "review"): [700, 30, 1],
    }
    found = points.standing("2026-02-04", done)
    # The tiers in between are not skipped, and what is missing is of the same measure.
    assert (found.tier, found.progress, found.measure) == ("Silver", 150, "points")
    assert (found.next_tier, found.missing) == ("Gold", 50)
    found = spend.standing("2026-02-04", done)
    assert (found.tier, found.progress, found.missing) == ("Blue", 90, 10)
