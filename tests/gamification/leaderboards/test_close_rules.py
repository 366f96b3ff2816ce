"""When windows close and who wins what, value by value."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gamification.leaderboards.rules_close import (
    Place,
    Ranking,
    Won,
    closes_at,
    difference,
    in_time,
    last_instant,
    prize_id,
    prizes_of,
    ranks,
    ranks_needed,
    winners,
)
from gamification.leaderboards.section_people import Closing, PlacePrize, closing_faults

ZONE = ZoneInfo("America/New_York")
A, B, C, D = (UUID(int=number) for number in range(1, 5))
FIRST = PlacePrize(period="week", points="100")
NEXT = PlacePrize.model_validate({"period": "week", "from": 2, "to": 3, "points": "50"})
ENTRIES = [(0, FIRST), (1, NEXT)]


def places(ranking: Ranking, **scores: int) -> list[Place]:
    found = ranks(ranking, list(scores.values()))
    ids = {"a": A, "b": B, "c": C, "d": D}
    return [
        Place(place, ids[name], score, rank)
        for place, ((name, score), rank) in enumerate(
            zip(scores.items(), found, strict=True), start=1
        )
    ]


def test_ranks_of_each_kind() -> None:
    scores = [9, 7, 7, 7, 3, 3, 1]
    assert ranks("ordinal", scores) == [1, 2, 3, 4, 5, 6, 7]
    assert ranks("competition", scores) == [1, 2, 2, 2, 5, 5, 7]
    assert ranks("dense", scores) == [1, 2, 2, 2, 3, 3, 4]
    assert ranks("dense", []) == []


@given(st.lists(st.integers(0, 5)))
def test_ranks_are_what_counting_says(scores: list[int]) -> None:
    scores.sort(reverse=True)
    assert ranks("competition", scores) == [1 + sum(s > each for s in scores) for each in scores]
    assert ranks("dense", scores) == [1 + len({s for s in scores if s > each}) for each in scores]


def test_a_window_closes_hours_after_its_last_day_on_the_wall_clock() -> None:
    # The clock goes forward on 8 March 2026: that Sunday has 23 hours.
    monday = date(2026, 3, 9)
    assert last_instant(ZONE, monday) == datetime(2026, 3, 9, 3, 59, 59, 999999, tzinfo=UTC)
    assert closes_at(ZONE, monday, None) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert closes_at(ZONE, monday, Closing(close_after_hours=36)) == datetime(
        2026, 3, 10, 16, tzinfo=UTC
    )


def test_a_window_opened_late_stays_open_as_long_and_has_no_prizes() -> None:
    monday, closing = date(2026, 3, 9), Closing(close_after_hours=36)
    late = datetime(2026, 3, 10, 16, tzinfo=UTC)
    assert closes_at(ZONE, monday, closing, late) == datetime(2026, 3, 12, 4, tzinfo=UTC)
    assert not in_time(ZONE, monday, closing, late)
    assert in_time(ZONE, monday, closing, late - timedelta(seconds=1))


def test_places_win_by_rank_and_nobody_wins_without_a_score() -> None:
    standing = places("ordinal", a=9, b=7, c=7, d=7)
    assert winners("ordinal", standing, ENTRIES) == [Won(A, 0), Won(B, 1), Won(C, 1)]
    shared = places("competition", a=9, b=7, c=7, d=7)
    assert winners("competition", shared, ENTRIES) == [Won(A, 0), Won(B, 1), Won(C, 1), Won(D, 1)]
    assert winners("ordinal", places("ordinal", a=9, b=0), ENTRIES) == [Won(A, 0)]


def test_a_disqualified_place_wins_nothing_and_others_move_up_only_if_the_board_says_so() -> None:
    standing = places("competition", a=9, b=7, c=7, d=5)
    assert winners("competition", standing, ENTRIES, {A}) == [Won(B, 1), Won(C, 1)]
    moved = winners("competition", standing, ENTRIES, {A}, move_up=True)
    assert moved == [Won(B, 0), Won(C, 0), Won(D, 1)]
    assert ranks_needed(ENTRIES, 1) == 4
    assert ranks_needed([], 2) == 0


def test_prizes_are_those_of_the_windows_kind_and_scope() -> None:
    store = PlacePrize(period="week", scope="store", points="5")
    closing = Closing(prize=(FIRST, PlacePrize(period="month", points="7"), store))
    assert prizes_of(closing, "week", "") == [(0, FIRST)]
    assert prizes_of(closing, "week", "store:12") == [(2, store)]
    assert prizes_of(closing, "day", "") == []
    assert prizes_of(None, "week", "") == []


def test_prizes_have_ids_of_their_own_and_what_stands_is_left() -> None:
    first, other = prize_id(1, 2, Won(A, 0), A), prize_id(1, 2, Won(A, 1), A)
    assert len({first, other, prize_id(1, 3, Won(A, 0), A), prize_id(1, 2, Won(A, 0), B)}) == 4
    assert prize_id(1, 2, Won(A, 0), A) == first
    assert difference([first, other], [other, B]) == ([first], [B])


def test_prizes_that_make_no_sense_are_told() -> None:
    first = PlacePrize.model_validate({"period": "week", "from": 3, "to": 2, "points": "5"})
    nothing = PlacePrize(period="week")
    assert list(closing_faults(Closing(prize=(FIRST, first, nothing)), {})) == [
        (("prize", 1, "to"), "is before from; write the last place that gets it"),
        (
            ("prize", 2),
            "must give exactly one of points, qualifying, reward, badge and freeze",
        ),
    ]
