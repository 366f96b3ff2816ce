"""From one cell to one value, exactly, or to the fault that says why not."""

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from api.importing.shape import Fault
from kit.currencies import EXPONENTS
from kit.texts import TEXT_LENGTH_MAX

Parse: TypeAlias = Callable[[Any], object]

AMOUNT_MAX = 10**12
QUANTITY_MAX = 10**9
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

_FLOAT_SLACK = 1e-6
_WHOLE_MAX = 2**64
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NUMBER_LENGTH_MAX = 60
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_BAD_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_STAMP_LENGTH_MAX = 40
_MICROS_END = (LATEST - EARLIEST) // timedelta(microseconds=1)
_STAMP_MALFORMED = Fault(
    "OCCURRED_AT_MALFORMED",
    "occurred_at must be an ISO 8601 instant such as 2017-01-01T11:53:26Z",
)
_OUT_OF_RANGE = Fault(
    "OCCURRED_AT_OUT_OF_RANGE",
    f"occurred_at must lie in the years {EARLIEST.year} to {LATEST.year - 1}",
)


class Stamp(NamedTuple):
    """An instant as a column file stores it: microseconds since 1970, in UTC if ``aware``."""

    micros: int
    aware: bool


def text_parser(field: str, *, required: bool) -> Parse:
    """Return a parser of identifiers and names: trimmed, at most 200 characters."""
    name = field.upper()

    def parse(value: object) -> object:
        text = _text(value)
        if isinstance(text, Fault):
            return text
        if text is None:
            return Fault(f"{name}_NOT_TEXT", f"{field} must be text or a whole number")
        text = text.strip()
        if not text:
            return Fault(f"{name}_MISSING", f"{field} is empty") if required else ""
        if len(text) > TEXT_LENGTH_MAX:
            return Fault(
                f"{name}_TOO_LONG",
                f"{field} has {len(text)} characters, at most {TEXT_LENGTH_MAX} are allowed",
            )
        if _BAD_CHARACTERS.search(text):
            return Fault(f"{name}_BAD_CHARACTERS", f"{field} holds control characters")
        return text

    return parse


def currency_parser(default: str, accepted: str) -> Parse:
    """Return a parser of currency codes: an empty cell means ``default``."""

    def parse(value: object) -> object:
        text = _text(value)
        if isinstance(text, Fault):
            return text
        currency = (text or "").strip() or default
        if text is None or currency not in EXPONENTS:
            return Fault("CURRENCY_UNKNOWN", "currency must be an ISO 4217 code such as USD")
        if currency != accepted:
            return Fault(
                "CURRENCY_NOT_ACCEPTED", f"currency is {currency}, this brand takes {accepted}"
            )
        return currency

    return parse


def amount_parser(field: str, decimals: int, *, required: bool) -> Parse:
    """Return a parser from money units to the smallest unit, with no rounding of a remainder."""
    name = field.upper()
    scale = 10**decimals
    missing = Fault(f"{name}_MISSING", f"{field} is empty") if required else 0

    def parse(value: object) -> object:
        minor = _minor(value, scale)
        if minor is None:
            return missing
        if isinstance(minor, int) and minor < 0:
            return Fault(f"{name}_NEGATIVE", f"{field} is negative")
        if isinstance(minor, int) and minor <= AMOUNT_MAX:
            return minor
        reason = minor if isinstance(minor, str) else "TOO_LARGE"
        return Fault(f"{name}_{reason}", f"{field} {_REASONS[reason]}".format(decimals=decimals))

    return parse


_REASONS = {
    "NOT_A_NUMBER": "must be a decimal number such as 3.49",
    "NOT_FINITE": "is not a finite number",
    "TOO_LARGE": "is larger than a purchase can be",
    "NOT_EXACT": "has more than the {decimals} decimals of the currency",
}


def quantity_parser() -> Parse:
    """Return a parser of whole quantities; an empty cell means 1."""

    def parse(value: object) -> object:
        quantity = _minor(value, 1)
        if quantity is None:
            return 1
        if isinstance(quantity, int) and 0 <= quantity <= QUANTITY_MAX:
            return quantity
        if quantity == "NOT_EXACT":
            return Fault(
                "QUANTITY_NOT_WHOLE",
                "quantity must be a whole number; leave weights out of the mapping",
            )
        return Fault("QUANTITY_INVALID", f"quantity must be a number from 0 to {QUANTITY_MAX}")

    return parse


