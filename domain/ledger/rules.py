"""What can be asked of the ledger, as values, and what makes two requests the same."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

import orjson

from kit.ids import content_hash

AMOUNT_MAX = 10**15
"""The largest amount of one transfer; thousands of them still fit into a balance."""

_NO_KEY = UUID(int=0)


class Kind(IntEnum):
    """What a transfer does to the two balances. The last three resolve a pending one."""

    POSTED = 0
    PENDING = 1
    POST = 2
    VOID = 3
    EXPIRE = 4


class Bound(IntEnum):
    """Which side of an account may not exceed the other; holds count on the bounded side."""

    NONE = 0
    DEBITS_WITHIN_CREDITS = 1
    CREDITS_WITHIN_DEBITS = 2


class Mode(IntEnum):
    """How an account's balance is kept: with each transfer, or folded behind them."""

    INLINE = 0
    DEFERRED = 1


@dataclass(frozen=True, slots=True)
class Asset:
    """What is counted; amounts are integers in units of 10 to the minus ``scale``."""

    id: int
    brand_id: int
    code: str
    scale: int
    kind: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to open: its purpose in ``code``, whose it is in ``owner_id``."""

    asset_id: int
    code: str
    owner_id: UUID | None = None
    bound: Bound = Bound.NONE
    mode: Mode = Mode.INLINE


@dataclass(frozen=True, slots=True)
class Transfer:
    """One debit, one credit, one positive amount of one asset; ``code`` says why.

    ``pending_id`` names the hold that a resolution resolves; ``expires_at`` is a hold's deadline.
    """

    debit: int
    credit: int
    asset_id: int
    amount: int
    code: str
    kind: Kind = Kind.POSTED
    pending_id: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Journal:
    """One business event: all of its transfers or none, once per ``key``.

    ``effective_at`` is when it took effect, ``effective_on`` the brand's day of that. A caller
    that refuses the event itself hands over its code in ``refusal`` and no transfers. A caller
    whose transfers follow from more than what it was asked for hashes that in ``request``.
    """

    key: UUID
    code: str
    effective_at: datetime
    effective_on: date
    transfers: tuple[Transfer, ...] = ()
    reverses: int | None = None
    meta: dict[str, Any] | None = None
    refusal: str | None = None
    request: bytes | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What is to become of a hold; ``amount`` None posts all of it, ``meta`` goes on record."""

    key: UUID
    hold_id: int
    kind: Kind
    code: str
    amount: int | None = None
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reversal:
    """A journal to undo."""

    key: UUID
    journal_id: int
    code: str


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's totals: posted and pending, debits and credits apart."""

    account_id: int
    dr: int = 0
    cr: int = 0
    dr_pending: int = 0
    cr_pending: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a journal. ``refusal`` is None if it is posted.

    ``transfer_ids`` has the ids of what this call posted; ``balances`` the inline accounts of the
    call after all of it; ``replayed`` says that the key was known and nothing was written.
    """

    journal_id: int
    refusal: str | None
    replayed: bool
    transfer_ids: tuple[int, ...] = ()
    balances: dict[int, Balance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PostedTransfer:
    """A transfer as it stands in the books."""

    id: int
    journal_id: int
    kind: Kind
    debit: int
    credit: int
    asset_id: int
    amount: int
    code: str
    effective_on: date
    recorded_at: datetime
    pending_id: int | None
    expires_at: datetime | None


def request_hash(journal: Journal) -> bytes:
    """Return the hash by which a repeated key is told from a misused one."""
    if journal.request is not None:
        return journal.request
    parts: list[object] = [
        journal.code,
        journal.effective_at,
        journal.reverses,
        journal.meta,
        journal.refusal,
    ]
    parts += [
        (t.debit, t.credit, t.asset_id, t.amount, t.code, int(t.kind), t.pending_id, t.expires_at)
        for t in journal.transfers
    ]
    return content_hash(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))


def expressible(journal: Journal) -> Journal:
    """Return ``journal``, refused if it moves nothing or more than the books can hold."""
    if journal.refusal is not None:
        return journal
    if not journal.transfers:
        return replace(journal, refusal="EMPTY_JOURNAL")
    if any(transfer.amount > AMOUNT_MAX for transfer in journal.transfers):
        request = journal.request or content_hash(repr(replace(journal, key=_NO_KEY)).encode())
        return replace(journal, transfers=(), refusal="INVALID_AMOUNT", request=request)
    return journal


def mirrored(transfers: list[PostedTransfer]) -> tuple[Transfer, ...]:
    """Return the transfers that undo what ``transfers`` moved, last first. Holds don't move."""
    return tuple(
        Transfer(t.credit, t.debit, t.asset_id, t.amount, t.code)
        for t in reversed(transfers)
        if t.kind in (Kind.POSTED, Kind.POST)
    )
