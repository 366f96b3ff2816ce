"""The verbs that give status by hand and take it back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies
from domain.tiers import queries, store
from domain.tiers.rules import Grant, ladders_of
from domain.tiers.rules_grant import KnownGrant, NewGrant, refusal
from domain.tiers.service import moved, tiers_of
from domain.wallets.queries import books
from domain.wallets.store import lock_members
from kit.db import Session
from kit.errors import IdempotencyConflictError, LaurelError, NotFoundError
from kit.facts import Fact, record
from kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """What became of a grant, or of its revocation. ``grant`` is None if it was refused."""

    status: Literal["done", "replayed", "refused"]
    member_id: UUID | None = None
    grant: Grant | None = None
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()


async def grant_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[NewGrant]
) -> list[GrantOutcome]:
    """Give members status by hand; an outcome for each, in order.

    A grant is known by its key: the same again is replayed, another under the same key is
    refused (KEY_CONFLICT). Further refusals are those of `rules_grant.refusal`. Records the facts
    of who changed tier. The caller dates anew the points that follow the tier.
    """
    ids = [derived_id("status grant", str(brand.id), item.key) for item in items]
    mine = await _locked(session, brand, {item.member_id for item in items}, living=True)
    known = await store.known(session, brand.id, ids)
    ladders = ladders_of(timeline, brand)
    new: list[tuple[UUID, Grant]] = []
    outcomes = []
    for item, grant_id in zip(items, ids, strict=True):
        before = known.get(grant_id)
        if before is not None:
            outcomes.append(_repeated(item, before))
            continue
        error = refusal(item, ladders, mine, now)
        if error is not None:
            outcomes.append(_refused(error))
            continue
        grant = Grant(
            id=grant_id,
            ladder=item.ladder,
            tier=item.tier,
            starts_at=item.starts_at or now,
            ends_at=item.ends_at,
            reason=item.reason,
            actor=item.actor,
        )
        known[grant_id] = KnownGrant(grant, item.member_id, now)
        new.append((item.member_id, grant))
        outcomes.append(GrantOutcome("done", item.member_id, grant))
    if new:
        given = await queries.grants(session, brand.id, [member_id for member_id, _ in new])
        after = {member_id: [*grants] for member_id, grants in given.items()}
        for member_id, grant in new:
            after[member_id].append(grant)
        await store.insert(session, now, brand.id, new)
        await _tell(session, now, brand, timeline, given, after)
    return outcomes


async def revoke_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, ids: Sequence[UUID]
) -> list[GrantOutcome]:
    """Let the grants ``ids`` count no more from ``now`` on; an outcome for each, in order.

    Whatever was revoked before is replayed. Refusal: GRANT_NOT_FOUND. Records that it was revoked,
    and the facts of who changed tier. The caller dates anew the points that follow the tier.
    """
    seen = await store.known(session, brand.id, ids)
    await _locked(session, brand, {each.member_id for each in seen.values()})
    # Again: somebody else may have revoked one before the lock was there.
    known = await store.known(session, brand.id, ids)
    before = await queries.grants(session, brand.id, [each.member_id for each in known.values()])
    outcomes = []
    for grant_id in ids:
        found = known.get(grant_id)
        if found is None:
            message = "The brand has no such grant."
            outcomes.append(_refused(NotFoundError(message, code="GRANT_NOT_FOUND", path=("id",))))
        elif found.grant.revoked_at is not None:
            outcomes.append(GrantOutcome("replayed", found.member_id, found.grant))
        else:
            gone = replace(found.grant, revoked_at=now)
            known[grant_id] = replace(found, grant=gone)
            outcomes.append(GrantOutcome("done", found.member_id, gone))
    await store.revoke(session, now, brand.id, list(known))
    told = [_revoked(brand, each) for each in outcomes if each.status == "done"]
    await record(session, now, told)
    after = {
        member_id: [known[grant.id].grant if grant.id in known else grant for grant in grants]
        for member_id, grants in before.items()
    }
    await _tell(session, now, brand, timeline, before, after)
    return outcomes


def _revoked(brand: Brand, done: GrantOutcome) -> Fact:
    assert done.grant is not None
    payload = {"grant": str(done.grant.id), "ladder": done.grant.ladder, "tier": done.grant.tier}
    return Fact(brand.id, "StatusRevoked", str(done.member_id), payload)


async def _locked(
    session: Session, brand: Brand, member_ids: Collection[UUID], *, living: bool = False
) -> set[UUID]:
    """Lock the wallets of these members; return those of them that the brand has."""
    accounts = await books(session, brand.id)
    if accounts is None:
        return set()
    return set(await lock_members(session, brand.id, accounts.asset_id, member_ids, living=living))


async def _tell(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    before: Mapping[UUID, Sequence[Grant]],
    after: Mapping[UUID, Sequence[Grant]],
) -> None:
    """Record the facts of the members whose tier the change of their grants moved."""
    ladders = ladders_of(timeline, brand)
    people = await members.by_ids(session, brand.id, list(after))
    joined = {member_id: person.joined_at for member_id, person in people.items()}
    done = await tallies.tallies(session, brand.id, list(after))
    was = tiers_of(now, brand, ladders, done, joined, before)
    now_is = tiers_of(now, brand, ladders, done, joined, after)
    await record(session, now, moved(now, brand, ladders, was, now_is))


def _repeated(item: NewGrant, before: KnownGrant) -> GrantOutcome:
    if before.answers(item):
        return GrantOutcome("replayed", before.member_id, before.grant)
    message = "This key was used before for another grant; give a new grant a new key."
    return _refused(IdempotencyConflictError(message, code="KEY_CONFLICT", path=("key",)))


def _refused(error: LaurelError) -> GrantOutcome:
    return GrantOutcome("refused", code=error.code, message=error.message, path=error.path)
