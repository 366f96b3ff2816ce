"""Challenges over time, made ready once per programme: what each says, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from domain.brands.rules import Brand
from domain.earning.section_parts import rule_language
from domain.programmes.rules import Document, Timeline
from domain.wallets.section import PointsSection
from gamification.challenges import section_parts as parts
from gamification.challenges.section import ChallengesSection
from gamification.grounds.rules_filter import Filter, compile_filter
from gamification.grounds.section_parts import Filter as FilterPart
from kit.calendar import Period, day_start
from kit.expressions import Expression


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal made ready. ``filters`` is one, or one per step of a sequence."""

    kind: parts.Kind
    of: str | None
    filters: tuple[Filter, ...]
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Level:
    """A level with its targets, one per goal, in whole or smallest units; code "": the only one."""

    code: str
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge made ready. ``start`` and ``end`` are instants; ``contribution`` is 1 or more."""

    code: str
    any_goal: bool
    goals: tuple[Goal, ...]
    who: Literal["member", "team", "everyone"]
    team: str | None
    contribution: int
    opt_in: bool
    start: datetime | None
    end: datetime | None
    period: Period | None
    rolling_days: int | None
    joining_days: int | None
    times: int
    windows: int | None
    cool_off_days: int
    after: tuple[str, ...]
    tiers: frozenset[str]
    levels: tuple[Level, ...]

    @property
    def shared(self) -> bool:
        """Whether several members fill its bar."""
        return self.who != "member"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time over which a challenge says the same: from ``start`` until before ``end``.

    ``version_id`` is the version that began it.
    """

    version_id: int
    start: datetime
    end: datetime | None
    challenge: Challenge


@dataclass(frozen=True, eq=False)
class Plan:
    """The challenges of a brand over time, by code, and what each version says of each."""

    stretches: Mapping[str, tuple[Stretch, ...]]
    parts: Mapping[tuple[int, str], parts.Challenge]

    @property
    def asks_tiers(self) -> bool:
        """Whether any challenge asks which tiers members had."""
        return any(stretch.challenge.tiers for each in self.stretches.values() for stretch in each)

    @property
    def has_teams(self) -> bool:
        """Whether any challenge has bars of teams."""
        return any(
            stretch.challenge.team is not None
            for each in self.stretches.values()
            for stretch in each
        )

    def shared(self, code: str) -> bool:
        """Whether the bar of a challenge was ever shared."""
        return any(each.challenge.shared for each in self.stretches[code])


@lru_cache(maxsize=1000)
def plan_of(timeline: Timeline, brand: Brand) -> Plan:
    """Return a brand's challenges over time, made once per timeline."""
    found: dict[str, list[Stretch]] = {}
    said: dict[tuple[int, str], parts.Challenge] = {}
    terms: dict[str, object] = {}
    for programme in timeline.programmes:
        section = programme.document.find(ChallengesSection)
        now = {each.code: each for each in section.challenge} if section else {}
        for code in [code for code in terms if code not in now]:
            del terms[code]
            found[code][-1] = _ended(found[code][-1], programme.effective_from)
        for code, part in now.items():
            said[programme.version_id, code] = part
            scale = _points_scale(programme.document)
            if terms.get(code) == (_terms(part), scale):
                continue
            mine = found.setdefault(code, [])
            if code in terms:
                mine[-1] = _ended(mine[-1], programme.effective_from)
            terms[code] = _terms(part), scale
            made = _challenge(part, brand, scale)
            mine.append(Stretch(programme.version_id, programme.effective_from, None, made))
    return Plan({code: tuple(each) for code, each in found.items()}, said)


def level_of(part: parts.Challenge, code: str) -> parts.Level | parts.Challenge | None:
    """Return what says the prizes of a level: the challenge itself if it has no levels."""
    if not part.level:
        return part if not code else None
    return next((each for each in part.level if each.code == code), None)


def scale_of(goal: parts.Goal, brand: Brand, points_scale: int) -> int:
    """Return how many decimals the targets of a goal have."""
    if goal.kind != "sum":
        return 0
    return {"amount": brand.currency_exponent, "points": points_scale}.get(goal.of or "", 0)


def _ended(stretch: Stretch, end: datetime) -> Stretch:
    return Stretch(stretch.version_id, stretch.start, end, stretch.challenge)


def _terms(part: parts.Challenge) -> object:
    """Return what of a challenge makes it another one if it changes."""
    return part.model_dump(
        exclude={
            "name": True,
            "description": True,
            "picture": True,
            "prize": True,
            "challenge_points": True,
            "budget": True,
            "hidden": True,
            "on_refund": True,
            "hold_days": True,
            "goal": {"__all__": {"name": True, "step": {"__all__": {"name": True}}}},
            "level": {"__all__": {"name": True, "prize": True, "challenge_points": True}},
        }
    )


def _points_scale(document: Document) -> int:
    points = document.find(PointsSection)
    return points.scale if points else 0


def _challenge(part: parts.Challenge, brand: Brand, points_scale: int) -> Challenge:
    scales = [scale_of(each, brand, points_scale) for each in part.goal]
    levels = tuple(
        Level(each.code, tuple(_units(*pair) for pair in zip(each.targets, scales, strict=True)))
        for each in part.level
    )
    if not levels:
        targets = (
            len(each.step) if each.target is None else _units(each.target, scale)
            for each, scale in zip(part.goal, scales, strict=True)
        )
        levels = (Level("", tuple(targets)),)
    least = part.contribution
    return Challenge(
        code=part.code,
        any_goal=part.goals == "any",
        goals=tuple(_goal(each, brand) for each in part.goal),
        who=part.who,
        team=part.team,
        contribution=1 if least is None else max(1, _units(least, scales[0])),
        opt_in=part.opt_in,
        start=_instant(part.from_, brand),
        end=_instant(part.until, brand),
        period=part.period,
        rolling_days=part.rolling_days,
        joining_days=part.joining_days,
        times=part.times,
        windows=part.windows,
        cool_off_days=part.cool_off_days,
        after=part.after,
        tiers=frozenset(part.tiers),
        levels=levels,
    )


def _goal(part: parts.Goal, brand: Brand) -> Goal:
    value = rule_language().expression(part.value, "int") if part.value else None
    filters = part.step or (part,)
    return Goal(part.kind, part.of, tuple(_filter(each, brand) for each in filters), value)


def _filter(part: parts.Goal | parts.Step, brand: Brand) -> Filter:
    # Without its name: filters are kept by what they say, and words can't be looked up by.
    said = {name: getattr(part, name) for name in FilterPart.model_fields}
    return compile_filter(FilterPart.model_construct(**said), brand)


def _units(value: Decimal, scale: int) -> int:
    return int(value.scaleb(scale))


def _instant(moment: datetime | date | None, brand: Brand) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return day_start(brand.zone, moment)
