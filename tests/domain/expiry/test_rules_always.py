"""What holds of the ends of points under any rules and any history."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.wallets.section import PointsSection
from kit.calendar import day_start
from tests.support.ends import NEW_YORK, TIERS, SlowEnds, at, course, ends, version

LONDON = ZoneInfo("Europe/London")
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
CHATHAM = ZoneInfo("Pacific/Chatham")

IDLE_18 = {"months": 18, "after": "activity"}


MONTHS = st.integers(0, 4)
PLAIN = st.one_of(
    st.just("never"),
    st.builds(lambda m, r: {"months": m, "round": r}, MONTHS, st.sampled_from(["day", "month"])),
    st.builds(lambda day: {"on": at("2026-01-01").date() + timedelta(day)}, st.integers(0, 300)),
    st.builds(
        lambda m, a: {"months": m, "after": a},
        MONTHS,
        st.sampled_from(["activity", "monthly_activity"]),
    ),
)
BY_TIER = st.lists(
    st.builds(
        lambda tier, expires: {"tiers": [tier], "expires": expires},
        st.sampled_from(TIERS),
        st.one_of(PLAIN, st.just("with_tier")),
    ),
    max_size=3,
    unique_by=lambda each: each["tiers"][0],
)
DAYS = st.integers(0, 300)


def _day(number: int) -> str:
    return (at("2026-01-01") + timedelta(days=number, hours=3)).date().isoformat()


@settings(max_examples=300)
@given(
    rules=st.lists(st.tuples(PLAIN, BY_TIER, st.booleans()), min_size=1, max_size=3),
    starts=st.lists(DAYS, min_size=2, max_size=2, unique=True),
    falls=st.lists(st.tuples(DAYS, st.sampled_from(TIERS)), max_size=4, unique_by=lambda x: x[0]),
    active=st.lists(DAYS, max_size=25, unique=True),
    earned=st.lists(st.integers(0, 300 * 24), min_size=1, max_size=6),
    zone=st.sampled_from([NEW_YORK, LONDON, SAIGON, CHATHAM]),
    region=st.sampled_from([None, "CA-ON"]),
    moved=st.lists(DAYS, max_size=3, unique=True),
)
def test_any_history_ends_as_told_event_by_event(
    rules: Any,
    starts: Any,
    falls: Any,
    active: Any,
    earned: Any,
    zone: ZoneInfo,
    region: Any,
    moved: Any,
) -> None:
    begins = ["2026-01-01", *map(_day, sorted(starts))]
    versions = [
        version(
            begin,
            zone=zone,
            expires=plain,
            tier_expiry=by_tier,
            no_expiry_by_time_in=["CA-ON"] if law else [],
        )
        for begin, (plain, by_tier, law) in zip(begins, rules, strict=False)
    ]
    tiers = [("2026-01-01", "Green")]
    for day, tier in sorted(falls):
        if tier != tiers[-1][1] and day:
            tiers.append((_day(day), tier))
    lived = [(None, "CA-ON")[(place + (region is None)) % 2] for place in range(len(moved))][::-1]
    moves = list(zip(map(_day, sorted(moved)), lived, strict=True))
    did = list(map(_day, active))
    made = ends(*versions, zone=zone, region=region, tiers=tiers, active=did, moves=moves)
    instants = [day_start(zone, at("2026-01-01").date()) + timedelta(hours=h) for h in earned]
    slow = SlowEnds(made.policies, zone, region, course(*tiers, zone=zone), made.days, made.moves)
    assert [made.of(each) for each in instants] == [slow.of(each) for each in instants]


@given(
    months=MONTHS,
    active=st.lists(DAYS, max_size=12, unique=True),
    more=DAYS,
    earned=DAYS,
    after=st.sampled_from(["activity", "monthly_activity"]),
)
def test_more_activity_never_ends_points_earlier(
    months: int, active: list[int], more: int, earned: int, after: str
) -> None:
    rule = version("2026-01-01", expires={"months": months, "after": after})
    fewer = ends(rule, active=list(map(_day, active)))
    longer = ends(rule, active=[_day(day) for day in {*active, more}])
    instant = at(_day(earned))
    assert longer.of(instant) >= fewer.of(instant)  # type: ignore[operator]


def test_a_section_follows_if_activity_or_a_tier_moves_the_end() -> None:
    def follows(**points: Any) -> bool:
        plain = {"code": "p", "name": "P", "expires": "never"}
        return PointsSection(**(plain | points)).follows_the_member

    assert not follows()
    assert not follows(expires={"months": 1})
    assert follows(expires={"months": 12, "after": "activity"})
    assert follows(tier_expiry=[{"tiers": ["Gold"], "expires": "never"}])
