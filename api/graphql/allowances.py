"""How much a caller may ask for over time: buckets of cost that fill up again by the second."""

from api.auth import Role
from kit.buckets import Allowance

GUESSES = Allowance(capacity=100, per_second=1)
"""Looks that found nothing, per caller and kind of thing looked for."""

COST_MIN = 1
"""What a refused request costs."""
UNKNOWN_COST = 20
"""What a document costs that was not seen before: some milliseconds to understand it."""

_USUAL = {
    # Addresses are shared by everyone behind one router.
    Role.ANONYMOUS: Allowance(capacity=2_000, per_second=100),
    Role.MEMBER: Allowance(capacity=2_000, per_second=50),
    Role.SERVER: Allowance(capacity=50_000, per_second=5_000),
    Role.STAFF: Allowance(capacity=10_000, per_second=500),
}


def allowance(role: Role, times: float) -> Allowance:
    """Return the bucket of callers of this kind, ``times`` the usual one."""
    usual = _USUAL[role]
    return Allowance(round(usual.capacity * times), usual.per_second * times)
