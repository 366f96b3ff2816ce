"""Posting what a wallet has decided under its lock: the ledger may not say no."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.ledger import service as ledger
from domain.ledger.rules import Journal, Transfer
from domain.wallets.queries import Books
from kit.db import LostRaceError, Session
from kit.errors import LaurelError


async def post_all(
    session: Session, now: datetime, brand: Brand, journals: Sequence[Journal]
) -> list[int]:
    """Post journals under new keys and return their ids, in order.

    Raises LaurelError if the ledger refuses one, LostRaceError if a key is known after all.
    """
    outcomes = await ledger.post(session, now, brand.id, journals)
    if any(outcome.replayed for outcome in outcomes):
        # The caller saw that its keys were new: somebody with another wallet was faster.
        raise LostRaceError
    for outcome in outcomes:
        if outcome.refusal is not None:
            message = "The ledger refused a movement that the wallet had decided."
            raise LaurelError(message, code=outcome.refusal)
    return [outcome.journal_id for outcome in outcomes]


def taken_back(
    now: datetime, brand: Brand, books: Books, account_id: int, points: int, key: UUID
) -> Journal:
    """Return the journal that takes points which a refund could not take when it was told."""
    return Journal(
        key=key,
        code="claw_back",
        effective_at=now,
        effective_on=brand.day(now),
        transfers=(Transfer(account_id, books.issuance, books.asset_id, points, "claw_back"),),
    )
