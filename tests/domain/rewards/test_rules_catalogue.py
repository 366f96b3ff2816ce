"""Who can have what, at the exact borders, and until when vouchers and returns go."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, load
from domain.rewards.rules_catalogue import MemberFacts, Offer, limit_left, offers_of, refusal
from tests.support.rewards import PROGRAMME, programme, reward

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CAFE = Brand(1, "cafe", "Café", "America/New_York", "USD", 2)
TIERS = """
[[tiers.ladder]]
code = "main"
name = "Main"
qualify_by = "points"
window = "lifetime"
holds = "forever"
[[tiers.ladder.tier]]
name = "Green"
threshold = "0"
[[tiers.ladder.tier]]
name = "Gold"
threshold = "100"
"""


def version(*tables: str) -> Programme:
    text = programme(*tables)
    return Programme(7, NOON, load(text, SECTIONS, "test"))


def offer(**settings: str) -> Offer:
    tables = (TIERS, reward("tea", settings.pop("points", "100"), **settings))
    return offers_of(version(*tables), CAFE)["tea"]


def code(
    it: Offer,
    facts: MemberFacts | None = None,
    *,
    quantity: int = 1,
    spendable: int = 1_000,
    left: int | None = None,
    now: datetime = NOON,
) -> str | None:
    why = refusal(it, facts or MemberFacts(), quantity, spendable, left, now)
    return why and why.code


def test_amounts_are_whole_numbers_of_the_smallest_units() -> None:
    text = programme(
        '[rewards]\napproval_over = "1.5"',
        reward(
            "card",
            "2.25",
            kind='"gift_card"',
            value='"10.05"',
            cost='"9.9"',
            money='"0.5"',
            fulfil='"by_staff"',
        ),
        reward("beans", "0", kind='"points"', gives='"3.5"'),
    ).replace('name = "Beans"', 'name = "Beans"\nscale = 2')
    offers = offers_of(Programme(7, NOON, load(text, SECTIONS, "test")), CAFE)
    card, beans = offers["card"], offers["beans"]
    assert (card.points, card.value, card.cost, card.money) == (225, 1005, 990, 50)
    assert (card.approval_over, beans.gives, beans.version_id) == (150, 350, 7)
    assert (card.needs_approval(150), card.needs_approval(151)) == (False, True)
    assert (card.voucher_value, beans.voucher_value) == (1005, None)
    assert (card.gives_voucher, beans.gives_voucher) == (True, False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("voucher", 400), ("discount", 400), ("gift_card", 400), ("free_product", None)],
)
def test_money_is_on_what_takes_money_off(kind: str, expected: int | None) -> None:
    assert offer(kind=f'"{kind}"', value='"4.00"').voucher_value == expected
    assert offer().voucher_value is None


def test_a_programme_without_the_section_has_no_rewards() -> None:
    assert offers_of(Programme(7, NOON, load(PROGRAMME, SECTIONS, "test")), CAFE) == {}


def test_approval_over_zero_is_for_all_that_costs_points() -> None:
    free = offers_of(version('[rewards]\napproval_over = "0"', reward("tea", "0")), CAFE)["tea"]
    assert (free.needs_approval(0), free.needs_approval(1)) == (False, True)
    assert not offer().needs_approval(10**9)


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(0, "INVALID_QUANTITY"), (1, None), (100, None), (101, "INVALID_QUANTITY")],
)
def test_quantity(quantity: int, expected: str | None) -> None:
    assert code(offer(), quantity=quantity, spendable=10**6) == expected


@pytest.mark.parametrize("name", ["points", "gives"])
def test_more_points_than_a_transfer_can_hold(name: str) -> None:
    it = replace(offer(), points=0, gives=0)
    large = replace(it, **{name: 10**14})  # type: ignore[arg-type]
    assert code(large, quantity=10, spendable=10**16) is None
    assert code(large, quantity=11, spendable=10**16) == "INVALID_QUANTITY"


@pytest.mark.parametrize(
    ("spendable", "left", "expected"),
    [
        (200, 2, None),
        (199, 2, "INSUFFICIENT_POINTS"),
        (200, 1, "OUT_OF_STOCK"),
        (0, 0, "OUT_OF_STOCK"),
        (200, None, None),
    ],
)
def test_points_and_stock(spendable: int, left: int | None, expected: str | None) -> None:
    assert code(offer(), quantity=2, spendable=spendable, left=left) == expected


def test_days_are_those_of_the_brand() -> None:
    it = offer(from_="2026-03-08", until="2026-03-09")
    # The clocks of New York go forward on 8 March: that day begins at 5 and ends at 4 UTC.
    begins, ends = datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert code(it, now=begins - TICK) == "NOT_YET"
    assert code(it, now=begins) is None
    assert code(it, now=ends - TICK) is None
    assert code(it, now=ends) == "NO_LONGER"


def test_early_access_is_for_its_tiers() -> None:
    it = offer(
        from_="2026-03-10T12:00:00Z",
        early='[{ tiers = ["Gold"], from = 2026-03-09T12:00:00Z },'
        ' { tiers = ["Gold", "Green"], from = 2026-03-09T18:00:00Z }]',
    )
    gold, green = MemberFacts(frozenset({"Gold"})), MemberFacts(frozenset({"Green"}))
    nine = datetime(2026, 3, 9, 12, tzinfo=UTC)
    assert code(it, gold, now=nine - TICK) == "NOT_YET"
    assert code(it, gold, now=nine) is None
    assert code(it, green, now=nine + timedelta(hours=6) - TICK) == "NOT_YET"
    assert code(it, green, now=nine + timedelta(hours=6)) is None
    assert code(it, now=nine + timedelta(days=1) - TICK) == "NOT_YET"
    assert code(it, now=nine + timedelta(days=1)) is None


def test_a_tier_is_required() -> None:
    it = offer(tiers='["Gold"]')
    assert code(it) == "TIER_REQUIRED"
    assert code(it, MemberFacts(frozenset({"Green"}))) == "TIER_REQUIRED"
    assert code(it, MemberFacts(frozenset({"Green", "Gold"}))) is None


def test_birthday_window() -> None:
    it = offer(birthday_days="7")
    born = MemberFacts(birthday=date(1990, 2, 24))
    # 24 February and six more days, to the end of 2 March in New York.
    assert code(it, born, now=datetime(2026, 3, 3, 5, tzinfo=UTC) - TICK) is None
    assert code(it, born, now=datetime(2026, 3, 3, 5, tzinfo=UTC)) == "NOT_YOUR_BIRTHDAY"
    assert code(it, born, now=datetime(2026, 2, 24, 5, tzinfo=UTC)) is None
    assert code(it, born, now=datetime(2026, 2, 24, 5, tzinfo=UTC) - TICK) == "NOT_YOUR_BIRTHDAY"
    assert code(it) == "NOT_YOUR_BIRTHDAY"


def test_limits_in_their_units() -> None:
    tables = (
        reward("tea", "100", value='"4.00"'),
        reward("cup", "0"),
        '[[rewards.limit]]\nname = "three"\ntimes = 3',
        '[[rewards.limit]]\nname = "points"\npoints = "250"\nrewards = ["tea"]',
        '[[rewards.limit]]\nname = "worth"\nvalue = "7.99"\nperiod = "day"',
    )
    offers = offers_of(version(*tables), CAFE)
    tea, cup = offers["tea"], offers["cup"]
    times, points, worth = tea.limits
    assert cup.limits == (times, worth)
    assert (times.unit, points.unit, worth.unit) == ("times", "points", "value")

    def used(**counts: int) -> MemberFacts:
        limits = {"times": times, "points": points, "worth": worth}
        return MemberFacts(used={limits[name]: n for name, n in counts.items()})

    assert code(tea, used(times=2)) is None
    assert code(tea, used(times=3)) == "LIMIT_REACHED"
    assert code(tea, used(points=150)) is None
    assert code(tea, used(points=151)) == "LIMIT_REACHED"
    assert code(tea, used(worth=399)) is None
    assert code(tea, used(worth=400)) == "LIMIT_REACHED"
    assert code(cup, used(worth=799, points=1000)) is None
    assert code(tea, quantity=2, spendable=200) == "LIMIT_REACHED"
    assert (limit_left(tea, used()), limit_left(tea, used(points=250))) == (1, 0)
    assert (limit_left(cup, used(times=1)), limit_left(cup, used(times=9))) == (2, 0)
    assert limit_left(offer(), MemberFacts()) is None


def test_days_of_a_voucher_end_with_the_brands_day() -> None:
    issued = datetime(2026, 3, 7, 23, tzinfo=UTC)
    assert offer().voucher_ends(issued) is None
    same_day = offer(valid="{ days = 0 }").voucher_ends(issued)
    assert same_day == datetime(2026, 3, 8, 5, tzinfo=UTC)
    # A day later the clocks have gone forward.
    assert offer(valid="{ days = 1 }").voucher_ends(issued) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    late = datetime(2026, 1, 31, 12, tzinfo=UTC)
    months = offer(valid="{ months = 1 }").voucher_ends(late)
    assert months == datetime(2026, 3, 1, 5, tzinfo=UTC)
    until = offer(valid="{ until = 2026-03-10 }")
    assert until.voucher_ends(issued) == until.until == datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_deadline() -> None:
    assert offer(fulfil_days="2").deadline(NOON) == NOON + timedelta(days=2)
    gone = offer(fulfil_days="9", valid="{ until = 2026-03-04 }")
    assert gone.deadline(NOON) == datetime(2026, 3, 4, 5, tzinfo=UTC)


def test_returns_go_to_the_end_of_the_brands_day() -> None:
    assert offer().returnable_until(NOON) is None
    assert offer(return_days="0").returnable_until(NOON) == datetime(2026, 3, 3, 5, tzinfo=UTC)
    assert offer(return_days="6").returnable_until(NOON) == datetime(2026, 3, 9, 4, tzinfo=UTC)


def test_the_first_reason_is_told() -> None:
    it = replace(offer(tiers='["Gold"]', from_="2026-03-08"), until=NOON)
    assert code(it, quantity=0) == "INVALID_QUANTITY"
    assert code(it, left=0, spendable=0) == "TIER_REQUIRED"
    gold = MemberFacts(frozenset({"Gold"}))
    assert code(it, gold, left=0, spendable=0) == "NOT_YET"
