"""One member's points in memory: lots, holds and debts, moved by the rules of `wallets.rules`.

What `wallets` does in rows under locks happens here to values, decision by decision in the same
order, so that a replay ends with the same lots. Nothing is booked when points end: they are gone
from then on, and come back if it turns out that they had not ended.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias

from domain.ledger.rules import Kind
from domain.wallets.rules import (
    Claim,
    Lot,
    Take,
    alive,
    by_end,
    claw_back,
    collect_claims,
    consume,
    debt_room,
    keep,
    put_back,
    total,
    without,
)
from domain.wallets.section import NegativeBalance

Way: TypeAlias = Literal["issued", "spent", "expired", "reversed"]
Book: TypeAlias = Callable[[Way, datetime, int], None]
"""Notes that points came or went, and when that took effect."""


@dataclass(slots=True, eq=False)
class Parcel:
    """What is left of one accrual, as a row of `lot` has it. ``source`` tells accruals apart."""

    source: int
    remaining: int
    earned_at: datetime
    available_at: datetime
    expires_at: datetime | None
    fixed: bool = False
    version_id: int | None = None
    reference: str = ""
    release_days: int | None = None
    held: int = 0
    forgone: int = 0

    @property
    def is_endless(self) -> bool:
        """Whether nothing says when it ends."""
        return self.expires_at is None and not self.fixed

    def ended(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now

    def as_lot(self, remaining: int | None = None) -> Lot:
        """Return it as the rules of wallets know it."""
        left = self.remaining if remaining is None else remaining
        return Lot(
            self.source, 0, self.source, left, self.earned_at, self.available_at, self.expires_at
        )


@dataclass(slots=True)
class _Hold:
    deadline: datetime
    points: int
    uses: list[tuple[Parcel, int]]


@dataclass(slots=True)
class Spending:
    """What a hold spent, the how manieth of the member it was, and what is not back of it."""

    number: int
    at: datetime
    points: int
    uses: list[tuple[Parcel, int]]


@dataclass(slots=True)
class Pocket:
    """A member's points. Whoever calls has seen that the ends of the parcels are up to date."""

    book: Book
    scale: int
    parcels: list[Parcel] = field(default_factory=list)
    debt: int = 0
    owed: int = 0
    holds: dict[int, _Hold] = field(default_factory=dict)
    forwent: bool = False
    spendings: dict[int, Spending] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    gave: bool = False
    borrowed: list[tuple[datetime, int]] = field(default_factory=list)
    _sources: int = 0
    _steps: int = 0

    def next_source(self) -> int:
        """Return what tells the next accrual apart."""
        self._sources += 1
        return self._sources

    @property
    def at_odds(self) -> bool:
        """Whether what is told late may have more effect than to move ends."""
        return self.debt > 0 or (self.forwent and any(each.forgone for each in self.parcels))

    def pay(self, now: datetime, parcels: Iterable[Parcel]) -> None:
        """Let what has not ended of these, one after another, pay the debt."""
        if not self.debt:
            return
        for each in parcels:
            part = 0 if each.ended(now) else min(each.remaining, self.debt)
            if part:
                each.remaining -= part
                self.debt -= part
                self.book("reversed", now, part)

    def spendable(self, now: datetime) -> int:
        """Return what can be spent."""
        return sum(each.remaining for each in self.parcels if each.as_lot().spendable(now))

    def reserve(self, now: datetime, hold_id: int, points: int, deadline: datetime) -> bool:
        """Reserve points, those that end first; False if there are too few."""
        self.end_late(now)
        takes = consume(self._lots(), points, now)
        if takes is None:
            return False
        uses = list(self._taken(takes))
        for parcel, amount in uses:
            parcel.held += amount
        self.holds[hold_id] = _Hold(deadline, points, uses)
        return True

    def end_late(self, now: datetime) -> None:
        """Let go of what holds past their deadline reserve."""
        late = sorted(
            (hold.deadline, hold_id) for hold_id, hold in self.holds.items() if hold.deadline <= now
        )
        for _, hold_id in late:
            self.end(now, hold_id, Kind.EXPIRE, 0)

    def end(self, now: datetime, hold_id: int, kind: Kind, amount: int) -> bool:
        """End a hold: spend ``amount`` of it if it is posted; False if there is none."""
        hold = self.holds.pop(hold_id, None)
        if hold is None:
            return False
        spent = min(amount, hold.points) if kind is Kind.POST else 0
        parcel_of = {parcel.source: parcel for parcel, _ in hold.uses}
        parts = keep([(parcel.as_lot(), used) for parcel, used in hold.uses], spent)
        returned, uses = [], []
        for source, used, back in parts:
            parcel = parcel_of[source]
            parcel.held -= used + back
            parcel.remaining += back
            returned.append((parcel, back))
            if used:
                uses.append((parcel, used))
        if spent:
            self._steps += 1
            self.spendings[hold_id] = Spending(self._steps, now, spent, uses)
            self.book("spent", now, spent)
        for parcel in parcel_of.values():
            if parcel.ended(now):
                self._spent_ended(now, parcel)
        self._collect(now, returned)
        self._tidy()
        return True

    def take_back(
        self,
        now: datetime,
        at: datetime,
        points: int,
        source: int,
        policy: NegativeBalance,
    ) -> None:
        """Take back what the accrual ``source`` gave as far as it is there; see `wallets`."""
        parcel = next((each for each in self.parcels if each.source == source), None)
        gone = 0
        if parcel is not None and parcel.ended(now):
            gone = min(points, max(0, parcel.remaining + parcel.held - parcel.forgone))
            parcel.forgone += gone
            self.forwent = True
        wanted = points - gone
        takes = claw_back(self._lots(), wanted, source, now)
        there = total(takes)
        for _ in self._taken(takes):
            pass
        if there:
            self.book("reversed", at, there)
        rest = wanted - there
        owed = min(rest, debt_room(policy, self.scale, self.debt, rest))
        self.debt += owed
        self.borrowed.append((now, owed))
        self._owe(now, rest - owed)
        self._tidy()

    def take(self, now: datetime, points: int) -> bool:
        """Take points by hand, all of them or, if there are too few, none."""
        takes = claw_back(self._lots(), points, 0, now)
        if total(takes) < points:
            return False
        for _ in self._taken(takes):
            pass
        self.book("reversed", now, points)
        self._tidy()
        return True

    def reclaim(self, now: datetime, risen: Sequence[Parcel]) -> None:
        """Take what refunds forwent of parcels that live on after all."""
        for parcel in risen:
            there = min(parcel.forgone, parcel.remaining)
            if there:
                parcel.remaining -= there
                self.book("reversed", now, there)
            short, parcel.forgone = parcel.forgone - there, 0
            self._owe(now, short)

    def alive(self, now: datetime) -> list[Lot]:
        """Return what has not ended in the order in which it is taken back."""
        return alive(self._lots(), now)

    def _lots(self) -> list[Lot]:
        return [each.as_lot() for each in self.parcels if each.remaining]

    def _taken(self, takes: Iterable[Take]) -> Iterable[tuple[Parcel, int]]:
        by_source = {each.source: each for each in self.parcels}
        for take in takes:
            parcel = by_source[take.lot_id]
            parcel.remaining -= take.amount
            yield parcel, take.amount

    def _owe(self, now: datetime, short: int) -> None:
        """Remember what could not be taken: owed is what holds reserve, the rest is forgiven."""
        if short:
            points, held = self.owed + short, self._pending()
            self.owed = min(held, points)
            if points > held:
                self._forgive(now, points - held)

    def _forgive(self, now: datetime, points: int) -> None:
        self._steps += 1
        self.claims.append(Claim(self._steps, self._steps, now, points, self.gave))

    def _pending(self) -> int:
        return sum(hold.points for hold in self.holds.values())

    def _spent_ended(self, now: datetime, parcel: Parcel) -> None:
        excess = parcel.forgone - parcel.remaining - parcel.held
        if excess <= 0:
            return
        takes = claw_back(self._lots(), excess, 0, now)
        for _ in self._taken(takes):
            pass
        there = total(takes)
        if there:
            self.book("reversed", now, there)
        parcel.forgone -= excess
        self._owe(now, excess - there)

    def _collect(self, now: datetime, returned: Sequence[tuple[Parcel, int]]) -> None:
        """Take what is owed out of what came back; what is left of it pays debts."""
        if not self.owed and not self.debt:
            return
        for parcel, back in sorted(returned, key=lambda each: by_end(each[0].as_lot())):
            if parcel.ended(now):
                self._pay_late(now, parcel, back)
        # What was taken at once did not come back.
        there = [(parcel, min(back, parcel.remaining)) for parcel, back in returned]
        of = {parcel.source: parcel for parcel, _ in there}
        lots = [parcel.as_lot(back) for parcel, back in there if back]
        takes = claw_back(lots, self.owed, 0, now)
        if takes:
            self.book("reversed", now, total(takes))
        for take in takes:
            of[take.lot_id].remaining -= take.amount
        if self.owed:
            points, held = self.owed - total(takes), self._pending()
            self.owed = min(held, points)
            if points > held:
                self._forgive(now, points - held)
        for lot in alive(without(lots, takes), now):
            part = min(lot.remaining, self.debt)
            if part:
                of[lot.id].remaining -= part
                self.debt -= part
                self.book("reversed", now, part)

    def _pay_late(self, now: datetime, parcel: Parcel, back: int) -> None:
        """Let what came back after its end pay the debts that were made before it."""
        end = parcel.expires_at
        later = sum(points for at, points in self.borrowed if end is not None and at >= end)
        free = parcel.remaining + parcel.held - parcel.forgone
        part = max(0, min(back, free, self.debt - later))
        if part:
            parcel.remaining -= part
            self.debt -= part
            self.book("reversed", now, part)

    def attach(self, spending: Spending) -> None:
        """Let what a spending took from have its end followed again."""
        mine = {id(each) for each in self.parcels}
        new = [parcel for parcel, _ in spending.uses if id(parcel) not in mine]
        self.parcels = sorted([*self.parcels, *new], key=lambda each: each.source)

    def give_back(self, now: datetime, spending: Spending, points: int) -> None:
        """Give back into the very parcels ``points`` of what was spent; see `wallets`."""
        of = {parcel.source: parcel for parcel, _ in spending.uses}
        parts = put_back([(parcel.as_lot(), used) for parcel, used in spending.uses], points)
        back = {lot.id: part for lot, part in parts}
        left = [(parcel, used - back.get(parcel.source, 0)) for parcel, used in spending.uses]
        spending.uses = [(parcel, used) for parcel, used in left if used]
        spending.points -= points
        for lot, part in parts:
            of[lot.id].remaining += part
        self.book("spent", now, -points)
        for take in self._collect_claims(now, parts, spending.number):
            of[take.lot_id].remaining -= take.amount
            back[take.lot_id] -= take.amount
        rest = {source: of[source].remaining - part for source, part in back.items()}
        self._collect(now, [(of[lot.id], back[lot.id]) for lot, _ in parts])
        for source, before in rest.items():
            # It was spent until now, so that it ends now.
            part = of[source].remaining - before
            if part and of[source].ended(now):
                of[source].remaining -= part
                self.book("expired", now, part)
        self._tidy()

    def _collect_claims(
        self, now: datetime, parts: Sequence[tuple[Lot, int]], spent_by: int | None
    ) -> list[Take]:
        """Return what goes, out of what came back, for what was forgiven; it is counted off."""
        takes, collected = collect_claims(parts, self.claims, spent_by)
        claims = [replace(c, points=c.points - collected.get(c.id, 0)) for c in self.claims]
        self.claims = [claim for claim in claims if claim.points]
        if takes:
            self.book("reversed", now, total(takes))
        return takes

    def receive(self, now: datetime, new: Sequence[Parcel]) -> None:
        """Take in what another member handed over, less what was forgiven and debts."""
        self.parcels.extend(new)
        for parcel in new:
            takes = self._collect_claims(now, [(parcel.as_lot(), parcel.remaining)], None)
            parcel.remaining -= total(takes)
        self.pay(now, new)

    def hand_over(self, now: datetime, points: int) -> list[tuple[Parcel, int]] | None:
        """Let go of points for another member, those that end first; None if there are too few."""
        takes = consume(self._lots(), points, now)
        if takes is None:
            return None
        gone = list(self._taken(takes))
        self.gave = True
        self._tidy()
        return gone

    def _tidy(self) -> None:
        self.parcels = [each for each in self.parcels if each.remaining or each.held]
