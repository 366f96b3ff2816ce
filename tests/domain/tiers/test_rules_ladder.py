"""What each measure, window and way to hold a tier means, and what versions and grants do."""

from datetime import UTC, datetime

from domain.tallies.rules import Tallies
from domain.tiers.rules import NO_TIER, Grant, tiers_at
from kit.ids import new_id
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


def test_each_measure_counts_its_own() -> None:
    day = SEPHORA.at("2026-02-01").date()
    done: Tallies = {(day, "purchase"): [1_050, 3, 2], (day, "review"): [9_999, 4, 5]}
    done[day, "redemption"] = [700, 70, 7]
    expression = 'int(spend) + int(points) + purchases + 100 * activities["review"]'
    for told, progress in (
        ({"qualify_by": "spend"}, 1_050),
        ({"qualify_by": "points"}, 7),
        ({"qualify_by": "purchases"}, 2),
        ({"qualify_by": "activities", "activity": "review"}, 5),
        ({"qualify_by": "expression", "expression": expression}, 10 + 7 + 2 + 500),
        ({"qualify_by": "expression", "expression": "purchases / int(spend - 10.5)"}, 0),
        ({"qualify_by": "expression", "expression": 'activities["never"] + 1'}, 1),
    ):
        world = World(ladder({"Low": "0", "High": "5000"}, **YEAR, **told))
        assert world.standing("2026-02-01", done).progress == progress, told


def test_the_year_from_29_february_begins_on_the_28th_in_common_years() -> None:
    world = World(
        ladder(
            {"A": "0", "B": "10"}, qualify_by="spend", window="anniversary", holds="end_of_window"
        )
    )
    late = purchases({"2025-02-27": 600, "2025-02-28": 600, "2028-02-28": 400, "2028-02-29": 900})
    assert world.course(late, joined="2024-02-29") == [(FIRST, "A")]
    bought = purchases({"2025-02-28": 600, "2026-02-27": 600, "2028-02-29": 1_000})
    assert world.course(bought, joined="2024-02-29")[1:] == [
        ("2026-02-27", "B"),
        ("2026-02-28", "A"),
        ("2028-02-29", "B"),
        ("2029-02-28", "A"),
    ]


def test_a_rolling_window_lets_go_of_a_day_when_its_months_have_come() -> None:
    world = World(
        ladder(
            {"A": "0", "B": "10"},
            qualify_by="spend",
            window="rolling",
            months=1,
            holds="while_reached",
        )
    )
    assert world.course(purchases({"2026-03-30": 500, "2026-03-31": 500}))[1:] == [
        ("2026-03-31", "B"),
        ("2026-04-30", "A"),
    ]
    assert world.course(purchases({"2028-01-31": 600, "2028-02-28": 600}))[1:] == [
        ("2028-02-28", "B"),
        ("2028-02-29", "A"),
    ]
    found = world.standing("2026-04-01", purchases({"2026-03-30": 700, "2026-03-31": 500}))
    assert (found.tier, found.keep_missing) == ("B", 10_00 - 0)
    assert found.keep_by == found.valid_until == world.at("2026-04-30")


def test_days_begin_where_the_brand_is_also_when_the_clock_is_moved() -> None:
    chatham = World(
        ladder({"A": "0", "B": "1"}, qualify_by="spend", **YEAR), zone="Pacific/Chatham"
    )
    course = chatham.course(purchases({"2026-04-05": 100}))
    assert course[1:] == [("2026-04-05", "B"), ("2027-01-01", "A")]
    # Summer time: 13:45 before UTC; it ends in the night of 5 April.
    assert chatham.at("2026-04-05") == datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
    assert chatham.at("2026-04-06") == datetime(2026, 4, 5, 11, 15, tzinfo=UTC)
    rolling = World(
        ladder(
            {"A": "0", "B": "1"},
            qualify_by="spend",
            window="rolling",
            months=6,
            holds="while_reached",
        ),
        zone="Pacific/Chatham",
    )
    assert rolling.course(purchases({"2026-03-27": 100}))[1:] == [
        ("2026-03-27", "B"),
        ("2026-09-27", "A"),
    ]


def test_grace_lets_a_term_be_kept_late() -> None:
    tiers: dict[str, str | tuple[str, str]] = {"A": "0", "B": ("5", "3")}
    world = World(
        ladder(
            tiers,
            qualify_by="purchases",
            window="rolling",
            months=1,
            holds={"months": 6},
            grace_days=30,
        )
    )
    reached = every_day("2026-01-01", 5)
    assert world.course(purchases([*reached, *every_day("2026-02-01", 2)]))[1:] == [
        ("2026-01-05", "B"),
        ("2026-08-04", "A"),
    ]
    # The rest comes in the days of grace: the next term counts from the old one's end.
    late = [*reached, *every_day("2026-02-01", 2), "2026-08-03"]
    assert world.course(purchases(late))[1:] == [("2026-01-05", "B"), ("2027-02-04", "A")]
    found = world.standing("2026-07-20", purchases(late[:-1]))
    assert (found.keep_missing, found.keep_by) == (1, world.at("2026-08-04"))
    too_late = [*reached, *every_day("2026-02-01", 2), "2026-08-04"]
    assert world.course(purchases(too_late))[2] == ("2026-08-04", "A")


