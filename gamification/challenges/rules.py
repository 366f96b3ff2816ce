"""What of challenges is written down, and what must change of it, as values."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain.brands.rules import Brand
from gamification.challenges.rules_challenge import Part, reached_on
from gamification.challenges.rules_compile import Plan
from kit.calendar import day_start

State: TypeAlias = Literal["living", "kept", "undone"]
_STATES: tuple[State, ...] = ("living", "kept", "undone")


class Key(NamedTuple):
    """What a completion is of: the ``round``-th time of a level in a window, by a member."""

    member_id: UUID
    challenge: str
    window: str
    level: str
    round: int


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion as it is written down (see `models.ChallengeCompletionRow`)."""

    id: UUID
    key: Key
    version_id: int
    reached_at: datetime
    points: int
    state: State
    prize_ids: tuple[UUID, ...]


class Bar(NamedTuple):
    """A bar that is shared, of a challenge in a window; ``team`` "": everyone's."""

    challenge: str
    window: str
    team: str


class Mark(NamedTuple):
    """That a bar reached a level on a day, None: fallen again, by the terms of a version."""

    bar: Bar
    level: str
    version_id: int
    reached_on: date | None


class Share(NamedTuple):
    """What a member did of a part of a bar."""

    member_id: UUID
    challenge: str
    part: Part
    done: int


class Changes(NamedTuple):
    """What must change of the completions that are written down."""

    new: dict[Key, datetime]
    again: dict[Key, datetime]
    moved: dict[Key, datetime]
    fallen: list[Completion]


def compare(known: Collection[Completion], wanted: Mapping[Key, datetime]) -> Changes:
    """Return what must change so that the ``wanted`` ones, with when they were reached, live.

    Of several of one key, which only who was two members before can have, one may live.
    """
    changes = Changes({}, {}, {}, [])
    there = standing_for(known)
    for key, at in wanted.items():
        before = there.get(key)
        if before is None:
            changes.new[key] = at
        elif before.state != "living":
            changes.again[key] = at
        elif before.reached_at != at:
            changes.moved[key] = at
    for each in known:
        stays = each.key in wanted and there[each.key].id == each.id
        if each.state == "living" and not stays:
            changes.fallen.append(each)
    return changes


def standing_for(known: Iterable[Completion]) -> dict[Key, Completion]:
    """Return the one that stands for its key: one that lives, else one that is kept, if any."""
    found: dict[Key, Completion] = {}
    for each in known:
        other = found.get(each.key)
        if other is None or _STATES.index(each.state) < _STATES.index(other.state):
            found[each.key] = each
    return found


def filled(
    before: Collection[Share], now: Collection[Share]
) -> tuple[list[Share], dict[tuple[str, Part], int]]:
    """Return the shares to write, and by how much each part of a bar changes.

    A share that is gone is written with 0.
    """
    # A share has one team: who has another one now takes all of it along.
    old = {_place(each): each for each in before}
    new = {_place(each): each for each in now}
    rows = [each for place, each in new.items() if old.get(place) != each]
    rows += [each._replace(done=0) for place, each in old.items() if place not in new and each.done]
    changes: dict[tuple[str, Part], int] = {}
    for sign, shares in ((-1, before), (1, now)):
        for each in shares:
            where = each.challenge, each.part
            changes[where] = changes.get(where, 0) + sign * each.done
    return rows, {where: change for where, change in changes.items() if change}


def marks_of(plan: Plan, bar: Bar, done: Mapping[int, Mapping[date, int]]) -> dict[str, Mark]:
    """Return the levels that a bar has reached, by code; ``done`` is by version and day.

    What the terms of one stretch reached counts, whatever later ones say.
    """
    found: dict[str, Mark] = {}
    for stretch in plan.stretches.get(bar.challenge, ()):
        if stretch.challenge.shared and stretch.version_id in done:
            days = reached_on(stretch.challenge, done[stretch.version_id])
            for level, day in days.items():
                found.setdefault(level, Mark(bar, level, stretch.version_id, day))
    return found


def shared_completions(
    plan: Plan, brand: Brand, shares: Iterable[Share], marks: Iterable[Mark]
) -> dict[Key, datetime]:
    """Return what members have completed of bars that are full, and when.

    That is on the day of the brand on which the bar was full and the member had done enough.
    """
    mine: dict[tuple[UUID, Bar, int], dict[date, int]] = {}
    for share in shares:
        part = share.part
        bar = Bar(share.challenge, part.window, part.team)
        days = mine.setdefault((share.member_id, bar, part.version_id), {})
        days[part.day] = days.get(part.day, 0) + share.done
    full: dict[tuple[Bar, int], list[Mark]] = {}
    for mark in marks:
        full.setdefault((mark.bar, mark.version_id), []).append(mark)
    starts = {
        (code, each.version_id): each for code, many in plan.stretches.items() for each in many
    }
    found: dict[Key, datetime] = {}
    for (member_id, bar, version_id), done in mine.items():
        stretch = starts[bar.challenge, version_id]
        enough = _enough_on(done, stretch.challenge.contribution)
        for mark in full.get((bar, version_id), ()):
            if enough is not None and mark.reached_on is not None:
                start = day_start(brand.zone, max(enough, mark.reached_on))
                key = Key(member_id, bar.challenge, bar.window, mark.level, 1)
                found[key] = max(start, stretch.start)
    return found


def _place(share: Share) -> tuple[object, ...]:
    part = share.part
    return share.member_id, share.challenge, part.version_id, part.window, part.day


def _enough_on(done: Mapping[date, int], least: int) -> date | None:
    total = 0
    for day in sorted(done):
        total += done[day]
        if total >= least:
            return day
    return None
