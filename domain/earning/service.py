"""The verbs that record purchases and activities, give what they earn, and count them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning import store, store_caps
from domain.earning.rules import Activity, CapKey, Event, Purchase
from domain.earning.rules_check import check, check_activity
from domain.earning.rules_decide import Judged, enrols, parts_given
from domain.earning.rules_given import Given
from domain.earning.service_record import (
    Decided,
    EventOutcome,
    Ground,
    decide,
    ground_of,
    judge,
    refused,
    strangers,
)
from domain.earning.store import NewAward, NewEvent, Recorded
from domain.expiry import service as expiry
from domain.members import service as members
from domain.programmes.rules import Timeline
from domain.tallies import service as tallies
from domain.tiers.service import moved, tiers_of
from domain.wallets import service as wallets
from domain.wallets.queries import Books, books
from domain.wallets.service import Accrual
from domain.wallets.store import Wallet, lock_named
from kit.db import Session
from kit.errors import LaurelError
from kit.facts import Fact, record
from kit.ids import derived_id


async def record_purchases(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    purchases: Sequence[Purchase],
) -> list[EventOutcome]:
    """Record purchases, give what they earn, count them towards tiers; an outcome for each.

    A purchase is known by its external id: the same content again is replayed, another content
    is refused (PURCHASE_CONFLICT). Each is judged by the programme in force when it happened,
    and by what was known of the member up to its day: one that is reported late earns as if it
    had come in time, and what was recorded meanwhile is not judged again. Further refusals:
    NO_PROGRAMME, UNKNOWN_MEMBER and those of `rules_check.check` and `rules_award.award`. A
    refused purchase changes nothing and does not disturb its neighbours.
    """
    judged: dict[int, Judged | LaurelError] = {
        place: check(each, brand.currency, now) or judge(brand, timeline, each)
        for place, each in enumerate(purchases)
    }
    return await _record(session, now, brand, timeline, purchases, judged)


async def record_activities(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    activities: Sequence[Activity],
) -> list[EventOutcome]:
    """Record what members did besides buying, as `record_purchases` does (ACTIVITY_CONFLICT).

    An activity enrols nobody. One of a kind that no rule speaks of is recorded and earns nothing.
    """
    judged: dict[int, Judged | LaurelError] = {
        place: check_activity(each, now) or judge(brand, timeline, each)
        for place, each in enumerate(activities)
    }
    return await _record(session, now, brand, timeline, activities, judged)


async def _record(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    events: Sequence[Event],
    judged: Mapping[int, Judged | LaurelError],
) -> list[EventOutcome]:
    outcomes: dict[int, EventOutcome] = {}
    decided: list[Decided] = []
    items = {place: each for place, each in judged.items() if isinstance(each, Judged)}
    for place, each in judged.items():
        if isinstance(each, LaurelError):
            outcomes[place] = refused(events[place].external_id, each)
    if items:
        accounts = await books(session, brand.id)
        # Whoever applies a programme opens its books in the same transaction.
        assert accounts is not None
        found, told = await _wallets(session, now, brand, timeline, accounts, items)
        every = list(items.values())
        known = await _known(session, brand, every)
        ground = await ground_of(session, brand, timeline, found, known, every, lock=True)
        before = _tiers(now, brand, ground)
        for place, item in items.items():
            verdict = told.get(place) or decide(brand, ground, item)
            if isinstance(verdict, Decided):
                decided.append(verdict)
                verdict = _recorded(verdict)
            outcomes[place] = verdict
        if decided:
            await _store(session, now, brand, timeline, accounts, decided)
            moves = moved(now, brand, ground.ladders, before, _tiers(now, brand, ground))
            await _count(session, now, brand, timeline, decided)
            await record(session, now, [*(_fact(brand, each) for each in decided), *moves])
    return [outcomes[place] for place in range(len(events))]


async def _wallets(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    items: Mapping[int, Judged],
) -> tuple[dict[str, Wallet], dict[int, EventOutcome]]:
    every = list(items.values())
    names = sorted({item.event.member for item in every})
    found = await lock_named(session, brand.id, accounts.asset_id, names)
    if not any(enrols(item) for item in every if item.event.member not in found):
        return found, {}
    # What is known already, or refused, is no reason to enrol anybody.
    known = await _known(session, brand, every)
    newcomers, told = strangers(brand, timeline, found, known, items)
    if newcomers:
        await wallets.enrol(session, now, brand, accounts, newcomers)
        found = await lock_named(session, brand.id, accounts.asset_id, names)
    return found, told


async def _known(session: Session, brand: Brand, items: Sequence[Judged]) -> dict[str, Recorded]:
    ids = [item.event.external_id for item in items]
    if isinstance(items[0].event, Purchase):
        return await store.recorded_purchases(session, brand.id, ids)
    return await store.recorded_activities(session, brand.id, ids)


def _tiers(now: datetime, brand: Brand, ground: Ground) -> dict[UUID, dict[str, str]]:
    if not ground.ladders:
        return {}
    return tiers_of(now, brand, ground.ladders, ground.tallies, ground.joined, ground.grants)


def _recorded(decided: Decided) -> EventOutcome:
    return EventOutcome(
        decided.item.event.external_id,
        "recorded",
        decided.id,
        decided.wallet.member_id,
        decided.verdict.points,
    )


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    decided: Sequence[Decided],
) -> None:
    await _store_events(session, now, brand, decided)
    await _accrue(session, now, brand, timeline, accounts, decided)
    await _use_caps(session, brand, decided)
    earlier = [
        (each.wallet.external_id, each.item.event.occurred_at)
        for each in decided
        if each.item.event.occurred_at < each.wallet.joined_at
    ]
    if earlier:
        await members.joined_earlier(session, brand, earlier)


async def _count(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    decided: Sequence[Decided],
) -> None:
    await tallies.count(session, brand.id, [each.change for each in decided])
    touched = {each.wallet.member_id for each in decided}
    since = min(each.change.day for each in decided)
    await expiry.redate(session, now, brand, timeline, touched, since=since)


async def _store_events(
    session: Session, now: datetime, brand: Brand, decided: Sequence[Decided]
) -> None:
    rows = [
        NewEvent(
            id=each.id,
            event=each.item.event,
            member_id=each.wallet.member_id,
            computed=each.verdict.computed,
            points=each.verdict.points,
            version_id=each.item.programme.version_id,
            context=each.context,
            content_hash=each.item.hash,
        )
        for each in decided
    ]
    if isinstance(decided[0].item.event, Purchase):
        await store.insert_purchases(session, now, brand.id, rows)
    else:
        await store.insert_activities(session, now, brand.id, rows)


async def _accrue(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    decided: Sequence[Decided],
) -> None:
    accruals: list[Accrual] = []
    awards: list[tuple[UUID, int, Given]] = []
    for each in decided:
        for place, points in parts_of(brand, each):
            accruals.append(_accrual(brand, each, place, points))
            awards.append((each.id, place, points))
    if not accruals:
        return
    # What has ended pays no debt, and where ends follow the member only dating anew tells.
    journals = await wallets.accrue(
        session, now, brand, accounts, accruals, pays_debts=not expiry.follows(timeline)
    )
    rows = [
        NewAward(event_id, points.rule, place, points.points, points.qualifies, journal)
        for (event_id, place, points), journal in zip(awards, journals, strict=True)
    ]
    await store.insert_awards(session, brand.id, rows)


def parts_of(brand: Brand, decided: Decided) -> list[tuple[int, Given]]:
    """Return all that an event earned, each with its number among the parts of its rule."""
    return parts_given(brand, decided.item, decided.verdict, decided.wallet.region)


def _accrual(brand: Brand, decided: Decided, place: int, points: Given) -> Accrual:
    event = decided.item.event
    names = (str(brand.id), event.kind, event.external_id, points.rule, str(place))
    mine = next(each for each in decided.verdict.awards if each.rule == points.rule)
    return Accrual(
        key=derived_id("award", *names),
        account_id=decided.wallet.account_id,
        points=points.points,
        earned_at=event.occurred_at,
        available_at=points.available_at,
        expires_at=points.expires_at,
        reference=event.external_id,
        rule=points.rule,
        fixed=points.fixed,
        release_days=points.release_days,
        begins_at=mine.parts[place].carried_to,
        version_id=decided.item.programme.version_id,
    )


async def _use_caps(session: Session, brand: Brand, decided: Sequence[Decided]) -> None:
    mine: dict[tuple[UUID, CapKey], int] = {}
    shared: dict[CapKey, int] = {}
    for each in decided:
        for key, used in each.verdict.uses.items():
            if key.shared:
                shared[key] = shared.get(key, 0) + used
            else:
                whose = each.wallet.member_id, key
                mine[whose] = mine.get(whose, 0) + used
    await store_caps.use_caps(session, mine)
    await store_caps.use_budgets(session, brand.id, shared)


def _fact(brand: Brand, decided: Decided) -> Fact:
    event = decided.item.event
    what: dict[str, Any] = {
        "occurredAt": event.occurred_at,
        "amount": event.amount,
        "points": decided.verdict.points,
        "channel": event.channel,
        "store": event.store,
    }
    if isinstance(event, Purchase):
        what["purchase"] = str(decided.id)
        return Fact(brand.id, "PurchaseRecorded", str(decided.wallet.member_id), what)
    what |= {"activity": str(decided.id), "kind": event.kind, "attributes": dict(event.attributes)}
    return Fact(brand.id, "ActivityRecorded", str(decided.wallet.member_id), what)
