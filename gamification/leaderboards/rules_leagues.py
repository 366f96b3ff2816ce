"""Who plays in which cohort of which league, and who rises and falls at the end of a week."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from gamification.leaderboards.section_people import Leagues

Outcome = Literal["promoted", "stayed", "relegated"]

_FIRST_MONDAY = date(1970, 1, 5)
_WEEK_DAYS = 7


class Player(NamedTuple):
    """In which league a member is after ``week``, the last one played; None: never played."""

    league: str | None
    week: int | None


class Newcomer(NamedTuple):
    """Somebody who scored for the first time in a week, at ``first_at``."""

    member_id: UUID
    league: str
    first_at: datetime


class Filling(NamedTuple):
    """The cohort of a league that is being filled: its number, from 1 on, and who sits in it."""

    cohort: int
    seated: int


class Seat(NamedTuple):
    """Where a member plays a week."""

    member_id: UUID
    league: str
    cohort: int


class Ended(NamedTuple):
    """What came of a member's week, and the league of the next one."""

    member_id: UUID
    place: int
    outcome: Outcome
    league: str


def week_of(monday: date) -> int:
    """Return the number of the week that begins on ``monday``, counted from January 1970."""
    return (monday - _FIRST_MONDAY).days // _WEEK_DAYS


def league_now(leagues: Leagues, player: Player, week: int) -> str:
    """Return in which league a member plays in ``week``.

    New members, and those whose league is no more, are in the lowest. Each ``fall_after_weeks``
    whole weeks in which a member did not play since the last one cost a league.
    """
    codes = [each.code for each in leagues.league]
    if player.league not in codes or player.week is None:
        return codes[0]
    idle = max(0, week - player.week - 1)
    falls = idle // leagues.fall_after_weeks if leagues.fall_after_weeks else 0
    return codes[max(0, codes.index(player.league) - falls)]


def seats(size: int, filling: Mapping[str, Filling], newcomers: Sequence[Newcomer]) -> list[Seat]:
    """Seat newcomers in the cohorts that are being filled, in order of their first score.

    At one instant the smaller id is first. A full cohort is closed, and the next one opened.
    """
    last = dict(filling)
    found = []
    for each in sorted(newcomers, key=lambda one: (one.first_at, one.member_id)):
        cohort, seated = last.get(each.league, Filling(1, 0))
        if seated >= size:
            cohort, seated = cohort + 1, 0
        last[each.league] = Filling(cohort, seated + 1)
        found.append(Seat(each.member_id, each.league, cohort))
    return found


def ends(leagues: Leagues, league: str, scores: Sequence[tuple[UUID, int]]) -> list[Ended]:
    """Return what came of a cohort; ``scores`` are in the order of the board, the best first.

    The first ``promote`` rise, but nobody without a score; of the others those among the last
    ``relegate`` fall. A league that is no more counts as the lowest.
    """
    codes = [each.code for each in leagues.league]
    index = codes.index(league) if league in codes else 0
    rules = leagues.league[index]
    found = []
    for place, (member_id, score) in enumerate(scores, start=1):
        outcome: Outcome = "stayed"
        if place <= rules.promote and score > 0 and index + 1 < len(codes):
            outcome = "promoted"
        elif place > max(rules.promote, len(scores) - rules.relegate) and index > 0:
            outcome = "relegated"
        move = {"promoted": 1, "stayed": 0, "relegated": -1}[outcome]
        found.append(Ended(member_id, place, outcome, codes[index + move]))
    return found


def unmoved(league: str, scores: Sequence[tuple[UUID, int]]) -> list[Ended]:
    """Return that nobody of a cohort rises or falls: the brand gave its leagues up."""
    return [
        Ended(member_id, place, "stayed", league)
        for place, (member_id, _) in enumerate(scores, start=1)
    ]
