"""What all measurements print: progress on standard error, markdown on standard output."""

import os
import statistics
import sys
from collections.abc import Sequence


def progress(text: str) -> None:
    """Show what is being measured; one line, rewritten on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text[:100]}")
    else:
        sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def done() -> None:
    """Take the progress line away."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")


def load() -> str:
    """Return how busy the machine is: runnable processes over one, five and fifteen minutes."""
    return "load " + " ".join(f"{value:.1f}" for value in os.getloadavg())


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a markdown table."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return the median and, in brackets, the smallest and the largest."""
    if not values:
        return "-"
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:,.{digits}f}"
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} - {max(values):,.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Return the median over the rounds of ours by theirs, each pair measured one after other."""
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=False) if other]
    return statistics.median(pairs) if pairs else None


def verdict(name: str, value: float | None, bar: float, *, most: bool = False) -> str:
    """Return a line that says whether a bar is met; ``most``: the bar is an upper one."""
    if value is None:
        return f"- {name}: not measured"
    met = value <= bar if most else value >= bar
    sign = "<=" if most else ">="
    shown = f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    return f"- {name}: {shown} (bar {sign} {bar:,g}): {'met' if met else 'MISSED'}"
