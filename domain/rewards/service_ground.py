"""What a batch of redemptions is decided on: loaded once, with all of it locked in one order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.households import queries as households
from domain.households import store as households_store
from domain.households.rules import Household
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.rewards import store
from domain.rewards.queries_facts import facts_of
from domain.rewards.rules_catalogue import Offer
from domain.rewards.rules_redeem import Ground, Wish, why_not
from domain.rewards.rules_steps import Redemption
from domain.vouchers import service as vouchers
from domain.wallets.queries import Books
from domain.wallets.service_hold import settle_late
from domain.wallets.store import lock_members, open_lots
from kit.db import LostRaceError, Session
from kit.facts import Fact, record
from kit.texts import usable


@dataclass(frozen=True, slots=True)
class Askers:
    """Who asks and whose points they can spend: ids by external id, accounts and households."""

    ids: Mapping[str, UUID]
    accounts: Mapping[UUID, int]
    homes: Mapping[UUID, Household]


async def lock_askers(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    names: Mapping[str, bool],
) -> Askers:
    """Lock the wallets of these members, and of their households where that is True.

    What late holds reserve of them is given back first.
    """
    wanted = [name for name in names if usable(name)]
    named = await members.by_external_ids(session, brand.id, wanted)
    ids = {name: member.id for name, member in named.items()}
    together = [ids[name] for name, shared in names.items() if shared and name in ids]
    homes = await households.households_of(session, brand.id, together) if together else {}
    everybody = {*ids.values(), *_people(homes)}
    accounts = await lock_members(session, brand.id, books.asset_id, everybody, living=True)
    if together:
        homes = await households_store.share(session, brand.id, together)
        if not accounts.keys() >= _people(homes):
            # Somebody entered between the two looks; wallets can't be locked after households.
            raise LostRaceError
    await settle_late(session, now, brand, list(accounts.values()))
    return Askers(ids, accounts, homes)


def _people(homes: Mapping[UUID, Household]) -> set[UUID]:
    return {person.member_id for home in homes.values() for person in home.people}


async def ground_of(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    accounts: Collection[int],
    wishes: Sequence[Wish],
) -> Ground:
    """Load all that wishes are decided on; the caller holds the wallets ``accounts``.

    Codes of pools are locked for those wishes that nothing else stands against.
    """
    offers = {wish.offer.code: wish.offer for wish in wishes}
    askers = {wish.member_id for wish in wishes}
    ground = Ground(
        now,
        await open_lots(session, accounts),
        await facts_of(session, now, brand, timeline, list(offers.values()), askers),
        await left_of(session, now, brand, offers.values()),
    )
    wanted: dict[str, int] = {}
    for wish in wishes:
        pool = wish.offer.reward.codes
        if pool and wish.leads_to == "fulfilled" and why_not(ground, wish) is None:
            wanted[pool] = wanted.get(pool, 0) + wish.quantity
    taken = await vouchers.take_codes(session, brand, wanted)
    ground.codes = {pool: len(codes) for pool, codes in taken.items()}
    return ground


async def left_of(
    session: Session, now: datetime, brand: Brand, offers: Collection[Offer]
) -> dict[str, int]:
    """Lock the stock of these rewards; return how many are left of those that have one.

    What nobody fulfilled in time is ended first, so that it can't be fulfilled after somebody
    else got it.
    """
    limited = {offer.code: offer.reward.stock for offer in offers if offer.reward.stock is not None}
    # What had a stock once is still counted, and locked in the same order as all others.
    stocks = await store.lock_stock(session, brand.id, {offer.code for offer in offers})
    if not limited:
        return {}
    back = await lapse_late(session, now, brand, limited)
    return {
        code: total + stocks[code].added - stocks[code].taken - back.get(code, 0)
        for code, total in limited.items()
    }


async def lapse_late(
    session: Session,
    now: datetime,
    brand: Brand,
    rewards: Collection[str],
    limit: int = store.LATE_MAX,
) -> dict[str, int]:
    """End what is past its deadline of rewards whose stock is locked; return how it changed.

    The points that it reserves are those of holds past their deadline, which end by themselves.
    """
    late = await store.lapse(session, now, brand.id, rewards, limit) if rewards else []
    back: dict[str, int] = {}
    for each in late:
        back[each.reward] = back.get(each.reward, 0) - each.quantity
    await store.take_stock(session, brand.id, back)
    await record(session, now, [fact(brand, "RedemptionLapsed", each) for each in late])
    return back


def fact(brand: Brand, kind: str, redemption: Redemption) -> Fact:
    """Return what others hear of a redemption."""
    payload = {
        "redemption": str(redemption.id),
        "reward": redemption.reward,
        "quantity": redemption.quantity,
        "points": redemption.points,
    }
    return Fact(brand.id, kind, str(redemption.member_id), payload)
