"""How events are recorded, whatever they are: load once, decide each, store at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning import store_caps
from domain.earning.rules import CapKey, Event, Verdict
from domain.earning.rules_caps import budgets_of, keys_of
from domain.earning.rules_decide import Judged, earn, enrols, judged, known_facts
from domain.earning.rules_facts import OF_TALLIES, OF_TIERS, Person
from domain.earning.store import Recorded, hash_of
from domain.members.service import NewMember
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies_queries
from domain.tallies.rules import Count, Tallies, add
from domain.tiers import queries as tiers_queries
from domain.tiers.rules import Grant, Ladders, ladders_of
from domain.wallets.store import Wallet
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.ids import new_id

NOBODY = UUID(int=0)
"""Stands for the member whom an event has yet to enrol."""


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event. ``points`` are those awarded, also when it is replayed."""

    external_id: str
    status: Literal["recorded", "replayed", "refused"]
    event_id: UUID | None = None
    member_id: UUID | None = None
    points: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """An event with what it earns. ``context`` is what its rules knew, if they asked anything."""

    id: UUID
    item: Judged
    wallet: Wallet
    verdict: Verdict
    context: Mapping[str, Any] | None
    change: Count


@dataclass(slots=True)
class Ground:
    """What a batch is decided on. Each decision counts on in it, so that order is kept."""

    wallets: Mapping[str, Wallet]
    known: dict[str, Recorded]
    ladders: Ladders
    grants: Mapping[UUID, Sequence[Grant]] = field(default_factory=dict)
    tallies: dict[UUID, Tallies] = field(default_factory=dict)
    used: dict[UUID, store_caps.Uses] = field(default_factory=dict)
    budgets: store_caps.Uses = field(default_factory=dict)
    joined: dict[UUID, datetime] = field(default_factory=dict)


def judge(brand: Brand, timeline: Timeline, event: Event) -> Judged | LaurelError:
    """Return a sound event with the programme in force when it happened, or NO_PROGRAMME."""
    return judged(brand, timeline, event, hash_of(event))


def refused(external_id: str, error: LaurelError) -> EventOutcome:
    """Return the outcome of an event that was refused with ``error``."""
    return EventOutcome(
        external_id, "refused", code=error.code, message=error.message, path=error.path
    )


async def ground_of(
    session: Session,
    brand: Brand,
    timeline: Timeline,
    wallets: Mapping[str, Wallet],
    known: dict[str, Recorded],
    items: Sequence[Judged],
    *,
    lock: bool,
) -> Ground:
    """Load all that ``items`` are decided on. With ``lock`` the caller is about to store."""
    ladders = ladders_of(timeline, brand)
    ground = Ground(wallets, known, ladders)
    ids = [wallet.member_id for wallet in wallets.values()]
    ground.joined = {wallet.member_id: wallet.joined_at for wallet in wallets.values()}
    needs = {name for item in items for name in item.rules.needs}
    # Who previews asks for ends as well, which may follow what was done on any day.
    if ladders or needs & (OF_TALLIES | OF_TIERS) or not lock:
        ground.tallies = await tallies_queries.tallies(session, brand.id, ids)
    if ladders:
        ground.grants = await tiers_queries.grants(session, brand.id, ids)
    wanted: dict[str, set[CapKey]] = {"member": set(), "everyone": set()}
    # Those of one hour ask for the same caps.
    hours = {(each.rules, each.event.kind, *_hour(each.local)): each for each in items}
    for item in hours.values():
        wanted["member"].update(keys_of(item.rules, item.event.kind, item.local))
        wanted["everyone"].update(budgets_of(item.rules, item.event.kind, item.local))
    ground.used = await store_caps.cap_uses(session, ids, wanted["member"])
    ground.budgets = await store_caps.budgets(session, brand.id, wanted["everyone"], lock=lock)
    return ground


def _hour(local: datetime) -> tuple[date, int, timedelta | None]:
    # With the offset: the hour that a clock has twice is two hours.
    return local.date(), local.hour, local.utcoffset()


