"""Cohorts are filled in order, and whoever rises or falls does so as the programme says."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from gamification.leaderboards.rules_leagues import (
    Ended,
    Filling,
    Newcomer,
    Player,
    Seat,
    ends,
    league_now,
    seats,
    unmoved,
    week_of,
)
from gamification.leaderboards.section_people import Leagues, league_faults

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def leagues(*moves: tuple[int, int], size: int = 30, fall: int | None = None) -> Leagues:
    """Return leagues a, b, c, ... of which so many of a cohort rise and so many fall."""
    return Leagues.model_validate(
        {
            "board": "xp",
            "size": size,
            "fall_after_weeks": fall,
            "league": [
                {"code": chr(97 + place), "name": "A league", "promote": up, "relegate": down}
                for place, (up, down) in enumerate(moves)
            ],
        }
    )


# As Duolingo is said to have it: 20, 15, 10 and 7 of 30 rise, places 24 to 30 fall.
DUO = leagues((20, 0), (15, 7), (10, 7), (7, 7), (0, 7))


def ids(count: int) -> list[UUID]:
    return [UUID(int=number) for number in range(1, count + 1)]


def after(league: str, count: int = 30, score: int = 5) -> str:
    """Return in which league the places of a cohort play next, from the first to the last."""
    found = ends(DUO, league, [(id_, score) for id_ in ids(count)])
    assert [each.place for each in found] == list(range(1, count + 1))
    return "".join(each.league for each in found)


def test_as_many_rise_and_fall_as_duolingo_is_said_to_have() -> None:
    assert after("a") == "b" * 20 + "a" * 10
    assert after("b") == "c" * 15 + "b" * 8 + "a" * 7
    assert after("c") == "d" * 10 + "c" * 13 + "b" * 7
    assert after("d") == "e" * 7 + "d" * 16 + "c" * 7
    assert after("e") == "e" * 23 + "d" * 7


def test_who_rises_does_not_fall_however_small_the_cohort() -> None:
    assert after("c", 12) == "d" * 10 + "b" * 2
    assert after("c", 1) == "d"
    assert after("gone", 3) == "bbb"


def test_nobody_moves_in_leagues_that_are_given_up() -> None:
    one, two = ids(2)
    assert unmoved("c", [(two, 9), (one, 1)]) == [
        Ended(two, 1, "stayed", "c"),
        Ended(one, 2, "stayed", "c"),
    ]


def test_nobody_rises_without_a_score() -> None:
    assert after("a", 3, score=0) == "aaa"
    assert after("b", 3, score=0) == "bbb"


def test_cohorts_are_filled_in_order_of_the_first_score() -> None:
    newcomers = [
        Newcomer(UUID(int=1), "a", NOON + timedelta(minutes=3)),
        Newcomer(UUID(int=2), "a", NOON),
        Newcomer(UUID(int=4), "b", NOON),
        Newcomer(UUID(int=3), "a", NOON),
    ]
    found = seats(2, {"a": Filling(7, 1)}, newcomers)
    assert found == [
        Seat(UUID(int=2), "a", 7),
        Seat(UUID(int=3), "a", 8),
        Seat(UUID(int=4), "b", 1),
        Seat(UUID(int=1), "a", 8),
    ]


def test_idle_weeks_cost_leagues_only_if_the_programme_says_so() -> None:
    stays, falls = leagues((1, 0), (1, 1), (0, 1)), leagues((1, 0), (1, 1), (0, 1), fall=2)
    third = Player("c", 100)
    assert [league_now(stays, third, week) for week in (101, 150)] == ["c", "c"]
    assert "".join(league_now(falls, third, week) for week in range(101, 108)) == "ccbbaaa"
    assert league_now(falls, Player("gone", 100), 101) == "a"
    assert league_now(falls, Player(None, None), 101) == "a"


def test_weeks_are_numbered_one_after_the_other() -> None:
    assert week_of(date(1970, 1, 5)) == 0
    assert week_of(date(2026, 3, 9)) - week_of(date(2026, 3, 2)) == 1


def test_leagues_that_make_no_sense_are_told() -> None:
    faulty = leagues((20, 0), (20, 11))
    again = faulty.model_copy(update={"league": (faulty.league[0], faulty.league[0])})
    assert list(league_faults(faulty)) == [
        (("league", 1), "moves more than the 30 of a cohort; lower promote or relegate")
    ]
    assert list(league_faults(again)) == [
        (("league", 1, "code"), "is 'a' again; give each league its own")
    ]
    assert not list(league_faults(DUO))


WEEKS = st.lists(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 9)), max_size=30), max_size=6
)
MOVES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(WEEKS, MOVES, st.integers(2, 6), st.none() | st.integers(1, 3), st.data())
def test_weeks_of_play_lose_and_double_nobody(
    weeks: list[list[tuple[int, int]]],
    moves: list[tuple[int, int]],
    size: int,
    fall: int | None,
    data: st.DataObject,
) -> None:
    rules = leagues(*moves, size=size, fall=fall)
    codes = [each.code for each in rules.league]
    players: dict[UUID, Player] = {}
    for week, played in enumerate(weeks):
        scores = {UUID(int=number): score for number, score in played}
        newcomers = [
            Newcomer(
                id_,
                league_now(rules, players.get(id_, Player(None, None)), week),
                NOON + timedelta(minutes=place),
            )
            for place, id_ in enumerate(scores)
        ]
        # However they are divided into batches, each sits in exactly one cohort.
        seated: list[Seat] = []
        rest = newcomers
        while rest:
            count = data.draw(st.integers(1, len(rest)))
            seated += seats(size, filling(seated), rest[:count])
            rest = rest[count:]
        assert [seat[:2] for seat in seated] == [newcomer[:2] for newcomer in newcomers]
        sizes = Counter((seat.league, seat.cohort) for seat in seated)
        assert all(count <= size for count in sizes.values())
        assert all(
            sizes[league, cohort] == size
            for league, last in filling(seated).items()
            for cohort in range(1, last.cohort)
        )
        done: Counter[UUID] = Counter()
        for league, cohort in sizes:
            mine = [
                (seat.member_id, scores[seat.member_id])
                for seat in seated
                if (seat.league, seat.cohort) == (league, cohort)
            ]
            for each in ends(rules, league, sorted(mine, key=lambda row: (-row[1], row[0]))):
                assert abs(codes.index(each.league) - codes.index(league)) <= 1
                players[each.member_id] = Player(each.league, week)
                done[each.member_id] += 1
        assert done == Counter(scores.keys())


def filling(seated: list[Seat]) -> dict[str, Filling]:
    sizes = Counter((seat.league, seat.cohort) for seat in seated)
    last: dict[str, Filling] = {}
    for (league, cohort), count in sorted(sizes.items()):
        last[league] = Filling(cohort, count)
    return last
