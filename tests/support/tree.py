"""What the project consists of, for tests that read it instead of running it."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "gamification", "partners", "domain", "kit", "migrations")
_PASSED_BY = {"node_modules", "__generated__", "__pycache__"}


@cache
def files(*suffixes: str, below: tuple[str, ...] = ("",)) -> list[Path]:
    """Return our own files that end in one of ``suffixes``, sorted, hidden folders left out."""
    return sorted(
        path for place in below for path in _walk(ROOT / place) if path.suffix in suffixes
    )


def shown(path: Path) -> str:
    """Return ``path`` as seen from the root of the project."""
    return path.relative_to(ROOT).as_posix()


def _walk(place: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(place):
        folders[:] = [n for n in folders if not n.startswith(".") and n not in _PASSED_BY]
        yield from (Path(folder, name) for name in names)
