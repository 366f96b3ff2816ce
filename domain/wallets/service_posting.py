"""Posting what a wallet has decided under its lock: the ledger may not say no."""

from collections.abc import Sequence
from datetime import datetime

from domain.brands.rules import Brand
from domain.ledger import service as ledger
from domain.ledger.rules import Journal
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
