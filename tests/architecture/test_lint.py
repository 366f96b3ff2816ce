"""Clock, ids and chance are banned outside their two files; each exception has its reason."""

import re
import subprocess
import sys

import pytest

from tests.support.tree import ROOT

BANNED = [
    "import datetime; datetime.date.today()",
    "from datetime import UTC, datetime; datetime.now(UTC)",
    "from datetime import datetime; datetime.utcnow()",
    "from datetime import datetime; datetime.today()",
    "import time; time.time()",
    "from time import time_ns",
    "import os; os.urandom(8)",
    "import random; random.random()",
    "from random import shuffle",
    "import secrets",
    "import uuid; uuid.uuid1()",
    "from uuid import uuid4",
]


def banned(path: str, code: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--select=TID251", f"--stdin-filename={path}", "-"],
        cwd=ROOT,
        input=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr.replace("Found 1 error.", "").strip(), done.stderr
    return "TID251" in done.stdout


@pytest.mark.parametrize("code", BANNED)
def test_time_and_chance_are_parameters(code: str) -> None:
    assert banned("domain/ledger/service.py", code)
    assert banned("tests/flows/test_anything.py", code)


def test_the_two_exceptions_and_a_seeded_shuffle() -> None:
    assert not banned("kit/clock.py", "from datetime import UTC, datetime; datetime.now(UTC)")
    assert not banned("kit/ids.py", "import secrets")
    assert not banned("tests/flows/test_anything.py", "from random import Random")
    assert not banned("kit/db.py", "import time; time.monotonic()")


def test_each_check_left_out_has_its_reason() -> None:
    lint = (ROOT / "pyproject.toml").read_text().partition("[tool.ruff.lint]")[2]
    codes = re.findall(
        r'^  "[A-Z]+\d*",.*$', lint.partition("[tool.ruff.lint.pydoc")[0], re.MULTILINE
    )
    assert len(codes) > 1
    assert not [line for line in codes if not re.search(r" # (see [A-Z]|\w.{9})", line)]
