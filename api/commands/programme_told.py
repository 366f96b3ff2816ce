"""What a person reads of a plan and of a programme's versions."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from api.planning import Ending, Plan, Share
from domain.programmes.rules_difference import Difference

NOTES = {
    "brand": "the brand is shown otherwise from now on",
    "enrolment": "who becomes a member changes for purchases from then on",
    "points": "points earned from then on wait and end by the new rule; earlier ones as told below",
    "earning": "purchases and activities from then on earn otherwise; what was earned stays",
    "tiers": "tiers are judged by the new ladders from then on; what was before stays",
    "rewards": "who asks from then on asks of the new catalogue; what was asked for before stays",
    "referrals": "codes named from then on count by the new terms",
    "gifts": "members give from then on within the new bounds",
    "badges": "what is done from then on is awarded by the new rules; what was awarded stays",
    "streaks": "periods from then on are kept by the new terms; freezes stay",
    "challenges": "challenges that change begin anew from then on; what was completed stays",
    "leaderboards": "what is done from then on counts by the new rules; frozen windows stay",
    "households": "who enters or spends from then on does so by the new terms; nobody has to leave",
}


@contextmanager
def member_bar(description: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """Show a bar on a terminal's stderr once what is yielded is told how many members come."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:

        def begun(total: int) -> Callable[[int], None]:
            task: TaskID = bar.add_task(description, total=total)
            return lambda members: bar.advance(task, members)

        yield begun


def asked(question: str) -> bool:
    """Ask on a terminal; without one nobody can answer, and it is as if yes."""
    return not has_terminal() or typer.confirm(question, err=True)


def has_terminal() -> bool:
    """Whether somebody sits there who reads and can answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def changes(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield a line for each difference."""
    for each in differences:
        yield f"  {each.describe()}"


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield what a plan says, line by line."""
    start = plan.effective_from.isoformat()
    if plan.unchanged:
        yield f"{plan.brand}: unchanged, already version {plan.version_id}, in force from {start}"
        return
    if plan.version_id is None:
        yield f"{plan.brand}: a new brand, from {start}"
        yield from changes(plan.differences)
        return
    count = len(plan.differences)
    yield f"{plan.brand}: {_counted(count, 'difference')} from version {plan.version_id}"
    yield from changes(plan.differences)
    yield f"From {start}, for {_counted(plan.members, 'member')}:"
    sections = dict.fromkeys(each.path.partition(".")[0] for each in plan.differences)
    for section in sections:
        yield f"  {section}: {NOTES[section]}"
    yield from _effects(plan)


def _effects(plan: Plan) -> Iterator[str]:
    for move in plan.moves:
        verb, way = _verb("move", move.members), {"up": " up", "down": " down"}
        told = f"{_counted(move.members, 'member')} {verb}{way.get(move.direction, '')}"
        yield f"  {move.ladder}: {told}, {move.before} → {move.after}"
    ladders: dict[str, list[Share]] = {}
    for share in plan.shares:
        ladders.setdefault(share.ladder, []).append(share)
    for code, shares in ladders.items():
        if any(share.before != share.after for share in shares):
            told = ", ".join(f"{each.tier} {each.before:,} → {each.after:,}" for each in shares)
            yield f"  {code}: {told}"
        else:
            yield f"  {code}: no member has another tier"
    for each in plan.benefits:
        counts = [("get", each.gained), ("lose", each.lost)]
        verbs = (f"{_counted(n, 'member')} {_verb(verb, n)} it" for verb, n in counts if n)
        yield f"  {each.benefit}: {', '.join(verbs)}"
    for word, ending in (("earlier", plan.ends_earlier), ("later", plan.ends_later)):
        if ending.lots:
            yield f"  {_ended(ending)} {word}"
    if not plan.ends_earlier.lots and not plan.ends_later.lots:
        yield "  no points earned so far end at another time"


def _ended(ending: Ending) -> str:
    told = f"{_counted(ending.lots, 'lot')} of {_counted(ending.members, 'member')}"
    return f"{told} {_verb('end', ending.lots)}"


def _verb(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
