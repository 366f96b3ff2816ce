"""Whether one member may give another points: who, how many, how soon, how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.gifts.section import GiftsSection, Limit
from domain.ledger.rules import AMOUNT_MAX
from kit.calendar import day_start, period_start
from kit.ids import content_hash
from kit.texts import UNPRINTABLE

MESSAGE_LENGTH_MAX = 500

# Before any gift; the first instant of all is infinity to the driver, which is another one.
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewGift:
    """Points that ``giver`` gives to ``receiver``, both named by the brand's ids.

    ``points`` are in the asset's smallest unit. The gift is known by ``key``.
    """

    key: str
    giver: str
    receiver: str
    points: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a gift can't be."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Party:
    """A member as a giver or receiver."""

    id: UUID
    joined_on: date


@dataclass(frozen=True, slots=True)
class Use:
    """So many gifts, and the points of all of them."""

    times: int = 0
    points: int = 0


@dataclass(slots=True)
class Ground:
    """What gifts are decided on at ``now``, changed by each for those after it.

    ``spendable`` are points by member, ``used`` what a member gave or got since a limit's start,
    ``got_on`` the last day on which others gave to a member. ``scale`` is how many decimals a
    point has, ``today`` the brand's day.
    """

    section: GiftsSection
    zone: ZoneInfo
    scale: int
    today: date
    people: Mapping[str, Party]
    spendable: dict[UUID, int]
    used: dict[tuple[str, UUID, datetime], Use] = field(default_factory=dict)
    got_on: dict[UUID, date] = field(default_factory=dict)


def request_of(gift: NewGift) -> bytes:
    """Return the hash by which a repeated key is told from a misused one."""
    asked = [gift.giver, gift.receiver, str(gift.points), gift.message]
    return content_hash(*(each.encode(errors="surrogatepass") for each in asked))


def starts(section: GiftsSection, zone: ZoneInfo, today: date) -> list[tuple[str, datetime]]:
    """Return whose gifts count since when for the section's limits, each once."""
    return sorted({(limit.of, start_of(limit, zone, today)) for limit in section.limit})


def start_of(limit: Limit, zone: ZoneInfo, today: date) -> datetime:
    """Return the instant from which gifts count for a limit."""
    if limit.period is None:
        return _EVER
    return day_start(zone, period_start(limit.period, today))


def decide(ground: Ground, gift: NewGift) -> Why | None:
    """Return why a gift can't be, or count it."""
    giver, receiver = ground.people.get(gift.giver), ground.people.get(gift.receiver)
    if giver is None or receiver is None:
        who = "giver" if giver is None else "receiver"
        return Why("UNKNOWN_MEMBER", f"{who} is nobody's id; enrol the member first")
    why = (
        _misstated(ground, gift)
        or _too_soon(ground, giver)
        or next(filter(None, (_over(ground, each, gift) for each in ground.section.limit)), None)
    )
    if why is None and ground.spendable.get(giver.id, 0) < gift.points:
        why = Why("INSUFFICIENT_POINTS", "the giver can't spend so many points")
    if why is None:
        _count(ground, giver.id, receiver.id, gift.points)
    return why


def _misstated(ground: Ground, gift: NewGift) -> Why | None:
    section = ground.section
    # Somebody may be known by several names.
    if ground.people[gift.giver].id == ground.people[gift.receiver].id:
        return Why("SAME_MEMBER", "giver and receiver are the same member")
    if len(gift.message) > MESSAGE_LENGTH_MAX or UNPRINTABLE.search(gift.message):
        text = f"message must have at most {MESSAGE_LENGTH_MAX} characters, all printable"
        return Why("INVALID_MESSAGE", text)
    fewest = 1 if section.minimum is None else _smallest(ground, section.minimum)
    if gift.points < fewest:
        return Why("TOO_FEW_POINTS", f"a gift is {_shown(ground, fewest)} points or more")
    if section.maximum is not None and gift.points > _smallest(ground, section.maximum):
        return Why("TOO_MANY_POINTS", f"a gift is {section.maximum:f} points at most")
    if gift.points > AMOUNT_MAX:
        return Why("TOO_MANY_POINTS", f"a gift is {_shown(ground, AMOUNT_MAX)} points at most")
    return None


def _too_soon(ground: Ground, giver: Party) -> Why | None:
    section = ground.section
    first = giver.joined_on + timedelta(days=section.wait_days)
    if ground.today < first:
        return Why("TOO_SOON", f"new members may give from {first} on")
    got_on = ground.got_on.get(giver.id)
    if got_on is not None and section.cool_off_days:
        first = got_on + timedelta(days=section.cool_off_days)
        if ground.today < first:
            return Why("TOO_SOON", f"who got points from others may give from {first} on")
    return None


def _over(ground: Ground, limit: Limit, gift: NewGift) -> Why | None:
    member = ground.people[gift.giver if limit.of == "giver" else gift.receiver]
    start = start_of(limit, ground.zone, ground.today)
    used = ground.used.get((limit.of, member.id, start), Use())
    over = limit.times is not None and used.times + 1 > limit.times
    if limit.points is not None:
        over = over or used.points + gift.points > _smallest(ground, limit.points)
    return Why("LIMIT_REACHED", f"the limit {limit.name!r} is reached") if over else None


def _count(ground: Ground, giver: UUID, receiver: UUID, points: int) -> None:
    ground.spendable[giver] -= points
    ground.got_on[receiver] = ground.today
    # What is received can be handed on in the next list.
    for of, start in starts(ground.section, ground.zone, ground.today):
        key = of, giver if of == "giver" else receiver, start
        used = ground.used.get(key, Use())
        ground.used[key] = Use(used.times + 1, used.points + points)


def _smallest(ground: Ground, points: Decimal) -> int:
    return int(points.scaleb(ground.scale))


def _shown(ground: Ground, points: int) -> str:
    return f"{Decimal(points).scaleb(-ground.scale):f}"
