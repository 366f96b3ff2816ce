"""Short ways to write a file and read it back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.importing.mapping import Mapping
from api.importing.reading import open_purchases
from api.importing.shape import Item, Read, Reject
from domain.earning.rules import Purchase

Reader = Callable[..., list[Item]]

HEADER = "purchase_id,member_id,occurred_at,amount\n"


def read_all(path: Path, mapping: Mapping | None = None, **options: Any) -> list[Item]:
    """Read a file of a brand that takes US dollars."""
    opened = open_purchases(path, "auto", mapping or Mapping(), "USD", 2, **options)
    return [item for items in opened for item in items]


def read_text(
    folder: Path,
    content: str | bytes,
    name: str = "file.csv",
    mapping: Mapping | None = None,
    **options: Any,
) -> list[Item]:
    """Write ``content`` to a file called ``name`` and read it."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_all(path, mapping, **options)


def faults(items: list[Item]) -> list[tuple[int, str, str]]:
    """Return line, external id and code of each reject."""
    return [(each.line, each.external_id, each.code) for each in items if isinstance(each, Reject)]


def purchases(items: list[Item]) -> list[Purchase]:
    """Return the purchases that were read."""
    return [each.purchase for each in items if isinstance(each, Read)]


def names(items: list[Item]) -> list[str]:
    """Return the ids of the purchases that were read."""
    return [each.external_id for each in purchases(items)]
