"""Run measurements: `python -m bench` runs all, `python -m bench NAME [options]` one of them."""

import argparse
import ast
import os
import subprocess
import sys
from pathlib import Path

NAMES = (
    "ledger",
    "purchases",
    "growth",
    "programmes",
    "simulate",
    "codes",
    "boards",
    "scores",
    "live",
    "valkey-lost",
    "page",
    "jobs",
    "api",
    "soak",
)


def _module(name: str) -> str:
    return name.replace("-", "_")


def main() -> int:
    """Run what is named, or everything with its defaults."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure speed; tables are printed in markdown."
    )
    parser.add_argument("name", nargs="?", choices=NAMES, help="left out: all of them")
    parser.add_argument("--list", action="store_true", help="say what there is and end")
    if sys.argv[1:] and sys.argv[1] in NAMES:
        # In this process, so that a signal reaches who must clean up.
        command = [sys.executable, "-m", f"bench.{_module(sys.argv[1])}", *sys.argv[2:]]
        os.execv(sys.executable, command)  # noqa: S606 - our own module, no shell
    options = parser.parse_args()
    if options.list:
        for name in NAMES:
            text = ast.get_docstring(ast.parse((here / f"{_module(name)}.py").read_text())) or ""
            print(f"{name:12} {text.splitlines()[0]}")
        return 0
    worst = 0
    for name in NAMES:
        print(f"## {name}\n", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{_module(name)}"], check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
