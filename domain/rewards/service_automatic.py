"""The verbs that give members what they get without asking."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.rewards import store_automatic as store
from domain.rewards.rules_automatic import (
    ACTIVITIES,
    POINTS_BACK,
    UNDOING,
    Given,
    Heard,
    affordable,
    automatic_at,
    automatic_of,
    for_activity,
    given_for,
)
from domain.rewards.rules_catalogue import offers_of
from domain.rewards.service_climbs import settle_moves
from domain.rewards.service_redeem import Redeem, RedeemOutcome, redeem
from domain.rewards.store import lock_stock
from domain.wallets.queries import books
from domain.wallets.service_hold import settle_late
from domain.wallets.store import lock_members
from kit.db import Session
from kit.ids import new_id

NOBODY = "automatic"
"""Who asks for what nobody asks for."""

BY_POINTS = "points"
"""The occasion of what points buy by themselves."""


async def give(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, heard: Sequence[Heard]
) -> None:
    """Give members what they get for what was heard of them, each once.

    ``heard`` are facts of one brand in their order, again or for the first time. Moves up
    that never were, as is known now, lose what they gave; see `rules_automatic`. What the catalogue
    refuses is not given later: why is kept with the occasion.
    """
    everybody = {each.member_id for each in heard} | await _payers(session, heard)
    await _lock(session, now, brand, everybody)
    moves = [each for each in heard if each.kind in UNDOING]
    of_activities = [
        given
        for each in heard
        if each.kind == ACTIVITIES
        for given in for_activity(each, automatic_at(timeline, each.judged_at))
    ]
    if moves or of_activities:
        # What is given for points comes last, and all stock is locked in one order.
        names = {each.reward for at in timeline.programmes for each in automatic_of(at)}
        await lock_stock(session, brand.id, names)
    of_moves = await settle_moves(session, now, brand, timeline, moves, NOBODY)
    await _give(session, now, brand, timeline, [*of_moves, *of_activities])
    if given_for(automatic_at(timeline, now), "points"):
        await _look(session, now, brand, timeline, everybody)


async def give_on(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, wanted: Sequence[Given]
) -> None:
    """Give members what they get on occasions that nobody reports, each once."""
    await _lock(session, now, brand, {each.member_id for each in wanted})
    await _give(session, now, brand, timeline, wanted)


async def look(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
) -> None:
    """Give members the rewards that their points buy by themselves."""
    await _lock(session, now, brand, member_ids)
    await _look(session, now, brand, timeline, member_ids)


async def _payers(session: Session, heard: Sequence[Heard]) -> set[UUID]:
    """Return who has points back of redemptions that came to nothing: all of a household."""
    ids = {UUID(each.payload["redemption"]) for each in heard if each.kind in POINTS_BACK}
    return await store.payers(session, ids) if ids else set()


async def _lock(
    session: Session, now: datetime, brand: Brand, member_ids: Collection[UUID]
) -> None:
    accounts = await books(session, brand.id)
    if accounts is not None:
        wallets = await lock_members(session, brand.id, accounts.asset_id, member_ids)
        # What a late hold reserves can be spent, whichever job comes first.
        await settle_late(session, now, brand, list(wallets.values()))


async def _give(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, wanted: Sequence[Given]
) -> None:
    """Give what was not decided before. The wallets are locked, so that nobody else decides."""
    if not wanted:
        return
    known = await store.decided(session, wanted)
    new = list({each[:3]: each for each in wanted if each[:3] not in known}.values())
    wishes = [
        (each.member_id, each.reward, each.occasion, "/".join(map(str, each[:3]))) for each in new
    ]
    outcomes = await _redeem(session, now, brand, timeline, wishes)
    rows = [
        each._replace(
            redemption_id=outcome.redemption_id if outcome.code is None else None,
            refusal=outcome.code,
        )
        for each, outcome in zip(new, outcomes, strict=True)
    ]
    await store.insert(session, brand.id, rows)


async def _look(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
) -> None:
    programme = timeline.at(now)
    rewards = given_for(automatic_at(timeline, now), "points")
    funds = await store.funds(session, now, brand.id, member_ids) if rewards else {}
    if programme is not None and rewards:
        offers = offers_of(programme, brand)
        # The catalogue may refuse the first reward, so that the next may have all the points:
        # each is asked for as often as all of them buy it. Whatever is too much is refused.
        wishes = [
            # Nothing to be known by: what is bought is gone, and is not bought again.
            (member_id, reward, BY_POINTS, str(new_id()))
            for member_id in sorted(funds)
            for reward in rewards
            for _ in range(affordable(funds[member_id].spendable, offers[reward].points))
        ]
        await _redeem(session, now, brand, timeline, wishes)
    looks = [(each, funds[each].next_at if each in funds else None) for each in member_ids]
    await store.look_again(session, brand.id, looks)


async def _redeem(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    wishes: Sequence[tuple[UUID, str, str, str]],
) -> list[RedeemOutcome]:
    """Redeem for members in their name; a wish is (member, reward, occasion, key)."""
    if not wishes:
        return []
    people = await members.by_ids(session, brand.id, list({member_id for member_id, *_ in wishes}))
    items = [
        Redeem(
            key=f"automatic {key}",
            member=people[member_id].external_id,
            reward=reward,
            requested_by=NOBODY,
            occasion=occasion,
        )
        for member_id, reward, occasion, key in wishes
    ]
    return await redeem(session, now, brand, timeline, items)
