"""The verb that undoes a spending: points go back into the very lots they came from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from domain.brands.rules import Brand
from domain.ledger import queries as ledger_queries
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Transfer
from domain.wallets import store, store_spending
from domain.wallets.queries import Books
from domain.wallets.rules import Lot, Take, put_back, total
from domain.wallets.service_erase import forfeit
from domain.wallets.service_forgiven import Back, take_forgiven
from domain.wallets.service_merge import follow
from domain.wallets.service_owed import Ended, collect
from domain.wallets.service_posting import post_all
from domain.wallets.store import LotChange
from domain.wallets.store_spending import Spending
from kit.db import Session
from kit.ids import content_hash, new_id

Parts = list[tuple[Lot, int]]
"""What comes back into which lots."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Points to give back of those that the hold ``hold_id`` has spent."""

    key: UUID
    hold_id: int
    points: int
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What became of it. ``code`` None: ``points`` are back by the journal ``journal_id``.

    ``collected`` of them were taken at once, which refunds had forgiven. Of what was given back
    before, ``replayed``, it says nothing.
    """

    journal_id: int | None
    points: int
    collected: int
    code: str | None = None
    replayed: bool = False


@dataclass(slots=True)
class Spent:
    """What can be given back, changed by each item for those after it."""

    of: Mapping[int, Spending]
    left: dict[int, int]

    def take(self, item: GiveBack) -> str | None:
        """Count an item off, or return why it can't be given back."""
        if item.hold_id not in self.of:
            return "HOLD_NOT_FOUND"
        if item.points <= 0:
            return "INVALID_AMOUNT"
        if item.points > self.left[item.hold_id]:
            return "EXCEEDS_SPENDING"
        self.left[item.hold_id] -= item.points
        return None


async def lock_spent(session: Session, brand: Brand, hold_ids: Collection[int]) -> Spent:
    """Lock the wallets that these holds are of; return what they have spent and is not back."""
    held = await ledger_queries.transfers(session, brand.id, list(hold_ids))
    await store.lock_accounts(session, brand.id, {hold.debit for hold in held.values()})
    found = await store_spending.spendings(session, brand.id, hold_ids)
    return Spent(found, {id_: each.points - each.returned for id_, each in found.items()})


async def give_back(
    session: Session, now: datetime, brand: Brand, books: Books, items: Sequence[GiveBack]
) -> list[GivenBack]:
    """Undo spendings, wholly or in part; an outcome for each, in order.

    Points go back into the lots they came from, those that end last first, with their ends; what
    has ended by now pays only what refunds forgave and debts from before its end, and is gone at
    once. Out of the rest come first what refunds forgave because it was spent, then what they are
    owed while holds are open, then debts. What comes back to who was erased is forfeited.

    Refusals, which are not stored: HOLD_NOT_FOUND (nothing was spent by it), INVALID_AMOUNT,
    EXCEEDS_SPENDING (more than was spent less what is back already), KEY_CONFLICT.
    """
    spent = await lock_spent(session, brand, {item.hold_id for item in items})
    known = await ledger_queries.known_keys(session, brand.id, [item.key for item in items])
    uses = await store_spending.spent(session, brand.id, spent.of)
    decided: dict[UUID, tuple[GiveBack, Parts]] = {}
    codes: list[str | None] = []
    again = []
    for item in items:
        code = None
        if item.key not in known and item.key not in decided:
            code = spent.take(item)
            if code is None:
                parts = put_back(uses[item.hold_id], item.points)
                uses[item.hold_id] = _less(uses[item.hold_id], parts)
                decided[item.key] = item, parts
        else:
            again.append(item)
        codes.append(code)
    done = await _carry_out(session, now, brand, books, spent, list(decided.values()))
    replays = iter(await _replay(session, now, brand, again))
    return [
        GivenBack(None, 0, 0, code)
        if code
        else done.pop(item.key)
        if item.key in done
        else next(replays)
        for item, code in zip(items, codes, strict=True)
    ]


