"""What a member has, as plain dictionaries: the model that wallets are compared with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass
class ModelLot:
    """Points of one accrual."""

    journal_id: int
    remaining: int
    available_at: datetime
    expires_at: datetime | None
    order: int
    booked: int = 0

    def live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def spendable(self, now: datetime) -> bool:
        return self.live(now) and self.available_at <= now


@dataclass
class ModelHold:
    """Points reserved: how much of which lot."""

    member: UUID
    points: int
    expires_at: datetime
    parts: list[tuple[ModelLot, int]]
    open: bool = True


@dataclass
class WalletModel:
    """All members of a brand."""

    lots: dict[UUID, list[ModelLot]] = field(default_factory=dict)
    holds: dict[int, ModelHold] = field(default_factory=dict)
    breakage: int = 0
    spent: int = 0
    taken: int = 0
    short: dict[int, int] = field(default_factory=dict)
    owed: dict[UUID, int] = field(default_factory=dict)

    def accrue(
        self, member: UUID, journal_id: int, points: int, at: datetime, until: datetime | None
    ) -> None:
        """Give points, spendable from ``at`` until before ``until``."""
        order = sum(map(len, self.lots.values()))
        self.lots[member].append(ModelLot(journal_id, points, at, until, order))

    def reserve(
        self, member: UUID, points: int, now: datetime, expires_at: datetime
    ) -> tuple[str | None, list[tuple[ModelLot, int]]]:
        """Return why points can't be reserved, or what was taken of which lots."""
        if member not in self.lots:
            return "MEMBER_NOT_FOUND", []
        if points <= 0:
            return "INVALID_AMOUNT", []
        if expires_at <= now:
            return "INVALID_DEADLINE", []
        usable = sorted((x for x in self.lots[member] if x.spendable(now)), key=_first)
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
        alive: list[tuple[ModelLot, int]] = []
        for lot, reserved in sorted(hold.parts, key=lambda part: _first(part[0])):
            used = min(left, reserved)
            left -= used
            lot.remaining += reserved - used
            if lot.live(now):
                alive.append((lot, reserved - used))
        self._collect(hold.member, alive, now)
        return None

    def _collect(self, member: UUID, alive: list[tuple[ModelLot, int]], now: datetime) -> None:
        """What refunds could not take because of a hold is taken out of what comes back."""
        owed = self.owed.get(member, 0)
        for lot, back in sorted(
            alive, key=lambda part: (not part[0].spendable(now), *_first(part[0]))
        ):
            part = min(owed, back)
            lot.remaining -= part
            owed -= part
        self.owed[member] = min(owed, self._held(member))

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

    def take_back(self, member: UUID, points: int, source: int, now: datetime) -> int:
        """Take back what an accrual gave, as far as it is there; return how much that was."""
        (own,) = (lot for lot in self.lots[member] if lot.journal_id == source)
        others = [lot for lot in self.lots[member] if lot is not own and lot.live(now)]
        ready = sorted((lot for lot in others if lot.spendable(now)), key=_first)
        pending = sorted((lot for lot in others if not lot.spendable(now)), key=_first)
        mine = [own] if own.live(now) else []
        # What the accrual lost by expiry is not taken a second time from other points.
        lost = own.booked + (0 if own.live(now) else own.remaining)
        due = max(0, points - max(0, lost - self.short.get(source, 0)))
        took = sum(part for _, part in self._take([*mine, *ready, *pending], due))
        self.short[source] = self.short.get(source, 0) + points - took
        self.owed[member] = min(self._held(member), self.owed.get(member, 0) + due - took)
        self.taken += took
        return took

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


def _first(lot: ModelLot) -> tuple[datetime, int]:
    return (lot.expires_at or _LAST, lot.order)
