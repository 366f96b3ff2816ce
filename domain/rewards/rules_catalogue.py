"""What a programme says of its rewards, made ready, and why a member can't have one.

Days are those of the brand's clock. A day as ``from`` or ``until`` is the instant at which it
begins; ``until`` itself is too late. Who has a tier of ``early`` may from that instant on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.brands.rules import Brand
from domain.earning.rules_conditions import days_since_birthday
from domain.earning.section_parts import Moment
from domain.ledger.rules import AMOUNT_MAX
from domain.programmes.rules import Programme
from domain.rewards import section_parts
from domain.rewards.section import RewardsSection
from domain.rewards.section_parts import QUANTITY_MAX, WITHOUT_VOUCHER, Reward, Validity
from domain.wallets.section import PointsSection
from kit.calendar import Period, day_end, day_start, months_after, period_start
from kit.ids import derived_id

_MONEY_OFF = frozenset({"voucher", "discount", "gift_card"})

CAUSE = "cause"
"""The code of the ledger accounts that hold what was donated, one for each donation reward."""


class Why(NamedTuple):
    """Why something can't be done: a code for programs, a message for people."""

    code: str
    message: str


NO_CODES = Why("OUT_OF_STOCK", "Its codes are all given; more must be brought along.")


@dataclass(frozen=True, eq=False)
class Limit:
    """A limit made ready: ``most`` is in times, or in smallest units of points or money."""

    name: str
    rewards: frozenset[str]
    period: Period | None
    unit: Literal["times", "points", "value"]
    most: int

    def covers(self, reward: str) -> bool:
        """Whether it limits ``reward``."""
        return not self.rewards or reward in self.rewards

    def since(self, zone: ZoneInfo, day: date) -> datetime | None:
        """Return the instant from which it counts on ``day``, None for all time."""
        return day_start(zone, period_start(self.period, day)) if self.period else None