async def _carry_out(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    spent: Spent,
    decided: Sequence[tuple[GiveBack, Parts]],
) -> dict[UUID, GivenBack]:
    if not decided:
        return {}
    spendings = [spent.of[item.hold_id] for item, _ in decided]
    journals = [
        _journal(now, brand, item, _transfer(books, spending, item))
        for (item, _), spending in zip(decided, spendings, strict=True)
    ]
    ids = await post_all(session, now, brand, journals)
    await store_spending.record_returns(
        session, [(id_, item.hold_id) for id_, (item, _) in zip(ids, decided, strict=True)]
    )
    await store.change(
        session,
        [
            LotChange(journal_id, lot.id, -part, 0)
            for journal_id, (_, parts) in zip(ids, decided, strict=True)
            for lot, part in parts
        ],
    )
    moves = [
        (id_, spending.debit, spending.account_id, item.points)
        for id_, spending, (item, _) in zip(ids, spendings, decided, strict=True)
    ]
    await follow(session, now, brand, books, moves)
    backs = [
        Back(id_, spending.account_id, spending.transfer_id, parts)
        for id_, spending, (_, parts) in zip(ids, spendings, decided, strict=True)
    ]
    takes = await take_forgiven(session, now, brand, books, backs)
    rest = [
        Ended(back.journal_id, back.account_id, tuple(_less(back.parts, _as_parts(back, taken))))
        for back, taken in zip(backs, takes, strict=True)
    ]
    paid = await collect(session, now, brand, rest)
    await _lapse(session, now, brand, books, rest, paid)
    erased = {spending.account_id for spending in spendings if spending.erased}
    if erased:
        await forfeit(session, now, brand, books, await store.open_lots(session, erased))
    return {
        item.key: GivenBack(id_, item.points, total(taken))
        for id_, (item, _), taken in zip(ids, decided, takes, strict=True)
    }


async def _lapse(
    session: Session,
    now: datetime,
    brand: Brand,
    books: Books,
    rest: Sequence[Ended],
    paid: dict[int, int],
) -> None:
    """Book what came back into lots that have ended: gone now, since until now it was spent.

    So much of each as debts have not taken, which is ``paid``.
    """
    ended = []
    for lot, part in (each for back in rest for each in back.returned):
        left = max(0, part - paid.get(lot.id, 0))
        paid[lot.id] = paid.get(lot.id, 0) - (part - left)
        if left and lot.expired(now):
            ended.append((lot, left))
    journal_ids = await post_all(
        session,
        now,
        brand,
        [
            Journal(
                key=new_id(),
                code="expiry",
                effective_at=now,
                effective_on=brand.day(now),
                transfers=(
                    Transfer(lot.account_id, books.breakage, books.asset_id, part, "expiry"),
                ),
            )
            for lot, part in ended
        ],
    )
    await store.change(
        session,
        [
            LotChange(journal_id, lot.id, part, 0, part)
            for journal_id, (lot, part) in zip(journal_ids, ended, strict=True)
        ],
    )


async def _replay(
    session: Session, now: datetime, brand: Brand, items: Sequence[GiveBack]
) -> list[GivenBack]:
    """Return what became the first time of items whose keys are known."""
    outcomes = await ledger.post(
        session, now, brand.id, [_journal(now, brand, item) for item in items]
    )
    return [
        GivenBack(None, 0, 0, outcome.refusal, replayed=True)
        if outcome.refusal
        else GivenBack(outcome.journal_id, item.points, 0, replayed=True)
        for item, outcome in zip(items, outcomes, strict=True)
    ]


def _transfer(books: Books, spending: Spending, item: GiveBack) -> Transfer:
    return Transfer(spending.credit, spending.debit, books.asset_id, item.points, "return")


def _journal(now: datetime, brand: Brand, item: GiveBack, *transfers: Transfer) -> Journal:
    asked = (str(item.hold_id), str(item.points), item.reference, item.reason)
    return Journal(
        key=item.key,
        code="return",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=transfers,
        meta={"reference": item.reference, "reason": item.reason},
        request=content_hash(orjson.dumps(asked)),
    )


def _as_parts(back: Back, takes: Sequence[Take]) -> Parts:
    of = {lot.id: lot for lot, _ in back.parts}
    return [(of[take.lot_id], take.amount) for take in takes]


def _less(uses: Sequence[tuple[Lot, int]], parts: Sequence[tuple[Lot, int]]) -> Parts:
    gone = {lot.id: part for lot, part in parts}
    left = [(lot, amount - gone.get(lot.id, 0)) for lot, amount in uses]
    return [(lot, amount) for lot, amount in left if amount]
