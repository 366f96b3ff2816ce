"""Bad purchases are refused with a stable code and the place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.earning.rules import Activity, Line, Purchase
from domain.earning.rules_check import check, check_activity

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
GOOD = Purchase("e1", "m1", NOW, "USD", (Line(199), Line(0)), "app", "Malmö 1")


def test_a_good_purchase_passes() -> None:
    assert check(GOOD, "USD", NOW) is None


def test_the_edges_pass() -> None:
    edge = replace(
        GOOD,
        external_id="x" * 200,
        occurred_at=NOW + timedelta(hours=24),
        lines=tuple(Line(10**12, quantity=quantity) for quantity in [0, 10**9] * 5),
    )
    assert check(edge, "USD", NOW) is None
    first = replace(GOOD, occurred_at=datetime(1970, 1, 1, tzinfo=UTC), lines=(Line(0),) * 2_000)
    assert check(first, "USD", NOW) is None


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"external_id": ""}, "EXTERNAL_ID_EMPTY", "external_id"),
        ({"external_id": " "}, "EXTERNAL_ID_EMPTY", "external_id"),
        ({"external_id": "x" * 201}, "EXTERNAL_ID_TOO_LONG", "external_id"),
        ({"external_id": "a\x00b"}, "TEXT_UNPRINTABLE", "external_id"),
        ({"member": ""}, "MEMBER_EMPTY", "member"),
        ({"member": "m\ud800"}, "TEXT_UNPRINTABLE", "member"),
        ({"store": "x" * 10_000_000}, "TEXT_TOO_LONG", "store"),
        ({"channel": "a\nb"}, "TEXT_UNPRINTABLE", "channel"),
        ({"currency": "XYZ"}, "CURRENCY_UNKNOWN", "currency"),
        ({"currency": ""}, "CURRENCY_UNKNOWN", "currency"),
        ({"currency": "EUR"}, "CURRENCY_MISMATCH", "currency"),
        ({"occurred_at": NOW.replace(tzinfo=None)}, "DATE_WITHOUT_ZONE", "occurred_at"),
        ({"occurred_at": datetime(1, 1, 1, tzinfo=UTC)}, "DATE_TOO_EARLY", "occurred_at"),
        ({"occurred_at": NOW + timedelta(hours=24, seconds=1)}, "DATE_IN_FUTURE", "occurred_at"),
        ({"lines": (Line(1),) * 2_001}, "TOO_MANY_LINES", "lines"),
        ({"lines": (Line(10**12),) * 11}, "PURCHASE_TOO_LARGE", "lines"),
        ({"lines": (Line(1), Line(-1))}, "AMOUNT_NEGATIVE", "lines.1.amount"),
        ({"lines": (Line(10**30),)}, "AMOUNT_TOO_LARGE", "lines.0.amount"),
        ({"lines": (Line(1, discount=-1),)}, "DISCOUNT_NEGATIVE", "lines.0.discount"),
        ({"lines": (Line(1, discount=10**13),)}, "DISCOUNT_TOO_LARGE", "lines.0.discount"),
        ({"lines": (Line(1, quantity=-1),)}, "QUANTITY_OUT_OF_RANGE", "lines.0.quantity"),
        ({"lines": (Line(1, sku="\x1f"),)}, "TEXT_UNPRINTABLE", "lines.0.sku"),
        ({"lines": (Line(1, category="x" * 201),)}, "TEXT_TOO_LONG", "lines.0.category"),
    ],
)
def test_a_bad_purchase_is_refused(changes: dict[str, Any], code: str, path: str) -> None:
    error = check(replace(GOOD, **changes), "USD", NOW)
    assert error is not None
    assert (error.code, ".".join(error.path)) == (code, path)
    assert error.message.startswith(path)


def visit(**changes: Any) -> Activity:
    return Activity(**({"external_id": "a1", "member": "m1", "kind": "visit"} | WHEN | changes))


WHEN: dict[str, Any] = {"occurred_at": NOW}


def test_a_good_activity_passes() -> None:
    assert check_activity(visit(), NOW) is None
    edge = visit(
        amount=10**12,
        channel="app",
        store="s1",
        attributes={f"a{index}": value for index, value in enumerate([2**53, -(2**53), 0.5, True])}
        | {f"b{index}": "x" * 200 for index in range(46)},
    )
    assert check_activity(edge, NOW) is None


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"external_id": " "}, "EXTERNAL_ID_EMPTY", "external_id"),
        ({"member": ""}, "MEMBER_EMPTY", "member"),
        ({"kind": "\t"}, "KIND_EMPTY", "kind"),
        ({"kind": "purchase"}, "KIND_RESERVED", "kind"),
        ({"kind": "redemption"}, "KIND_RESERVED", "kind"),
        ({"kind": "adjustment"}, "KIND_RESERVED", "kind"),
        ({"external_id": "x" * 201}, "EXTERNAL_ID_TOO_LONG", "external_id"),
        ({"kind": "x" * 201}, "TEXT_TOO_LONG", "kind"),
        ({"member": "m\x00"}, "TEXT_UNPRINTABLE", "member"),
        ({"store": "a\nb"}, "TEXT_UNPRINTABLE", "store"),
        ({"occurred_at": NOW.replace(tzinfo=None)}, "DATE_WITHOUT_ZONE", "occurred_at"),
        ({"occurred_at": NOW + timedelta(hours=25)}, "DATE_IN_FUTURE", "occurred_at"),
        ({"amount": -1}, "AMOUNT_OUT_OF_RANGE", "amount"),
        ({"amount": 10**12 + 1}, "AMOUNT_OUT_OF_RANGE", "amount"),
        (
            {"attributes": dict.fromkeys(map(str, range(51)), 1)},
            "TOO_MANY_ATTRIBUTES",
            "attributes",
        ),
        ({"attributes": {" ": 1}}, "ATTRIBUTE_UNUSABLE", "attributes"),
        ({"attributes": {"x" * 201: 1}}, "TEXT_TOO_LONG", "attributes"),
        ({"attributes": {"a": "\x1f"}}, "TEXT_UNPRINTABLE", "attributes.a"),
        ({"attributes": {"a": "x" * 201}}, "TEXT_TOO_LONG", "attributes.a"),
        ({"attributes": {"a": 2**53 + 1}}, "ATTRIBUTE_UNUSABLE", "attributes.a"),
        ({"attributes": {"a": float("nan")}}, "ATTRIBUTE_UNUSABLE", "attributes.a"),
        ({"attributes": {"a": float("-inf")}}, "ATTRIBUTE_UNUSABLE", "attributes.a"),
    ],
)
def test_a_bad_activity_is_refused(changes: dict[str, Any], code: str, path: str) -> None:
    error = check_activity(visit(**changes), NOW)
    assert error is not None
    assert (error.code, ".".join(error.path)) == (code, path)
    assert error.message.startswith(path)
