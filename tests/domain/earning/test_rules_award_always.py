"""What holds of awards whatever the programme and the baskets."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.earning.rules import CapKey, Event, Line
from domain.earning.rules_caps import ALWAYS, budgets_of, key_of, keys_of, period_of
from domain.earning.rules_compile import EarningRules
from tests.support.earning import (
    NEW_YORK,
    NOON,
    activity,
    basket,
    cents,
    examples,
    given_by,
    judged,
    lines,
    made,
    settings,
    shuffled,
)

baskets = st.lists(lines, max_size=5)


@examples(40)
@given(settings(), baskets, st.randoms(use_true_random=False))
def test_no_order_matters_of_lines_multipliers_and_rules(
    given_settings: dict[str, Any], lines: list[Line], random: Any
) -> None:
    # Among equal rules the last edited wins elsewhere (loyalty, pitfall 14).
    one = judged(made(**given_settings), basket(*lines))
    other = made(**shuffled(given_settings, ("multiplier", "rule"), random))
    mixed = random.sample(lines, len(lines))
    assert given_by(judged(other, basket(*mixed))) == given_by(one)


@examples(40)
@given(settings(), st.lists(lines, min_size=1, max_size=5), st.data())
def test_who_pays_more_never_earns_less(
    given_settings: dict[str, Any], lines: list[Line], data: st.DataObject
) -> None:
    rules = made(**given_settings)
    more = [replace(line, amount=line.amount + data.draw(cents)) for line in lines]
    more += data.draw(baskets)
    assert judged(rules, basket(*more)).points >= judged(rules, basket(*lines)).points


@st.composite
def caps(draw: st.DrawFn, names: list[str]) -> list[dict[str, Any]]:
    """Draw caps on these rules, each of some kind and period, over rules that overlap."""
    found = []
    for index in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["points", "points", "carried", "times", "amount"]))
        cap: dict[str, Any] = {"name": f"c{index}", "of": "member"}
        cap["rules"] = draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
        period = draw(st.sampled_from(["hour", "day", "week", "month", "year", "windows", None]))
        if kind == "carried":
            cap |= {"excess": "carried"}
            period = draw(st.sampled_from(["day", "week", "quarter", "windows"]))
        elif draw(st.booleans()):
            cap["of"] = "everyone"
        if period == "windows":
            cap["windows"] = ["05-06", "11-01"]
        elif period is not None:
            cap["period"] = period
        if kind == "times":
            cap["times"] = draw(st.integers(1, 4))
        else:
            most = str(draw(st.integers(0, 300)))
            cap["amount" if kind == "amount" else "points"] = most
        found.append(cap)
    return found


@st.composite
def capped(draw: st.DrawFn) -> EarningRules:
    chosen = draw(settings())
    chosen["rule"] = [
        *chosen["rule"],
        {"name": "visit", "on": "visit", "points": "40"},
        {"name": "ride", "on": "visit", "points": "2", "per": "1"},
    ]
    names = ["base", *(rule["name"] for rule in chosen["rule"])]
    cap = draw(st.sampled_from([None, "0", "50", "500"]))
    return made(**chosen, cap=draw(caps(names)), per_purchase_cap=cap)


events = st.one_of(
    st.builds(lambda found: basket(*found), baskets),
    st.builds(lambda amount: activity(amount=amount), cents),
)
days = st.integers(0, 40).map(lambda half_days: timedelta(hours=12 * half_days))


@examples(40)
@given(capped(), st.lists(st.tuples(events, days), max_size=8))
def test_no_cap_is_ever_exceeded_in_whatever_order_events_come(
    rules: EarningRules, reported: list[tuple[Event, timedelta]]
) -> None:
    used: dict[CapKey, int] = {}
    most = {key_of(limit, ALWAYS).cap: limit.most for limit in rules.limits}
    for number, (event, later) in enumerate(reported):
        at = NOON + later
        verdict = judged(rules, replace(event, external_id=str(number)), at=at, used=used)
        assert 0 <= verdict.points <= verdict.computed <= rules.event_cap
        assert verdict.points == sum(part.points for each in verdict.awards for part in each.parts)
        assert all(part.points > 0 for each in verdict.awards for part in each.parts)
        asked = {*keys_of(rules, event.kind, at), *budgets_of(rules, event.kind, at)}
        for key, taken in verdict.uses.items():
            assert taken > 0
            assert key in asked or key.starts_at > at
            used[key] = used.get(key, 0) + taken
            assert used[key] <= most[key.cap]


@examples(40)
@given(capped(), events, days)
def test_what_is_taken_of_caps_is_what_was_given(
    rules: EarningRules, event: Event, later: timedelta
) -> None:
    at = NOON + later
    verdict = judged(rules, event, at=at)
    for limit in rules.limits:
        awards = [each for each in verdict.awards if limit.covers(each.rule)]
        taken = {
            key.starts_at: n
            for key, n in verdict.uses.items()
            if key.cap == key_of(limit, ALWAYS).cap
        }
        here = period_of(limit.cap, at)[0]
        if limit.unit == "times":
            assert taken == ({here: len(awards)} if awards else {})
        elif limit.unit == "amount":
            assert sum(taken.values()) <= limit.most
        elif limit.cap.excess == "lost":
            assert sum(taken.values()) == sum(each.points for each in awards)
            assert taken.keys() <= {here}
        else:
            expected: dict[Any, int] = {}
            for part in (part for each in awards for part in each.parts):
                begins = period_of(limit.cap, (part.carried_to or at).astimezone(NEW_YORK))[0]
                expected[begins] = expected.get(begins, 0) + part.points
            assert taken == expected