def strangers(
    brand: Brand,
    timeline: Timeline,
    wallets: Mapping[str, Wallet],
    known: Mapping[str, Recorded],
    items: Mapping[int, Judged],
) -> tuple[list[NewMember], dict[int, EventOutcome]]:
    """Return whom ``items`` enrol, and the outcomes, by place, of what enrols nobody.

    Members join with the first event that is not refused. Strangers have no history, so that
    nothing has to be read for it.
    """
    ground = Ground({}, dict(known), ladders_of(timeline, brand))
    newcomers: dict[str, NewMember] = {}
    outcomes: dict[int, EventOutcome] = {}
    for place, item in items.items():
        name, at = item.event.member, item.event.occurred_at
        if name in wallets or not enrols(item):
            ground.known.setdefault(item.event.external_id, Recorded(NOBODY, NOBODY, 0, item.hash))
            continue
        alone = replace(ground, wallets={name: stranger(name, at)}, joined={NOBODY: at})
        verdict = decide(brand, alone, item)
        if isinstance(verdict, Decided):
            newcomers.setdefault(name, NewMember(name, at))
        else:
            outcomes[place] = verdict
    for place in list(outcomes):
        if items[place].event.member in newcomers:
            del outcomes[place]
    return list(newcomers.values()), outcomes


def stranger(name: str, joined_at: datetime) -> Wallet:
    """Return what stands for the wallet of somebody who is no member yet."""
    return Wallet(
        account_id=0,
        member_id=NOBODY,
        debt=0,
        external_id=name,
        joined_at=joined_at,
        birthday=None,
        region=None,
        attributes={},
    )


def decide(brand: Brand, ground: Ground, item: Judged) -> Decided | EventOutcome:
    """Return what an event earns, or its outcome if nothing is to be done, and count on."""
    before = ground.known.get(item.event.external_id)
    if before is not None:
        return _repeated(item, before)
    wallet = ground.wallets.get(item.event.member)
    if wallet is None:
        message = "nobody is enrolled under this id and the programme enrols nobody by this"
        error = InvalidInputError(message, code="UNKNOWN_MEMBER", path=("member",))
        return refused(item.event.external_id, error)
    joined = ground.joined[wallet.member_id]
    mine = ground.used.setdefault(wallet.member_id, {})
    try:
        earned = earn(
            item, wallet.member_id, _facts(brand, ground, item, wallet), mine, ground.budgets
        )
    except LaurelError as error:
        return refused(item.event.external_id, error)
    if ground.tallies:
        add(ground.tallies[wallet.member_id], earned.change)
    ground.joined[wallet.member_id] = min(joined, item.event.occurred_at)
    verdict, context, change = earned
    decided = Decided(new_id(), item, wallet, verdict, context, change)
    ground.known[item.event.external_id] = Recorded(
        decided.id, wallet.member_id, verdict.points, item.hash
    )
    return decided


def _facts(brand: Brand, ground: Ground, item: Judged, wallet: Wallet) -> dict[str, Any]:
    member_id = wallet.member_id
    person = Person(
        wallet.external_id,
        ground.joined[member_id],
        wallet.birthday,
        wallet.region,
        wallet.attributes,
    )
    tallies, grants = ground.tallies.get(member_id, {}), ground.grants.get(member_id, ())
    return known_facts(brand, item, person, tallies, ground.ladders, grants)


def _repeated(item: Judged, before: Recorded) -> EventOutcome:
    external_id = item.event.external_id
    if before.content_hash == item.hash:
        return EventOutcome(
            external_id, "replayed", before.event_id, before.member_id, before.points
        )
    message = "this id was recorded before with another content; give something new a new id"
    code = f"{'PURCHASE' if item.event.kind == 'purchase' else 'ACTIVITY'}_CONFLICT"
    return refused(external_id, InvalidInputError(message, code=code, path=("external_id",)))
