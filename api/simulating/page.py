"""(to come)"""

from typing import Any


def page(numbers: dict[str, Any]) -> str:
    return "x"
