"""The verb by which a brand brings codes along."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.vouchers.rules import Why, code_fault, pool_fault
from kit.db import Session
from kit.errors import InvalidInputError

# Codes come out of a pool in the order in which they came in. One that a voucher has, also one
# that was made here, must not be given a second time.
_ADD = """
WITH added AS (
    INSERT INTO pool_code (brand_id, pool, code, added_at)
    SELECT $1, $2, code, $3 FROM unnest($4::text[]) WITH ORDINALITY AS n (code, place)
    WHERE NOT EXISTS (SELECT FROM voucher WHERE brand_id = $1 AND code = n.code)
    ORDER BY place
    ON CONFLICT (brand_id, code) DO NOTHING RETURNING 1
) SELECT count(*) FROM added
"""


@dataclass(frozen=True, slots=True)
class AddedCodes:
    """How many codes are new in the pool, and how many the brand had already, in any pool.

    A code that is twice among those given is known the second time. ``refused`` has the place of
    each that can't be a code, from 0, and why.
    """

    added: int
    known: int
    refused: list[tuple[int, Why]]


async def add_codes(
    session: Session, now: datetime, brand_id: int, pool: str, codes: Sequence[str]
) -> AddedCodes:
    """Put codes into a pool, which begins with its first one; blanks around them are dropped.

    Each is given once, however often and wherever it is added. Capitals count: ``abc`` and
    ``ABC`` are two codes. Raises InvalidInputError (INVALID_POOL) if no programme could name it.
    """
    why = pool_fault(pool)
    if why is not None:
        raise InvalidInputError(why.message, code=why.code, path=why.path)
    bare = [code.strip() for code in codes]
    faults = [code_fault(code) for code in bare]
    refused = [(place, why) for place, why in enumerate(faults) if why is not None]
    sound = [code for code, why in zip(bare, faults, strict=True) if why is None]
    added = await session.value(_ADD, brand_id, pool, now, sound)
    return AddedCodes(added, len(sound) - added, refused)