@dataclass(frozen=True, eq=False)
class Offer:
    """A reward as one version of a programme offers it, in smallest units of points and money.

    ``until`` is the earlier of the reward's end and that of its vouchers. ``early`` are the
    instants from which the tiers may that may before others. ``approval_over``: redemptions of
    more points wait for a second person.
    """

    reward: Reward
    version_id: int
    zone: ZoneInfo
    points: int
    money: int
    value: int
    cost: int
    gives: int
    starts_at: datetime | None
    until: datetime | None
    early: Mapping[str, datetime]
    limits: tuple[Limit, ...]
    approval_over: int | None

    @property
    def code(self) -> str:
        """The reward's short name."""
        return self.reward.code

    @property
    def gives_voucher(self) -> bool:
        """Whether it gives a code to show at a till."""
        return self.reward.kind not in WITHOUT_VOUCHER

    @property
    def voucher_value(self) -> int | None:
        """How much money its voucher has, to be used in parts; None: it is used as a whole."""
        return self.value if self.value and self.reward.kind in _MONEY_OFF else None

    def begins(self, tiers: Collection[str]) -> datetime | None:
        """Return from when on members of these tiers may have it, None: they always could."""
        if self.starts_at is None:
            return None
        return min([self.starts_at, *(self.early[tier] for tier in tiers if tier in self.early)])

    def needs_approval(self, points: int) -> bool:
        """Whether a redemption of so many points waits for a second person."""
        return self.approval_over is not None and points > self.approval_over

    def deadline(self, now: datetime) -> datetime:
        """Return until when what is asked for ``now`` must be fulfilled; the instant is too late.

        A voucher that would be gone by then is no use: its fixed end is the deadline at latest.
        """
        end = now + timedelta(days=self.reward.fulfil_days)
        fixed = _fixed_end(self.reward.valid, self.zone)
        return end if fixed is None else min(end, fixed)

    def voucher_ends(self, issued_at: datetime) -> datetime | None:
        """Return the instant from which its voucher is gone, None for never."""
        valid = self.reward.valid
        if valid is None:
            return None
        day = issued_at.astimezone(self.zone).date()
        if valid.days is not None:
            return day_end(self.zone, day + timedelta(days=valid.days))
        if valid.months is not None:
            return day_end(self.zone, months_after(day, valid.months))
        return _fixed_end(valid, self.zone)

    def returnable_until(self, fulfilled_at: datetime) -> datetime | None:
        """Return the instant from which it is too late to return it, None: it never can be."""
        days = self.reward.return_days
        if days is None:
            return None
        return day_end(self.zone, fulfilled_at.astimezone(self.zone).date() + timedelta(days=days))


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of who asks. ``used`` is what each limit has counted so far, in its unit."""

    tiers: frozenset[str] = frozenset()
    birthday: date | None = None
    used: dict[Limit, int] = field(default_factory=dict)


@lru_cache(maxsize=1000)
def offers_of(programme: Programme, brand: Brand) -> Mapping[str, Offer]:
    """Return a programme's rewards by code in the order of its file, made ready once per version.

    None of them if the programme has no section of rewards.
    """
    section = programme.document.find(RewardsSection)
    if section is None:
        return {}
    scale = programme.document.section(PointsSection).scale
    limits = tuple(_limit(each, scale, brand.currency_exponent) for each in section.limit)
    over = section.approval_over
    approval_over = None if over is None else _whole(over, scale)
    return {
        reward.code: _offer(reward, programme.version_id, brand, scale, limits, approval_over)
        for reward in section.reward
    }


def cause_id(brand_id: int, reward: str) -> UUID:
    """Return the owner of the account that holds what was donated by a reward."""
    return derived_id(CAUSE, str(brand_id), reward)


def refusal(
    offer: Offer,
    facts: MemberFacts,
    quantity: int,
    spendable: int,
    left: int | None,
    now: datetime,
) -> Why | None:
    """Return why so many of it can't be had ``now``, None if they can.

    ``spendable`` are the points of whoever pays, ``left`` how many there are, None for no end.
    Codes, the first that applies: INVALID_QUANTITY, TIER_REQUIRED, NOT_YET, NO_LONGER,
    NOT_YOUR_BIRTHDAY, OUT_OF_STOCK, LIMIT_REACHED, INSUFFICIENT_POINTS.
    """
    why = _miscounted(offer, quantity) or _unfit(offer, facts, now)
    if why is not None:
        return why
    if left is not None and quantity > left:
        return Why("OUT_OF_STOCK", "None is left." if left <= 0 else f"Only {left} are left.")
    for limit in offer.limits:
        if facts.used.get(limit, 0) + counted(limit, offer, quantity) > limit.most:
            return Why("LIMIT_REACHED", f"This is more than {limit.name} allows.")
    if offer.points * quantity > spendable:
        return Why("INSUFFICIENT_POINTS", "There are not enough points for it.")
    return None


def counted(limit: Limit, offer: Offer, quantity: int) -> int:
    """Return how much of a limit so many of a reward use."""
    if limit.unit == "times":
        return quantity
    return quantity * (offer.points if limit.unit == "points" else offer.value)


def limit_left(offer: Offer, facts: MemberFacts) -> int | None:
    """Return how many of it the limits still allow, None for no end."""
    rooms = [
        max(0, limit.most - facts.used.get(limit, 0)) // each
        for limit in offer.limits
        if (each := counted(limit, offer, 1))
    ]
    return min(rooms, default=None)


def _miscounted(offer: Offer, quantity: int) -> Why | None:
    if not 1 <= quantity <= QUANTITY_MAX:
        return Why("INVALID_QUANTITY", f"One can ask for 1 to {QUANTITY_MAX} at a time.")
    if max(offer.points, offer.gives) * quantity > AMOUNT_MAX:
        return Why("INVALID_QUANTITY", "These are too many points at a time; ask for fewer.")
    return None


def _unfit(offer: Offer, facts: MemberFacts, now: datetime) -> Why | None:
    reward = offer.reward
    if reward.tiers and not facts.tiers & set(reward.tiers):
        return Why("TIER_REQUIRED", f"It is for {' and '.join(reward.tiers)} only.")
    begins = offer.begins(facts.tiers)
    if begins is not None and now < begins:
        return Why("NOT_YET", "It can't be had yet.")
    if offer.until is not None and now >= offer.until:
        return Why("NO_LONGER", "It can't be had any more.")
    if reward.birthday_days is not None:
        since = days_since_birthday(facts.birthday, now.astimezone(offer.zone).date())
        if since is None or since >= reward.birthday_days:
            return Why("NOT_YOUR_BIRTHDAY", "It is for birthdays only.")
    return None


def _offer(
    reward: Reward,
    version_id: int,
    brand: Brand,
    scale: int,
    limits: tuple[Limit, ...],
    approval_over: int | None,
) -> Offer:
    exponent, zone = brand.currency_exponent, brand.zone
    until = _instant(reward.until, zone) if reward.until else None
    ends = [until, _fixed_end(reward.valid, zone)]
    early: dict[str, datetime] = {}
    for each in reward.early:
        start = _instant(each.from_, zone)
        for tier in each.tiers:
            early[tier] = min(start, early.get(tier, start))
    return Offer(
        reward=reward,
        version_id=version_id,
        zone=zone,
        points=_whole(reward.points, scale),
        money=_whole(reward.money, exponent),
        value=_whole(reward.value, exponent),
        cost=_whole(reward.cost, exponent),
        gives=_whole(reward.gives, scale),
        starts_at=_instant(reward.from_, zone) if reward.from_ else None,
        until=min((end for end in ends if end is not None), default=None),
        early=early,
        limits=tuple(limit for limit in limits if limit.covers(reward.code)),
        approval_over=approval_over,
    )


def _limit(part: section_parts.Limit, scale: int, exponent: int) -> Limit:
    unit: Literal["times", "points", "value"] = "times"
    most = part.times or 0
    if part.points is not None:
        unit, most = "points", _whole(part.points, scale)
    if part.value is not None:
        unit, most = "value", _whole(part.value, exponent)
    return Limit(part.name, frozenset(part.rewards), part.period, unit, most)


def _whole(amount: Decimal | None, exponent: int) -> int:
    return 0 if amount is None else int(amount.scaleb(exponent))


def _instant(moment: Moment, zone: ZoneInfo) -> datetime:
    return moment if isinstance(moment, datetime) else day_start(zone, moment)


def _fixed_end(valid: Validity | None, zone: ZoneInfo) -> datetime | None:
    return None if valid is None or valid.until is None else day_start(zone, valid.until)
