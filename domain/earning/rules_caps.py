"""Caps: what is left of them, and what they do to points."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from domain.earning.rules import CapKey, Part
from domain.earning.rules_compile import FIRST, NTH, EarningRules, Giver, Limit
from domain.earning.section_parts import BASE, PURCHASE, Cap
from kit.calendar import Period, day_start, period_next, period_start, windows_around

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a period begins that never ends."""

PERIODS_MAX = 366
"""Over so many periods caps carry what one rule gives, a year of days; the rest is lost."""

Used = Mapping[CapKey, int]


def period_of(cap: Cap, local: datetime) -> tuple[datetime, datetime | None]:
    """Return the instants at which the cap's period around ``local`` begins and ends.

    ``local`` is an aware time on the brand's wall clock; the end is None for all time.
    """
    zone = local.tzinfo
    assert zone is not None, "local must be aware"
    if cap.period == "hour":
        # Taken off the instant: the clock may have skipped the hour's beginning.
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        begins = local.astimezone(UTC) - into
        return begins, begins + timedelta(hours=1)
    if cap.windows or cap.period is not None:
        return _days_of(cap.windows, cap.period, local.date(), zone)
    return ALWAYS, None


@lru_cache(maxsize=10_000)
def _days_of(
    windows: tuple[str, ...], period: Period | None, day: date, zone: tzinfo
) -> tuple[datetime, datetime]:
    if period is not None:
        first, after = period_start(period, day), period_next(period, day)
    else:
        starts = [(int(each[:2]), int(each[3:])) for each in windows]
        first, after = windows_around(starts, day)
    return day_start(zone, first), day_start(zone, after)


def key_of(limit: Limit, starts_at: datetime) -> CapKey:
    """Return what stands for a cap in the period that begins at ``starts_at``."""
    return CapKey(limit.counter, starts_at, shared=limit.cap.of == "everyone")


def turn_of(nth: int, *, turned: bool) -> int:
    """Return what an event adds to its counter: one more, or, when it ``turned``, a new round.

    The counter holds the events that stand less what their turns cost, so that a refund can
    take off what a purchase added: nobody turns by goods that went back.
    """
    return 1 - nth if turned else 1


def counter_of(giver: Giver, local: datetime) -> CapKey:
    """Return where the events are counted of which every so manieth earns."""
    zone, per = local.tzinfo, giver.part.nth_per
    name = f"{NTH}{giver.name}|{per or 'ever'}"
    if per is None or zone is None:
        return CapKey(name, ALWAYS)
    return CapKey(name, day_start(zone, period_start(per, local.date())))


def first_of(kind: str) -> CapKey:
    """Return where it stands that a member had what the first event of a kind gives."""
    return CapKey(FIRST + kind, ALWAYS)


def keys_of(rules: EarningRules, kind: str, local: datetime) -> Iterable[CapKey]:
    """Yield the caps and counters of a member that an event at ``local`` may need."""
    for limit in rules.limits:
        if limit.cap.of == "member":
            yield key_of(limit, period_of(limit.cap, local)[0])
    for giver in rules.givers_on(kind):
        if giver.nth is not None:
            yield counter_of(giver, local)
        if giver.first:
            yield first_of(kind)


def budgets_of(rules: EarningRules, kind: str, local: datetime) -> Iterable[CapKey]:
    """Yield the caps that everyone shares and that an event at ``local`` may need."""
    names = {giver.name for giver in rules.givers_on(kind)}
    if kind == PURCHASE:
        names.add(BASE)
    for limit in rules.limits:
        if limit.cap.of == "everyone" and (not limit.cap.rules or names & set(limit.cap.rules)):
            yield key_of(limit, period_of(limit.cap, local)[0])


def left(limit: Limit, key: CapKey, used: Used, uses: Used) -> int:
    """Return how much of a cap is left, in its unit; never negative."""
    return max(0, limit.most - used.get(key, 0) - uses.get(key, 0))


def use(uses: dict[CapKey, int], key: CapKey, amount: int) -> None:
    """Note that ``amount`` is taken from a cap."""
    if amount:
        uses[key] = uses.get(key, 0) + amount


def limited(
    limits: Iterable[Limit], points: int, local: datetime, used: Used, uses: dict[CapKey, int]
) -> tuple[Part, ...]:
    """Return what the caps of one rule leave of ``points``, and note in ``uses`` what it takes.

    What a cap carries goes into the next periods that have room for it, in all caps that carry.
    """
    carrying: list[Limit] = []
    taken: list[tuple[Limit, CapKey]] = []
    for limit in limits:
        key = key_of(limit, period_of(limit.cap, local)[0])
        if limit.unit == "times" and not left(limit, key, used, uses):
            points = 0
        elif limit.unit == "points" and limit.cap.excess == "carried" and limit.most:
            carrying.append(limit)
        elif limit.unit == "points":
            points = min(points, left(limit, key, used, uses))
        if limit not in carrying:
            taken.append((limit, key))
    parts: Sequence[Part] = [Part(points, None)] if points else []
    if carrying:
        parts = _carried(carrying, points, local, used, uses)
    if not parts:
        return ()
    given = sum(part.points for part in parts)
    for limit, key in taken:
        if limit.unit != "amount":
            use(uses, key, 1 if limit.unit == "times" else given)
    return tuple(parts)


def _carried(
    limits: Iterable[Limit], points: int, local: datetime, used: Used, uses: dict[CapKey, int]
) -> list[Part]:
    parts = []
    at: datetime | None = None
    for _ in range(PERIODS_MAX):
        here = local if at is None else at.astimezone(local.tzinfo)
        free: dict[CapKey, int] = {}
        ends = []
        for limit in limits:
            begins, end = period_of(limit.cap, here)
            key = key_of(limit, begins)
            free[key] = left(limit, key, used, uses)
            assert end is not None, "a cap that carries has a period"
            ends.append(end)
        given = min(points, *free.values())
        if given:
            parts.append(Part(given, at))
            for key in free:
                use(uses, key, given)
            points -= given
        if not points:
            break
        at = min(end for end, room in zip(ends, free.values(), strict=True) if room == given)
    return parts
