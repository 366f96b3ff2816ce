"""What may be done with a redemption in each state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes.rules import Programme, load
from domain.rewards.rules_catalogue import Offer, Why, offers_of
from domain.rewards.rules_steps import (
    Part,
    Redemption,
    State,
    approval_refusal,
    approved,
    as_of,
    cancel_refusal,
    codes_wanted,
    ended,
    fulfil_refusal,
    fulfilled,
    request_of,
    return_refusal,
)
from tests.support.rewards import programme, reward

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CAFE = Brand(1, "cafe", "Café", "America/New_York", "USD", 2)
HELD = Redemption(
    id=UUID(int=1),
    member_id=UUID(int=2),
    household_id=None,
    reward="tea",
    kind="voucher",
    version_id=7,
    quantity=2,
    points=200,
    money=0,
    value=0,
    state="held",
    automatic=None,
    requested_at=NOON,
    requested_by="ann",
    deadline=NOON + timedelta(days=1),
)
STATES: tuple[State, ...] = (
    "waiting",
    "held",
    "fulfilled",
    "returned",
    "cancelled",
    "lapsed",
)


def offer(**settings: str) -> Offer:
    text = programme(reward("tea", "100", **settings))
    return offers_of(Programme(7, NOON, load(text, SECTIONS, "test")), CAFE)["tea"]


def in_state(state: State) -> Redemption:
    at = NOON if state in ("fulfilled", "returned") else None
    return replace(HELD, state=state, fulfilled_at=at)


def code(why: Why | None) -> str | None:
    return why and why.code


def test_past_its_deadline_it_has_lapsed() -> None:
    assert HELD.deadline is not None
    assert as_of(HELD, HELD.deadline - TICK) == HELD
    late = as_of(HELD, HELD.deadline)
    assert (late.state, late.deadline, late.ended_at) == ("lapsed", None, HELD.deadline)
    done = fulfilled(HELD, NOON, "eve")
    assert as_of(done, HELD.deadline) == done


def test_a_hold_that_has_ended_was_past_the_deadline_for_somebody() -> None:
    mine = Part(HELD.id, HELD.member_id, 200, 1)
    assert as_of(HELD, NOON, [mine]).state == "held"
    assert as_of(HELD, NOON, [mine, replace(mine, open=False)]).state == "lapsed"


@pytest.mark.parametrize(
    ("state", "approve", "fulfil", "cancel", "back"),
    [
        ("waiting", None, "NOT_HELD", None, "NOT_FULFILLED"),
        ("held", "NOT_WAITING", None, None, "NOT_FULFILLED"),
        ("fulfilled", "NOT_WAITING", "NOT_HELD", "NOT_HELD", None),
        ("returned", "NOT_WAITING", "NOT_HELD", "NOT_HELD", "NOT_FULFILLED"),
        ("cancelled", "NOT_WAITING", "NOT_HELD", "NOT_HELD", "NOT_FULFILLED"),
        ("lapsed", "DEADLINE_PASSED", "DEADLINE_PASSED", "DEADLINE_PASSED", "NOT_FULFILLED"),
    ],
)
def test_steps_by_state(
    state: State, approve: str | None, fulfil: str | None, cancel: str | None, back: str | None
) -> None:
    it = in_state(state)
    assert code(approval_refusal(it, "bob")) == approve
    assert code(fulfil_refusal(it)) == fulfil
    assert code(cancel_refusal(it)) == cancel
    assert code(return_refusal(it, offer(return_days="0"), NOON)) == back


def test_who_asked_can_not_approve() -> None:
    assert code(approval_refusal(in_state("waiting"), "ann")) == "SAME_PERSON"


def test_returns_by_the_reward() -> None:
    it, end = in_state("fulfilled"), datetime(2026, 3, 4, 5, tzinfo=UTC)
    days = offer(return_days="1")
    assert code(return_refusal(it, days, end - TICK)) is None
    assert code(return_refusal(it, days, end)) == "RETURN_TOO_LATE"
    assert code(return_refusal(it, days, end, at_any_time=True)) is None
    assert code(return_refusal(it, offer(), NOON)) == "NOT_RETURNABLE"
    assert code(return_refusal(it, offer(), NOON, at_any_time=True)) is None
    done = offer(kind='"donation"')
    assert code(return_refusal(it, done, NOON, at_any_time=True)) == "NOT_RETURNABLE"
    # Points that are given by themselves are taken back by nobody but the programme.
    points, gave = replace(it, kind="points"), offer(kind='"points"', gives='"5"')
    assert code(return_refusal(points, gave, NOON, at_any_time=True)) is None
    assert code(return_refusal(points, gave, NOON)) == "NOT_RETURNABLE"


def test_what_steps_leave() -> None:
    passed = approved(replace(HELD, state="waiting"), NOON, "bob")
    assert (passed.state, passed.approved_by, passed.approved_at) == ("held", "bob", NOON)
    assert passed.deadline == HELD.deadline
    done = fulfilled(passed, NOON, "eve", "no. 7")
    assert (done.state, done.deadline, done.fulfilled_by) == ("fulfilled", None, "eve")
    assert (done.fulfilled_at, done.reference) == (NOON, "no. 7")
    over = ended(done, NOON + TICK, "returned", "ann", "cold")
    assert (over.state, over.ended_at, over.ended_by) == ("returned", NOON + TICK, "ann")
    assert (over.reason, over.fulfilled_at) == ("cold", NOON)
    assert ended(HELD, NOON, "cancelled", "ann", "").deadline is None


def test_codes_are_wanted_by_pool() -> None:
    pooled, free = offer(codes='"cups"'), offer()
    items = [(HELD, pooled), (HELD, free), (replace(HELD, quantity=3), pooled)]
    assert codes_wanted(items) == {"cups": 5}


def test_requests_differ_by_each_part() -> None:
    hashes = {request_of(*each) for each in (("a", "b"), ("ab",), ("a", None), ("a", "None"))}
    assert len(hashes) == 4
    assert request_of("\ud800", 1) == request_of("\ud800", 1)
