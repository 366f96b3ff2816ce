"""What may be done with a voucher, and with a code that a brand brings along."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from kit.documents import Code
from kit.texts import TEXT_LENGTH_MAX

_POOL: TypeAdapter[str] = TypeAdapter(Code)

State = Literal["issued", "used", "expired", "returned"]


class Why(NamedTuple):
    """A refusal: its stable code, what was wrong and what to do, and the field at fault."""

    code: str
    message: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Voucher:
    """A code to show at a till and what became of it by ``state``'s instant.

    ``value`` is how much money is on it, in the brand's smallest unit, None for what is used as a
    whole; ``used`` is how much of that is gone. It is good until before ``expires_at``; None: for
    ever. ``used_at`` is when nothing was left, ``returned_at`` when it was given back unused.
    """

    id: UUID
    member_id: UUID
    redemption_id: UUID
    reward: str
    kind: str
    version_id: int
    code: str
    value: int | None
    used: int
    issued_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    returned_at: datetime | None
    state: State

    @property
    def left(self) -> int | None:
        """How much money is still on it, also if it can't be used any more; None: no value."""
        return None if self.value is None else self.value - self.used


_ENDED = {
    "used": Why("VOUCHER_USED", "The voucher was used before; take no second one for it."),
    "returned": Why("VOUCHER_RETURNED", "The voucher was given back; it is worth nothing now."),
    "expired": Why("VOUCHER_EXPIRED", "The voucher's time is over; it can't be used any more."),
}


def state(
    now: datetime,
    expires_at: datetime | None,
    used_at: datetime | None,
    returned_at: datetime | None,
) -> State:
    """Return a voucher's state at ``now``: it is too late from ``expires_at`` itself on."""
    if returned_at is not None:
        return "returned"
    if used_at is not None:
        return "used"
    return "expired" if expires_at is not None and expires_at <= now else "issued"


def burn_refusal(voucher: Voucher, amount: int | None) -> Why | None:
    """Return why ``amount`` of the voucher can't be used; None: it can.

    ``amount`` None means all that is left.
    """
    if voucher.state in _ENDED:
        return _ENDED[voucher.state]
    if amount is None:
        return None
    left = voucher.left
    if left is None:
        message = "amount is for vouchers with money on them; leave it out here."
        return Why("INVALID_AMOUNT", message, ("amount",))
    if amount <= 0:
        return Why("INVALID_AMOUNT", "amount must be more than zero.", ("amount",))
    if amount > left:
        message = f"amount is more than the {left} smallest units that are left."
        return Why("EXCEEDS_VALUE", message, ("amount",))
    return None


def burnt(voucher: Voucher, now: datetime, amount: int | None) -> Voucher:
    """Return the voucher after ``amount`` of it, None: all that is left, was used at ``now``."""
    if voucher.left is None:
        return replace(voucher, used_at=now, state="used")
    used = voucher.used + (voucher.left if amount is None else amount)
    if used < (voucher.value or 0):
        return replace(voucher, used=used)
    return replace(voucher, used=used, used_at=now, state="used")


def return_refusal(vouchers: Collection[Voucher]) -> str | None:
    """Return the code why the vouchers of one redemption can't all be given back; None: they can.

    Those that were given back before are no hindrance. One of which anything was used is, and one
    that has ended: its points would be back for what the member let lapse.
    """
    if any(voucher.used or voucher.state == "used" for voucher in vouchers):
        return "VOUCHER_USED"
    if any(voucher.state == "expired" for voucher in vouchers):
        return "VOUCHER_EXPIRED"
    return None


def code_fault(code: str) -> Why | None:
    """Return why ``code``, without blanks around it, can't go into a pool; None: it can."""
    if not code:
        return Why("CODE_EMPTY", "code is empty; leave the line out")
    if len(code) > TEXT_LENGTH_MAX:
        message = f"code has {len(code)} characters, at most {TEXT_LENGTH_MAX} are allowed"
        return Why("CODE_TOO_LONG", message)
    if not code.isprintable():
        return Why("CODE_UNPRINTABLE", "code holds a character that can't be printed; remove it")
    return None


def pool_fault(name: str) -> Why | None:
    """Return why no reward of a programme can name a pool so; None: it can."""
    try:
        _POOL.validate_python(name)
    except ValidationError:
        message = f"pool is {name!r}; use a letter a-z, then up to 62 of a-z, 0-9, - and _"
        return Why("INVALID_POOL", message, ("pool",))
    return None
