"""What every suite needs: its packages."""

from pathlib import Path

import pytest

from tests.support.node import with_modules
from tests.support.tree import ROOT


@pytest.fixture(scope="session")
def suites() -> Path:
    """The folder of the suites, with their packages installed."""
    return with_modules(ROOT / "tests" / "api" / "conformance")