def moment_parser(zone: ZoneInfo | None) -> Parse:
    """Return a parser of ISO 8601 instants to UTC; stamps without an offset are in ``zone``."""
    naive_zone: tzinfo | None = UTC if zone and zone.key == "UTC" else zone
    naive_epoch = EARLIEST.replace(tzinfo=naive_zone)

    def parse(value: object) -> object:
        if isinstance(value, Stamp):
            if not 0 <= value.micros < _MICROS_END:
                return _OUT_OF_RANGE
            epoch = EARLIEST if value.aware else naive_epoch
            moment: datetime | Fault = epoch + timedelta(microseconds=value.micros)
        else:
            moment = _moment_of_text(_text(value))
        return moment if isinstance(moment, Fault) else _in_utc(moment, naive_zone)

    return parse


def _moment_of_text(text: str | Fault | None) -> datetime | Fault:
    if isinstance(text, Fault):
        return text
    if text is not None and not text.strip():
        return Fault("OCCURRED_AT_MISSING", "occurred_at is empty")
    if text is None or len(text) > _STAMP_LENGTH_MAX:
        return _STAMP_MALFORMED
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return _STAMP_MALFORMED
    # Text may name any year; only stamps were checked by their number.
    return moment if EARLIEST.year - 1 <= moment.year <= LATEST.year else _OUT_OF_RANGE


def _in_utc(moment: datetime, zone: tzinfo | None) -> datetime | Fault:
    if moment.tzinfo is None:
        if zone is None:
            return Fault(
                "OCCURRED_AT_WITHOUT_ZONE",
                "occurred_at has no UTC offset; give time_zone in a mapping file",
            )
        moment = moment.replace(tzinfo=zone)
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment if EARLIEST <= moment < LATEST else _OUT_OF_RANGE


def _text(value: object) -> str | Fault | None:
    """Return a cell as text; None if it is of a kind that has no text of its own."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _decoded(value) if isinstance(value, bytes) else _digits(value)


def _decoded(value: bytes) -> str | Fault:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return Fault("NOT_UTF8", "the row is not valid UTF-8")


def _digits(value: object) -> str | None:
    """Return a whole number as text. Columns of those with gaps often arrive as floats."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number: int | float | Decimal = value
    return str(int(number)) if -_WHOLE_MAX < number < _WHOLE_MAX and number == int(number) else None


def _minor(value: object, scale: int) -> int | str | None:
    """Return ``value * scale`` if that is whole, the reason if not, None for an empty cell."""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        return _minor_of_text(value.strip(), scale)
    if isinstance(value, float):
        return _minor_of_float(value, scale)
    if isinstance(value, Decimal):
        return _minor_of_decimal(value, scale)
    if isinstance(value, int) and not isinstance(value, bool):
        return value * scale
    return None if value is None else "NOT_A_NUMBER"


def _minor_of_text(text: str, scale: int) -> int | str | None:
    if not text:
        return None
    if len(text) <= _NUMBER_LENGTH_MAX and _NUMBER.fullmatch(text):
        return _minor_of_decimal(Decimal(text), scale)
    return "NOT_FINITE" if _NOT_FINITE.fullmatch(text) else "NOT_A_NUMBER"


def _minor_of_decimal(value: Decimal, scale: int) -> int | str:
    if not value.is_finite():
        return "NOT_FINITE"
    if not value:
        return 0
    if value.adjusted() > len(str(AMOUNT_MAX)):
        return "TOO_LARGE"
    if value.adjusted() < -_NUMBER_LENGTH_MAX or len(value.as_tuple().digits) > _NUMBER_LENGTH_MAX:
        return "NOT_EXACT"
    numerator, denominator = value.as_integer_ratio()
    minor, rest = divmod(numerator * scale, denominator)
    return "NOT_EXACT" if rest else minor


def _minor_of_float(value: float, scale: int) -> int | str:
    if not math.isfinite(value):
        return "NOT_FINITE"
    if abs(value) > AMOUNT_MAX:
        return "TOO_LARGE"
    scaled = value * scale
    nearest = round(scaled)
    return nearest if abs(scaled - nearest) <= _FLOAT_SLACK else "NOT_EXACT"
