"""Node for tests: the program itself, and the packages of a lock, installed once.

A changed ``package.json`` needs its lock written anew: ``python -m tests.support.node FOLDER``.
"""

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import missing, program
from tests.support.tree import ROOT

VERSION_MIN = 18
SECONDS_MAX = 120
_STAMP = ".installed"


def node(
    script: Path,
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] = {},
) -> subprocess.CompletedProcess[str]:
    """Run a script to its end, in its folder unless told another, and return what came of it."""
    return subprocess.run(
        [_node(), str(script), *arguments],
        cwd=cwd or script.parent,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def script(
    folder: Path, name: str, environment: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """Run a script of a folder's ``package.json`` to its end and return what came of it."""
    return subprocess.run(
        [_npm(), "run", "--silent", name],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def with_modules(folder: Path) -> Path:
    """Return ``folder`` with the packages of its lock installed."""
    with _alone():
        version = _version(_node())
        lock = (folder / "package-lock.json").read_bytes()
        wanted = f"{hashlib.sha256(lock).hexdigest()} for node {version}\n"
        stamp = folder / "node_modules" / _STAMP
        if not stamp.exists() or stamp.read_text() != wanted:
            done = subprocess.run(
                [_npm(), "ci", "--prefer-offline", "--no-progress", "--loglevel=error"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"npm ci failed in {folder}:\n{done.stderr}"
            stamp.write_text(wanted)
    return folder


def relock(folder: Path, *options: str) -> None:
    """Write the lock of a folder's packages anew, without any address."""
    subprocess.run([_npm(), "install", "--package-lock-only", *options], cwd=folder, check=True)
    file = folder / "package-lock.json"
    lock = json.loads(file.read_text())
    for package in lock["packages"].values():
        for name in ("deprecated", "funding", "resolved"):
            package.pop(name, None)
    file.write_text(json.dumps(lock, indent=2) + "\n")


def _node() -> str:
    return program("node", "nodejs", package="nodejs")


def _npm() -> str:
    return program("npm", package="npm")


def _version(path: str) -> int:
    told = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"v(\d+)", told)
    version = int(found[1]) if found else 0
    if version < VERSION_MIN:
        missing(f"node {VERSION_MIN} or later is needed, {path} is {told.strip()}")
    return version


@contextmanager
def _alone() -> Iterator[None]:
    """Keep two test runs from installing into one folder at a time."""
    place = ROOT / ".laurel" / "node.lock"
    place.parent.mkdir(exist_ok=True)
    with place.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    relock(Path(sys.argv[1]), *sys.argv[2:])
