"""Streaks on plain values: terms, happenings and what follows from them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.brands.rules import Brand
from domain.earning.rules_history import Happening
from gamification.grounds.section_parts import Filter
from gamification.streaks.rules import Course, Past, courses
from gamification.streaks.rules_purse import Freezes
from gamification.streaks.rules_terms import Life, Terms
from gamification.streaks.section import Milestone, Streak
from tests.gamification.streaks.naive import DAYS, Rules, days_between, utc

EPOCH = utc(1970, 1, 1)


NEW_YORK = "America/New_York"


def brand(zone: str = NEW_YORK) -> Brand:
    return Brand(1, "cafe", "Café", zone, "USD", 2)


def visit(at: datetime, number: int = 1, *, counts: bool = True) -> Happening:
    id_ = UUID(int=number)
    return Happening(
        id_, f"v{number}", id_, "visit", at, at, 0, 0, (), "", "", Happening.NOTHING, counts
    )


def streak(**more: Any) -> Streak:
    said: dict[str, Any] = {"code": "daily", "name": {"": "Daily"}, "every": "day", **more}
    return Streak(goal=Filter(on="visit"), **said)


def milestone(at: int, **more: Any) -> Milestone:
    return Milestone(at=at, prize={"points": "10"}, **more)


def life(part: Streak, *later: Terms, starts: datetime = EPOCH, number: int = 0) -> Life:
    return Life(part.code, number, part.every, starts, None, (Terms(starts, part), *later))


def course(
    part: Streak | Life,
    visits: Sequence[datetime],
    now: datetime,
    *,
    freezes: Sequence[Freezes] = (),
    repairs: Sequence[datetime] = (),
    zone: str = NEW_YORK,
) -> Course:
    lives = [part if isinstance(part, Life) else life(part)]
    did = [visit(at, number) for number, at in enumerate(visits)]
    return courses(brand(zone), lives, did, Past(freezes, repairs), now)[-1]


def noon(day: int, month: int = 6) -> datetime:
    """Return noon in New York of a day in 2026."""
    return datetime(2026, month, day, 12, tzinfo=ZoneInfo(NEW_YORK))


def june(*days: int) -> list[datetime]:
    return [noon(day) for day in days]


def freeze(at: datetime, units: int = 1, taken_at: datetime | None = None, id_: int = 1) -> Freezes:
    return Freezes(UUID(int=id_), at, units, taken_at)


ZONES = {
    NEW_YORK: (utc(2026, 2, 20), utc(2026, 10, 20)),
    "Asia/Ho_Chi_Minh": (utc(2023, 12, 20),),
    "Australia/Lord_Howe": (utc(2026, 3, 25), utc(2026, 9, 25)),
    "Pacific/Apia": (utc(2011, 12, 20),),
    # Its clock skipped midnight on 4 November 2018.
    "America/Sao_Paulo": (utc(2018, 10, 25),),
    "Europe/London": (utc(2024, 2, 20), utc(2020, 12, 20)),
}


SPANS = {"day": 24, "week": 70, "month": 200}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, ...]:
    zone = draw(st.sampled_from(sorted(ZONES)))
    start = draw(st.sampled_from(ZONES[zone]))
    every = draw(st.sampled_from(sorted(SPANS)))
    minutes = st.integers(0, SPANS[every] * 24 * 60)
    instants = st.one_of(
        minutes.map(lambda each: start + timedelta(minutes=each)),
        # Right where days begin and end.
        st.sampled_from(
            sorted(days_between(zone, start, start + timedelta(SPANS[every])).values())
        ),
    )
    if every != "day":
        instants = minutes.map(lambda each: start + timedelta(minutes=each))
    rules = Rules(
        every=every,
        times=draw(st.sampled_from((1, 1, 2))),
        weekdays=tuple(draw(st.sets(st.sampled_from(DAYS), max_size=6))) if every == "day" else (),
        freezes_max=draw(st.integers(0, 2)),
        freeze_every=draw(st.sampled_from((None, 2, 3))),
        repair_days=draw(st.sampled_from((None, 1, 3, 40))),
        milestones=draw(
            st.sampled_from(((), ((2, True, None), (3, False, None)), ((1, True, 2), (4, True, 1))))
        ),
    )
    visits = draw(st.lists(instants, max_size=30))
    gains = [
        (UUID(int=number), at, units, None if later is None else at + timedelta(hours=later))
        for number, (at, units, later) in enumerate(
            draw(
                st.lists(
                    st.tuples(
                        instants, st.integers(1, 3), st.sampled_from((None, None, 0, 30, 200))
                    ),
                    max_size=4,
                )
            )
        )
    ]
    repairs = draw(st.lists(instants, max_size=4))
    now = draw(st.one_of(st.just(start + timedelta(SPANS[every])), instants))
    return zone, start, rules, visits, gains, repairs, now, draw(st.randoms(use_true_random=False))


def reached(found: Course) -> list[tuple[int, int]]:
    return [(each.milestone.at, each.time) for each in found.reached]