def test_grace_lengthens_what_a_window_gave() -> None:
    world = World(ladder({"A": "0", "B": "10"}, qualify_by="spend", grace_days=31, **YEAR))
    bought = purchases({"2026-07-01": 1_000, "2027-01-31": 1_000})
    assert world.course(purchases({"2026-07-01": 1_000}))[1:] == [
        ("2026-07-01", "B"),
        ("2027-02-01", "A"),
    ]
    assert world.course(bought)[1:] == [("2026-07-01", "B"), ("2028-02-01", "A")]
    inside = world.standing("2026-08-01", bought)
    assert (inside.keep_missing, inside.keep_by) == (None, None)
    later = world.standing("2027-01-15", purchases({"2026-07-01": 1_000}))
    assert (later.keep_missing, later.keep_by) == (1_000, world.at("2027-02-01"))


def test_a_soft_landing_goes_down_one_tier_at_a_time() -> None:
    tiers = {"A": "0", "B": "10", "C": "20", "D": "30"}
    bought = purchases({"2026-07-01": 3_000})
    by_year = ladder(tiers, qualify_by="spend", downgrade="one_tier", **YEAR)
    assert World(by_year).course(bought)[1:] == [
        ("2026-07-01", "D"),
        ("2027-01-01", "C"),
        ("2028-01-01", "B"),
        ("2029-01-01", "A"),
    ]
    at_once = ladder(tiers, qualify_by="spend", **YEAR)
    assert World(at_once).course(bought)[1:] == [("2026-07-01", "D"), ("2027-01-01", "A")]
    by_months = ladder(
        tiers,
        qualify_by="spend",
        window="calendar_year",
        holds={"months": 6},
        downgrade="one_tier",
    )
    assert World(by_months).course(bought)[1:] == [
        ("2026-07-01", "D"),
        ("2027-01-01", "C"),
        ("2027-07-01", "B"),
        ("2028-01-01", "A"),
    ]


def test_a_term_ends_in_the_tier_that_the_window_has_earned() -> None:
    world = World(
        ladder(
            {"A": "0", "B": "10", "C": "20"},
            qualify_by="spend",
            window="rolling",
            months=12,
            holds={"months": 6},
        )
    )
    bought = purchases({"2026-07-01": 2_000})
    # The window still holds enough for C, but C was not kept.
    assert world.course(bought)[1:] == [
        ("2026-07-01", "C"),
        ("2027-01-01", "B"),
        ("2027-07-01", "A"),
    ]


def test_a_term_that_needs_nothing_is_renewed_for_ever() -> None:
    world = World(
        ladder(
            {"A": "0", "B": ("10", "0")},
            qualify_by="spend",
            window="calendar_year",
            holds={"months": 6},
        )
    )
    assert world.course(purchases({"2026-08-31": 1_000, "2031-01-01": 5}))[1:] == [
        ("2026-08-31", "B")
    ]
    found = world.standing("2050-01-01", purchases({"2026-08-31": 1_000}))
    assert (found.tier, found.valid_until, found.keep_missing) == ("B", None, None)


def test_a_tier_that_nothing_is_worth_is_never_lost() -> None:
    world = World(
        ladder(
            {"A": "0", "B": "5", "C": "10"},
            qualify_by="expression",
            expression="purchases + 5",
            **YEAR,
        )
    )
    assert world.course(purchases(every_day("2026-01-01", 5))) == [
        (FIRST, "B"),
        ("2026-01-05", "C"),
        ("2027-01-01", "B"),
    ]


def test_ladders_stand_side_by_side() -> None:
    world = World(
        (
            "2020-01-01",
            [
                ladder({"A": "0", "B": "10"}, qualify_by="spend", **YEAR),
                ladder(
                    {"New": "0", "Known": "2"},
                    code="visits",
                    qualify_by="purchases",
                    window="lifetime",
                    holds="forever",
                ),
            ],
        )
    )
    bought = purchases({"2026-01-01": 1_000, "2026-01-03": 1})
    assert world.course(bought) == [("2020-01-01", "A"), ("2026-01-01", "B"), ("2027-01-01", "A")]
    assert world.course(bought, code="visits") == [("2020-01-01", "New"), ("2026-01-03", "Known")]
    at = world.at("2026-01-02")
    assert tiers_at(world.ladders, at, bought, (), world.zone, at) == {
        "status": "B",
        "visits": "New",
    }
    assert tiers_at(world.ladders, at, bought, (), world.zone, at, only_main=True) == {
        "status": "B"
    }
    assert world.ladders.main(at) == "status"
    assert world.ladders.main(world.at("2019-12-31")) is None
    assert tiers_at(world.ladders, at, bought, (), world.zone, world.at("2019-12-31")) == {}


