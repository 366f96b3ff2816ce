"""Which friends count for whom, and which claims staff look at first: values in and out.

Days are those of the brand's clock: "within 30 days" lasts until the end of the 30th day after.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

from domain.brands.rules import Brand
from domain.members.rules import AttributeValue
from domain.referrals.section import Limit, ReferralsSection
from kit.calendar import EARLIEST, LATEST, day_end, day_start, period_next, period_start

SELF_REFERRAL = "SELF_REFERRAL"
SHARED_SIGNAL = "SHARED_SIGNAL"
CIRCULAR_REFERRAL = "CIRCULAR_REFERRAL"
ALREADY_REFERRED = "ALREADY_REFERRED"
FARMING = frozenset((SELF_REFERRAL, SHARED_SIGNAL, CIRCULAR_REFERRAL))
"""The reasons of which staff are told."""
TOO_MANY_IN_A_DAY = "TOO_MANY_IN_A_DAY"
REFUSED_BY_STAFF = "REFUSED_BY_STAFF"

_UNSEEN = ("Cc", "Cf")
"""The kinds of characters that no screen shows, such as a joiner or a soft hyphen."""

Mark: TypeAlias = tuple[str, str]
"""The name of a signal and what a member has there, in the one way in which it is compared."""
Span: TypeAlias = tuple[datetime, datetime]
"""An instant from which something counts, and the one before which it does."""


class Why(NamedTuple):
    """Why a claim is refused, or why staff look at it first."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Person:
    """A member as claims see one. ``marks`` are what no two people share."""

    id: UUID
    joined_at: datetime
    marks: frozenset[Mark]


@dataclass(slots=True)
class Counted:
    """Claims of one member's code in a span: those that ``count``, and all that were ``made``."""

    count: int = 0
    made: int = 0


@dataclass(slots=True)
class Ground:
    """What claims are decided on. Each one that is not refused counts on in it.

    ``referrers`` and ``friends`` hold who brought whom, both ways, as far up from the referrers
    and down from the friends as it goes. ``seen`` are the marks of whom a member brought already.
    """

    brand: Brand
    section: ReferralsSection
    people: Mapping[UUID, Person]
    counted: Mapping[tuple[UUID, Span], Counted]
    referrers: dict[UUID, set[UUID]] = field(default_factory=dict)
    friends: dict[UUID, set[UUID]] = field(default_factory=dict)
    seen: dict[UUID, set[Mark]] = field(default_factory=dict)

    def link(self, friend: UUID, referrer: UUID) -> None:
        """Note who brought whom."""
        self.referrers.setdefault(friend, set()).add(referrer)
        self.friends.setdefault(referrer, set()).add(friend)

    def take(self, friend: UUID, referrer: UUID, now: datetime, *, counts: bool) -> None:
        """Count a claim that is not refused; one that staff must look at does not count yet."""
        self.link(friend, referrer)
        self.seen.setdefault(referrer, set()).update(self.people[friend].marks)
        for span in spans(self.section, self.brand, now):
            counted = self.counted[referrer, span]
            counted.made += 1
            counted.count += counts


def marks(signals: Iterable[str], attributes: Mapping[str, AttributeValue]) -> frozenset[Mark]:
    """Return what a member has of the signals; an empty text, or a yes or no, tells nobody.

    Neither case nor width, blanks around it or what nobody sees make a text another one, and no
    writing makes a number another one.
    """
    told = ((name, _told(attributes.get(name, ""))) for name in signals)
    return frozenset((name, text) for name, text in told if text)


