"""The verb by which points change hands: from one member to another, with the ends they have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import AMOUNT_MAX, Journal, Transfer
from domain.wallets import service_debt, store
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, consume, total, without
from domain.wallets.service_forgiven import Back, take_forgiven
from domain.wallets.service_hold import settle_late
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange, NewLot
from kit.db import Session
from kit.ids import content_hash, derived_id

GIFT = "gift"


@dataclass(frozen=True, slots=True)
class Move:
    """Points that one member hands to another."""

    key: UUID
    giver_id: UUID
    receiver_id: UUID
    points: int
    reference: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of it. ``code`` None: the points are the receiver's, by these journals.

    Of what moved before, ``replayed``, only the first journal is told.
    """

    journal_ids: tuple[int, ...]
    code: str | None = None
    replayed: bool = False


class _Terms(NamedTuple):
    """What points keep when they change hands."""

    earned_at: datetime
    expires_at: datetime | None
    fixed: bool
    version_id: int | None


class _Step(NamedTuple):
    """The part of a move that one journal carries out: points of the same terms."""

    move: Move
    place: int
    giver: int
    receiver: int
    terms: _Terms
    takes: list[Take]


async def move(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    items: Sequence[Move],
    *,
    fix_ends: bool = False,
) -> list[Moved]:
    """Hand points from member to member; an outcome for each, in order.

    What ends first goes first, and keeps when it was earned, when it ends and by which version:
    ``fix_ends`` says that an end that is a date then stays, whatever the receiver does. What is
    received pays first what refunds forgave the receiver after he had given points away, which
    may be these, then debts; the rest can be handed on in the next list.

    Refusals, which are not stored: MEMBER_NOT_FOUND, SAME_MEMBER, INVALID_AMOUNT,
    INSUFFICIENT_POINTS, KEY_CONFLICT.
    """
    people = {each for item in items for each in (item.giver_id, item.receiver_id)}
    accounts = await store.lock_members(session, brand.id, books.asset_id, people)
    known = await ledger_queries.known_keys(session, brand.id, [item.key for item in items])
    await settle_late(session, now, brand, accounts.values())
    lots = await store.open_lots(session, accounts.values())
    decided: dict[UUID, tuple[Move, list[Take]]] = {}
    codes: list[str | None] = []
    again = []
    for item in items:
        code = None
        if item.key not in known and item.key not in decided:
            code, takes = _decide(item, accounts, lots, now)
            if code is None:
                decided[item.key] = item, takes
        else:
            again.append(item)
        codes.append(code)
    of = {lot.id: lot for mine in lots.values() for lot in mine}
    taken = [take.lot_id for _, takes in decided.values() for take in takes]
    terms = _terms(of, await store.terms(session, taken), fix_ends=fix_ends)
    steps = [
        _Step(item, place, accounts[item.giver_id], accounts[item.receiver_id], *part)
        for item, takes in decided.values()
        for place, part in enumerate(_parts(takes, terms))
    ]
    ids = await _carry_out(session, now, brand, books, steps)
    replays = iter(await _replay(session, now, brand, again))
    return [
        Moved((), code) if code else Moved(ids.pop(item.key)) if item.key in ids else next(replays)
        for item, code in zip(items, codes, strict=True)
    ]


def _decide(
    item: Move, accounts: Mapping[UUID, int], lots: dict[int, list[Lot]], now: datetime
) -> tuple[str | None, list[Take]]:
    if item.giver_id not in accounts or item.receiver_id not in accounts:
        return "MEMBER_NOT_FOUND", []
    if item.giver_id == item.receiver_id:
        return "SAME_MEMBER", []
    if not 0 < item.points <= AMOUNT_MAX:
        return "INVALID_AMOUNT", []
    giver = accounts[item.giver_id]
    mine = lots.get(giver, [])
    takes = consume(mine, item.points, now)
    if takes is None:
        return "INSUFFICIENT_POINTS", []
    lots[giver] = without(mine, takes)
    return None, takes


async def _carry_out(
    session: Session, now: datetime, brand: Brand, books: Books, steps: Sequence[_Step]
) -> dict[UUID, tuple[int, ...]]:
    if not steps:
        return {}
    ids = await post_all(session, now, brand, [_journal(now, brand, books, step) for step in steps])
    await store.change(
        session,
        [
            LotChange(id_, take.lot_id, take.amount, 0)
            for id_, step in zip(ids, steps, strict=True)
            for take in step.takes
        ],
    )
    new = [
        NewLot(
            journal_id=id_,
            account_id=step.receiver,
            amount=total(step.takes),
            earned_at=step.terms.earned_at,
            available_at=now,
            expires_at=step.terms.expires_at,
            fixed=step.terms.fixed,
            version_id=step.terms.version_id,
        )
        for id_, step in zip(ids, steps, strict=True)
    ]
    due = await store.insert_lots(session, brand.id, new)
    backs = [Back(lot.journal_id, lot.account_id, None, [(lot, lot.remaining)]) for lot in due]
    takes = await take_forgiven(session, now, brand, books, backs)
    left = without(due, [take for each in takes for take in each])
    await service_debt.pay(session, now, brand, books, left)
    found: dict[UUID, tuple[int, ...]] = {}
    for id_, step in zip(ids, steps, strict=True):
        found[step.move.key] = (*found.get(step.move.key, ()), id_)
    return found


def _terms(
    lots: Mapping[int, Lot], more: Mapping[int, tuple[bool, int | None]], *, fix_ends: bool
) -> dict[int, _Terms]:
    found = {}
    for lot_id, (fixed, version_id) in more.items():
        lot = lots[lot_id]
        stays = fixed or (fix_ends and lot.expires_at is not None)
        found[lot_id] = _Terms(lot.earned_at, lot.expires_at, stays, version_id)
    return found


def _parts(
    takes: Sequence[Take], terms: Mapping[int, _Terms]
) -> Iterable[tuple[_Terms, list[Take]]]:
    parts: dict[_Terms, list[Take]] = {}
    for take in takes:
        parts.setdefault(terms[take.lot_id], []).append(take)
    return parts.items()


def _journal(now: datetime, brand: Brand, books: Books, step: _Step) -> Journal:
    points = total(step.takes)
    transfer = Transfer(step.giver, step.receiver, books.asset_id, points, GIFT)
    key = step.move.key
    if step.place:
        key = derived_id("move", str(brand.id), str(key), str(step.place))
    return _asked(now, brand, step.move, key, transfer)


async def _replay(
    session: Session, now: datetime, brand: Brand, items: Sequence[Move]
) -> list[Moved]:
    """Return what became the first time of items whose keys are known."""
    journals = [_asked(now, brand, item, item.key) for item in items]
    outcomes = await ledger.post(session, now, brand.id, journals)
    return [
        Moved(() if each.refusal else (each.journal_id,), each.refusal, replayed=True)
        for each in outcomes
    ]


def _asked(now: datetime, brand: Brand, item: Move, key: UUID, *transfers: Transfer) -> Journal:
    asked = [str(item.giver_id), str(item.receiver_id), str(item.points)]
    return Journal(
        key=key,
        code=GIFT,
        effective_at=now,
        effective_on=brand.day(now),
        transfers=transfers,
        meta={"reference": item.reference, "reason": item.reason},
        request=content_hash(orjson.dumps([*asked, item.reference, item.reason])),
    )
