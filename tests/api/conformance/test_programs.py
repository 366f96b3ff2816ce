"""What can't be run here is said, and in CI it is a failure."""

from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.support.programs import program

SAID = "^not run: node is not installed; get it with: apt-get install nodejs$"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine without any program to run, or to install one with."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return monkeypatch


@pytest.mark.usefixtures("bare")
def test_what_is_missing_is_skipped_with_the_way_to_get_it() -> None:
    with pytest.raises(Skipped, match=SAID):
        program("node", "nodejs", package="nodejs")


def test_in_ci_it_fails(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CI", "true")
    with pytest.raises(Failed, match=SAID):
        program("node", "nodejs", package="nodejs")