def _told(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return ""
    if not isinstance(value, str):
        return str(int(value)) if value == int(value) else str(value)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    return "".join(each for each in folded if unicodedata.category(each) not in _UNSEEN).strip()


def expires_at(section: ReferralsSection, brand: Brand, claimed_at: datetime) -> datetime:
    """Return the instant before which the friend must have done it."""
    return day_end(brand.zone, brand.day(claimed_at) + timedelta(days=section.qualify_days))


def spans(section: ReferralsSection, brand: Brand, at: datetime) -> list[Span]:
    """Return the spans around ``at`` in which claims are counted: the day, then each limit's."""
    return [_day(brand, at), *(span_of(each, brand, at) for each in section.limit)]


def span_of(limit: Limit, brand: Brand, at: datetime) -> Span:
    """Return the period of a limit that holds ``at``."""
    if limit.period is None:
        return EARLIEST, LATEST
    first = period_start(limit.period, brand.day(at))
    return day_start(brand.zone, first), day_start(brand.zone, period_next(limit.period, first))


def _day(brand: Brand, at: datetime) -> Span:
    return day_start(brand.zone, brand.day(at)), day_end(brand.zone, brand.day(at))


def refusal(
    ground: Ground, now: datetime, friend: Person, referrer: Person, followed_at: datetime | None
) -> Why | None:
    """Return why this friend does not count for this referrer, or None if it does.

    What looks like farming is told first.
    """
    if friend.id == referrer.id:
        return Why(SELF_REFERRAL, "This is the member's own code.")
    if ground.referrers.get(friend.id):
        return Why(ALREADY_REFERRED, "Somebody else brought this member already.")
    above = _around(ground.referrers, referrer.id)
    below = _around(ground.friends, friend.id)
    if ground.section.signals and _marks(ground.people, above) & _marks(ground.people, below):
        return Why(SHARED_SIGNAL, "This looks like the same person as one who led to the code.")
    if friend.id in above:
        return Why(CIRCULAR_REFERRAL, "This member led to the code by bringing others.")
    section = ground.section
    return (
        newcomer_refusal(section, ground.brand, friend.joined_at, referrer.joined_at, now)
        or _link_refusal(section, ground.brand, followed_at, now)
        or limit_refusal(section, ground.brand, referrer.id, ground.counted, now)
    )


def became_one(
    referrers: Mapping[UUID, Iterable[UUID]], people: Mapping[UUID, Person], friend: UUID
) -> bool:
    """Whether a friend shares a signal by now with anybody up the chain of ``referrers``."""
    above = _around(referrers, friend).keys() - {friend}
    return bool(people[friend].marks & _marks(people, above))


def review_reason(ground: Ground, now: datetime, friend: Person, referrer: Person) -> str | None:
    """Return why staff must look at a claim that is not refused, or None if it just counts."""
    if friend.marks & ground.seen.get(referrer.id, set()):
        return SHARED_SIGNAL
    over = ground.section.review_over
    made = ground.counted[referrer.id, _day(ground.brand, now)].made
    return TOO_MANY_IN_A_DAY if over is not None and made >= over else None


def is_recent(
    section: ReferralsSection, brand: Brand, joined_at: datetime, claimed_at: datetime
) -> bool:
    """Whether who joined then may still name a code at ``claimed_at``."""
    return (brand.day(claimed_at) - brand.day(joined_at)).days <= section.claim_days


def newcomer_refusal(
    section: ReferralsSection,
    brand: Brand,
    friend_joined: datetime,
    referrer_joined: datetime,
    claimed_at: datetime,
) -> Why | None:
    """Return why a friend was no newcomer at ``claimed_at``, or None.

    Nobody did anything before joining: what is reported of earlier moves the day of joining.
    """
    if not is_recent(section, brand, friend_joined, claimed_at):
        message = f"The member joined more than {section.claim_days} days before."
        return Why("NOT_A_NEWCOMER", message)
    if friend_joined < referrer_joined:
        return Why("NOT_A_NEWCOMER", "The member joined before the one who has this code.")
    return None


def _link_refusal(
    section: ReferralsSection, brand: Brand, followed_at: datetime | None, now: datetime
) -> Why | None:
    if followed_at is None or (brand.day(now) - brand.day(followed_at)).days <= section.link_days:
        return None
    message = f"The link was followed more than {section.link_days} days ago; follow it again."
    return Why("LINK_TOO_OLD", message)


def limit_refusal(
    section: ReferralsSection,
    brand: Brand,
    referrer: UUID,
    counted: Mapping[tuple[UUID, Span], Counted],
    at: datetime,
) -> Why | None:
    """Return which limit of the one who brought friends is reached in the period of ``at``."""
    for limit in section.limit:
        if counted[referrer, span_of(limit, brand, at)].count >= limit.times:
            return Why("LIMIT_REACHED", f"No more friends count: {limit.name}.")
    return None


def _around(edges: Mapping[UUID, Iterable[UUID]], member: UUID) -> dict[UUID, None]:
    """Return ``member`` and everybody whom the edges lead to, in the order found."""
    found = {member: None}
    waiting = [member]
    while waiting:
        new = [each for each in edges.get(waiting.pop(), ()) if each not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return found


def _marks(people: Mapping[UUID, Person], members: Iterable[UUID]) -> set[Mark]:
    return {mark for member in members for mark in people[member].marks}
