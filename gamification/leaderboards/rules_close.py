"""When a window closes, who stands where in it, and who gets which of its prizes."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple
from uuid import UUID

from gamification.leaderboards.section_people import Closing, PlacePrize
from kit.calendar import EARLIEST, day_start
from kit.ids import derived_id

Ranking = Literal["ordinal", "competition", "dense"]


class Place(NamedTuple):
    """A row of a frozen window; ``rank`` is that of the board's kind of ranking."""

    place: int
    entity: UUID
    score: int
    rank: int


class Won(NamedTuple):
    """That somebody gets the prize that is number ``entry`` of the board's prizes."""

    entity: UUID
    entry: int


def ends_at(zone: tzinfo, ends_on: date) -> datetime:
    """Return the instant at which a window is over; ``ends_on`` is the first day after it."""
    return day_start(zone, ends_on)


def last_instant(zone: tzinfo, ends_on: date) -> datetime:
    """Return the instant whose programme says how a window is closed and what its prizes are."""
    return ends_at(zone, ends_on) - timedelta(microseconds=1)


def closes_at(
    zone: tzinfo, ends_on: date, closing: Closing | None, opened_at: datetime = EARLIEST
) -> datetime:
    """Return the instant from which on nothing that is reported late changes a window.

    One that was opened after its end, because history is brought in, has as long from then on.
    """
    return max(ends_at(zone, ends_on), opened_at) + timedelta(hours=_hours(closing))


def in_time(zone: tzinfo, ends_on: date, closing: Closing | None, opened_at: datetime) -> bool:
    """Return whether a window was opened before it was to close, so surely not as history."""
    return opened_at < closes_at(zone, ends_on, closing)


def _hours(closing: Closing | None) -> int:
    return closing.close_after_hours if closing else 0


def ranks(ranking: Ranking, scores: Sequence[int]) -> list[int]:
    """Return the rank of each of ``scores``, which are in the order of the board, the best first.

    ordinal: 1, 2, 3, 4; competition: 1, 2, 2, 4; dense: 1, 2, 2, 3, where the second ties.
    """
    found: list[int] = []
    for number, score in enumerate(scores):
        tied = number > 0 and ranking != "ordinal" and scores[number - 1] == score
        if tied:
            found.append(found[-1])
        elif ranking == "dense":
            found.append(found[-1] + 1 if found else 1)
        else:
            found.append(number + 1)
    return found


def prizes_of(closing: Closing | None, period: str, scope: str) -> list[tuple[int, PlacePrize]]:
    """Return the prizes of a window, each with its number among those of the board."""
    kind = scope.partition(":")[0] or None
    return [
        (number, each)
        for number, each in enumerate(closing.prize if closing else ())
        if each.period == period and each.scope == kind
    ]


def ranks_needed(entries: Iterable[tuple[int, PlacePrize]], disqualified: int) -> int:
    """Return the last rank that can win: somebody moves up for each who is disqualified."""
    return max((each.to_place for _, each in entries), default=-disqualified) + disqualified


def winners(
    ranking: Ranking,
    places: Sequence[Place],
    entries: Sequence[tuple[int, PlacePrize]],
    out: Collection[UUID] = (),
    *,
    move_up: bool = False,
) -> list[Won]:
    """Return who wins what; ``places`` are the first ones, in order, ``out`` the disqualified.

    All who share a rank get the prize of that rank; with ordinal ranks nobody shares one. Who
    scored nothing wins nothing. Nobody moves up to the place of a disqualified one unless
    ``move_up``: then ranks are counted anew without them.
    """
    fair = [each for each in places if each.entity not in out]
    standing = [each.rank for each in fair]
    if move_up:
        standing = ranks(ranking, [each.score for each in fair])
    return [
        Won(each.entity, number)
        for each, rank in zip(fair, standing, strict=True)
        if each.score > 0
        for number, prize in entries
        if prize.from_ <= rank <= prize.to_place
    ]


def prize_id(brand_id: int, window_id: int, won: Won, member_id: UUID) -> UUID:
    """Return by what id a member's prize is known for ever: nobody gets it twice.

    Who wins with a team, ``won.entity``, is another member each time.
    """
    parts = (brand_id, window_id, won.entity, won.entry, member_id)
    return derived_id("board prize", *map(str, parts))


def difference(
    wanted: Collection[UUID], standing: Collection[UUID]
) -> tuple[list[UUID], list[UUID]]:
    """Return the ids of prizes that are to be owed, and of those that are to be undone."""
    return [id_ for id_ in wanted if id_ not in standing], [
        id_ for id_ in standing if id_ not in wanted
    ]
