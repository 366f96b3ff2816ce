"""What a person reads of a simulation on a terminal: the few numbers that decide."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any


def lines(numbers: dict[str, Any]) -> Iterator[str]:
    """Yield the main figures of a report, line by line, the draft beside what is in force."""
    history, draft, beside = numbers["history"], numbers["draft"], numbers["beside"]
    until = history["until"][:10]
    yield (
        f"{numbers['brand']['name']}: {history['baskets']:,} baskets of"
        f" {history['members']:,} members, {history['from']} to {until}"
    )
    sides = [draft] if beside is None else [draft, beside]
    other = "beside" if beside is None or not beside["isInForce"] else "in force"
    head = ["", "draft", other][: len(sides) + 1]
    rows = [head]
    for name, key in (
        ("points issued", "issued"),
        ("points spent", "spent"),
        ("points expired", "expired"),
        ("points reversed", "reversed"),
        ("points outstanding", "outstanding"),
    ):
        rows.append([name, *(amount(each["totals"][key], each["scale"]) for each in sides)])
    exponent, currency = numbers["currency"]["exponent"], numbers["currency"]["code"]
    rows.append(
        [
            f"reward cost ({currency})",
            *(amount(each["totals"]["rewardCost"], exponent) for each in sides),
        ]
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for name, *values in rows:
        cells = (value.rjust(width) for value, width in zip(values, widths[1:], strict=True))
        yield "  ".join((name.ljust(widths[0]), *cells)).rstrip()
    members = numbers["members"]
    if members is not None:
        yield (
            f"{members['gain']:,} members gain points, {members['lose']:,} lose some,"
            f" {members['same']:,} have the same"
        )
    yield from _not_allowed(draft)


def _not_allowed(draft: dict[str, Any]) -> Iterator[str]:
    failed = draft["notAllowed"]
    for name, words in (
        ("events", "purchases and activities that the draft refuses"),
        ("redemptions", "redemptions that members could not have afforded or asked for"),
        ("corrections", "corrections by staff that would have failed"),
    ):
        if failed[name]:
            yield f"{failed[name]:,} {words}"


def amount(units: int, decimals: int) -> str:
    """Return an amount of smallest units as people read it: 1,234.50."""
    return f"{Decimal(units).scaleb(-decimals):,}"
