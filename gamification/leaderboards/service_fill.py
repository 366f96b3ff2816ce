"""The verbs that fill boards: when a version changes them, and as rolling windows come.

Each does a part of it and remembers how far it has come. The caller has the lock of scores.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Programme, Timeline
from gamification.leaderboards import store_fill, store_windows
from gamification.leaderboards import store_scores as store
from gamification.leaderboards.rules_boards import Boards, Shape
from gamification.leaderboards.rules_scores import WHOLE_BRAND, base_scope
from gamification.leaderboards.rules_windows import ROLLING_KEPT_DAYS, rolling_span
from gamification.leaderboards.service_persons import Table, listed_in, table_of
from gamification.leaderboards.service_scores import Told, count
from gamification.leaderboards.store_fill import Fill
from gamification.leaderboards.store_windows import Key
from kit.db import Session


async def fill(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int
) -> int:
    """Count anew, for up to ``limit`` members, what a version of the programme has changed.

    Of every version the days since it is in force: something may have been dated ahead. If it
    changes how a board counts or whom it lists, the board's windows are filling until all
    members are counted, from the first version that had boards. Returns how many members were
    counted. 0: all done.
    """
    table = table_of(now, brand, timeline)
    version = table.boards.version_at(now)
    if version is None:
        return 0
    before = await store_fill.load(session, brand.id)
    state = _state(table, version, before)
    if before is None or before.version_id != version.version_id:
        seasons = {each for shape in table.shapes.values() for each in shape.spans.seasons}
        await store_windows.fill_again(session, brand.id, state.boards, seasons)
    members: list[UUID] = []
    if not state.done:
        members = await store_fill.members_after(session, brand.id, state.after, limit)
    if members:
        filling = replace(table, filling=state.boards)
        told = Told(whole=members)
        await count(session, filling, told, since=state.since, again=state.boards)
        state = replace(state, after=members[-1])
    else:
        state = replace(state, boards=(), after=None, done=True)
    if state != before:
        await store_fill.write(session, brand.id, state)
    return len(members)


def _state(table: Table, version: Programme, before: Fill | None) -> Fill:
    """Return how far a fill is that suits the version in force."""
    said = {code: shape.said for code, shape in table.shapes.items()}
    since = version.effective_from
    if before is None:
        return Fill(version.version_id, said, (), _begin(table.boards), None, not table.boards)
    if before.version_id == version.version_id:
        return before
    boards = {code for code, shape in table.shapes.items() if _changed(shape, before.shapes)}
    if boards:
        since = _begin(table.boards)
    if not before.done:
        boards |= set(before.boards)
        since = min(since, before.since)
    return Fill(version.version_id, said, sorted(boards), since, None, not table.boards)


def _changed(shape: Shape, before: Mapping[str, str]) -> bool:
    # A version may say otherwise how tiers are reached, of which nothing tells.
    known = before.get(shape.code)
    return known is not None and (known != shape.said or shape.tiers)


def _begin(boards: Boards) -> datetime:
    """Return since when there are boards."""
    starts = zip(boards.programmes, boards.scorings, strict=True)
    return next(
        (each.effective_from for each, scorings in starts if scorings),
        boards.programmes[0].effective_from,
    )


async def open_rolling(session: Session, now: datetime, brand: Brand, timeline: Timeline) -> int:
    """Open the rolling windows that end today and tomorrow, where they are not there.

    They are filled from days until they are shown, so that at midnight another one is current and
    nothing has to be counted. Returns how many were opened.
    """
    table = table_of(now, brand, timeline)
    days = {
        each.code: table.shapes[each.code].spans.rolling_days
        for each in table.boards.scorings_at(now)
    }
    rolling = {code: count for code, count in days.items() if count is not None}
    if not rolling:
        return 0
    since = table.today - timedelta(days=ROLLING_KEPT_DAYS)
    scopes = await store_windows.rolling_scopes(session, brand.id, list(rolling), since)
    lasts = (table.today, table.today + timedelta(days=1))
    keys: list[Key] = [
        (board, scope, rolling_span(rolling[board], last))
        for board, scope in sorted({*scopes, *((code, WHOLE_BRAND) for code in rolling)})
        for last in lasts
    ]
    there = await store_windows.find(session, brand.id, keys)
    known = {(each.board, each.scope, each.span.name) for each in there}
    missing = [key for key in keys if (*key[:2], key[2].name) not in known]
    if missing:
        filling = [(key, "filling") for key in missing]
        await store_windows.open_(session, now, brand.id, filling)
    return len(missing)


async def fill_window(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int
) -> int:
    """Fill a window for up to ``limit`` entities; return how many, 0: none is filling."""
    found = await store_windows.to_fill(session, brand.id)
    if found is None:
        return 0
    window, after = found
    table = table_of(now, brand, timeline)
    shape = table.shapes.get(window.board)
    base = base_scope(window.scope)
    entities = await store_windows.fillers(session, window, base, after, limit) if shape else []
    if entities and shape:
        pairs = await listed_in(session, table, [(window, each) for each in entities])
        await store.put_scores(session, shape.keep, pairs)
    done = len(entities) < limit
    await store_windows.filled_to(session, window.id, None if done else entities[-1])
    return max(1, len(entities))
