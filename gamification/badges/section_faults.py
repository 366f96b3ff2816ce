"""What a ``[badges]`` section can say that makes no sense."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from domain.brands.section import BrandSection
from domain.tiers.section import Ladder, TiersSection
from domain.wallets.section import PointsSection
from gamification.badges.section_parts import Badge, Goal, Level, Path
from gamification.grounds.section_faults import filter_faults
from kit.documents import Section, find_section, no_such

RESERVED = frozenset({"awards", "keys", "status"})
"""What no badge is called: its address would be that of something else."""

Fault = tuple[Path, str]
Steps = Sequence[tuple[Path, Level | Badge]]


def faults_of(badges: Sequence[Badge], others: Mapping[str, Section]) -> Iterator[Fault]:
    """Yield all that is wrong with the badges of a section among the ``others`` of its file."""
    tiers = find_section(others, TiersSection)
    seen: set[str] = set()
    for index, badge in enumerate(badges):
        if badge.code in seen:
            yield ("badge", index, "code"), f"{badge.code!r} is taken by a badge before"
        seen.add(badge.code)
        if badge.code in RESERVED:
            message = f"{badge.code!r} is a word of Laurel's own addresses; choose another"
            yield ("badge", index, "code"), message
        for path, message in _badge_faults(badge, tiers, others):
            yield ("badge", index, *path), message


def _badge_faults(
    badge: Badge, tiers: TiersSection | None, others: Mapping[str, Section]
) -> Iterator[Fault]:
    if badge.goal is not None:
        yield from filter_faults(("goal",), badge.goal, others)
        if (badge.goal.kind == "sum") != (badge.goal.of is not None):
            yield ("goal", "of"), 'goes with kind = "sum", which it says what of'
    steps: Steps = [(("level", index), level) for index, level in enumerate(badge.level)]
    if steps:
        for name in ("target", "tier"):
            if getattr(badge, name) is not None:
                yield (name,), "goes into the levels of a badge that has some; move it there"
    yield from _target_faults(badge, steps, others)
    yield from _tier_faults(badge, steps, tiers)


def _target_faults(badge: Badge, steps: Steps, others: Mapping[str, Section]) -> Iterator[Fault]:
    decimals = _decimals(badge.goal, others)
    below: Decimal | None = None
    alone: Steps = [((), badge)]
    for path, step in steps or alone:
        place = (*path, "target")
        if badge.goal is None:
            if step.target is not None:
                yield place, "goes with a goal; add a [badges.badge.goal] that it counts"
            continue
        if step.target is None:
            yield place, "is missing: how much of the goal it takes"
            continue
        if decimals is not None and step.target.scaleb(decimals) % 1:
            yield place, "has more decimals than what is counted; write fewer"
        if below is not None and step.target <= below:
            yield place, f"must be above {below}, the target of the level before"
        below = step.target


def _tier_faults(badge: Badge, steps: Steps, tiers: TiersSection | None) -> Iterator[Fault]:
    ladders: Mapping[str, Ladder] = (
        {tier.name: ladder for ladder in tiers.ladder for tier in ladder.tier} if tiers else {}
    )
    alone: Steps = [((), badge)]
    named = [(path, step.tier) for path, step in steps or alone if step.tier is not None]
    if not named:
        return
    if badge.goal is not None:
        yield ("goal",), "can't be there with a tier: choose what earns the badge"
    if badge.award != "once":
        yield ("award",), 'must be "once" for a badge by tier'
    if steps and len(named) < len(steps):
        yield ("level",), "must all have a tier, or none of them"
    for path, name in named:
        if name not in ladders:
            yield (*path, "tier"), f"names {no_such(name, 'tier', ladders)}"
    yield from _order_faults([(path, name) for path, name in named if name in ladders], ladders)


def _order_faults(
    named: Sequence[tuple[Path, str]], ladders: Mapping[str, Ladder]
) -> Iterator[Fault]:
    for (_, lower), (path, name) in pairwise(named):
        names = [tier.name for tier in ladders[name].tier]
        if lower not in names or names.index(lower) >= names.index(name):
            message = f"must be above {lower!r} on the same ladder, the tier of the level before"
            yield (*path, "tier"), message


def _decimals(goal: Goal | None, others: Mapping[str, Section]) -> int | None:
    brand, points = find_section(others, BrandSection), find_section(others, PointsSection)
    match goal.of if goal else None:
        case "amount":
            return brand.currency_exponent if brand else None
        case "points":
            return points.scale if points else None
        case _:
            return 0
