"""The verb by which members give each other points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service_gift import move
from domain.gifts import store
from domain.gifts.rules import Ground, NewGift, Party, Why, decide, request_of, starts
from domain.gifts.section import GiftsSection
from domain.gifts.store import GiftToWrite, KnownGift
from domain.programmes.rules import Timeline
from domain.wallets import queries as wallets
from domain.wallets.service_hold import settle_late
from domain.wallets.service_move import Move
from domain.wallets.store import Wallet, lock_named
from kit.db import Session
from kit.facts import Fact, record
from kit.ids import derived_id
from kit.texts import usable

_NONE = Why("NO_GIFTS", "the programme has no [gifts]: members give each other nothing")
_CONFLICT = Why("KEY_CONFLICT", "this key was used for another gift; give a new one a new key")


@dataclass(frozen=True, slots=True)
class GiftOutcome:
    """What became of a gift. ``code`` None: it is given, now or (``replayed``) before."""

    gift_id: UUID | None = None
    giver_id: UUID | None = None
    receiver_id: UUID | None = None
    code: str | None = None
    message: str | None = None
    replayed: bool = False


async def give(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, gifts: Sequence[NewGift]
) -> list[GiftOutcome]:
    """Let members give each other points; an outcome for each, in order.

    Points keep their ends; each gift sees what those before it took and counted, what is received
    can be given on in the next list. A gift is known by its key: the same again is replayed,
    another under it is refused (KEY_CONFLICT).

    Refusals, which are not stored: NO_GIFTS (the programme in force has no such section),
    UNKNOWN_MEMBER, SAME_MEMBER, INVALID_MESSAGE, TOO_FEW_POINTS, TOO_MANY_POINTS, TOO_SOON
    (wait_days, cool_off_days), LIMIT_REACHED, INSUFFICIENT_POINTS. Locks the wallets of all of
    them. Records the facts GiftGiven about the giver and GiftReceived about the receiver.
    """
    ids = [derived_id("gift", str(brand.id), gift.key) for gift in gifts]
    books = await wallets.books(session, brand.id)
    names = {name for gift in gifts for name in (gift.giver, gift.receiver) if usable(name)}
    people: dict[str, Wallet] = {}
    if books is not None:
        people = await lock_named(session, brand.id, books.asset_id, sorted(names))
    known = await store.known(session, brand.id, ids)
    ground = await _ground(session, now, brand, timeline, books, people)
    new: list[GiftToWrite] = []
    outcomes = []
    for gift, gift_id in zip(gifts, ids, strict=True):
        request = request_of(gift)
        before = known.get(gift_id)
        why = _CONFLICT if before is not None and before.request != request else None
        if before is None:
            why = _NONE if ground is None else decide(ground, gift)
        if why is not None:
            outcomes.append(GiftOutcome(code=why.code, message=why.message))
            continue
        if before is None:
            sides = people[gift.giver].member_id, people[gift.receiver].member_id
            known[gift_id] = KnownGift(gift_id, request, *sides)
            new.append(GiftToWrite(gift_id, *sides, gift.points, gift.message, request))
        found = known[gift_id]
        outcomes.append(
            GiftOutcome(gift_id, found.giver_id, found.receiver_id, replayed=before is not None)
        )
    if new:
        await _carry_out(session, now, brand, timeline, new)
    return outcomes


async def _ground(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    books: wallets.Books | None,
    people: dict[str, Wallet],
) -> Ground | None:
    """Load what gifts are decided on, None if there are none; late holds have ended by then."""
    programme = timeline.at(now)
    section = programme.document.find(GiftsSection) if programme else None
    if section is None or books is None:
        return None
    today = brand.day(now)
    members = [each.member_id for each in people.values()]
    await settle_late(session, now, brand, [each.account_id for each in people.values()])
    balances = await wallets.balances(session, now, brand.id, members)
    since = starts(section, brand.zone, today)
    got = await store.last_got(session, brand.id, members) if section.cool_off_days else {}
    return Ground(
        section,
        brand.zone,
        books.scale,
        today,
        {name: Party(each.member_id, brand.day(each.joined_at)) for name, each in people.items()},
        {member_id: each.spendable for member_id, each in balances.items()},
        await store.used(session, brand.id, members, since),
        {member_id: brand.day(at) for member_id, at in got.items()},
    )


async def _carry_out(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    gifts: Sequence[GiftToWrite],
) -> None:
    moves = [
        Move(each.id, each.giver_id, each.receiver_id, each.points, str(each.id), each.message)
        for each in gifts
    ]
    moved = await move(session, now, brand, timeline, moves)
    refused = [each.code for each in moved if each.code or each.replayed]
    assert not refused, "what was decided under the locks of the wallets can be done"
    await store.insert(session, now, brand.id, gifts)
    facts = []
    for each in gifts:
        for kind, subject, other in (
            ("GiftGiven", each.giver_id, each.receiver_id),
            ("GiftReceived", each.receiver_id, each.giver_id),
        ):
            payload = {"gift": str(each.id), "points": each.points, "other": str(other)}
            facts.append(Fact(brand.id, kind, str(subject), payload))
    await record(session, now, facts)
