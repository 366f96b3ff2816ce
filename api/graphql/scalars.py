"""Scalars of our own. Amounts are decimal strings: exact in every language, and never floats."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NewType

import strawberry
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

Points = NewType("Points", Decimal)
BigInt = NewType("BigInt", int)
Cursor = NewType("Cursor", str)

DECIMAL_LENGTH_MAX = 40
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,9})?", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DECIMAL_ADDRESS = "https://scalars.graphql.org/chillicream/decimal.html"
_INSTANT_ADDRESS = "https://scalars.graphql.org/andimarek/date-time.html"
_DAY_ADDRESS = "https://scalars.graphql.org/andimarek/local-date.html"
_WHOLE_ADDRESS = "https://datatracker.ietf.org/doc/html/rfc8259#section-6"


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise StrawberryInputCoercionError(
            'An amount is a decimal number as a string, such as "12.50".'
        )
    return Decimal(value)


def _points(value: object) -> Points:
    return Points(_decimal(value))


def _instant(value: object) -> datetime:
    message = 'An instant is RFC 3339 with its zone, such as "2026-05-01T12:30:00Z".'
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise StrawberryInputCoercionError(message)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise StrawberryInputCoercionError(message) from None


def _written(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _day(value: object) -> date:
    message = 'A day is written such as "2026-05-01".'
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise StrawberryInputCoercionError(message)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise StrawberryInputCoercionError(message) from None


def _whole(value: object) -> BigInt:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        raise StrawberryInputCoercionError('Write a whole number as a string, such as "12".')
    return BigInt(int(value))


def _cursor(value: object) -> Cursor:
    if not isinstance(value, str):
        raise StrawberryInputCoercionError("A cursor is a string from an earlier answer.")
    return Cursor(value)


SCALARS: dict[object, ScalarDefinition] = {
    Points: strawberry.scalar(
        name="Points",
        description=(
            "An amount of a brand's points as a decimal string in whole points, with as many"
            ' decimals as the brand\'s unit has: "125" or "125.50". Negative where points went.'
        ),
        specified_by_url=_DECIMAL_ADDRESS,
        serialize=_plain,
        parse_value=_points,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description=(
            "An exact decimal number as a string. For money it counts in the currency's main"
            ' unit: "12.50" dollars. Numbers that are no strings are refused, because JSON'
            " readers round them."
        ),
        specified_by_url=_DECIMAL_ADDRESS,
        serialize=_plain,
        parse_value=_decimal,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant as RFC 3339 with its zone; answers are always in UTC.",
        specified_by_url=_INSTANT_ADDRESS,
        serialize=_written,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description='A day of a calendar, without a time and a zone, such as "2026-05-01".',
        specified_by_url=_DAY_ADDRESS,
        serialize=date.isoformat,
        parse_value=_day,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may exceed 32 bits, as a string of digits.",
        specified_by_url=_WHOLE_ADDRESS,
        serialize=str,
        parse_value=_whole,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description=(
            "A place in a list, as a string. Take it from an answer and give it back as it is;"
            " what is in it may change."
        ),
        specified_by_url="https://relay.dev/graphql/connections.htm#sec-Cursor",
        serialize=str,
        parse_value=_cursor,
    ),
}
