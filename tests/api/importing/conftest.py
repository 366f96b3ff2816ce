"""What the tests of the import share."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from api.importing.shape import Item
from tests.support.purchase_files import read_text


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., list[Item]]:
    """Write a content to a file and read it."""
    return partial(read_text, tmp_path)
