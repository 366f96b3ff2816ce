"""Programs that tests need from outside: found, installed where we may, or said to be missing."""

import os
import shutil
import subprocess
from typing import NoReturn

import pytest


def program(*names: str, package: str) -> str:
    """Return the path of the first of ``names`` that is installed.

    As root a missing one is installed from the system's ``package``. Otherwise the tests that
    ask for it are skipped with the reason; in CI they fail.
    """
    found = _found(names)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(package)
        found = _found(names)
    if found is None:
        missing(f"{names[0]} is not installed; get it with: apt-get install {package}")
    return found


def missing(reason: str) -> NoReturn:
    """Skip what can't be run here for ``reason``; in CI that is a failure."""
    message = f"not run: {reason}"
    if "CI" in os.environ:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def _found(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


def _install(package: str) -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "--yes", "--no-install-recommends", package)):
        # What fails is told by the program that is still not there.
        subprocess.run(
            ["apt-get", "--quiet", *command], env=quiet, check=False, capture_output=True
        )
