"""Answers in parts (`@defer`), in the form of the draft: pending, incremental, completed."""

from typing import Any

from graphql.execution import (
    InitialIncrementalExecutionResult,
    SubsequentIncrementalExecutionResult,
)

from api.errors import ERRORS_MAX, shown

Part = InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult


def told(part: Part) -> dict[str, Any]:
    """Return a part of an answer as a client may see it: with its errors masked."""
    content: dict[str, Any] = {**part.formatted}
    if isinstance(part, InitialIncrementalExecutionResult):
        _mask(content, part)
        return content
    for name in ("incremental", "completed"):
        for shown_item, item in zip(content.get(name, ()), getattr(part, name) or (), strict=True):
            _mask(shown_item, item)
    return content


def _mask(content: dict[str, Any], result: Any) -> None:
    if result.errors:
        content["errors"] = [shown(error) for error in result.errors[:ERRORS_MAX]]