def test_without_ladders_there_is_nothing() -> None:
    world = World(("2020-01-01", []))
    assert not world.ladders
    at = world.at("2026-01-02")
    assert tiers_at(world.ladders, at, {}, (), world.zone, at) == {}


def test_a_version_changes_nothing_that_was_and_carries_tiers_over_by_name() -> None:
    old = ladder({"A": "0", "B": "10", "C": "20"}, qualify_by="spend", **YEAR)
    dearer = ladder({"A": "0", "B": "30", "C": "40"}, qualify_by="spend", **YEAR)
    without = ladder({"A": "0", "B": "15"}, qualify_by="spend", **YEAR)
    bought = purchases({"2026-03-01": 2_000, "2027-03-01": 2_000})
    kept = World(("2020-01-01", [old]), ("2026-06-01 12:00", [dearer]))
    assert kept.course(bought)[1:] == [("2026-03-01", "C"), ("2027-01-01", "A")]
    assert kept.tier("2026-07-01", bought) == "C"
    gone = World(("2020-01-01", [old]), ("2026-06-01 12:00", [without]))
    assert gone.course(bought)[1:] == [
        ("2026-03-01", "C"),
        ("2026-06-01 12:00", "B"),
        ("2027-01-01", "A"),
        ("2027-03-01", "B"),
        ("2028-01-01", "A"),
    ]
    cheaper = ladder({"A": "0", "B": "10", "C": "15"}, qualify_by="spend", **YEAR)
    risen = World(("2020-01-01", [old]), ("2026-06-01", [cheaper]))
    assert risen.course(purchases({"2026-03-01": 1_500}))[1:3] == [
        ("2026-03-01", "B"),
        ("2026-06-01", "C"),
    ]
    dropped = World(("2020-01-01", [old]), ("2026-06-01", []), ("2026-07-01", [dearer]))
    assert dropped.course(bought)[1:4] == [
        ("2026-03-01", "C"),
        ("2026-06-01", NO_TIER),
        ("2026-07-01", "A"),
    ]
    at = dropped.at("2026-06-15")
    assert tiers_at(dropped.ladders, at, bought, (), dropped.zone, at) == {}


def test_a_version_that_leaves_a_ladder_alone_is_none_for_it() -> None:
    named = ladder({"A": "0", "B": "10"}, qualify_by="spend", name="Old", **YEAR)
    renamed = ladder({"A": "0", "B": "10"}, qualify_by="spend", name="New", **YEAR)
    world = World(("2020-01-01", [named]), ("2026-06-01", [renamed]))
    assert len(world.ladders.stretches["status"]) == 1
    assert [each.name for each in world.ladders.at(world.at("2026-06-01"))] == ["New"]


def given(world: World, tier: str, start: str, end: str | None, revoked: str | None) -> Grant:
    ends_at, revoked_at = (None if at is None else world.at(at) for at in (end, revoked))
    return Grant(new_id(), "status", tier, world.at(start), ends_at, "why", "who", revoked_at)


def test_a_grant_counts_until_its_end_or_its_revocation() -> None:
    bought = purchases({"2026-03-01": 35_000})
    rouge = given(SEPHORA, "Rouge", "2026-06-01 10:00", "2026-09-01", None)
    assert SEPHORA.course(bought, rouge)[1:] == [
        ("2026-03-01", "VIB"),
        ("2026-06-01 10:00", "Rouge"),
        ("2026-09-01", "VIB"),
        ("2028-01-01", "Insider"),
    ]
    revoked = given(SEPHORA, "Rouge", "2026-06-01 10:00", "2026-09-01", "2026-07-01 09:00")
    assert SEPHORA.course(bought, revoked)[3] == ("2026-07-01 09:00", "VIB")
    lower = given(SEPHORA, "VIB", "2026-02-01", None, None)
    # A run tells whether the tier is granted: here it is earned too for a time.
    assert SEPHORA.course(bought, lower)[1:] == [
        ("2026-02-01", "VIB"),
        ("2026-03-01", "VIB"),
        ("2028-01-01", "VIB"),
    ]
    found = SEPHORA.standing("2026-05-01", bought, lower)
    assert (found.granted, found.since) == (False, SEPHORA.at("2026-02-01"))
    found = SEPHORA.standing("2026-02-05", bought, lower)
    assert (found.granted, found.keep_missing) == (True, 35_000)
    assert found.keep_by == SEPHORA.at("2027-01-01")
    unknown = given(SEPHORA, "Platinum", "2026-02-01", None, None)
    assert SEPHORA.course({}, unknown) == [(FIRST, "Insider")]
    before_all = given(SEPHORA, "Rouge", "1990-01-01", "1991-01-01", None)
    assert SEPHORA.course({}, before_all) == [(FIRST, "Insider")]
