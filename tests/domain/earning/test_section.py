"""Faults of the earning section that need more than one setting."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from domain.earning.section import EarningSection


def faults(**window: Any) -> list[tuple[str | int, ...]]:
    section = EarningSection(
        points="1",
        per="1",
        rounding="floor",
        base="after_discount",
        multiplier=[{"name": "m", "factor": "2"} | window],
    )
    return [path for path, _ in section.faults({})]


DAY = date(2026, 5, 1)
INSTANT = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "end", "faulty"),
    [
        (DAY, date(2026, 5, 2), False),
        (DAY, DAY, True),
        (INSTANT, INSTANT, True),
        (INSTANT, INSTANT.replace(hour=1), False),
        # A day and an instant can only be compared in the brand's time zone.
        (INSTANT, DAY, False),
        (DAY, INSTANT, False),
        (None, DAY, False),
        (DAY, None, False),
    ],
)
def test_a_window_without_length_is_a_fault(
    start: date | None, end: date | None, *, faulty: bool
) -> None:
    window = {key: value for key, value in (("from", start), ("until", end)) if value}
    assert faults(**window) == ([("multiplier", 0, "until")] if faulty else [])


@pytest.mark.parametrize("moment", ["2026-05-01", 20260501, INSTANT.replace(tzinfo=None)])
def test_what_is_no_moment_is_refused(moment: object) -> None:
    with pytest.raises(ValidationError):
        faults(**{"from": moment})
