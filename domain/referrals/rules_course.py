"""What makes a referral count, what undoes it, and when it is rewarded: values in and out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.section_parts import PURCHASE
from domain.referrals.rules import newcomer_refusal
from domain.referrals.section import ReferralsSection
from kit.calendar import day_start

State: TypeAlias = Literal["review", "pending", "qualified", "rewarded", "refused"]


class Event(NamedTuple):
    """A purchase or an activity by which a referral may count.

    ``amount`` is in the currency's smallest unit, ``refunds`` say when how much was given back.
    """

    id: UUID
    occurred_at: datetime
    amount: int
    refunds: tuple[tuple[datetime, int], ...] = ()


class Terms(NamedTuple):
    """What makes a referral count; ``minimum`` is in the currency's smallest unit.

    A purchase is never of nothing; an activity may be (0).
    """

    on: str
    minimum: int
    return_days: int


@dataclass(frozen=True, slots=True)
class OpenReferral:
    """A referral that is pending or, if it has an event, qualified.

    ``referrer`` and ``friend`` are the names by which the brand knows them.
    """

    id: UUID
    referrer_id: UUID
    friend_id: UUID
    referrer: str
    friend: str
    referrer_joined: datetime
    friend_joined: datetime
    version_id: int
    claimed_at: datetime
    expires_at: datetime
    event_id: UUID | None
    rewards_at: datetime | None


class Course(NamedTuple):
    """Where a referral stands: by which event it counts, since and from when it is rewarded."""

    state: State
    reason: str | None = None
    event_id: UUID | None = None
    qualified_at: datetime | None = None
    rewards_at: datetime | None = None


def terms_of(section: ReferralsSection, brand: Brand) -> Terms:
    """Return what the section demands, with its money in the brand's smallest unit."""
    least = int(section.on == PURCHASE)
    minimum = int(section.minimum.scaleb(brand.currency_exponent)) if section.minimum else least
    return Terms(section.on, minimum, section.return_days)


def rewards_at(terms: Terms, brand: Brand, occurred_at: datetime) -> datetime:
    """Return the instant from which no return undoes what happened at ``occurred_at``."""
    if not terms.return_days:
        return occurred_at
    return day_start(brand.zone, brand.day(occurred_at) + timedelta(days=terms.return_days))


def course(
    section: ReferralsSection, brand: Brand, item: OpenReferral, events: Collection[Event]
) -> Course:
    """Return where a referral stands by all that is known of the friend.

    ``events`` are what the friend did of what counts, in the time there was. A friend who turns
    out to have been there before is refused, however late that is reported.
    """
    why = newcomer_refusal(
        section, brand, item.friend_joined, item.referrer_joined, item.claimed_at
    )
    if why is not None:
        return Course("refused", why.code)
    terms = terms_of(section, brand)
    event = _chosen(terms, brand, events, item.event_id)
    if event is None:
        return Course("pending")
    until = rewards_at(terms, brand, event.occurred_at)
    return Course("qualified", None, event.id, event.occurred_at, until)


def _chosen(
    terms: Terms, brand: Brand, events: Collection[Event], current: UUID | None
) -> Event | None:
    fitting = [event for event in events if _fits(terms, brand, event)]
    # What is reported late does not push aside what counted meanwhile.
    order = sorted(fitting, key=lambda event: (event.id != current, event.occurred_at, event.id))
    return order[0] if order else None


def _fits(terms: Terms, brand: Brand, event: Event) -> bool:
    # A return counts by its own date, so that it makes no difference when rewards are booked.
    # Without days for returns there is no such date: what is known by then counts.
    until = rewards_at(terms, brand, event.occurred_at)
    refunds = [amount for at, amount in event.refunds if not terms.return_days or at < until]
    return event.amount - sum(refunds) >= terms.minimum
