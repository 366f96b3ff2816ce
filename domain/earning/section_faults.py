"""What rules, multipliers and caps contradict, each other or the rest of the file."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from domain.brands.section import BrandSection
from domain.earning.section_parts import (
    BASE,
    LINE_NAMES,
    OWN_KINDS,
    PURCHASE,
    RESERVED,
    Cap,
    Conditional,
    Path,
    Rule,
    rule_language,
)
from domain.tiers.section import TiersSection
from domain.wallets.section import Expiry, PointsSection
from kit.calendar import SHORTEST_MONTH_DAYS, day_start
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]

_LEAP_DAY = "02-29"
# What a condition compares the member's tier with: tier == "Gold", "Gold" != tier, tier in [...].
_TEXT = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_COMPARED = re.compile(
    rf"(?<![\w.])tier\s*[=!]=\s*({_TEXT})|({_TEXT})\s*[=!]=\s*tier(?![\w.])"
    rf"|(?<![\w.])tier\s+in\s*\[([^\]]*)\]"
)


def placed(place: Path, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Yield faults of a part with the place of the part before their paths."""
    for path, message in faults:
        yield (*place, *path), message


def doubled(kind: str, names: Sequence[str]) -> Iterator[Fault]:
    """Yield names that one before has taken."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield (kind, index, "name"), f"{name!r} is taken by one before; choose another"
        seen.add(name)


def condition_faults(each: Conditional, others: Mapping[str, Section]) -> Iterator[Fault]:
    """Yield conditions that can never be met, and names that nothing has."""
    brand, tiers = find_section(others, BrandSection), find_section(others, TiersSection)
    if is_empty(each.from_, each.until, brand):
        yield ("until",), "is not after from; choose a later day"
    known = tiers.names if tiers else frozenset()
    for index, tier in enumerate(each.tiers):
        if tier not in known:
            yield ("tiers", index), f"names {no_such(tier, 'tier', known)}"
    for name in ("when", "each"):
        text = getattr(each, name, None)
        if text is not None:
            yield from placed((name,), _tier_faults(text, tiers))


def _tier_faults(text: str, tiers: TiersSection | None) -> Iterator[Fault]:
    """Yield ladders and tiers in an expression that no section has."""
    language = rule_language()
    if tiers is None:
        if {"tier", "tiers"} & language.names(text):
            yield (), "speaks of a tier, but the file has no [tiers]; add them, or leave it out"
        return
    ladders = {ladder.code for ladder in tiers.ladder}
    for name, key in sorted(language.keys(text)):
        if name == "tiers" and key not in ladders:
            yield (), f"asks tiers for {no_such(key, 'ladder', ladders)}"
    main = {tier.name for tier in tiers.ladder[0].tier}
    for found in _COMPARED.finditer(text):
        for quoted in re.findall(_TEXT, found[1] or found[2] or found[3]):
            if quoted[1:-1] not in main:
                message = no_such(quoted[1:-1], "tier of the main ladder", main)
                yield (), f"compares tier with {message}"


def rule_faults(rule: Rule, others: Mapping[str, Section]) -> Iterator[Fault]:
    """Yield what one rule contradicts in itself."""
    yield from _gift_faults(rule)
    yield from _pair_faults(rule)
    yield from _event_faults(rule)
    yield from _end_faults(rule, find_section(others, PointsSection))
    if rule.name == BASE:
        yield ("name",), f"{BASE!r} means points per money; choose another"
    starts = [step.from_ for step in rule.steps]
    for index, start in enumerate(starts[1:], start=1):
        if start <= starts[index - 1]:
            yield ("steps", index, "from"), "must be above the step before: steps must not overlap"


def _gift_faults(rule: Rule) -> Iterator[Fault]:
    shared = rule.of is not None or rule.share is not None
    if sum([bool(rule.steps), rule.points is not None, shared]) != 1:
        yield (), "must give exactly one of points, steps, and of with share"
    if rule.points is None and (rule.per is not None or rule.each is not None):
        yield ("per" if rule.per is not None else "each",), "goes with points; add them"
    if rule.per is not None and rule.each is not None:
        yield ("each",), "does not go with per; leave one out"
    if shared and (rule.of is None or rule.share is None):
        yield ("of" if rule.share is None else "share",), "goes with the other of of and share"


def _pair_faults(rule: Rule) -> Iterator[Fault]:
    if (rule.group is None) != (rule.priority is None):
        yield (
            ("group" if rule.priority is None else "priority",),
            "and the other go together"
            if (False)
            else "must come with priority"
            if rule.priority is None
            else "must come with group",
        )
    if rule.nth_per is not None and rule.nth is None:
        yield ("nth_per",), "goes with nth; add it, or leave this out"
    if rule.nth is not None and rule.first:
        yield ("nth",), "does not go with first: the first is never the second; leave one out"
    if rule.chance is not None and rule.chance > 1:
        yield ("chance",), 'is more than certain; write at most "1"'
    if rule.chance is not None and rule.seed is None:
        yield ("chance",), "must come with a seed, such as the name of the draw"
    if rule.chance is None and rule.seed is not None:
        yield ("seed",), "goes with chance; add it, or leave this out"


def _event_faults(rule: Rule) -> Iterator[Fault]:
    if rule.on in OWN_KINDS:
        yield ("on",), f"{rule.on!r} is a word of Laurel's own; call the activity otherwise"
    of_lines = rule.categories or rule.skus or _speaks_of_lines(rule.when)
    if rule.on != PURCHASE and of_lines:
        yield ("on",), f"{rule.on!r} has no lines; leave out categories, skus and line"
    if _speaks_of_lines(rule.each):
        yield ("each",), "speaks of one line, but is said of the whole event; use event"


def _speaks_of_lines(text: str | None) -> bool:
    return text is not None and bool(LINE_NAMES & rule_language().names(text))


def _end_faults(rule: Rule, points: PointsSection | None) -> Iterator[Fault]:
    end = rule.expires if isinstance(rule.expires, Expiry) else None
    if end is not None:
        if (end.months is None) == (end.on is None):
            yield ("expires",), "must have one of months and on, such as { months = 12 }"
        if end.follows_the_member:
            yield ("expires", "after"), "moves the end, but a rule's is fixed; leave it out"
    if end is None and rule.pending_days is None:
        return  # What is left is the points section's own, which checks it.
    if end is None and rule.expires is None and points is not None:
        end = points.expires
    waits = rule.pending_days
    if waits is None:
        waits = points.pending_days if points else 0
    if end is not None and end.months is not None and waits > end.months * SHORTEST_MONTH_DAYS:
        path = ("expires",) if rule.pending_days is None else ("pending_days",)
        yield (
            path,
            "points could expire while pending; shorten the waiting, or let them live longer",
        )


def share_faults(rules: Sequence[Rule], *, base: bool) -> Iterator[Fault]:
    """Yield shares of nothing, of rules for other events, of parts, and that go in a circle.

    ``base`` says whether there is a base rate.
    """
    by_name = {rule.name: rule for rule in rules}
    told: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.of is None:
            continue
        place: Path = ("rule", index, "of")
        source = by_name.get(rule.of)
        kind = PURCHASE if source is None else source.on
        if rule.of != BASE and source is None:
            yield place, f"names {no_such(rule.of, 'rule', [BASE, *by_name])}"
        elif rule.of == BASE and not base:
            yield place, f"gives a share of {BASE!r}, points per money, which are missing; add them"
        elif kind != rule.on:
            yield place, f"gives a share of {rule.of!r}, which is on {kind!r}, not on {rule.on!r}"
        elif rule.name not in told and (circle := _circle(rule, by_name)):
            told.update(circle)
            spelled = " of ".join(repr(name) for name in [*circle, rule.name])
            yield place, f"goes in a circle: {spelled}; break it"
        elif rule.categories or rule.skus or _speaks_of_lines(rule.when):
            yield place, "gives a share of the whole; leave out categories, skus and line"
        elif source is not None and source.group is not None and source.group == rule.group:
            yield place, f"is in the group of {rule.of!r}, so that it could never count with it"


def _circle(rule: Rule, by_name: Mapping[str, Rule]) -> list[str]:
    """Return the names on the way from a rule by its shares back to itself, else none."""
    way = [rule.name]
    while (before := by_name[way[-1]].of) in by_name and before not in way:
        assert before is not None, "None is no name"
        way.append(before)
    return way if before == rule.name else []


def group_faults(rules: Sequence[Rule]) -> Iterator[Fault]:
    """Yield rules of a group between which nothing decides."""
    seen: dict[tuple[str, int | None], str] = {}
    for index, rule in enumerate(rules):
        if rule.group is None or rule.priority is None:
            continue
        other = seen.setdefault((rule.group, rule.priority), rule.name)
        if other != rule.name:
            message = f"is that of {other!r} as well: nobody could say which one counts"
            yield ("rule", index, "priority"), message


def cap_faults(cap: Cap, known: Collection[str]) -> Iterator[Fault]:
    """Yield what one cap contradicts in itself, and rules that there are not."""
    given = [cap.points is not None, cap.times is not None, cap.amount is not None]
    if sum(given) != 1:
        yield (), "must have exactly one of points, times and amount"
    if cap.name.startswith(RESERVED):
        yield ("name",), f"begins like a counter of Laurel's own, {', '.join(RESERVED)}; rename it"
    yield from _window_faults(cap)
    if cap.excess == "carried" and (cap.points is None or cap.of != "member"):
        yield ("excess",), 'can be "carried" only for points of = "member"'
    if cap.excess == "carried" and cap.period is None and not cap.windows:
        yield ("excess",), "can be carried only with a period or windows"
    for index, name in enumerate(cap.rules):
        if name not in known:
            yield ("rules", index), f"names {no_such(name, 'rule', known)}"


def carry_faults(
    caps: Sequence[Cap], rules: Sequence[Rule], points: PointsSection | None
) -> Iterator[Fault]:
    """Yield caps that carry what the brand could release before the period it was carried to."""
    plain = points.pending_from if points else "earning"
    starts = {BASE: plain} | {rule.name: rule.pending_from or plain for rule in rules}
    for index, cap in enumerate(caps):
        waiting = [name for name in cap.rules or starts if starts.get(name) == "release"]
        if cap.excess == "carried" and waiting:
            message = f"carries {waiting[0]!r}, which the brand may release before its time comes"
            yield ("cap", index, "excess"), f"{message}; leave one of the two out"


def _window_faults(cap: Cap) -> Iterator[Fault]:
    if cap.period is not None and cap.windows:
        yield ("windows",), "does not go with period; leave one out"
    for index, start in enumerate(cap.windows):
        if start in cap.windows[:index]:
            yield ("windows", index), f"{start!r} stands here twice; leave one out"
        if start == _LEAP_DAY and "02-28" in cap.windows:
            yield ("windows", index), "is 28 February in most years, which stands here too"


def is_empty(
    start: datetime | date | None, end: datetime | date | None, brand: BrandSection | None
) -> bool:
    """Whether nothing lies between two moments of a brand's clock, as far as that can be told."""
    if start is None or end is None:
        return False
    zone = ZoneInfo(brand.time_zone) if brand else None
    first, last = _instant(start, zone), _instant(end, zone)
    if isinstance(first, datetime) and isinstance(last, datetime):
        return last <= first
    # Without a zone, a day and an instant can't be compared.
    return type(first) is type(last) and last <= first


def _instant(moment: datetime | date, zone: ZoneInfo | None) -> datetime | date:
    if isinstance(moment, datetime) or zone is None:
        return moment
    return day_start(zone, moment)
