"""Instants that a caller may ask about."""

from datetime import UTC, datetime

from api.context import Info
from kit.errors import InvalidInputError

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def checked(info: Info, as_of: datetime | None) -> datetime:
    """Return the instant asked about, now without one. Raises InvalidInputError outside 1970-2199.

    Far outside, brands' clocks can't be computed.
    """
    if as_of is None:
        return info.context.now
    if not EARLIEST <= as_of < LATEST:
        message = "`asOf` lies outside the years 1970 to 2199."
        raise InvalidInputError(message, code="DATE_OUT_OF_RANGE", path=("asOf",))
    return as_of
