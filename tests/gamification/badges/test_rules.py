"""Which badges a history reaches, on plain values."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.earning.rules import Line
from domain.earning.rules_history import Happening
from domain.members.queries import Member
from domain.programmes.rules import Programme, Timeline, load
from domain.tiers.rules import Run
from gamification.badges.rules import (
    MERGED,
    RETURNED,
    RULE,
    Held,
    Slot,
    changes,
    courses_of,
    needs_tiers,
    reached,
)
from gamification.grounds.rules import Ground
from tests.support.badges import VISITS
from tests.support.programmes import GOOD

ANN = UUID(int=1)
BRAND = Brand(1, "shop", "The Shop", "America/New_York", "USD", 2)
START = datetime(2026, 1, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BRONZE, SILVER = Slot("visits", 1, None), Slot("visits", 2, None)


def version(number: int, badges: str, start: datetime = START) -> Programme:
    return Programme(number, start, load(f"{GOOD}\n{badges}", SECTIONS, "test"))


FIRST = version(1, VISITS)


def bought(day: int, amount: int = 100, **other: Any) -> Happening:
    """Return a purchase of tea on a day of the year, at noon in New York."""
    what: dict[str, Any] = {
        "id": UUID(int=1000 + day),
        "external_id": f"p{day}",
        "member_id": ANN,
        "kind": "purchase",
        "occurred_at": START + day * DAY + timedelta(hours=12),
        "recorded_at": NOW,
        "amount": amount,
        "points": amount // 100,
        "lines": (Line(amount, quantity=2, category="tea"),),
        "channel": "",
        "store": "",
        "attributes": {},
        "counts": True,
    }
    return Happening(**{**what, **other})


def known(
    happenings: Sequence[Happening] = (),
    programmes: Sequence[Programme] = (FIRST,),
    runs: dict[str, Sequence[Run]] | None = None,
    now: datetime = NOW,
) -> Ground:
    member = Member(ANN, 1, "ann", None, START)
    ordered = sorted(happenings, key=lambda each: (each.occurred_at, each.id))
    timeline = Timeline(tuple(programmes))
    return Ground(BRAND, timeline, now, {ANN: member}, {ANN: ordered}, {ANN: runs or {}})


def holding(slot: Slot, **other: Any) -> Held:
    return replace_held(Held(UUID(int=77), slot, RULE, None, None), **other)


def replace_held(award: Held, **other: Any) -> Held:
    return award._replace(**other)


def badge(settings: str, goal: str = "") -> str:
    words = 'code = "visits"\nname = "V"\ndescription = "D"\ncriteria = "C"\n'
    return f"[badges]\n[[badges.badge]]\n{words}{settings}\n[badges.badge.goal]\n{goal}\n"


def test_levels_are_reached_at_their_targets() -> None:
    visits = [bought(day, lines=()) for day in range(5)]
    assert reached(known(visits[:2]), ANN) == {}
    assert reached(known(visits[:3]), ANN) == {BRONZE: visits[2].occurred_at}
    both = {BRONZE: visits[2].occurred_at, SILVER: visits[4].occurred_at}
    assert reached(known(visits), ANN) == both


def test_what_does_not_count_any_more_does_not() -> None:
    visits = [bought(day) for day in range(3)]
    visits[1] = replace(visits[1], counts=False)
    assert BRONZE not in reached(known(visits), ANN)


def test_nothing_counts_from_before_there_was_the_badge() -> None:
    later = version(1, VISITS, START + 2 * DAY)
    visits = [bought(day) for day in range(4)]
    assert BRONZE not in reached(known(visits, [version(2, ""), later]), ANN)


def test_what_is_dated_a_little_ahead_counts_and_is_awarded_now() -> None:
    visits = [bought(day, lines=()) for day in range(3)]
    ahead = visits[-1].occurred_at - timedelta(minutes=1)
    (new,), _ = changes(known(visits, now=ahead), ANN, [])
    assert (new.slot, new.awarded_at) == (BRONZE, ahead)
    begins = version(2, VISITS, visits[-1].occurred_at)
    (new,), _ = changes(known(visits, [FIRST, begins], now=ahead), ANN, [])
    assert (new.slot, new.awarded_at) == (BRONZE, ahead)


def test_a_month_begins_anew_by_the_brands_clock() -> None:
    # The last day of January in New York is already February in UTC.
    late = bought(30, 600, occurred_at=datetime(2026, 2, 1, 4, 59, tzinfo=UTC))
    after = bought(31, 600, occurred_at=datetime(2026, 2, 1, 5, 0, tzinfo=UTC))
    more = bought(32, 400)
    found = reached(known([late, after, more]), ANN)
    assert Slot("tea", 1, date(2026, 1, 1)) not in found
    assert found[Slot("tea", 1, date(2026, 2, 1))] == more.occurred_at


@pytest.mark.parametrize(
    ("of", "target", "enough"),
    [("amount", "2.00", 2), ("quantity", "5", 3), ("points", "3", 3)],
)
def test_a_sum_is_of_money_articles_or_points(of: str, target: str, enough: int) -> None:
    text = badge(f'target = "{target}"', f'kind = "sum"\nof = "{of}"')
    visits = [bought(day) for day in range(4)]
    found = reached(known(visits, [version(1, text)]), ANN)
    assert found == {BRONZE: visits[enough - 1].occurred_at}


def test_a_version_that_asks_less_gives_at_its_start_and_one_that_asks_more_takes_nothing() -> None:
    many, few = badge('target = "5"'), badge('target = "2"')
    second = START + 10 * DAY
    visits = [bought(day) for day in range(3)]
    found = reached(known(visits, [version(1, many), version(2, few, second)]), ANN)
    assert found == {BRONZE: second}
    found = reached(known(visits, [version(1, few), version(2, many, second)]), ANN)
    assert found == {BRONZE: visits[1].occurred_at}
    gone = known(visits, [version(1, few), version(2, "", second)])
    assert reached(gone, ANN) == {BRONZE: visits[1].occurred_at}


def test_a_tier_counts_while_the_badge_is_there() -> None:
    assert needs_tiers(Timeline((FIRST,)), BRAND)
    assert not needs_tiers(Timeline((version(1, badge('target = "2"')),)), BRAND)
    second = START + 10 * DAY
    vib = Slot("vib", 1, None)

    def found(*runs: Run, first: str = VISITS, now: datetime = NOW) -> dict[Slot, datetime]:
        programmes = [version(1, first), version(2, VISITS, second)]
        return reached(known([], programmes, {"status": runs}, now), ANN)

    low, high = Run(START, "Insider", 0, granted=False), Run(second - DAY, "VIB", 1, granted=False)
    over = Run(second, "Insider", 0, granted=False)
    assert found(low) == {}
    assert found(low, high) == {vib: second - DAY}
    assert found(low, high, first="") == {vib: second}
    assert found(low, high, over, first="") == {}
    assert found(low, high, now=second - 2 * DAY) == {}


def test_levels_by_tier_need_their_tier_or_a_higher_one() -> None:
    levels = "".join(
        f'[[badges.badge.level]]\nname = "L"\ntier = "{tier}"\n' for tier in ("Insider", "VIB")
    )
    text = VISITS.replace('tier = "VIB"\n', levels)
    run = Run(START, "VIB", 1, granted=True)
    found = reached(known([], [version(1, text)], {"status": [run]}), ANN)
    assert found == {Slot("vib", 1, None): START, Slot("vib", 2, None): START}


def test_what_is_reached_is_awarded_once() -> None:
    visits = [bought(day, 600) for day in range(3)]
    new, lost = changes(known(visits), ANN, [])
    assert [each.slot for each in new] == [Slot("tea", 1, date(2026, 1, 1)), BRONZE]
    assert lost == []
    assert [each.source for each in new] == [RULE, RULE]
    # Thirty days after the day, which is the second of January in New York.
    assert new[0].expires_at == datetime(2026, 2, 2, 5, tzinfo=UTC)
    held = [Held(each.id, each.slot, RULE, None, None) for each in new]
    assert changes(known(visits), ANN, held) == ([], [])
    by_hand = [each._replace(source="hand") for each in held]
    assert changes(known(visits), ANN, by_hand) == ([], [])


def test_what_a_return_undoes_is_revoked_and_awarded_anew_when_it_is_reached_again() -> None:
    award = holding(BRONZE)
    visits = [bought(day, lines=()) for day in range(3)]
    ((id_, *_), *_), _ = changes(known(visits), ANN, [])
    assert changes(known(visits[:2]), ANN, [award]) == ([], [(award, RETURNED)])
    gone = award._replace(revoked_at=NOW, revoked_by=RULE)
    assert changes(known(visits[:2]), ANN, [gone]) == ([], [])
    (again,), lost = changes(known(visits), ANN, [gone])
    assert (again.slot, lost) == (BRONZE, [])
    assert again.id != id_


def test_a_badge_may_survive_a_return() -> None:
    tea = holding(Slot("tea", 1, date(2026, 1, 1)))
    assert changes(known(), ANN, [tea]) == ([], [])
    # A badge that no version knows any more is nobody's to take.
    assert changes(known(), ANN, [holding(Slot("lost", 1, None))]) == ([], [])


def test_a_rule_takes_only_what_a_rule_gave() -> None:
    assert changes(known(), ANN, [holding(BRONZE, source="hand")]) == ([], [])


def test_what_somebody_took_away_no_rule_gives_back() -> None:
    visits = [bought(day, lines=()) for day in range(3)]
    taken = holding(BRONZE, revoked_at=NOW, revoked_by="eve")
    assert changes(known(visits), ANN, [taken]) == ([], [])
    given = taken._replace(source="hand")
    (new,), _ = changes(known(visits), ANN, [given])
    assert new.slot == BRONZE


def test_of_two_who_are_one_one_award_is_left() -> None:
    visits = [bought(day, lines=()) for day in range(3)]
    first, second = holding(BRONZE), holding(BRONZE, id=UUID(int=78))
    assert changes(known(visits), ANN, [first, second]) == ([], [(second, MERGED)])
    given = second._replace(source="hand")
    assert changes(known(visits), ANN, [first, given]) == ([], [(first, MERGED)])


def test_a_badge_that_is_only_given_counts_nothing() -> None:
    assert courses_of(FIRST, BRAND)["friend"].worth(bought(1)) == 0
    assert courses_of(version(1, ""), BRAND) == {}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 800), st.booleans()), max_size=12),
    st.randoms(use_true_random=False),
)
def test_reaching_is_what_a_plain_count_says(
    said: list[tuple[int, int, bool]], random: Any
) -> None:
    visits = [
        bought(day, amount, id=UUID(int=number), counts=counts)
        for number, (day, amount, counts) in enumerate(said)
    ]
    random.shuffle(visits)
    found = set(reached(known(visits), ANN))
    expected = set()
    counted = [each for each in visits if each.counts]
    expected |= {BRONZE} if len(counted) >= 3 else set()
    expected |= {SILVER} if len(counted) >= 5 else set()
    for month in (1, 2, 3):
        spent = sum(each.amount for each in counted if BRAND.day(each.occurred_at).month == month)
        expected |= {Slot("tea", 1, date(2026, month, 1))} if spent >= 1000 else set()
    assert found == expected
