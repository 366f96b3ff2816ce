"""What a prize can say that makes no sense."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.ledger.rules import AMOUNT_MAX
from domain.rewards.section import RewardsSection
from domain.wallets.section import PointsSection
from gamification.prizes.section_parts import Gift, Path, Prize
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]

_ONE_OF = ("points", "qualifying", "reward", "badge", "freeze")


def prize_faults(path: Path, prize: Prize, others: Mapping[str, Section]) -> Iterator[Fault]:
    """Yield what is wrong with a prize at ``path``, among the other sections of its file."""
    for place, message in _prize_faults(prize, others):
        yield (*path, *place), message


def _prize_faults(prize: Prize, others: Mapping[str, Section]) -> Iterator[Fault]:
    if not prize.mystery:
        yield from _gift_faults(prize, others)
        return
    if _given(prize):
        yield (_given(prize)[0],), "does not go with mystery, one of which is drawn; leave one out"
    if len(prize.mystery) == 1:
        yield ("mystery",), "has one part only, which is no mystery; write it as the prize itself"
    for index, each in enumerate(prize.mystery):
        for place, message in _gift_faults(each, others):
            yield ("mystery", index, *place), message


def _given(gift: Gift) -> list[str]:
    return [name for name in _ONE_OF if getattr(gift, name) is not None]


def _gift_faults(gift: Gift, others: Mapping[str, Section]) -> Iterator[Fault]:
    if len(_given(gift)) != 1:
        yield (), f"must give exactly one of {', '.join(_ONE_OF[:-1])} and {_ONE_OF[-1]}"
    if gift.qualifies and gift.points is None:
        yield ("qualifies",), "goes with points; add them, or leave it out"
    if gift.level is not None and gift.badge is None:
        yield ("level",), "goes with badge; add it, or leave this out"
    if (gift.freeze is None) != (gift.streak is None):
        alone, other = ("freeze", "streak") if gift.streak is None else ("streak", "freeze")
        yield (alone,), f"goes with {other}; add it, or leave this out"
    yield from _size_faults(gift, find_section(others, PointsSection))
    yield from _reward_faults(gift, find_section(others, RewardsSection))
    for name, table in (("badge", "badges"), ("streak", "streaks")):
        code = getattr(gift, name)
        known = _codes(others.get(table), name)
        if code is not None and code not in known:
            yield (name,), f"names {no_such(code, name, known)}"


def _size_faults(gift: Gift, points: PointsSection | None) -> Iterator[Fault]:
    if points is None:
        return
    for name in ("points", "qualifying"):
        value = getattr(gift, name) or Decimal()
        if value.scaleb(points.scale) % 1:
            yield (name,), f"has more decimals than points.scale, {points.scale}; write fewer"
        if value.scaleb(points.scale) > AMOUNT_MAX:
            most = Decimal(AMOUNT_MAX).scaleb(-points.scale)
            yield (name,), f"is more than {most:f}, the most that one can give; write less"


def _reward_faults(gift: Gift, rewards: RewardsSection | None) -> Iterator[Fault]:
    if gift.reward is None:
        return
    known = {each.code: each for each in rewards.reward} if rewards else {}
    reward = known.get(gift.reward)
    if reward is None:
        yield ("reward",), f"names {no_such(gift.reward, 'reward', known)}"
        return
    if reward.points:
        yield ("reward",), "costs points, which nobody wins; choose one that is free"
    if reward.fulfil != "at_once":
        yield ("reward",), "is fulfilled by staff, but nobody asks them; choose one done at once"


def _codes(section: Section | None, name: str) -> set[str]:
    # By the names in the file: streaks are built upon prizes, so that prizes can't know them.
    return {each.code for each in getattr(section, name, ())}
