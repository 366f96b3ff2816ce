"""Tiers by calendar-year spend, held to the end of the next year."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tiers.rules import Change, Ladder, change, compile_ladder, rank_at, standing
from domain.tiers.section import TiersSection

NEW_YORK = ZoneInfo("America/New_York")
# Sephora's Beauty Insider: thekrazycouponlady.com/tips/money/sephora-vib (loyalty S1).
LADDER = Ladder(("Insider", "VIB", "Rouge"), (0, 35_000, 100_000))
END_OF_2026 = datetime(2027, 1, 1, 5, tzinfo=UTC)
END_OF_2027 = datetime(2028, 1, 1, 5, tzinfo=UTC)


def local(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=NEW_YORK)  # type: ignore[arg-type,misc]


def test_the_section_compiles_to_the_ladder() -> None:
    section = TiersSection(
        qualify_by="calendar_year_spend",
        holds_until="end_of_next_year",
        ladder=(
            {"name": "Insider", "threshold": "0"},
            {"name": "VIB", "threshold": "350"},
            {"name": "Rouge", "threshold": "1000.00"},
        ),
    )
    assert compile_ladder(section, 2) == LADDER


def test_s1_350_dollars_in_january_is_vib_to_the_end_of_the_next_year() -> None:
    found = standing(LADDER, {2026: 35_000}, local(2026, 1, 15))
    assert (found.tier, found.rank, found.valid_until) == ("VIB", 1, END_OF_2027)
    assert (found.next_tier, found.missing, found.keep_missing) == ("Rouge", 65_000, 0)


def test_s1_349_99_dollars_in_the_next_year_is_insider_after_it() -> None:
    spend = {2026: 35_000, 2027: 34_999}
    still = standing(LADDER, spend, local(2027, 12, 31, 23, 59, 59))
    assert (still.tier, still.valid_until, still.keep_missing) == ("VIB", END_OF_2027, 1)
    after = standing(LADDER, spend, local(2028, 1, 1))
    assert (after.tier, after.valid_until, after.keep_missing) == ("Insider", None, None)
    assert (after.spend_this_year, after.next_tier, after.missing) == (0, "VIB", 35_000)


@pytest.mark.parametrize(
    ("cents", "tier"),
    [(0, "Insider"), (34_999, "Insider"), (35_000, "VIB"), (99_999, "VIB"), (100_000, "Rouge")],
)
def test_a_threshold_is_reached_exactly(cents: int, tier: str) -> None:
    assert standing(LADDER, {2026: cents}, local(2026, 6, 1)).tier == tier


def test_the_counter_begins_again_but_the_tier_holds() -> None:
    found = standing(LADDER, {2025: 100_000, 2026: 40_000}, local(2026, 6, 1))
    assert (found.tier, found.valid_until) == ("Rouge", END_OF_2026)
    assert (found.next_tier, found.missing, found.keep_missing) == (None, None, 60_000)


def test_a_tier_reached_with_something_over_lacks_nothing_to_be_kept() -> None:
    found = standing(LADDER, {2026: 40_000}, local(2026, 6, 1))
    assert (found.tier, found.missing, found.keep_missing) == ("VIB", 60_000, 0)


def test_the_brands_clock_decides_the_year() -> None:
    instant = datetime(2027, 1, 1, 4, 30, tzinfo=UTC)
    in_shop = standing(LADDER, {2026: 35_000}, instant.astimezone(NEW_YORK))
    assert in_shop.valid_until == END_OF_2027
    in_utc = standing(LADDER, {2026: 35_000}, instant)
    assert in_utc.valid_until == datetime(2028, 1, 1, tzinfo=UTC)


def test_without_any_spend_or_with_more_refunded_than_bought_the_tier_is_the_lowest() -> None:
    assert standing(LADDER, {}, local(2026, 6, 1)).tier == "Insider"
    found = standing(LADDER, {2026: -500}, local(2026, 6, 1))
    assert (found.tier, found.missing) == ("Insider", 35_500)


def test_a_ladder_of_one_tier() -> None:
    found = standing(Ladder(("Member",), (0,)), {2026: 1}, local(2026, 6, 1))
    assert found == ("Member", 0, None, 1, None, None, None)


def test_a_naive_time_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="aware"):
        standing(LADDER, {2026: 35_000}, datetime(2026, 6, 1))  # noqa: DTZ001 - the point


def test_changes() -> None:
    assert change(LADDER, 1, 1) is None
    assert change(LADDER, None, 0) == Change(None, "Insider", "up")
    assert change(LADDER, 0, 2) == Change("Insider", "Rouge", "up")
    assert change(LADDER, 2, 1) == Change("Rouge", "VIB", "down")


spends = st.dictionaries(st.integers(2020, 2030), st.integers(0, 200_000))


@given(spends, st.integers(2020, 2031))
def test_the_tier_is_the_tier_recomputed_from_history(spend: dict[int, int], year: int) -> None:
    expected = "Insider"
    for counted in (year - 1, year):
        for name, threshold in zip(LADDER.names, LADDER.thresholds, strict=True):
            if spend.get(counted, 0) >= threshold and name != "Insider":
                expected = max(expected, name, key=LADDER.names.index)
    assert standing(LADDER, spend, local(year, 7, 1)).tier == expected


@given(spends, st.integers(2020, 2030), st.integers(0, 10**6))
def test_a_tier_never_drops_within_its_hold(
    spend: dict[int, int], year: int, later_spend: int
) -> None:
    now = standing(LADDER, spend, local(year, 7, 1))
    spend[year] = spend.get(year, 0) + later_spend
    assert rank_at(LADDER, spend, year) >= now.rank
    if now.valid_until and now.valid_until.year > year + 1:
        assert rank_at(LADDER, spend, year + 1) >= now.rank


@given(spends, st.integers(2020, 2030))
def test_who_spends_what_is_missing_gets_the_next_tier(spend: dict[int, int], year: int) -> None:
    spend = {of: amount for of, amount in spend.items() if of <= year}
    now = standing(LADDER, spend, local(year, 7, 1))
    if now.missing is not None:
        almost = spend | {year: now.spend_this_year + now.missing - 1}
        assert standing(LADDER, almost, local(year, 7, 1)).tier == now.tier
        enough = spend | {year: now.spend_this_year + now.missing}
        assert standing(LADDER, enough, local(year, 7, 1)).tier == now.next_tier
    if now.keep_missing:
        kept = spend | {year: now.spend_this_year + now.keep_missing}
        assert standing(LADDER, kept, local(year + 1, 7, 1)).tier == now.tier
