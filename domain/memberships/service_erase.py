"""The verb that erases members: who they were is forgotten, what was booked stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning import store_erase as earning
from domain.expiry.service_spend import settle
from domain.households import service_erase as households
from domain.households import service_merge as homes
from domain.ledger.rules import Kind, Resolution
from domain.members import queries
from domain.members import service_erase as members
from domain.members.service_erase import NewErasure
from domain.memberships.rules_merge import CONFLICT, UNKNOWN, Why
from domain.programmes.rules import Timeline
from domain.referrals import service_merge as referrals
from domain.rewards import store as rewards
from domain.rewards import store_automatic as automatic
from domain.rewards.service_cancel import Cancel, cancel
from domain.vouchers import store as vouchers
from domain.wallets import service_erase as wallets
from domain.wallets.queries import Books, books
from domain.wallets.service_hold import settle_late
from domain.wallets.store import lock_members
from kit.db import LostRaceError, Session
from kit.facts import Fact, record
from kit.ids import content_hash, derived_id
from kit.texts import TEXT_LENGTH_MAX, usable

_WHY = "the member was erased"


@dataclass(frozen=True, slots=True)
class Erasure:
    """That the member whom the brand knows as ``member`` is to be forgotten, known by its key."""

    key: str
    member: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """What became of an erasure. ``code`` None: ``points`` were forfeited, in smallest units."""

    member_id: UUID | None = None
    points: int = 0
    code: str | None = None
    message: str | None = None
    path: tuple[str, ...] = ()
    replayed: bool = False


async def erase(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Erasure]
) -> list[ErasureOutcome]:
    """Forget members; an outcome for each, in order.

    Names, birthday, region and attributes are gone; the brand's id, and those of who was merged
    into the member, become random ones that nobody can name. Open redemptions are cancelled and
    holds void, points left are forfeited and debts written off, vouchers not used end, the
    household is left, what referrals were to bring is refused. Purchases, the ledger and what
    finance needs stay. It can't be undone; who comes again under the same id is somebody new.
    Known by its key: the same again is replayed. Refusals, not stored: INVALID_INPUT (the
    reason), UNKNOWN_MEMBER, KEY_CONFLICT.

    Records MemberErased. The caller holds the programme.
    """
    ids = [derived_id("member erasure", str(brand.id), item.key) for item in items]
    known = await members.known(session, brand.id, ids)
    names = sorted({item.member for item in items if usable(item.member)})
    people = await queries.by_external_ids(session, brand.id, names)
    wanted: dict[UUID, tuple[Erasure, UUID]] = {}
    outcomes: list[ErasureOutcome | UUID] = []
    for item, erasure_id in zip(items, ids, strict=True):
        taken = {member_id for _, member_id in wanted.values()}
        before = known.get(erasure_id)
        if before is not None:
            same = before.request == _request(item)
            replay = ErasureOutcome(before.member_id, before.points, replayed=True)
            outcomes.append(replay if same else _refused(CONFLICT))
        elif erasure_id in wanted:
            same = _request(wanted[erasure_id][0]) == _request(item)
            outcomes.append(erasure_id if same else _refused(CONFLICT))
        elif item.member not in people or people[item.member].id in taken:
            outcomes.append(_refused(Why("UNKNOWN_MEMBER", f"member {UNKNOWN}", ("member",))))
        elif not usable(item.reason):
            message = f"reason must be 1 to {TEXT_LENGTH_MAX} printable characters"
            outcomes.append(_refused(Why("INVALID_INPUT", message, ("reason",))))
        else:
            wanted[erasure_id] = item, people[item.member].id
            outcomes.append(erasure_id)
    gone = await _carry_out(session, now, brand, timeline, wanted) if wanted else {}
    return _told(outcomes, wanted, gone)


async def _carry_out(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    wanted: Mapping[UUID, tuple[Erasure, UUID]],
) -> dict[UUID, int]:
    """Erase; return how many points were forfeited by whom."""
    found = await books(session, brand.id)
    assert found is not None, "who has a member has a programme"
    ids = sorted({member_id for _, member_id in wanted.values()})
    await _lock(session, now, brand, found, ids)
    actors = {member_id: item.actor for item, member_id in wanted.values()}
    await _let_go(session, now, brand, timeline, actors)
    points = await wallets.erase(session, now, brand, found, ids)
    await vouchers.end(session, now, ids)
    await automatic.forget(session, ids)
    await rewards.forget_names(session, ids)
    await households.leave(session, now, brand, ids)
    await referrals.refuse(session, brand.id, ids)
    await earning.forget(session, await members.erase(session, now, brand.id, ids))
    rows = [
        NewErasure(id_, member_id, points[member_id], item.actor, item.reason, _request(item))
        for id_, (item, member_id) in wanted.items()
    ]
    await members.insert(session, now, brand.id, rows)
    facts = [Fact(brand.id, "MemberErased", str(each), {"points": points[each]}) for each in ids]
    await record(session, now, facts)
    return points


async def _lock(
    session: Session, now: datetime, brand: Brand, found: Books, ids: Sequence[UUID]
) -> None:
    """Lock the wallets of who is erased and of who pays for the same redemptions, at once."""
    open_ones = await rewards.open_of(session, brand.id, ids)
    people, _ = await rewards.concerned(session, brand.id, open_ones)
    mine = await lock_members(session, brand.id, found.asset_id, people | set(ids), living=True)
    await settle_late(session, now, brand, list(mine.values()))
    if not (await rewards.open_of(session, brand.id, ids)).keys() <= open_ones.keys():
        # One was asked for before the wallets were locked; its payers are not.
        raise LostRaceError
    await homes.lock_homes(session, brand.id, ids)


async def _let_go(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    actors: Mapping[UUID, str],
) -> None:
    """Cancel what is asked for and not given, and void what else reserves points."""
    open_ones = await rewards.open_of(session, brand.id, list(actors))
    items = [
        Cancel(f"erased {id_}", id_, actors[member_id], _WHY)
        for id_, member_id in open_ones.items()
    ]
    if items:
        await cancel(session, now, brand, timeline, items)
    rows = await session.fetch(
        "SELECT t.id FROM wallet w JOIN transfer t ON t.debit_account = w.account_id"
        " AND t.kind = 1 JOIN open_hold h ON h.transfer_id = t.id"
        " WHERE w.brand_id = $1 AND w.member_id = ANY ($2) ORDER BY t.id",
        brand.id,
        list(actors),
    )
    voids = [
        Resolution(
            derived_id("erasure hold", str(row["id"])), row["id"], Kind.VOID, wallets.ERASURE
        )
        for row in rows
    ]
    if voids:
        await settle(session, now, brand, timeline, voids)


def _told(
    outcomes: Sequence[ErasureOutcome | UUID],
    wanted: Mapping[UUID, tuple[Erasure, UUID]],
    gone: Mapping[UUID, int],
) -> list[ErasureOutcome]:
    told: list[ErasureOutcome] = []
    seen: set[UUID] = set()
    for each in outcomes:
        if isinstance(each, ErasureOutcome):
            told.append(each)
            continue
        member_id = wanted[each][1]
        told.append(ErasureOutcome(member_id, gone[member_id], replayed=each in seen))
        seen.add(each)
    return told


def _request(item: Erasure) -> bytes:
    # With the key, which is not kept: nobody can try names against it.
    parts = (item.key, item.member, item.reason)
    return content_hash(*(part.encode(errors="surrogatepass") for part in parts))


def _refused(why: Why) -> ErasureOutcome:
    return ErasureOutcome(code=why.code, message=why.message, path=why.path)
