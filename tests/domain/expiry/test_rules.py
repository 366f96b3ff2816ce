"""When points end, rule by rule: exact values on the brand's clock."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.expiry.rules import active_days, policies_of
from domain.programmes.rules import Timeline
from domain.tallies.rules import Tallies
from tests.support.ends import NEW_YORK, at, end, ends, version

LONDON = ZoneInfo("Europe/London")
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
CHATHAM = ZoneInfo("Pacific/Chatham")

IDLE_18 = {"months": 18, "after": "activity"}
IDLE_12 = {"months": 12, "after": "activity"}
NEVER_GOLD = [{"tiers": ["Gold", "Reserve"], "expires": "never"}]


def test_s4_inactivity_begins_later_and_takes_nothing_that_was_promised() -> None:
    """None before 10 July 2017, then 18, later 12 months: research S4, klabatnewsok.com/qa."""
    rules = (
        version("2015-01-01"),
        version("2017-07-10", expires=IDLE_18),
        version("2018-09-01", expires=IDLE_12),
    )
    assert end(ends(*rules[:1]), "2015-01-05 12:00") is None
    idle = ends(*rules)
    assert end(idle, "2015-01-05 12:00") == "2019-01-11 00:00"
    # 12 months promise less than the 18 before: what those gave stays, as far as 12 from then.
    spent = ends(*rules, active=["2018-05-01"])
    assert end(spent, "2015-01-05 12:00") == "2019-09-02 00:00"
    assert (
        end(ends(*rules, active=["2018-05-01", "2019-09-01"]), "2015-01-05") == "2020-09-02 00:00"
    )
    # Too late by a day: nothing revives it.
    late = ends(*rules, active=["2018-05-01", "2019-09-02"])
    assert end(late, "2015-01-05 12:00") == "2019-09-02 00:00"
    assert end(late, "2019-09-02 12:00") == "2020-09-03 00:00"


def test_b2_what_is_not_renewed_takes_all_with_it() -> None:
    """Failing renewal: Green, and all Stars lost. Research B2, starbucks.in/card/rewards."""
    india = version("2015-01-01", tier_expiry=[{"tiers": ["Gold"], "expires": "with_tier"}])
    falls = [("2015-01-01", "Green"), ("2015-01-25", "Gold"), ("2016-01-25", "Green")]
    asha = ends(india, tiers=falls)
    assert end(asha, "2015-01-03 09:00") == "2016-01-25 00:00"
    assert end(asha, "2015-06-01 09:00") == "2016-01-25 00:00"
    assert end(asha, "2016-01-25 00:00") is None
    ravi = ends(india, tiers=falls[:2])
    assert end(ravi, "2015-01-03 09:00") is None


def test_b4_on_a_day_who_is_not_gold_begins_again() -> None:
    """16 April 2019: Stars of those who are not Gold are reset. Research B4, onemileatatime.com."""
    six = {"months": 6, "round": "month"}
    announced = version(
        "2019-03-22",
        expires=six,
        tier_expiry=[{"tiers": ["Green"], "expires": {"on": at("2019-04-16").date()}}],
    )
    one_tier = version("2019-04-16", expires=six, tiers=["Member"])
    versions = version("2019-01-01", expires=six), announced, one_tier
    after = ("2019-04-16", "Member")
    green = ends(*versions, tiers=[("2019-01-01", "Green"), after])
    gold = ends(*versions, tiers=[("2019-01-01", "Green"), ("2019-02-10", "Gold"), after])
    assert end(green, "2019-02-10 12:00") == "2019-04-16 00:00"
    assert end(green, "2019-04-01 12:00") == "2019-04-16 00:00"
    assert end(gold, "2019-02-10 12:00") == "2019-09-01 00:00"
    # Who becomes Gold in time keeps all; who does on the day has lost it.
    for reached, kept in (("2019-04-15", "2019-09-01 00:00"), ("2019-04-16", "2019-04-16 00:00")):
        rises = ends(*versions, tiers=[("2019-01-01", "Green"), (reached, "Gold")])
        assert end(rises, "2019-02-10 12:00") == kept
    assert end(green, "2019-04-16 00:00") == "2019-11-01 00:00"


def test_b5_six_months_after_the_calendar_month() -> None:
    """Earned 15 December 2020, gone 1 July 2021: research B5, tastingtable.com/1794066."""
    made = ends(version("2019-04-16", expires={"months": 6, "round": "month"}))
    assert end(made, "2020-12-15 18:00") == "2021-07-01 00:00"
    assert end(made, "2020-12-31 23:59") == "2021-07-01 00:00"
    assert end(made, "2021-01-01 00:00") == "2021-08-01 00:00"


def stars_2026(**others: Any) -> Any:
    rule = {"months": 6, "after": "monthly_activity"}
    return ends(version("2026-03-10", expires=rule, tier_expiry=NEVER_GOLD), **others)


def test_b6_green_ends_after_six_months_unless_active_monthly() -> None:
    """Gold never, Green after 6 months unless active monthly: research B6, consumeraffairs.com."""
    green = [("2026-03-10", "Green")]
    idle = stars_2026(tiers=green)
    assert end(idle, "2026-03-15 12:00") == "2026-09-16 00:00"
    monthly = stars_2026(tiers=green, active=["2026-03-15", "2026-04-02", "2026-05-20"])
    assert end(monthly, "2026-03-15 12:00") == "2026-11-21 00:00"
    # June is left out: July does not help, though the points were not gone.
    gap = stars_2026(tiers=green, active=["2026-04-02", "2026-05-20", "2026-07-01"])
    assert end(gap, "2026-03-15 12:00") == "2026-11-21 00:00"
    assert end(gap, "2026-07-01 12:00") == "2027-01-02 00:00"
    # December and January are next to each other.
    winter = stars_2026(tiers=green, active=["2026-12-31", "2027-01-31"])
    assert end(winter, "2026-11-01 12:00") == "2027-08-01 00:00"


def test_b6_the_tier_held_then_decides() -> None:
    runs = [("2026-03-10", "Green"), ("2026-08-01", "Gold"), ("2027-08-01", "Green")]
    falls = stars_2026(tiers=runs)
    for earned in ("2026-03-15 12:00", "2026-08-01 12:00", "2027-07-31 12:00"):
        assert end(falls, earned) == "2028-02-02 00:00"
    assert end(stars_2026(tiers=runs[:2]), "2026-03-15 12:00") is None
    # Gold came too late for what had ended before.
    late = [("2026-03-10", "Green"), ("2026-09-16", "Gold")]
    assert end(stars_2026(tiers=late), "2026-03-15 12:00") == "2026-09-16 00:00"
    # After the fall a month counts from the fall on, whatever the months before were.
    active = stars_2026(tiers=runs, active=["2027-08-20", "2027-09-05"])
    assert end(active, "2026-03-15 12:00") == "2028-03-06 00:00"


def test_r3_smile_a_year_of_inactivity() -> None:
    """500 on 1 January, 100 on 31 December 2021: all 600 on 31 December 2022. help.smile.io."""
    made = ends(version("2020-01-01", expires=IDLE_12), active=["2021-01-01", "2021-12-31"])
    assert end(made, "2021-01-01 10:00") == "2023-01-01 00:00"
    assert end(made, "2021-12-31 10:00") == "2023-01-01 00:00"
    # On its last day it still counts, on the day after no more.
    last = ends(version("2020-01-01", expires=IDLE_12), active=["2022-01-01"])
    assert end(last, "2021-01-01 10:00") == "2023-01-02 00:00"
    over = ends(version("2020-01-01", expires=IDLE_12), active=["2022-01-02"])
    assert end(over, "2021-01-01 10:00") == "2022-01-02 00:00"


@pytest.mark.parametrize(
    ("expires", "earned", "gone"),
    [
        # docs.voucherify.io/build/loyalty-points
        ({"months": 1}, "2026-01-31 09:00", "2026-03-01 00:00"),
        ({"months": 0}, "2026-01-31 09:00", "2026-02-01 00:00"),
        # developer.squareup.com LoyaltyProgramExpirationPolicy
        ({"months": 12, "round": "month"}, "2020-07-06 09:00", "2021-08-01 00:00"),
        # developer.eagleeye.com loyalty-points-recipe-pending-points
        ({"months": 6, "round": "month"}, "2026-01-05 09:00", "2026-08-01 00:00"),
        ({"months": 1}, "2028-01-31 09:00", "2028-03-01 00:00"),
        ({"months": 12}, "2028-02-29 09:00", "2029-03-01 00:00"),
        ({"months": 48}, "2028-02-29 09:00", "2032-03-01 00:00"),
    ],
)
@pytest.mark.parametrize("zone", [NEW_YORK, LONDON, SAIGON, CHATHAM])
def test_r3_months_of_a_calendar(zone: ZoneInfo, expires: Any, earned: str, gone: str) -> None:
    assert end(ends(version("2019-01-01", zone=zone, expires=expires), zone=zone), earned) == gone


@pytest.mark.parametrize(
    ("zone", "earned", "active", "gone"),
    [
        # The night in which the clock goes forward, and the one in which it goes back.
        (NEW_YORK, "2026-02-08 23:59", "2026-03-08", "2026-04-09 00:00"),
        (LONDON, "2026-09-25 00:30", "2026-10-25", "2026-11-26 00:00"),
        (CHATHAM, "2026-08-27 02:45", "2026-09-27", "2026-10-28 00:00"),
        (SAIGON, "2026-02-28 00:00", "2026-03-28", "2026-04-29 00:00"),
    ],
)
def test_a_day_is_the_brands_whatever_its_clock_does(
    zone: ZoneInfo, earned: str, active: str, gone: str
) -> None:
    month = version("2026-01-01", zone=zone, expires={"months": 1, "after": "activity"})
    assert end(ends(month, zone=zone, active=[active]), earned) == gone
    next_day = (at(active, zone) + timedelta(hours=26)).astimezone(zone).date().isoformat()
    late = ends(month, zone=zone, active=[next_day])
    assert end(late, earned) == f"{next_day} 00:00"


def test_a_plain_rule_is_that_of_the_day_of_earning() -> None:
    versions = [
        version("2026-01-01", expires={"months": 12}),
        version("2026-06-01", expires={"months": 1}),
        version("2026-09-01"),
    ]
    assert end(ends(*versions), "2026-05-31 23:59") == "2027-06-01 00:00"
    assert end(ends(*versions), "2026-06-01 00:00") == "2026-07-02 00:00"
    assert end(ends(*versions), "2026-09-01 00:00") is None
    assert end(ends(*versions), "2025-12-31 23:59") is None


def test_a_rule_that_follows_goes_on_under_a_plain_version() -> None:
    versions = version("2026-01-01", expires=IDLE_12), version("2026-06-01")
    made = ends(*versions, active=["2026-08-01"])
    assert end(made, "2026-05-01 12:00") == "2027-08-02 00:00"
    assert end(made, "2026-06-01 12:00") is None


def test_the_row_of_months_goes_on_over_the_start_of_a_rule() -> None:
    monthly = {"months": 6, "after": "monthly_activity"}
    versions = version("2026-01-01", expires=IDLE_12), version("2026-05-10", expires=monthly)
    # What the months gave before the rule counts as far as they go on without a gap.
    rows = [
        ([], "2026-11-11 00:00"),
        (["2026-02-20", "2026-03-20", "2026-04-20"], "2026-11-11 00:00"),
        (["2026-02-20", "2026-03-20", "2026-04-20", "2026-05-10"], "2026-11-11 00:00"),
        (["2026-02-20", "2026-03-20", "2026-04-20", "2026-05-20"], "2026-11-21 00:00"),
        (["2026-03-20", "2026-04-20", "2026-07-20"], "2026-11-11 00:00"),
    ]
    for active, gone in rows:
        assert end(ends(*versions, active=active), "2026-01-15 12:00") == gone
    # By its own row alone, where the promise before was shorter.
    short = version("2026-01-01", expires={"months": 5}), versions[1]
    assert end(ends(*short), "2026-01-15 12:00") == "2026-07-16 00:00"
    row = ["2026-02-20", "2026-03-20", "2026-04-20"]
    assert end(ends(*short, active=row), "2026-01-15 12:00") == "2026-10-21 00:00"
    gap = ["2026-02-20", "2026-04-20"]
    assert end(ends(*short, active=gap), "2026-01-15 12:00") == "2026-08-21 00:00"
    # On the day itself, before the rule or after it.
    idle = version("2026-01-01", expires={"months": 5}), version("2026-05-10", expires=IDLE_12)
    on_the_day = ends(*idle, active=["2026-05-10"])
    assert end(on_the_day, "2026-01-15 12:00") == "2027-05-11 00:00"
    assert end(ends(*idle, active=["2026-05-09"]), "2026-01-15 12:00") == "2027-05-10 00:00"


def test_what_is_done_under_the_next_rule_counts_there_alone() -> None:
    versions = (
        version("2026-01-01"),
        version("2026-03-01", expires={"months": 3, "after": "activity"}),
        version("2026-05-01", tier_expiry=[{"tiers": ["Green"], "expires": {"months": 1}}]),
    )
    made = ends(*versions, tiers=[("2026-01-01", "Green")], active=["2026-05-20"])
    assert end(made, "2026-01-15 12:00") == "2026-06-02 00:00"


def test_the_same_rule_in_another_version_begins_nothing_anew() -> None:
    monthly = {"months": 6, "after": "monthly_activity"}
    versions = version("2026-01-01", expires=monthly), version("2026-05-10", expires=monthly)
    made = ends(*versions, active=["2026-05-20", "2026-06-20"])
    assert end(made, "2026-01-15 12:00") == "2026-07-16 00:00"


def test_a_fixed_day_that_is_over_changes_nothing() -> None:
    gone = {"tiers": ["Green"], "expires": {"on": at("2026-06-01").date()}}
    rule = version("2026-01-01", expires={"months": 12}, tier_expiry=[gone])
    falls = [("2026-01-01", "Gold"), ("2026-07-01", "Green")]
    assert end(ends(rule, tiers=falls), "2026-02-01 12:00") == "2027-02-02 00:00"
    assert end(ends(rule, tiers=falls), "2026-07-02 12:00") is None


def test_months_by_tier_never_take_what_was_promised() -> None:
    short = {"tiers": ["Green"], "expires": {"months": 3}}
    rule = version("2026-01-01", expires={"months": 12}, tier_expiry=[short])
    falls = [("2026-01-01", "Gold"), ("2026-07-01", "Green")]
    made = ends(rule, tiers=falls)
    assert end(made, "2026-02-01 12:00") == "2026-10-02 00:00"
    assert end(made, "2026-06-30 12:00") == "2026-10-02 00:00"
    assert end(made, "2026-07-15 12:00") == "2026-10-16 00:00"
    rises = ends(rule, tiers=[("2026-01-01", "Green"), ("2026-03-01", "Gold")])
    assert end(rises, "2026-02-01 12:00") == "2027-02-02 00:00"


def test_with_tier_counts_a_fall_only_where_the_tier_still_is() -> None:
    with_tier = [{"tiers": ["Gold"], "expires": "with_tier"}]
    before = version("2026-01-01", tier_expiry=with_tier)
    renamed = version("2026-06-01", tiers=["Member"], tier_expiry=with_tier)
    made = ends(before, renamed, tiers=[("2026-01-01", "Gold"), ("2026-06-01", "Member")])
    assert end(made, "2026-02-01 12:00") is None
    same = version("2026-06-01", tier_expiry=with_tier)
    made = ends(before, same, tiers=[("2026-01-01", "Gold"), ("2026-06-01", "Green")])
    assert end(made, "2026-02-01 12:00") == "2026-06-01 00:00"
    moved = version("2026-06-01", tiers=["Gold", "Reserve"], tier_expiry=with_tier)
    made = ends(before, moved, tiers=[("2026-01-01", "Gold")])
    assert end(made, "2026-02-01 12:00") is None


def test_a_region_forbids_time_alone_and_nothing_else() -> None:
    law: dict[str, Any] = {"no_expiry_by_time_in": ["CA-ON"]}
    year = version("2026-01-01", expires={"months": 12}, **law)
    assert end(ends(year, region="CA-ON"), "2026-05-05") is None
    assert end(ends(year, region="CA-QC"), "2026-05-05") == "2027-05-06 00:00"
    assert end(ends(year), "2026-05-05") == "2027-05-06 00:00"
    fixed = version("2026-01-01", expires={"on": at("2026-12-31").date()}, **law)
    assert end(ends(fixed, region="CA-ON"), "2026-05-05") is None
    idle = version("2026-01-01", expires=IDLE_12, **law)
    assert end(ends(idle, region="CA-ON"), "2026-05-05") == "2027-05-06 00:00"
    # The law of the version of the day of earning: a later one can't take it away.
    later = version("2026-06-01", expires={"months": 6})
    assert end(ends(year, later, region="CA-ON"), "2026-05-05") is None
    assert end(ends(year, later, region="CA-ON"), "2026-06-05") == "2026-12-06 00:00"
    follows = version("2026-06-01", tier_expiry=[{"tiers": ["Green"], "expires": {"months": 1}}])
    made = ends(year, follows, region="CA-ON", tiers=[("2026-01-01", "Green")])
    assert end(made, "2026-05-05") is None


def test_the_law_holds_while_the_member_lives_there() -> None:
    law = version("2026-01-01", expires={"months": 1}, no_expiry_by_time_in=["CA-ON"])
    came = ends(law, region="CA-ON", moves=[("2026-03-01", None)])
    # What had ended before the move stays gone; what is told late is judged by where one lived.
    assert [end(came, day) for day in ("2026-01-05", "2026-02-05")] == ["2026-02-06 00:00", None]
    left = ends(law, moves=[("2026-03-01", None), ("2026-03-10", "CA-ON")])
    # Whoever leaves has as long as for points earned on that day.
    days = ("2026-01-05", "2026-02-05", "2026-03-05", "2026-03-12")
    assert [end(left, day) for day in days] == [
        "2026-02-06 00:00",
        "2026-04-11 00:00",
        "2026-04-11 00:00",
        "2026-04-13 00:00",
    ]


def test_what_is_asked_for_is_only_what_some_version_needs() -> None:
    def needs(*versions: Any) -> tuple[bool, bool, bool, bool]:
        found = policies_of(Timeline(versions))
        return found.by_tier, found.by_activity, found.by_region, found.follow

    plain = version("2026-01-01", expires={"months": 12})
    assert needs(plain) == (False, False, False, False)
    assert needs(plain, version("2026-02-01", expires=IDLE_12)) == (False, True, False, True)
    by_tier = version("2026-02-01", tier_expiry=NEVER_GOLD)
    assert needs(plain, by_tier) == (True, False, False, True)
    law = version("2026-02-01", no_expiry_by_time_in=["CA-ON"])
    assert needs(plain, law)[2:] == (True, True)


def test_active_is_who_did_something_not_who_was_corrected() -> None:
    day = at("2026-05-05").date()
    tallies: Tallies = {
        (day, "purchase"): [100, 1, 1],
        (day, "review"): [0, 0, 2],
        (day + timedelta(1), "redemption"): [0, 0, 1],
        (day + timedelta(2), "adjustment"): [0, 50, 1],
        (day - timedelta(9), "purchase"): [0, 0, 0],
    }
    before = [day - timedelta(days) for days in range(300, 100, -7)]
    tallies |= {(each, "visit"): [0, 0, 1] for each in reversed(before)}
    assert active_days(tallies) == [*before, day, day + timedelta(1)]
