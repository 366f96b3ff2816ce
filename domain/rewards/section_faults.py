"""What a ``[rewards]`` section can say that makes no sense."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from domain.brands.section import BrandSection
from domain.earning.section_faults import is_empty
from domain.ledger.rules import AMOUNT_MAX
from domain.rewards.section_parts import (
    WITHOUT_VOUCHER,
    Automatic,
    Category,
    Limit,
    Path,
    Reward,
    Validity,
)
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection
from kit.documents import Section, find_section, no_such

Fault = tuple[Path, str]


def faults_of(
    categories: Sequence[Category],
    rewards: Sequence[Reward],
    limits: Sequence[Limit],
    automatic: Sequence[Automatic],
    others: Mapping[str, Section],
) -> Iterator[Fault]:
    """Yield all that is wrong with the parts of a section among the ``others`` of its file."""
    brand, tiers = find_section(others, BrandSection), find_section(others, TiersSection)
    known_tiers = tiers.names if tiers else frozenset()
    known = {each.code for each in rewards}
    yield from _twice("category", [each.code for each in categories])
    yield from _twice("reward", [each.code for each in rewards])
    sorted_into = {each.code for each in categories}
    for index, reward in enumerate(rewards):
        for path, message in (
            *_reward_faults(reward, sorted_into, known_tiers, brand),
            *_size_faults(reward, others),
        ):
            yield ("reward", index, *path), message
    for index, limit in enumerate(limits):
        for path, message in (*_limit_faults(limit, known), *_size_faults(limit, others)):
            yield ("limit", index, *path), message
    by_code = {each.code: each for each in rewards}
    for index, each in enumerate(automatic):
        for path, message in _automatic_faults(each, by_code, known_tiers):
            yield ("automatic", index, *path), message


def _twice(name: str, codes: Sequence[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            yield (name, index, "code"), f"{code!r} is taken by a {name} before"
        seen.add(code)


def _unknown(path: Path, tiers: Sequence[str], known: Collection[str]) -> Iterator[Fault]:
    for index, tier in enumerate(tiers):
        if tier not in known:
            yield (*path, index), f"names {no_such(tier, 'tier', known)}"


def _reward_faults(
    reward: Reward,
    categories: Collection[str],
    tiers: Collection[str],
    brand: BrandSection | None,
) -> Iterator[Fault]:
    if reward.category is not None and reward.category not in categories:
        yield ("category",), f"names {no_such(reward.category, 'category', categories)}"
    yield from _unknown(("tiers",), reward.tiers, tiers)
    for index, each in enumerate(reward.early):
        yield from _unknown(("early", index, "tiers"), each.tiers, tiers)
    yield from _kind_faults(reward)
    yield from _voucher_faults(reward)
    if reward.early and reward.from_ is None:
        yield ("early",), "is before from, which is missing; add when everybody may"
    if is_empty(reward.from_, reward.until, brand):
        yield ("until",), "is not after from; choose a later day"
    for index, each in enumerate(reward.early):
        if reward.from_ is not None and is_empty(each.from_, reward.from_, brand):
            yield ("early", index, "from"), "is not before from, when everybody may; move it"
    if reward.money is not None and reward.fulfil == "at_once":
        yield ("fulfil",), 'must be "by_staff" with money: whoever takes the payment fulfils it'


def _kind_faults(reward: Reward) -> Iterator[Fault]:
    for name, kinds in (
        ("percent", {"discount"}),
        ("gives", {"points"}),
        ("article", {"free_product"}),
        ("status", {"partner_status"}),
    ):
        if getattr(reward, name) is not None and reward.kind not in kinds:
            yield (name,), f'goes with kind = "{min(kinds)}", and only with it'
    if reward.kind == "points" and reward.gives is None:
        yield ("gives",), "is missing: how many points it gives"
    if reward.kind == "gift_card" and reward.value is None:
        yield ("value",), "is missing: how much money is on the card"
    if reward.kind == "discount" and (reward.percent is None) == (reward.value is None):
        yield ("percent",), "or value must be there, and only one: what the discount takes off"
    if reward.percent is not None and reward.percent > Decimal(100):
        yield ("percent",), 'is more than "100": nothing costs less than nothing'
    if reward.kind == "donation" and not reward.points:
        yield ("points",), "are what is given to the cause; write more than zero"


def _voucher_faults(reward: Reward) -> Iterator[Fault]:
    if reward.kind in WITHOUT_VOUCHER:
        for name in ("codes", "valid", "return_days"):
            if getattr(reward, name) is not None:
                yield (name,), f'has no meaning with kind = "{reward.kind}": it gives no voucher'
    if reward.valid is not None:
        yield from (((("valid",), message)) for message in _validity_faults(reward.valid))


def _validity_faults(valid: Validity) -> Iterator[str]:
    said = [each for each in (valid.days, valid.months, valid.until) if each is not None]
    if len(said) != 1:
        yield "must have one of days, months and until"


def _limit_faults(limit: Limit, rewards: Collection[str]) -> Iterator[Fault]:
    said = [each for each in (limit.times, limit.points, limit.value) if each is not None]
    if len(said) != 1:
        yield ("times",), "or points or value must be there, and only one of the three"
    for index, code in enumerate(limit.rewards):
        if code not in rewards:
            yield ("rewards", index), f"names {no_such(code, 'reward', rewards)}"


def _automatic_faults(
    each: Automatic, rewards: Mapping[str, Reward], tiers: Collection[str]
) -> Iterator[Fault]:
    reward = rewards.get(each.reward)
    if reward is None:
        yield ("reward",), f"names {no_such(each.reward, 'reward', rewards)}"
    for name, wanted in (("tiers", "tier"), ("activity", "activity")):
        if bool(getattr(each, name)) != (each.on == wanted):
            yield (name,), f'goes with on = "{wanted}", and only with it'
    yield from _unknown(("tiers",), each.tiers, tiers)
    if reward is None:
        return
    if (each.on == "points") != bool(reward.points):
        yield ("on",), 'must be "points" for a reward that costs some, and only for one'
    if each.on == "points" and reward.kind == "points":
        yield ("reward",), "gives points, which would buy it again; choose one of another kind"
    if reward.fulfil != "at_once":
        yield ("reward",), "is fulfilled by staff, but nobody asks them; choose one done at once"


def _size_faults(part: Reward | Limit, others: Mapping[str, Section]) -> Iterator[Fault]:
    points, brand = find_section(others, PointsSection), find_section(others, BrandSection)
    if points is None or brand is None:
        return
    for name in ("points", "gives"):
        value = getattr(part, name, None)
        if value is None:
            continue
        if value.scaleb(points.scale) % 1:
            yield (name,), f"has more decimals than points.scale, {points.scale}; write fewer"
        if value.scaleb(points.scale) > AMOUNT_MAX and isinstance(part, Reward):
            most = Decimal(AMOUNT_MAX).scaleb(-points.scale)
            yield (name,), f"is more than {most:f}, the most that one can give; write less"
    for name in ("money", "value", "cost"):
        value = getattr(part, name, None)
        if value is not None and value.scaleb(brand.currency_exponent) % 1:
            yield (name,), f"is finer than {brand.currency} can be; write fewer decimals"
