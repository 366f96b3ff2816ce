"""The verb that makes two members one: all that either did, has and may get is that one's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning import store_caps
from domain.expiry.service import redate
from domain.households import service_merge as households
from domain.members import queries
from domain.members import service_merge as members
from domain.members.service_merge import NewMerge
from domain.memberships.rules_merge import CONFLICT, Merge, State, Why, decide, request_of
from domain.programmes.rules import Timeline
from domain.referrals import service_merge as referrals
from domain.rewards import store_automatic as rewards
from domain.tallies import queries as tallies_queries
from domain.tallies import service as tallies
from domain.tiers import queries as tiers_queries
from domain.tiers import store as tiers
from domain.tiers.rules import ladders_of
from domain.tiers.service import moved, tiers_of
from domain.vouchers import store as vouchers
from domain.wallets import service_merge as wallets
from domain.wallets.queries import Books, books
from domain.wallets.service_hold import settle_late
from domain.wallets.store import lock_members
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable

__all__ = ["Merge", "MergeOutcome", "merge"]


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What became of a merge. ``code`` None: ``absorbed_id`` is ``kept_id`` now, or was before."""

    kept_id: UUID | None = None
    absorbed_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


async def merge(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Merge]
) -> list[MergeOutcome]:
    """Make pairs of members one person, each seeing those before it; an outcome for each, in order.

    Whoever names the absorbed one names the kept one from then on. Points move with their lots,
    ends unchanged but where they follow what the member does; then debts are paid. What was
    counted (tiers, caps, limits) is added up, what may change (status, redemptions, vouchers,
    places in households, referrals) has the kept member's id, what never changes (purchases,
    activities, gifts) is read with it. It can't be undone. Known by its key: the same again is
    replayed. Refusals, not stored: KEY_CONFLICT and those of `rules_merge.decide`.

    Records MemberMerged about both, and TierChanged of who is elsewhere on a ladder now. The
    caller holds the programme; wallets, households and referrals are locked in this order.
    """
    ids = [derived_id("member merge", str(brand.id), item.key) for item in items]
    known = await members.known(session, brand.id, ids)
    state = await _locked(session, now, brand, items)
    done: dict[UUID, NewMerge] = {}
    outcomes = []
    for item, merge_id in zip(items, ids, strict=True):
        request = request_of(item)
        before = done.get(merge_id) or known.get(merge_id)
        if before is not None:
            outcomes.append(
                _refused(CONFLICT)
                if before.request != request
                else MergeOutcome(before.kept_id, before.absorbed_id, replayed=True)
            )
            continue
        verdict = decide(state, item)
        if isinstance(verdict, Why):
            outcomes.append(_refused(verdict))
            continue
        done[merge_id] = NewMerge(merge_id, *verdict, item.actor, item.reason, request)
        outcomes.append(MergeOutcome(*verdict))
    if done:
        await _carry_out(session, now, brand, timeline, state.into)
        await members.insert(session, now, brand.id, list(done.values()))
        await record(session, now, [fact for each in done.values() for fact in _facts(brand, each)])
    return outcomes


async def _locked(session: Session, now: datetime, brand: Brand, items: Sequence[Merge]) -> State:
    """Lock and load what merges are decided on."""
    names = {name for item in items for name in (item.keep, item.absorb) if usable(name)}
    found = await queries.by_external_ids(session, brand.id, sorted(names))
    people = {name: each.id for name, each in found.items()}
    accounts = await books(session, brand.id)
    if accounts is None or not people:
        return State({}, (), {})
    ids = sorted(set(people.values()))
    locked = await lock_members(session, brand.id, accounts.asset_id, ids, living=True)
    await settle_late(session, now, brand, list(locked.values()))
    homes = await households.lock_homes(session, brand.id, ids)
    return State(people, await wallets.holders(session, brand.id, ids), homes)


async def _carry_out(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    into: Mapping[UUID, UUID],
) -> None:
    found = await books(session, brand.id)
    assert found is not None, "who has a member has a programme"
    people = sorted(set(into.values()))
    before = await _tiers(session, now, brand, timeline, people)
    await wallets.join(session, now, brand, found, into)
    await tallies.join(session, brand.id, into)
    await store_caps.join(session, into)
    await tiers.join(session, into)
    await vouchers.join(session, into)
    await rewards.join(session, into)
    await households.join(session, now, brand, into)
    await referrals.join(session, now, brand, into)
    await members.join(session, brand.id, into)
    await _date(session, now, brand, timeline, found, people)
    after = await _tiers(session, now, brand, timeline, people)
    await record(session, now, moved(now, brand, ladders_of(timeline, brand), before, after))


async def _date(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    found: Books,
    people: Sequence[UUID],
) -> None:
    """Date anew what follows the member and has not ended, then let debts be paid of it."""
    await redate(session, now, brand, timeline, people, since=brand.day(now))
    await wallets.pay(session, now, brand, found, people)


async def _tiers(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, ids: Sequence[UUID]
) -> dict[UUID, dict[str, str]]:
    people = await queries.by_ids(session, brand.id, ids)
    joined = {id_: each.joined_at for id_, each in people.items()}
    done = await tallies_queries.tallies(session, brand.id, ids)
    grants = await tiers_queries.grants(session, brand.id, ids)
    return tiers_of(now, brand, ladders_of(timeline, brand), done, joined, grants)


def _facts(brand: Brand, each: NewMerge) -> list[Fact]:
    kept, absorbed = str(each.kept_id), str(each.absorbed_id)
    return [
        Fact(brand.id, "MemberMerged", kept, {"absorbed": absorbed}),
        Fact(brand.id, "MemberMerged", absorbed, {"into": kept}),
    ]


def _refused(why: Why) -> MergeOutcome:
    return MergeOutcome(code=why.code, message=why.message, path=why.path)
