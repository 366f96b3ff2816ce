"""What a member has, as plain dictionaries: the model that wallets are compared with."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from kit.calendar import day_start, months_after
from tests.support.wallet_values import ZONE, ModelClaim, ModelDebt, ModelHold, ModelLot, first


@dataclass
class WalletModel:
    """All members of a brand."""

    lots: dict[UUID, list[ModelLot]] = field(default_factory=dict)
    holds: dict[int, ModelHold] = field(default_factory=dict)
    breakage: int = 0
    spent: int = 0
    issued: int = 0
    gone: int = 0
    forgone: dict[int, int] = field(default_factory=dict)
    owed: dict[UUID, int] = field(default_factory=dict)
    debts: dict[UUID, list[ModelDebt]] = field(default_factory=dict)
    active: dict[UUID, Counter[date]] = field(default_factory=dict)
    claims: dict[UUID, list[ModelClaim]] = field(default_factory=dict)
    givers: set[UUID] = field(default_factory=set)
    step: int = 0

    def accrue(self, member: UUID, lot: ModelLot, now: datetime) -> None:
        """Give points, out of which a debt is paid first."""
        self.lots[member].append(lot)
        self.issued += lot.remaining
        self._pay(member, [lot], now)

    def count(self) -> int:
        """Return how many lots there are."""
        return sum(map(len, self.lots.values()))

    def act(self, member: UUID, day: date, now: datetime) -> None:
        """Let a member do something on a day, told at ``now``."""
        self.active.setdefault(member, Counter())[day] += 1
        self.redate(member, now)

    def redate(self, member: UUID, now: datetime) -> None:
        """Work out anew when what ends by inactivity ends; what lives on after all comes back."""
        risen = []
        for lot in self.lots[member]:
            if lot.idle_months is None:
                continue
            before, lot.expires_at = lot.expires_at, self._idle_end(member, lot)
            if lot.live(now) and before is not None and before <= now:
                lot.remaining += lot.booked
                self.breakage -= lot.booked
                lot.booked = 0
                self._reclaim(member, lot, now)
                risen.append(lot)
        self._pay(member, sorted(risen, key=lambda lot: (not lot.spendable(now), first(lot))), now)

    def _reclaim(self, member: UUID, lot: ModelLot, now: datetime) -> None:
        """Take what refunds forwent of what lives on after all, or owe it until a hold ends."""
        forgone = self.forgone.pop(lot.journal_id, 0)
        took = sum(part for _, part in self._take([lot], forgone))
        self.gone += took
        self._owe(member, self.owed.get(member, 0) + forgone - took, now)

    def _owe(self, member: UUID, points: int, now: datetime) -> None:
        """Let a member owe so much in all: what no open hold reserves is forgiven."""
        self.owed[member] = min(self._held(member), points)
        if points > self.owed[member]:
            rest = points - self.owed[member]
            claim = ModelClaim(self.step, now, rest, member in self.givers)
            self.claims.setdefault(member, []).append(claim)

    def forgiven(self, member: UUID) -> int:
        """Return what is forgiven and not taken since."""
        return sum(claim.points for claim in self.claims.get(member, ()))

    def _idle_end(self, member: UUID, lot: ModelLot) -> datetime:
        assert lot.idle_months is not None
        clock = lot.earned_at.astimezone(ZONE).date()
        while True:
            last = months_after(clock, lot.idle_months)
            end = day_start(ZONE, last + timedelta(days=1))
            done = self.active.get(member, Counter())
            later = [day for day, count in done.items() if count > 0 and clock < day <= last]
            if not later:
                return end
            clock = max(later)

    def _pay(self, member: UUID, lots: Iterable[ModelLot], now: datetime) -> None:
        """Let a debt be paid out of these lots, one after another."""
        for lot in lots:
            if lot.live(now):
                self._pay_from(member, lot, lot.remaining)

    def _pay_from(self, member: UUID, lot: ModelLot, most: int, *, ended: bool = False) -> None:
        """Let a debt be paid out of a lot; one that has ended pays what was due before it did."""
        for debt in self.debts.get(member, ()):
            if lot.live(debt.at) or not ended:
                paid = min(debt.points, most)
                lot.remaining, debt.points, most = (
                    lot.remaining - paid,
                    debt.points - paid,
                    most - paid,
                )
                self.gone += paid

    def debt(self, member: UUID) -> int:
        """Return what a member owes that no hold reserves."""
        return sum(debt.points for debt in self.debts.get(member, ()))

    def adjust(self, member: UUID, points: int, now: datetime) -> str | None:
        """Take points by hand, or return why they can't be; giving is `accrue`."""
        usable = self._usable(member, now)
        if sum(lot.remaining for lot in usable) < points:
            return "INSUFFICIENT_POINTS"
        self._take(usable, points)
        self.gone += points
        return None

    def _usable(self, member: UUID, now: datetime) -> list[ModelLot]:
        """Return what is alive: spendable before pending, and what ends first before the rest."""
        alive = [lot for lot in self.lots[member] if lot.live(now)]
        return sorted(alive, key=lambda lot: (not lot.spendable(now), first(lot)))

    def reserve(
        self, member: UUID, points: int, now: datetime, expires_at: datetime
    ) -> tuple[str | None, list[tuple[ModelLot, int]]]:
        """Return why points can't be reserved, or what was taken of which lots."""
        if member not in self.lots:
            return "MEMBER_NOT_FOUND", []
        self.settle_late(member, now)
        if points <= 0:
            return "INVALID_AMOUNT", []
        if expires_at <= now:
            return "INVALID_DEADLINE", []
        usable = sorted((x for x in self.lots[member] if x.spendable(now)), key=first)
        if sum(x.remaining for x in usable) < points:
            return "INSUFFICIENT_POINTS", []
        return None, self._take(usable, points)

    def end(self, hold_id: int, now: datetime, kind: str, amount: int | None) -> str | None:
        """End a hold, or return why it can't be."""
        hold = self.holds[hold_id]
        wanted = hold.points if amount is None else amount
        refusal = self._wrong_end(hold, now, kind, wanted)
        if refusal:
            return refusal
        hold.open = False
        left = wanted if kind == "POST" else 0
        self.spent += left
        if kind == "POST":
            hold.step, hold.day = self.step, now.astimezone(ZONE).date()
        back: list[tuple[ModelLot, int]] = []
        for lot, reserved in sorted(hold.parts, key=lambda part: first(part[0])):
            used = min(left, reserved)
            left -= used
            lot.remaining += reserved - used
            if used:
                hold.spent.append((lot, used))
            if reserved > used:
                back.append((lot, reserved - used))
        for lot, _ in sorted(hold.parts, key=lambda part: part[0].journal_id):
            if not lot.live(now):
                self._was_spent(hold.member, lot, now)
        self._collect(hold.member, back, now)
        return None

    def give_back(self, items: Sequence[tuple[int, int]], now: datetime) -> list[str | int]:
        """Undo spendings: why each can't be, or how much of it is taken for what was forgiven."""
        wanted: Counter[int] = Counter()
        answers: list[str | int] = []
        for hold_id, points in items:
            left = self.holds[hold_id].left - wanted[hold_id]
            refusal = "EXCEEDS_SPENDING" if points > left else None
            if points <= 0:
                refusal = "INVALID_AMOUNT"
            if self.holds[hold_id].day is None:
                refusal = "HOLD_NOT_FOUND"
            wanted[hold_id] += 0 if refusal else points
            answers.append(refusal or 0)
        for hold_id, points in wanted.items():
            hold = self.holds[hold_id]
            if points and points == hold.left and hold.day:
                self.active[hold.member][hold.day] -= 1
        for member in {self.holds[each].member for each, points in wanted.items() if points}:
            self.redate(member, now)
        return [
            answer or self._undo(self.holds[hold_id], points, now)
            for (hold_id, points), answer in zip(items, answers, strict=True)
        ]

    def _undo(self, hold: ModelHold, points: int, now: datetime) -> int:
        self.spent -= points
        parts = []
        for place, (lot, spent) in sorted(
            enumerate(hold.spent), key=lambda each: first(each[1][0]), reverse=True
        ):
            part = min(spent, points)
            points -= part
            hold.spent[place] = lot, spent - part
            lot.remaining += part
            parts.append((lot, part))
        parts.sort(key=lambda part: first(part[0]))
        taken = 0
        for claim in self.claims.get(hold.member, ()):
            for place, (lot, part) in enumerate(parts):
                if claim.step >= hold.step and lot.live(claim.at):
                    took = min(claim.points, part)
                    claim.points -= took
                    lot.remaining -= took
                    parts[place] = lot, part - took
                    taken += took
        self.gone += taken
        before = {id(lot): lot.remaining - part for lot, part in parts}
        self._collect(hold.member, parts, now)
        for lot, _ in parts:
            if not lot.live(now):
                part = lot.remaining - before[id(lot)]
                lot.remaining -= part
                lot.booked += part
                self.breakage += part
        return taken

    def move(
        self, items: Sequence[tuple[UUID, UUID, int]], now: datetime
    ) -> list[str | list[ModelLot]]:
        """Hand points on: why each can't be, or the receiver's new lots, which `receive` adds."""
        for member in sorted({each for item in items for each in item[:2] if each in self.lots}):
            self.settle_late(member, now)
        return [self._hand_on(*item, now) for item in items]

    def _hand_on(
        self, giver: UUID, receiver: UUID, points: int, now: datetime
    ) -> str | list[ModelLot]:
        if giver not in self.lots or receiver not in self.lots:
            return "MEMBER_NOT_FOUND"
        if giver == receiver:
            return "SAME_MEMBER"
        if points <= 0:
            return "INVALID_AMOUNT"
        usable = sorted((x for x in self.lots[giver] if x.spendable(now)), key=first)
        if sum(x.remaining for x in usable) < points:
            return "INSUFFICIENT_POINTS"
        self.givers.add(giver)
        new: dict[tuple[datetime, datetime | None], ModelLot] = {}
        for lot, part in self._take(usable, points):
            terms = lot.earned_at, lot.expires_at
            mine = new.setdefault(terms, ModelLot(0, 0, terms[0], now, terms[1], 0))
            mine.remaining += part
        return list(new.values())

    def receive(self, member: UUID, lot: ModelLot, now: datetime) -> None:
        """Add what was handed on, which may be what was given away and forgiven, or pay a debt."""
        lot.order = self.count()
        self.lots[member].append(lot)
        for claim in self.claims.get(member, ()):
            if claim.gave and lot.live(claim.at):
                took = sum(part for _, part in self._take([lot], claim.points))
                claim.points -= took
                self.gone += took
        self._pay(member, [lot], now)

    def _was_spent(self, member: UUID, lot: ModelLot, now: datetime) -> None:
        """Take from elsewhere what refunds forwent of a lot that was spent after all."""
        there = lot.booked + lot.remaining + self._reserved(lot)
        excess = max(0, self.forgone.get(lot.journal_id, 0) - there)
        if excess:
            self.forgone[lot.journal_id] = there
            took = sum(part for _, part in self._take(self._usable(member, now), excess))
            self.gone += took
            self._owe(member, self.owed.get(member, 0) + excess - took, now)

    def _collect(self, member: UUID, back: list[tuple[ModelLot, int]], now: datetime) -> None:
        """What refunds could not take because of a hold, and debts, come out of what came back."""
        for lot, part in sorted(back, key=lambda each: first(each[0])):
            if not lot.live(now):
                there = lot.booked + lot.remaining + self._reserved(lot)
                free = there - self.forgone.get(lot.journal_id, 0)
                self._pay_from(member, lot, min(part, free), ended=True)
        owed = self.owed.get(member, 0)
        alive = [each for each in back if each[0].live(now)]
        for lot, part in sorted(
            alive, key=lambda each: (not each[0].spendable(now), first(each[0]))
        ):
            there = min(part, lot.remaining)
            due = min(owed, there)
            lot.remaining, owed = lot.remaining - due, owed - due
            self.gone += due
            self._pay_from(member, lot, there - due)
        self._owe(member, owed, now)

    def _held(self, member: UUID) -> int:
        return sum(h.points for h in self.holds.values() if h.open and h.member == member)

    @staticmethod
    def _wrong_end(hold: ModelHold, now: datetime, kind: str, wanted: int) -> str | None:
        if wanted <= 0:
            return "INVALID_AMOUNT"
        if not hold.open:
            return "HOLD_RESOLVED"
        late = hold.expires_at <= now
        if kind == "EXPIRE" and not late:
            return "HOLD_NOT_EXPIRED"
        if kind == "POST" and late:
            return "HOLD_EXPIRED"
        if wanted > hold.points or (kind != "POST" and wanted != hold.points):
            return "EXCEEDS_HOLD"
        return None

    def take_back(
        self, member: UUID, points: int, source: int, now: datetime, limit: int | None
    ) -> tuple[int, int]:
        """Take back what an accrual gave; return how much was there and how much is owed.

        ``limit`` is how much a member may owe in all, None for any amount.
        """
        (own,) = (lot for lot in self.lots[member] if lot.journal_id == source)
        others = [lot for lot in self._usable(member, now) if lot is not own]
        # What the accrual lost by expiry is not taken a second time from other points.
        self.settle_late(member, now)
        lost = own.booked + (0 if own.live(now) else own.remaining + self._reserved(own))
        forgone = self.forgone.get(source, 0)
        gone = min(points, max(0, lost - forgone))
        self.forgone[source] = forgone + gone
        due = points - gone
        usable = [own, *others] if own.live(now) else others
        took = sum(part for _, part in self._take(usable, due))
        room = due - took if limit is None else max(0, limit - self.debt(member))
        owed = min(due - took, room)
        self.debts.setdefault(member, []).append(ModelDebt(now, owed))
        self._owe(member, self.owed.get(member, 0) + due - took - owed, now)
        self.gone += took
        return took, owed

    @staticmethod
    def _take(lots: list[ModelLot], points: int) -> list[tuple[ModelLot, int]]:
        parts = []
        for lot in lots:
            part = min(points, lot.remaining)
            if part:
                lot.remaining -= part
                points -= part
                parts.append((lot, part))
        return parts

    def book_expired(self, now: datetime) -> None:
        """Do what the job does; nobody may see a difference."""
        for lots in self.lots.values():
            for lot in lots:
                if not lot.live(now):
                    lot.booked += lot.remaining
                    self.breakage += lot.remaining
                    lot.remaining = 0

    def book_late_holds(self, now: datetime) -> None:
        """Do what the job does with holds past their deadline."""
        for id_, hold in self.holds.items():
            if hold.open and hold.expires_at <= now:
                assert self.end(id_, now, "EXPIRE", None) is None

    def settle_late(self, member: UUID, now: datetime) -> None:
        """Do what every verb does first that looks at what is held."""
        late = [
            (hold.expires_at, id_)
            for id_, hold in self.holds.items()
            if hold.member == member and hold.open and hold.expires_at <= now
        ]
        for _, id_ in sorted(late):
            assert self.end(id_, now, "EXPIRE", None) is None

    def _reserved(self, lot: ModelLot) -> int:
        parts = [part for hold in self.holds.values() if hold.open for part in hold.parts]
        return sum(points for each, points in parts if each is lot)

    def release(self, journal_id: int, now: datetime) -> None:
        """Let points go that wait for the brand."""
        (lot,) = (x for lots in self.lots.values() for x in lots if x.journal_id == journal_id)
        if lot.waits is None:
            return
        day = now.astimezone(ZONE).date() + timedelta(days=lot.waits)
        lot.available_at, lot.waits = day_start(ZONE, day) if lot.waits else now, None

    def view(self, member: UUID, now: datetime) -> tuple[int, int, int, list[tuple[int, datetime]]]:
        """Return spendable, pending, held, and what expires when."""
        lots = [lot for lot in self.lots[member] if lot.live(now)]
        spendable = sum(lot.remaining for lot in lots if lot.spendable(now))
        ends = sorted({lot.expires_at for lot in lots if lot.expires_at and lot.remaining})
        held = sum(h.points for h in self.holds.values() if h.open and h.member == member)
        return (
            spendable,
            sum(lot.remaining for lot in lots) - spendable,
            held,
            [(sum(x.remaining for x in lots if x.expires_at == end), end) for end in ends],
        )
