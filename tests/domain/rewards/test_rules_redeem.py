"""A batch of wishes, decided one after another: each sees what the ones before it took."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, load
from domain.rewards.rules_catalogue import MemberFacts, Offer, Why, offers_of
from domain.rewards.rules_redeem import Grant, Ground, Wish, decide, why_not
from domain.wallets.rules import Lot
from tests.support.rewards import programme, reward

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CAFE = Brand(1, "cafe", "Café", "America/New_York", "USD", 2)
OFFERS = offers_of(
    Programme(
        7,
        NOON,
        load(
            programme(
                '[rewards]\napproval_over = "200"',
                reward("tea", "100", stock="2"),
                reward("code", "50", codes='"pool"'),
                reward("trip", "10", fulfil='"by_staff"', codes='"pool"'),
                reward("free", "0"),
                '[[rewards.limit]]\nname = "two cups"\ntimes = 2\nrewards = ["free"]',
            ),
            SECTIONS,
            "test",
        ),
    ),
    CAFE,
)
ANN, BOB = UUID(int=1), UUID(int=2)


def lot(number: int, account: int, points: int, ends: int, *, pending: bool = False) -> Lot:
    begins = NOON + DAY if pending else NOON - DAY
    return Lot(number, account, number, points, NOON - DAY, begins, NOON + ends * DAY)


def ground(*lots: Lot, **more: dict[str, int]) -> Ground:
    mine: dict[int, list[Lot]] = {}
    for each in lots:
        mine.setdefault(each.account_id, []).append(each)
    return Ground(NOON, mine, {ANN: MemberFacts(), BOB: MemberFacts()}, **more)


def want(code: str, *payers: int, quantity: int = 1, asked: bool = True) -> Wish:
    return Wish(UUID(int=9), offer(code), ANN, None, payers or (1,), quantity, asked=asked)


def offer(code: str) -> Offer:
    return OFFERS[code]


def told(verdict: Grant | Why) -> object:
    return verdict.code if isinstance(verdict, Why) else (verdict.state, dict(verdict.parts))


def test_points_that_are_gone_are_gone() -> None:
    it = ground(lot(1, 1, 150, 9), lot(2, 1, 99, 5), lot(3, 1, 99, 1, pending=True))
    assert told(decide(it, want("tea"))) == ("fulfilled", {1: 100})
    assert {each.id: each.remaining for each in it.lots[1]} == {1: 149, 2: 0, 3: 99}
    assert told(decide(it, want("tea"))) == ("fulfilled", {1: 100})
    assert told(decide(it, want("code"))) == "INSUFFICIENT_POINTS"


def test_several_pay_from_what_ends_first() -> None:
    it = ground(lot(1, 1, 60, 3), lot(2, 2, 60, 2), lot(3, 2, 60, 4), lot(4, 3, 60, 1))
    assert told(decide(it, want("tea", 1, 2))) == ("fulfilled", {2: 60, 1: 40})
    assert told(decide(it, want("tea", 1, 2))) == "INSUFFICIENT_POINTS"
    assert told(decide(it, want("code", 1, 2))) == ("fulfilled", {1: 20, 2: 30})
    assert {each.id: each.remaining for account in (1, 2, 3) for each in it.lots[account]} == {
        1: 0,
        2: 0,
        3: 30,
        4: 60,
    }


def test_the_last_unit_is_given_once_and_a_refusal_takes_none() -> None:
    it = ground(lot(1, 1, 1000, 9), left={"tea": 1})
    assert told(decide(it, want("tea", quantity=2))) == "OUT_OF_STOCK"
    assert told(decide(it, want("tea"))) == ("fulfilled", {1: 100})
    assert told(decide(it, want("tea"))) == "OUT_OF_STOCK"
    assert it.left == {"tea": 0}


def test_codes_are_needed_when_it_is_done() -> None:
    it = ground(lot(1, 1, 1000, 9), codes={"pool": 1})
    assert told(decide(it, want("trip", quantity=2))) == ("held", {1: 20})
    assert told(decide(it, want("code", quantity=5))) == ("waiting", {1: 250})
    assert told(decide(it, want("code", quantity=2))) == "OUT_OF_STOCK"
    assert told(decide(it, want("code"))) == ("fulfilled", {1: 50})
    assert told(decide(it, want("code"))) == "OUT_OF_STOCK"


def test_more_points_than_the_limit_wait_unless_nobody_asked() -> None:
    it = ground(lot(1, 1, 10_000, 9))
    assert told(decide(it, want("tea", quantity=2))) == ("fulfilled", {1: 200})
    assert told(decide(it, want("tea", quantity=3))) == ("waiting", {1: 300})
    assert told(decide(it, want("tea", quantity=3, asked=False))) == ("fulfilled", {1: 300})


def test_limits_count_on_and_free_is_paid_by_nobody() -> None:
    it = ground()
    assert told(decide(it, want("free"))) == ("fulfilled", {})
    assert told(decide(it, want("free"))) == ("fulfilled", {})
    assert told(decide(it, want("free"))) == "LIMIT_REACHED"


def test_asking_why_not_takes_nothing() -> None:
    it = ground(lot(1, 1, 100, 9), left={"tea": 1})
    assert why_not(it, want("tea")) is None
    assert why_not(it, want("tea")) is None
    assert it.left == {"tea": 1}
