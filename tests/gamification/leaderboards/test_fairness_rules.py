"""What looks unfair, happening by happening."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.earning.rules_history import Happening
from gamification.leaderboards.rules_fairness import Finding, findings, flag_id
from gamification.leaderboards.section_people import FairPlay, fair_play_faults

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MEMBER = UUID(int=1)


def happening(
    number: int, minutes: int, amount: int = 1_000, kind: str = "purchase", **other: Any
) -> Happening:
    given: Mapping[str, Any] = {"store": "12", "counts": True, **other}
    return Happening(
        id=UUID(int=number),
        external_id=f"h{number}",
        member_id=MEMBER,
        kind=kind,
        occurred_at=NOON + timedelta(minutes=minutes),
        recorded_at=NOON,
        amount=amount,
        points=0,
        lines=(),
        channel="",
        attributes={},
        **given,
    )


def fair_play(**settings: object) -> FairPlay:
    return FairPlay.model_validate(settings)


RATE = fair_play(rate=[{"most": 2, "minutes": 10}])
SPLIT = fair_play(split_minutes=10)
OUTLIER = fair_play(outlier_times=5, outlier_floor="100.00")


def told(found: list[Finding]) -> list[tuple[str, list[int]]]:
    return [(each.rule, [happening.id.int for happening in each.happenings]) for each in found]


def test_more_than_the_most_within_the_time_is_one_burst() -> None:
    history = [happening(n, at) for n, at in enumerate((0, 4, 9, 13, 30, 39, 40), start=1)]
    assert told(findings(RATE, 2, history)) == [("rate:any:2/10", [1, 2, 3, 4])]
    assert told(findings(RATE, 2, history[:3])) == [("rate:any:2/10", [1, 2, 3])]
    # Ten minutes apart is not within ten minutes.
    assert not findings(RATE, 2, [happening(n, at) for n, at in ((1, 0), (2, 5), (3, 10))])


def test_a_burst_that_goes_on_is_the_same_flag_with_more_evidence() -> None:
    history = [happening(n, n) for n in range(1, 8)]
    first, longer = findings(RATE, 2, history[:3]), findings(RATE, 2, history)
    assert flag_id(1, first[0]) == flag_id(1, longer[0])
    assert flag_id(1, first[0]) != flag_id(2, first[0])
    assert (first[0].evidence["count"], longer[0].evidence["count"]) == (3, 7)


def test_a_rate_is_of_one_kind_and_counts_what_was_returned() -> None:
    rule = fair_play(rate=[{"most": 1, "minutes": 10, "on": "review"}])
    history = [
        happening(1, 0, kind="review"),
        happening(2, 1),
        happening(3, 2, kind="review", counts=False),
    ]
    assert told(findings(rule, 2, history)) == [("rate:review:1/10", [1, 3])]


def test_baskets_split_in_one_store_are_a_chain() -> None:
    history = [
        happening(1, 0),
        happening(2, 5, store="13"),
        happening(3, 9),
        happening(4, 18),
        happening(5, 19, kind="visit"),
        happening(6, 28),
        happening(7, 60),
        happening(8, 61, counts=False),
        happening(9, 62, store=""),
        happening(10, 63, store=""),
        happening(11, 64),
    ]
    # 4 and 6 are ten minutes apart.
    assert told(findings(SPLIT, 2, history)) == [("split", [1, 3, 4]), ("split", [7, 11])]


def test_an_outlier_is_far_above_the_members_own_median_and_the_floor() -> None:
    def of(*amounts: int) -> list[tuple[str, list[int]]]:
        history = [happening(n, 60 * n, amount) for n, amount in enumerate(amounts, start=1)]
        return told(findings(OUTLIER, 2, history))

    assert of(1_000, 2_000, 90_000) == []
    assert of(2_000, 2_000, 2_000, 10_000) == []
    assert of(2_000, 2_000, 2_000, 10_001) == [("outlier", [4])]
    assert of(1_000, 1_000, 1_000, 10_000) == []
    # The median of 2000, 3000 and of two more is 2500.
    assert of(2_000, 3_000, 1_000, 9_000, 12_500) == []
    assert of(2_000, 3_000, 1_000, 9_000, 12_501) == [("outlier", [5])]


def test_rules_judge_what_was_completed_while_they_were_in_force() -> None:
    history = [happening(n, n) for n in (1, 2, 3)]
    third = NOON + timedelta(minutes=3)
    assert findings(RATE, 2, history, since=third)
    assert not findings(RATE, 2, history, until=third)
    assert not findings(RATE, 2, history, since=third + timedelta(seconds=1))


def test_evidence_says_what_when_and_where() -> None:
    (found,) = findings(SPLIT, 2, [happening(1, 0), happening(2, 5)])
    assert found.evidence == {
        "count": 2,
        "happenings": [
            {
                "id": str(UUID(int=number)),
                "externalId": f"h{number}",
                "kind": "purchase",
                "occurredAt": f"2026-03-02T12:0{minute}:00+00:00",
                "store": "12",
                "amount": 1_000,
            }
            for number, minute in ((1, 0), (2, 5))
        ],
    }


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(1, 4), st.integers(1, 20))
def test_somebody_is_flagged_exactly_if_some_window_holds_too_many(
    minutes: list[int], most: int, length: int
) -> None:
    history = [happening(n, at) for n, at in enumerate(sorted(minutes))]
    found = findings(fair_play(rate=[{"most": most, "minutes": length}]), 2, history)
    crowded = {
        one
        for start in range(-20, 61)
        for window in [[n for n, at in enumerate(sorted(minutes)) if start <= at < start + length]]
        if len(window) > most
        for one in window
    }
    assert {each.id.int for one in found for each in one.happenings} == crowded
    members = [each.id for one in found for each in one.happenings]
    assert len(found) == 0 or len({flag_id(1, each) for each in found}) == len(found)
    assert len(members) >= len(crowded)


def test_rules_said_by_half_are_told() -> None:
    half = fair_play(outlier_times=5)
    fine = fair_play(outlier_times=5, outlier_floor="0.001")
    assert [path for path, _ in fair_play_faults(half, 2)] == [("outlier_times",)]
    assert [path for path, _ in fair_play_faults(fine, 2)] == [("outlier_floor",)]
    assert not list(fair_play_faults(OUTLIER, 2))
