"""What a ``[challenges]`` section can say that makes no sense."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from domain.brands.section import BrandSection
from domain.earning.section_faults import is_empty
from domain.ledger.rules import AMOUNT_MAX
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from gamification.challenges.section_parts import Challenge, Goal, Level, Path
from gamification.grounds.section_faults import filter_faults
from gamification.grounds.section_parts import Filter
from gamification.prizes.section_faults import prize_faults
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]
Others = Mapping[str, Section]

OF_KIND: Mapping[str, tuple[str, ...]] = {
    "count": (),
    "sum": ("amount", "quantity", "points", "value"),
    "distinct": ("categories", "skus", "stores", "channels", "days"),
    "streak": ("days", "weeks", "months"),
    "sequence": (),
}
_SHARED = ("count", "sum")
_ALONE = ("rolling_days", "joining_days", "windows")


def faults_of(challenges: Sequence[Challenge], others: Others) -> Iterator[Fault]:
    """Yield all that is wrong with challenges among the ``others`` sections of their file."""
    by_code = {each.code: each for each in challenges}
    seen: set[str] = set()
    for index, each in enumerate(challenges):
        if each.code in seen:
            yield ("challenge", index, "code"), f"{each.code!r} is taken by a challenge before"
        seen.add(each.code)
        for path, message in (*_faults(each, others), *_after_faults(each, by_code)):
            yield ("challenge", index, *path), message


def _faults(each: Challenge, others: Others) -> Iterator[Fault]:
    yield from _window_faults(each, others)
    yield from _shared_faults(each, others)
    yield from _level_faults(each, others)
    for index, goal in enumerate(each.goal):
        for path, message in _goal_faults(goal, others):
            yield ("goal", index, *path), message
        if goal.kind != "sequence":
            yield from _target_faults(each, index, others)
    tiers = find_section(others, TiersSection)
    known = tiers.names if tiers else frozenset[str]()
    for index, tier in enumerate(each.tiers):
        if tier not in known:
            yield ("tiers", index), f"names {no_such(tier, 'tier', known)}"
    for index, prize in enumerate(each.prize):
        yield from prize_faults(("prize", index), prize, others)
    if each.hidden and each.opt_in:
        yield ("hidden",), "can't be joined by who can't see it; leave out hidden or opt_in"
    paid = each.prize or any(level.prize for level in each.level)
    for name in ("budget", "hold_days"):
        if getattr(each, name) and not paid:
            yield (name,), "is for prizes, but there are none; add a prize, or leave it out"


def _window_faults(each: Challenge, others: Others) -> Iterator[Fault]:
    names = ("period", "rolling_days", "joining_days")
    given = [name for name in names if getattr(each, name) is not None]
    if len(given) > 1:
        yield (given[1],), f"does not go with {given[0]}; leave one out"
    if each.windows is not None and each.period is None:
        yield ("windows",), "counts windows, but there is only one; give a period, or leave it out"
    if is_empty(each.from_, each.until, find_section(others, BrandSection)):
        yield ("until",), "is not after from; choose a later day"


def _shared_faults(each: Challenge, others: Others) -> Iterator[Fault]:
    if (each.team is None) == (each.who == "team"):
        yield ("team",), 'goes with who = "team"; give both, or neither'
    if each.who != "member":
        yield from _bar_faults(each, others)
    elif each.contribution is not None:
        yield ("contribution",), "is for bars that are shared; leave it out, or say who"


def _bar_faults(each: Challenge, others: Others) -> Iterator[Fault]:
    if len(each.goal) > 1 or each.goal[0].kind not in _SHARED:
        yield ("goal",), "a bar that is shared has one goal, a count or a sum; divide it"
    for name in _ALONE:
        if getattr(each, name) is not None:
            yield (name,), f'does not go with who = "{each.who}"; leave it out'
    if each.times > 1:
        yield ("times",), "is 1 for a bar that is shared; give it a period to begin anew"
    if each.cool_off_days:
        yield ("cool_off_days",), f'does not go with who = "{each.who}"; leave it out'
    if each.contribution is not None:
        finer = _finer(each.goal[0], each.contribution, others)
        yield from _told("contribution", message=finer)


def _level_faults(each: Challenge, others: Others) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, level in enumerate(each.level):
        place: Path = ("level", index)
        if level.code in seen:
            yield (*place, "code"), f"{level.code!r} is taken by a level before"
        seen.add(level.code)
        for path, message in _targets_faults(each, level, others):
            yield (*place, "targets", *path), message
        for prize_index, prize in enumerate(level.prize):
            yield from prize_faults((*place, "prize", prize_index), prize, others)
    for index, (below, level) in enumerate(pairwise(each.level), start=1):
        if not _above(below, level):
            yield ("level", index, "targets"), "must be more than those of the level before"
    for name in ("prize", "challenge_points") if each.level else ():
        if getattr(each, name):
            yield (name,), "is said by each level; move it there"


def _targets_faults(each: Challenge, level: Level, others: Others) -> Iterator[Fault]:
    if len(level.targets) != len(each.goal):
        message = f"are {len(level.targets)}, but there are {len(each.goal)} goals"
        yield (), f"{message}; give one for each"
        return
    for index, (goal, target) in enumerate(zip(each.goal, level.targets, strict=True)):
        yield from _told(index, message=_finer(goal, target, others))
        if goal.kind == "sequence" and target > len(goal.step):
            yield (index,), f"is more than its {len(goal.step)} steps"


def _above(below: Level, level: Level) -> bool:
    both = list(zip(below.targets, level.targets, strict=False))
    return below.targets != level.targets and all(low <= high for low, high in both)


def _goal_faults(goal: Goal, others: Others) -> Iterator[Fault]:
    allowed = OF_KIND[goal.kind]
    if allowed and goal.of not in allowed:
        yield ("of",), f'of kind = "{goal.kind}" must be one of {", ".join(allowed)}'
    if not allowed and goal.of is not None:
        yield ("of",), f'does not go with kind = "{goal.kind}"; leave it out'
    if (goal.value is None) == (goal.of == "value"):
        yield ("value",), 'goes with of = "value"; give both, or neither'
    if goal.kind != "sequence":
        yield from filter_faults((), goal, others)
        if goal.step:
            yield ("step",), 'is for kind = "sequence"; leave it out'
        return
    if len(goal.step) < 2:  # noqa: PLR2004
        yield ("step",), "must be at least two, one after the other"
    if goal.target is not None:
        yield ("target",), "of a sequence is its last step; leave it out"
    for name in sorted(goal.model_fields_set & set(Filter.model_fields)):
        yield (name,), "is said by each step of a sequence; move it there"
    for index, step in enumerate(goal.step):
        yield from filter_faults(("step", index), step, others)


def _target_faults(each: Challenge, index: int, others: Others) -> Iterator[Fault]:
    target = each.goal[index].target
    place: Path = ("goal", index, "target")
    if each.level and target is not None:
        yield place, "is said by each level; leave it out"
    elif not each.level and target is None:
        yield place, "is missing; say how much is enough"
    elif target is not None:
        yield from _told(*place, message=_finer(each.goal[index], target, others))


def _told(*place: str | int, message: str | None) -> Iterator[Fault]:
    if message is not None:
        yield place, message


def _finer(goal: Goal, target: Decimal, others: Others) -> str | None:
    """Return what is wrong with the size of a target."""
    brand, points = find_section(others, BrandSection), find_section(others, PointsSection)
    scale, what = 0, "must be a whole number; write no decimals"
    if goal.kind == "sum" and goal.of == "amount" and brand:
        scale = brand.currency_exponent
        what = f"is finer than {brand.currency} can be; write fewer decimals"
    elif goal.kind == "sum" and goal.of == "points" and points:
        scale = points.scale
        what = f"has more decimals than points.scale, {scale}; write fewer"
    if target.scaleb(scale) % 1:
        return what
    return "is too much to be reached; write less" if target.scaleb(scale) > AMOUNT_MAX else None


def _after_faults(each: Challenge, by_code: Mapping[str, Challenge]) -> Iterator[Fault]:
    for index, code in enumerate(each.after):
        place: Path = ("after", index)
        before = by_code.get(code)
        if before is None:
            yield place, f"names {no_such(code, 'challenge', by_code)}"
        elif before.who != "member":
            yield place, f"names {code!r}, which is shared; name one that members do alone"
        elif each.code in _needed(code, by_code):
            yield place, f"names {code!r}, which waits for this one; leave one out"


def _needed(code: str, by_code: Mapping[str, Challenge]) -> set[str]:
    """Return a challenge with all that must come before it."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        next_one = waiting.pop()
        if next_one not in found and next_one in by_code:
            found.add(next_one)
            waiting.extend(by_code[next_one].after)
    return found
