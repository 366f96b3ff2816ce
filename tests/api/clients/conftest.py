"""What every example needs: its packages."""

from pathlib import Path

import pytest

from tests.support.node import with_modules
from tests.support.served import CLIENTS


@pytest.fixture(scope="session")
def clients() -> Path:
    """The folder of the examples, with their packages installed."""
    return with_modules(CLIENTS)
