"""The verb by which members ask for rewards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.households.rules import Household, may_spend
from domain.households.section import HouseholdsSection
from domain.programmes.rules import Programme, Timeline
from domain.rewards import store
from domain.rewards.rules_catalogue import Why, offers_of
from domain.rewards.rules_redeem import Grant, Ground, Wish, decide
from domain.rewards.rules_steps import Redemption, as_of, request_of
from domain.rewards.service_give import give, reserve
from domain.rewards.service_ground import Askers, fact, ground_of, lock_askers
from domain.vouchers import queries as vouchers
from domain.wallets.queries import Books, books
from kit.db import Session
from kit.facts import record
from kit.ids import derived_id

_CONFLICT = Why("KEY_CONFLICT", "This key was used before for another wish; give a new one.")
_NO_REWARDS = Why("NO_REWARDS", "The programme has no rewards.")
_UNKNOWN = Why("UNKNOWN_MEMBER", "Nobody is enrolled under this id.")
_NO_SUCH = Why("NO_SUCH_REWARD", "The programme in force has no such reward.")
_NOT_LISTED = Why("NOT_LISTED", "Nobody can ask for this reward.")
_NO_HOME = Why("NOT_IN_HOUSEHOLD", "The member is in no household.")
_MAY_NOT = Why("MAY_NOT_SPEND", "The member may not spend what the household has.")


@dataclass(frozen=True, slots=True)
class Redeem:
    """``quantity`` of a reward that a member asks for, or that somebody asks for in his name.

    With ``from_household`` all of the household pay together. ``is_staff``: somebody of the
    brand's staff asks, who may give what is not listed. ``occasion``: nobody asked, the programme
    gives it by itself on this occasion, listed or not.
    """

    key: str
    member: str
    reward: str
    requested_by: str
    quantity: int = 1
    from_household: bool = False
    is_staff: bool = False
    occasion: str | None = None


@dataclass(frozen=True, slots=True)
class RedeemOutcome:
    """What became of it. ``code`` None: it is in ``state``, and ``vouchers`` are what it gave.

    One that is replayed is told as it is by now.
    """

    redemption_id: UUID | None = None
    member_id: UUID | None = None
    state: str | None = None
    vouchers: tuple[UUID, ...] = ()
    code: str | None = None
    message: str | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Granted:
    """A wish that is granted, as a redemption, with the hash of what was asked."""

    grant: Grant
    redemption: Redemption
    request: bytes


@dataclass(slots=True)
class _Batch:
    """What was redeemed before by the keys of a batch, and what is granted now."""

    ground: Ground
    known: Mapping[UUID, tuple[Redemption, bytes]]
    granted: dict[UUID, _Granted] = field(default_factory=dict)


async def redeem(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Redeem]
) -> list[RedeemOutcome]:
    """Give members the rewards they ask for, or reserve the points; an outcome for each, in order.

    Judged by the programme in force ``now``; each item sees what those before it took. What is
    done at once is spent and given at once, unless a second person must approve it. Refusals:
    NO_REWARDS, UNKNOWN_MEMBER, NO_SUCH_REWARD, NOT_LISTED, NOT_IN_HOUSEHOLD, MAY_NOT_SPEND,
    KEY_CONFLICT and those of `rules_catalogue.refusal`.
    """
    accounts, programme = await books(session, brand.id), timeline.at(now)
    if accounts is None or programme is None:
        return [_refused(_NO_REWARDS) for _ in items]
    askers = await lock_askers(session, now, brand, accounts, _names(items))
    wishes = [_wish(programme, brand, askers, item) for item in items]
    ids = [redemption_id(brand, item.key) for item in items]
    known = await store.requests(session, brand.id, ids)
    new = [wish for wish in wishes if isinstance(wish, Wish) and wish.id not in known]
    batch = _Batch(Ground(now, {}, {}), known)
    if new:
        mine = list(askers.accounts.values())
        batch.ground = await ground_of(session, now, brand, timeline, mine, new)
    answers = [
        _decide(batch, id_, item, wish) for id_, item, wish in zip(ids, items, wishes, strict=True)
    ]
    payers = {account: member_id for member_id, account in askers.accounts.items()}
    granted = list(batch.granted.values())
    gave = await _store(session, now, brand, timeline, accounts, payers, granted)
    again = [id_ for id_ in ids if id_ in known]
    if again:
        found = await vouchers.of_redemptions(session, now, brand.id, again)
        gave |= {id_: tuple(each.id for each in mine) for id_, mine in found.items()}
    redemptions = {id_: as_of(each, now) for id_, (each, _) in known.items()}
    redemptions |= {each.redemption.id: each.redemption for each in granted}
    return _outcomes(answers, redemptions, gave, set(known))


def redemption_id(brand: Brand, key: str) -> UUID:
    """Return the id of the redemption that was asked for with ``key``."""
    return derived_id("redemption", str(brand.id), key)


def _names(items: Sequence[Redeem]) -> dict[str, bool]:
    """Return who asks, and whether the household pays for any of it."""
    names: dict[str, bool] = {}
    for item in items:
        names[item.member] = names.get(item.member, False) or item.from_household
    return names


def _wish(programme: Programme, brand: Brand, askers: Askers, item: Redeem) -> Wish | Why:
    """Return what an item asks for, or why nobody of that name can ask for it in this way."""
    offers = offers_of(programme, brand)
    offer, member_id = offers.get(item.reward), askers.ids.get(item.member)
    if member_id is None:
        return _UNKNOWN if offers else _NO_REWARDS
    if offer is None:
        return _NO_SUCH if offers else _NO_REWARDS
    if not (offer.reward.listed or item.is_staff or item.occasion is not None):
        return _NOT_LISTED
    home = _household(programme, askers, member_id) if item.from_household else None
    if isinstance(home, Why):
        return home
    payers = [person.member_id for person in home.people] if home else [member_id]
    return Wish(
        id=redemption_id(brand, item.key),
        offer=offer,
        member_id=member_id,
        household_id=home.id if home else None,
        payers=tuple(askers.accounts[payer] for payer in payers),
        quantity=item.quantity,
        asked=item.occasion is None,
    )


def _household(programme: Programme, askers: Askers, member_id: UUID) -> Household | Why:
    """Return the household whose points a member may spend, or why there is none."""
    section, home = programme.document.find(HouseholdsSection), askers.homes.get(member_id)
    if section is None or home is None:
        return _NO_HOME
    return home if may_spend(section, home, member_id) else _MAY_NOT


def _decide(batch: _Batch, id_: UUID, item: Redeem, wish: Wish | Why) -> UUID | Why:
    """Grant a wish, or find what was granted before by its key; else return why not."""
    request = _request(item)
    before = batch.known[id_][1] if id_ in batch.known else None
    if id_ in batch.granted:
        before = batch.granted[id_].request
    if before is not None:
        return id_ if before == request else _CONFLICT
    verdict = decide(batch.ground, wish) if isinstance(wish, Wish) else wish
    if isinstance(verdict, Why):
        return verdict
    redemption = _redemption(batch.ground.now, item, verdict)
    batch.granted[id_] = _Granted(verdict, redemption, request)
    return id_


def _request(item: Redeem) -> bytes:
    # Who asks again may be another.
    return request_of(item.member, item.reward, item.quantity, item.from_household, item.occasion)


def _redemption(now: datetime, item: Redeem, grant: Grant) -> Redemption:
    wish, offer = grant.wish, grant.wish.offer
    done = grant.state == "fulfilled"
    return Redemption(
        id=wish.id,
        member_id=wish.member_id,
        household_id=wish.household_id,
        reward=offer.code,
        kind=offer.reward.kind,
        version_id=offer.version_id,
        quantity=wish.quantity,
        points=wish.points,
        money=offer.money * wish.quantity,
        value=offer.value * wish.quantity,
        state=grant.state,
        automatic=item.occasion,
        requested_at=now,
        requested_by=item.requested_by,
        deadline=None if done else offer.deadline(now),
        fulfilled_at=now if done else None,
        fulfilled_by=item.requested_by if done else None,
    )


async def _store(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Books,
    payers: Mapping[int, UUID],
    granted: Sequence[_Granted],
) -> dict[UUID, tuple[UUID, ...]]:
    """Write what is granted, reserve its points, do what is done at once; return its vouchers."""
    if not granted:
        return {}
    await store.insert(session, brand.id, [(each.redemption, each.request) for each in granted])
    wanted = [
        ((each.redemption, each.grant.wish.offer), payers[account], points)
        for each in granted
        for account, points in each.grant.parts.items()
    ]
    parts = await reserve(session, now, brand, accounts, wanted)
    await store.insert_parts(session, parts)
    units: dict[str, int] = {}
    for each in granted:
        code = each.redemption.reward
        units[code] = units.get(code, 0) + each.redemption.quantity
    await store.take_stock(session, brand.id, units)
    done = [
        (each.redemption, each.grant.wish.offer)
        for each in granted
        if each.grant.state == "fulfilled"
    ]
    ids = {redemption.id for redemption, _ in done}
    spent = [part for part in parts if part.redemption_id in ids]
    gave = await give(session, now, brand, timeline, accounts, done, spent)
    asked = [fact(brand, "RewardRedeemed", each.redemption) for each in granted]
    given = [fact(brand, "RedemptionFulfilled", redemption) for redemption, _ in done]
    await record(session, now, [*asked, *given])
    return gave


def _outcomes(
    answers: Sequence[UUID | Why],
    redemptions: Mapping[UUID, Redemption],
    gave: Mapping[UUID, tuple[UUID, ...]],
    known: set[UUID],
) -> list[RedeemOutcome]:
    seen = set(known)
    outcomes = []
    for answer in answers:
        if isinstance(answer, Why):
            outcomes.append(_refused(answer))
            continue
        mine = redemptions[answer]
        outcomes.append(
            RedeemOutcome(
                answer,
                mine.member_id,
                mine.state,
                gave.get(answer, ()),
                replayed=answer in seen,
            )
        )
        seen.add(answer)
    return outcomes


def _refused(why: Why) -> RedeemOutcome:
    return RedeemOutcome(code=why.code, message=why.message)
