"""What somebody might ask of a ledger next: mostly sound, now and then wrong in each way.

Drawn from a seeded generator and not from Hypothesis, whose budget of choices a few batches
would use up.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.ledger.rules import Asset, Journal, Kind, Resolution, Reversal, Transfer
from kit.ids import new_id
from tests.support.books import Books
from tests.support.ledger_model import Model

UNKNOWN = 10**12
_SHAPES = ["moves"] * 12 + ["resolve"] * 3 + ["reverse"] * 2 + ["repeat", "none"]


@dataclass
class Choices:
    """Draws what to do in ``books``, which are as ``model`` says; ``other`` is another brand."""

    seed: int
    books: Books
    model: Model
    other: Model

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def _rarely(self) -> bool:
        return self._chance.random() < 0.06

    def _one(self, several: Sequence[Any]) -> Any:
        return self._chance.choice(several)

    def key(self, batch: Sequence[Journal] = ()) -> UUID:
        """Return a key, rarely one that is in use."""
        known = [*self.model.keys, *(journal.key for journal in batch)]
        return self._one(known) if known and self._rarely() else new_id()

    def journal(self, batch: Sequence[Journal]) -> Journal:
        """Return a journal to come after those of ``batch``."""
        shape = self._one(_SHAPES)
        if shape == "repeat" and batch:
            return self._one(batch)  # type: ignore[no-any-return]
        today = self.books.brand.day(self.books.clock.now())
        plain = replace(
            self.books.entry(),
            key=self.key(batch),
            effective_on=today - timedelta(days=self._one([0, 0, 0, 0, 1, 2, 5])),
        )
        if shape == "none":
            return replace(plain, refusal=self._one([None, "OWN_REASON"]))
        if shape == "resolve":
            return replace(self.model.resolution(self.resolution(), plain), key=plain.key)
        if shape == "reverse":
            return replace(self.model.reversal(self.reversal(), plain), key=plain.key)
        count = self._one([1, 1, 2, 3, 4])
        return replace(plain, transfers=tuple(self._transfer() for _ in range(count)))

    def _transfer(self) -> Transfer:
        asset = self._one([self.books.points, self.books.money])
        debit, credit = self._sides(asset)
        kind = self._one([Kind.POSTED, Kind.POSTED, Kind.PENDING])
        deadline = None
        if kind is Kind.PENDING and self._one([True, False]):
            deadline = self.books.clock.now() + timedelta(hours=self._one([-1, 0, 1, 9, 48]))
        amount = (
            self._one([0, -1, 2**63, 10**15 + 1]) if self._rarely() else self._one(range(1, 31))
        )
        return Transfer(debit, credit, asset.id, amount, "test", kind=kind, expires_at=deadline)

    def _sides(self, asset: Asset) -> tuple[int, int]:
        ours = [id_ for id_, each in self.model.accounts.items() if each.asset_id == asset.id]
        debit, credit = self._chance.sample(ours, 2)
        if self._rarely():
            credit = self._one([UNKNOWN, debit, *self.model.accounts, *self.other.accounts])
        return debit, credit

    def resolution(self) -> Resolution:
        """Return a wish to end a hold, mostly an open one."""
        named = [id_ for id_, hold in self.model.holds.items() if hold.open]
        if not named or self._rarely():
            named = [UNKNOWN, *self.other.holds, *self.model.rows]
        amount = self._one([0, 2**70]) if self._rarely() else self._one([None, *range(1, 20)])
        kind = self._one([Kind.POST, Kind.POST, Kind.VOID, Kind.EXPIRE])
        if kind is not Kind.POST and not self._rarely():
            amount = None
        return Resolution(self.key(), self._one(named), kind, "end", amount)

    def reversal(self) -> Reversal:
        """Return a wish to undo a journal, mostly one of ours that stands."""
        standing = self.model.posted.keys() - self.model.reversed
        named = sorted(id_ for id_ in standing if self.model.moved(id_))
        if not named or self._rarely():
            stored = [*self.model.keys.values(), *self.other.keys.values()]
            named = [UNKNOWN, *(each.journal_id for each in stored)]
        return Reversal(self.key(), self._one(named), "undo")
