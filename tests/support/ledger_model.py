"""What the ledger must do, as plain dictionaries: the model that the real one is compared with.

Written from the ledger's description alone and one journal at a time; it knows no batch.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from domain.ledger.rules import (
    AMOUNT_MAX,
    Balance,
    Bound,
    Journal,
    Kind,
    NewAccount,
    Outcome,
    Resolution,
    Reversal,
    Transfer,
)


@dataclass
class Hold:
    """A pending transfer."""

    transfer: Transfer
    open: bool = True

    def expired(self, now: datetime) -> bool:
        return self.transfer.expires_at is not None and self.transfer.expires_at <= now


@dataclass(frozen=True)
class Stored:
    """What is known of a key."""

    body: object
    journal_id: int
    refusal: str | None


@dataclass(frozen=True)
class Row:
    """A transfer that was written."""

    id: int
    transfer: Transfer
    recorded_at: datetime
    effective_on: date

    @property
    def moves(self) -> bool:
        return self.transfer.kind in (Kind.POSTED, Kind.POST)


@dataclass
class Model:
    """One brand's books."""

    accounts: dict[int, NewAccount]
    balances: dict[int, Balance] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    keys: dict[UUID, Stored] = field(default_factory=dict)
    posted: dict[int, list[Transfer]] = field(default_factory=dict)
    reversed: set[int] = field(default_factory=set)
    closed_to: date = date.min
    rows: dict[int, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.balances = {account: Balance(account) for account in self.accounts}

    def expect(self, now: datetime, journal: Journal, body: object, outcome: Outcome) -> None:
        """Do ``journal`` here too; fail if ``outcome`` is not what comes of it."""
        known = self.keys.get(journal.key)
        if known:
            refusal = known.refusal if known.body == body else "KEY_CONFLICT"
            got = (outcome.refusal, outcome.replayed, outcome.journal_id, outcome.transfer_ids)
            assert got == (refusal, True, known.journal_id, ()), journal
            return
        refusal = self.fault(now, journal)
        assert not outcome.replayed, journal
        assert outcome.refusal == refusal, f"{outcome.refusal}, not {refusal}: {journal}"
        self.keys[journal.key] = Stored(body, outcome.journal_id, refusal)
        if refusal:
            assert outcome.transfer_ids == ()
            return
        assert len(outcome.transfer_ids) == len(journal.transfers)
        if journal.reverses is not None:
            self.reversed.add(journal.reverses)
        self.posted[outcome.journal_id] = list(journal.transfers)
        for id_, transfer in zip(outcome.transfer_ids, journal.transfers, strict=True):
            self._apply(id_, transfer)
            self.rows[id_] = Row(id_, transfer, now, journal.effective_on)

    def fault(  # noqa: PLR0911 - one reason each
        self, now: datetime, journal: Journal
    ) -> str | None:
        """Return why ``journal`` must be refused, or None."""
        if journal.refusal or not journal.transfers:
            return journal.refusal or "EMPTY_JOURNAL"
        if any(transfer.amount > AMOUNT_MAX for transfer in journal.transfers):
            return "INVALID_AMOUNT"
        if journal.effective_on <= self.closed_to:
            return "PERIOD_CLOSED"
        if journal.reverses is not None and journal.reverses not in self.posted:
            return "JOURNAL_NOT_FOUND"
        if journal.reverses in self.reversed:
            return "ALREADY_REVERSED"
        faults = sorted(filter(None, (self._wrong(now, t) for t in journal.transfers)))
        if faults:
            return faults[0]
        named = [t.pending_id for t in journal.transfers if t.pending_id is not None]
        if len(named) != len(set(named)):
            return "HOLD_RESOLVED"
        return None if self._within_bounds(journal.transfers) else "INSUFFICIENT_BALANCE"

    def _wrong(self, now: datetime, transfer: Transfer) -> str | None:
        sides = [self.accounts.get(transfer.debit), self.accounts.get(transfer.credit)]
        if transfer.amount <= 0:
            return "INVALID_AMOUNT"
        if transfer.debit == transfer.credit:
            return "SAME_ACCOUNT"
        if None in sides:
            return "ACCOUNT_NOT_FOUND"
        if {side.asset_id for side in sides if side} != {transfer.asset_id}:
            return "ASSET_MISMATCH"
        if transfer.kind in (Kind.POSTED, Kind.PENDING):
            return None
        return self._wrong_resolution(now, transfer)

    def _wrong_resolution(self, now: datetime, transfer: Transfer) -> str | None:
        hold = self.holds.get(transfer.pending_id or 0)
        ours = (transfer.debit, transfer.credit)
        if hold is None or (hold.transfer.debit, hold.transfer.credit) != ours:
            return "HOLD_NOT_FOUND"
        if not hold.open:
            return "HOLD_RESOLVED"
        if transfer.kind is Kind.EXPIRE and not hold.expired(now):
            return "HOLD_NOT_EXPIRED"
        if transfer.kind is Kind.POST and hold.expired(now):
            return "HOLD_EXPIRED"
        partly = transfer.kind is Kind.POST and transfer.amount < hold.transfer.amount
        return None if partly or transfer.amount == hold.transfer.amount else "EXCEEDS_HOLD"

    def _within_bounds(self, transfers: tuple[Transfer, ...]) -> bool:
        after = dict(self.balances)
        for transfer in transfers:
            for balance in self._changed(after, transfer):
                after[balance.account_id] = balance
        return not any(self._over(after[account]) for account in after)

    def _over(self, balance: Balance) -> bool:
        bound = self.accounts[balance.account_id].bound
        if bound is Bound.DEBITS_WITHIN_CREDITS:
            return balance.dr + balance.dr_pending > balance.cr
        if bound is Bound.CREDITS_WITHIN_DEBITS:
            return balance.cr + balance.cr_pending > balance.dr
        return False

    def _changed(self, balances: dict[int, Balance], transfer: Transfer) -> tuple[Balance, Balance]:
        posted = transfer.amount if transfer.kind in (Kind.POSTED, Kind.POST) else 0
        pending = transfer.amount if transfer.kind is Kind.PENDING else 0
        if transfer.pending_id is not None:
            pending -= self.holds[transfer.pending_id].transfer.amount
        debit, credit = balances[transfer.debit], balances[transfer.credit]
        return (
            replace(debit, dr=debit.dr + posted, dr_pending=debit.dr_pending + pending),
            replace(credit, cr=credit.cr + posted, cr_pending=credit.cr_pending + pending),
        )

    def _apply(self, id_: int, transfer: Transfer) -> None:
        for balance in self._changed(self.balances, transfer):
            self.balances[balance.account_id] = balance
        if transfer.kind is Kind.PENDING:
            self.holds[id_] = Hold(transfer)
        elif transfer.pending_id is not None:
            self.holds[transfer.pending_id].open = False

    def as_of(self, account: int, recorded_at: datetime, effective_on: date) -> tuple[int, int]:
        """Return an account's posted debits and credits over what was known and in effect."""
        rows = [
            row.transfer
            for row in self.rows.values()
            if row.moves and row.recorded_at <= recorded_at and row.effective_on <= effective_on
        ]
        return (
            sum(t.amount for t in rows if t.debit == account),
            sum(t.amount for t in rows if t.credit == account),
        )

    def statement(self, account: int) -> list[int]:
        """Return the ids of an account's transfers, oldest first."""
        rows = self.rows.values()
        return [r.id for r in rows if account in (r.transfer.debit, r.transfer.credit)]

    def moved(self, journal_id: int) -> list[Transfer]:
        """Return what a journal moved; holds don't move."""
        posted = self.posted.get(journal_id, [])
        return [each for each in posted if each.kind in (Kind.POSTED, Kind.POST)]

    def resolution(self, item: Resolution, journal: Journal) -> Journal:
        """Return ``journal`` with what must be posted for ``item``."""
        row = self.rows.get(item.hold_id)
        if row is None:
            return replace(journal, key=item.key, refusal="HOLD_NOT_FOUND")
        amount = row.transfer.amount if item.amount is None else item.amount
        wanted = Transfer(
            row.transfer.debit,
            row.transfer.credit,
            row.transfer.asset_id,
            amount,
            item.code,
            kind=item.kind,
            pending_id=item.hold_id,
        )
        return replace(journal, key=item.key, transfers=(wanted,))

    def reversal(self, item: Reversal, journal: Journal) -> Journal:
        """Return ``journal`` with what must be posted for ``item``."""
        back = tuple(
            Transfer(t.credit, t.debit, t.asset_id, t.amount, t.code)
            for t in self.moved(item.journal_id)[::-1]
        )
        refusal = None if back else "JOURNAL_NOT_FOUND"
        return replace(
            journal, key=item.key, transfers=back, reverses=item.journal_id, refusal=refusal
        )
