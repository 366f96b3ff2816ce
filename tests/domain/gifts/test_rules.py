"""Who may give how much how often, at the borders."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from domain.gifts.rules import Ground, NewGift, Party, Use, decide, request_of, start_of, starts
from domain.gifts.section import GiftsSection
from domain.ledger.rules import AMOUNT_MAX

ZONE = ZoneInfo("America/New_York")
TODAY = date(2026, 3, 4)
ANN, BOB = UUID(int=1), UUID(int=2)
LONG_AGO = date(2020, 1, 1)
GIFT = NewGift("k1", "ann", "bob", 250)


def ground(used: dict[tuple[str, UUID, datetime], Use] | None = None, **section: Any) -> Ground:
    return Ground(
        GiftsSection.model_validate(section),
        ZONE,
        2,
        TODAY,
        {"ann": Party(ANN, LONG_AGO), "bob": Party(BOB, LONG_AGO)},
        {ANN: 1_000, BOB: 0},
        used or {},
    )


def code(ground: Ground, gift: NewGift = GIFT) -> str | None:
    why = decide(ground, gift)
    return why.code if why else None


def test_a_gift_needs_two_members_and_points_that_are_there() -> None:
    assert code(ground(), NewGift("k", "eve", "bob", 1)) == "UNKNOWN_MEMBER"
    assert code(ground(), NewGift("k", "ann", "eve", 1)) == "UNKNOWN_MEMBER"
    assert code(ground(), NewGift("k", "ann", "ann", 1)) == "SAME_MEMBER"
    assert code(ground(), NewGift("k", "bob", "ann", 1)) == "INSUFFICIENT_POINTS"
    both = ground()
    gifts = [NewGift(f"k{n}", "ann", "bob", points) for n, points in enumerate((999, 2, 1, 1))]
    codes = [code(both, each) for each in gifts]
    assert codes == [None, "INSUFFICIENT_POINTS", None, "INSUFFICIENT_POINTS"]
    # What bob got is not his to give yet.
    assert code(both, NewGift("k", "bob", "ann", 1)) == "INSUFFICIENT_POINTS"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", None),
        ("x" * 500, None),
        ("x" * 501, "INVALID_MESSAGE"),
        ("a\x00b", "INVALID_MESSAGE"),
        ("\ud800", "INVALID_MESSAGE"),
    ],
)
def test_a_message_can_be_stored_and_read(message: str, expected: str | None) -> None:
    assert code(ground(), replace(GIFT, message=message)) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (-1, "TOO_FEW_POINTS"),
        (0, "TOO_FEW_POINTS"),
        (199, "TOO_FEW_POINTS"),
        (200, None),
        (301, "TOO_MANY_POINTS"),
        (300, None),
    ],
)
def test_a_gift_is_as_large_as_the_programme_says(points: int, expected: str | None) -> None:
    within = ground(minimum="2", maximum="3")
    assert code(within, replace(GIFT, points=points)) == expected


def test_what_a_gift_is_at_least_is_told_in_points() -> None:
    why = decide(ground(), replace(GIFT, points=0))
    assert why is not None
    assert why.message == "a gift is 0.01 points or more"
    why = decide(ground(), replace(GIFT, points=AMOUNT_MAX + 1))
    assert why is not None
    assert (why.code, why.message) == (
        "TOO_MANY_POINTS",
        "a gift is 10000000000000.00 points at most",
    )
    why = decide(ground(maximum="1.50"), GIFT)
    assert why is not None
    assert why.message == "a gift is 1.50 points at most"


@pytest.mark.parametrize(("joined", "expected"), [(2, "TOO_SOON"), (1, None)])
def test_a_new_member_waits_whole_days(joined: int, expected: str | None) -> None:
    waiting = ground(wait_days=3)
    waiting.people = {"ann": Party(ANN, date(2026, 3, joined)), "bob": Party(BOB, TODAY)}
    assert code(waiting) == expected


@pytest.mark.parametrize(
    ("days", "got", "expected"),
    [(3, 2, "TOO_SOON"), (3, 1, None), (1, 4, "TOO_SOON"), (1, 3, None), (0, 4, None)],
)
def test_who_got_points_waits_whole_days(days: int, got: int, expected: str | None) -> None:
    waiting = ground(cool_off_days=days)
    waiting.got_on = {ANN: date(2026, 3, got)}
    assert code(waiting) == expected


def test_who_gets_points_in_a_list_waits_too() -> None:
    waiting = ground(cool_off_days=1)
    waiting.spendable[BOB] = 500
    assert code(waiting) is None
    assert code(waiting, NewGift("k2", "bob", "ann", 1)) == "TOO_SOON"


@pytest.mark.parametrize("of", ["giver", "receiver"])
@pytest.mark.parametrize(
    ("period", "start"),
    [
        ("day", datetime(2026, 3, 4, 5, tzinfo=UTC)),
        ("week", datetime(2026, 3, 2, 5, tzinfo=UTC)),
        ("month", datetime(2026, 3, 1, 5, tzinfo=UTC)),
        ("year", datetime(2026, 1, 1, 5, tzinfo=UTC)),
        (None, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_limit_counts_from_the_start_of_its_period(
    of: str, period: str | None, start: datetime
) -> None:
    limit = {"name": "some", "of": of, "period": period, "times": 2}
    key = of, ANN if of == "giver" else BOB, start
    limited = ground({key: Use(1, 999)}, limit=[limit])
    assert starts(limited.section, ZONE, TODAY) == [(of, start)]
    assert start_of(limited.section.limit[0], ZONE, TODAY) == start
    assert [code(limited), code(limited)] == [None, "LIMIT_REACHED"]
    # Of others, or of the other side, it counts nothing.
    limited.spendable[BOB] = 500
    back = NewGift("k2", "bob", "ann", 1)
    assert [code(limited, back) for _ in range(3)] == [None, None, "LIMIT_REACHED"]


def test_a_limit_of_points_counts_them_and_one_refused_gift_nothing() -> None:
    limits = [
        {"name": "a day", "period": "day", "points": "5"},
        {"name": "ever", "of": "receiver", "points": "6.01"},
    ]
    key = "giver", ANN, datetime(2026, 3, 4, 5, tzinfo=UTC)
    limited = ground({key: Use(7, 100)}, limit=limits)
    gifts = [NewGift(f"k{n}", "ann", "bob", points) for n, points in enumerate((401, 400, 1))]
    codes = [code(limited, each) for each in gifts]
    assert codes == ["LIMIT_REACHED", None, "LIMIT_REACHED"]
    why = decide(limited, gifts[2])
    assert why is not None
    assert why.message == "the limit 'a day' is reached"
    limited.used = {("receiver", BOB, datetime(1970, 1, 1, tzinfo=UTC)): Use(1, 600)}
    assert code(limited, NewGift("k4", "ann", "bob", 2)) == "LIMIT_REACHED"
    assert code(limited, NewGift("k5", "ann", "bob", 1)) is None


def test_the_same_key_is_the_same_gift_only_if_all_is_the_same() -> None:
    others = [
        replace(GIFT, giver="bob"),
        replace(GIFT, receiver="ann"),
        replace(GIFT, points=251),
        replace(GIFT, message="x"),
        replace(GIFT, giver="annb", receiver="ob"),
        replace(GIFT, message="\ud800"),
    ]
    assert len({request_of(each) for each in [GIFT, *others]}) == 7
    assert request_of(GIFT) == request_of(replace(GIFT, key="k2"))
