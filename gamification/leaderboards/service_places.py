"""Lets the prizes of frozen windows be those that follow from their results."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.queries_history import histories
from domain.members import queries as members
from domain.programmes.rules import Timeline
from gamification.leaderboards import store_close as store
from gamification.leaderboards.rules_close import (
    Won,
    closes_at,
    difference,
    ends_at,
    in_time,
    last_instant,
    prize_id,
    prizes_of,
    ranks_needed,
    winners,
)
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.section_parts import Board
from gamification.leaderboards.store_close import Awarded, Window
from gamification.prizes import service as prizes
from gamification.prizes.service import Due
from kit.calendar import day_start
from kit.db import Session


class _Prized(NamedTuple):
    """A frozen window that has prizes, with its board as it was at its end."""

    window: Window
    board: Board


def board_of(brand: Brand, timeline: Timeline, window: Window) -> Board | None:
    """Return a window's board as the programme in force at the window's end has it."""
    programme = timeline.at(last_instant(brand.zone, window.ends_on))
    section = programme.document.find(LeaderboardsSection) if programme else None
    boards = section.board if section else ()
    return next((each for each in boards if each.code == window.board), None)


async def settle(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    windows: Sequence[Window],
) -> None:
    """Owe the prizes that follow from the results of locked windows, undo those that don't.

    The results are written. What is owed and stands already is left as it is.
    """
    prized = [
        _Prized(window, board)
        for window in windows
        if (board := board_of(brand, timeline, window))
        and prizes_of(board, window.period, window.scope)
    ]
    if not prized:
        return
    won = await _won(session, prized)
    wanted = await _awarded(session, brand, prized, won)
    for id_ in await _brought_in(session, brand, prized, wanted.values()):
        del wanted[id_]
    ids = [each.window.id for each in prized]
    owed, undone = difference(wanted, await store.standing(session, ids))
    if undone:
        await prizes.undo(session, now, brand, timeline, undone, "disqualified")
        await store.undo(session, now, undone)
    if owed:
        known = {each.window.id: each for each in prized}
        dues = [_due(now, brand, known[wanted[id_].window_id], wanted[id_]) for id_ in owed]
        await prizes.owe(session, now, brand, timeline, dues)
        await store.award(session, brand.id, [wanted[id_] for id_ in owed])


async def _won(session: Session, prized: Sequence[_Prized]) -> dict[int, list[Won]]:
    """Return who wins what in each window."""
    entries = {window.id: prizes_of(board, window.period, window.scope) for window, board in prized}
    out = {window_id: set[UUID]() for window_id in entries}
    for window_id, entity in await store.disqualified(session, list(entries)):
        out[window_id].add(entity)
    needed = {
        window_id: ranks_needed(mine, len(out[window_id])) for window_id, mine in entries.items()
    }
    places = await store.first_places(session, needed)
    return {
        window.id: winners(
            board.rank, places[window.id], entries[window.id], out[window.id], move_up=board.move_up
        )
        for window, board in prized
    }


async def _awarded(
    session: Session,
    brand: Brand,
    prized: Sequence[_Prized],
    won: Mapping[int, Sequence[Won]],
) -> dict[UUID, Awarded]:
    """Return the prizes by id: what a team wins is one for each of its people."""
    of_teams = {window.id for window, board in prized if board.of == "teams"}
    teams = {(id_, each.entity) for id_ in of_teams for each in won[id_]}
    # Who won with a team is known from the freeze on: nobody wins or loses by changing teams.
    people = await store.winners_with(session, teams)
    people |= await store.people_of(session, brand.id, teams - people.keys())
    found: dict[UUID, Awarded] = {}
    for window_id, mine in won.items():
        for each in mine:
            alone = [] if window_id in of_teams else [each.entity]
            for member_id in people.get((window_id, each.entity), alone):
                id_ = prize_id(brand.id, window_id, each, member_id)
                found[id_] = Awarded(id_, window_id, each, member_id)
    return found


async def _brought_in(
    session: Session,
    brand: Brand,
    prized: Sequence[_Prized],
    awarded: Iterable[Awarded],
) -> list[UUID]:
    """Return the prizes of windows of which nothing was reported until they were to close.

    Else a single report long after a week would win it, and so would history that is brought in.
    A window that was opened late may have been in time: whoever counts scores was away.
    """
    late = {
        each.window.id: each
        for each in prized
        if not in_time(brand.zone, each.window.ends_on, each.board, each.window.opened_at)
    }
    mine: dict[int, list[Awarded]] = {}
    for each in awarded:
        if each.window_id in late:
            mine.setdefault(each.window_id, []).append(each)
    found = []
    for window_id, prizes_there in mine.items():
        window, board = late[window_id]
        end = ends_at(brand.zone, window.ends_on)
        who = await members.kept(session, brand.id, [each.member_id for each in prizes_there])
        start = day_start(brand.zone, window.starts_on)
        done = await histories(session, brand.id, list(set(who.values())), start, end)
        until = closes_at(brand.zone, window.ends_on, board)
        if not any(each.recorded_at < until for all_ in done.values() for each in all_):
            found += [each.id for each in prizes_there]
    return found


def _due(now: datetime, brand: Brand, prized: _Prized, each: Awarded) -> Due:
    return Due(
        each.id,
        each.member_id,
        f"board:{prized.window.board}",
        prized.board.prize[each.won.entry],
        ends_at(brand.zone, prized.window.ends_on),
        now + timedelta(days=prized.board.hold_days),
    )
