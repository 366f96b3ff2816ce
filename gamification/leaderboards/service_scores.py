"""The verb that counts scores anew for those to whom something happened.

Days are counted from what is known of them now, windows from their days: nothing is added to
what was there. So it makes no difference how often, how late and in which order it is told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID

from domain.earning.queries_history import histories
from domain.earning.rules_history import Happening
from gamification.leaderboards import store_scores as store
from gamification.leaderboards import store_windows
from gamification.leaderboards.queries_scores import Window
from gamification.leaderboards.rules_scores import (
    Completed,
    Counted,
    counted,
    day_scores,
    team_id,
)
from gamification.leaderboards.rules_windows import Span, clusters, spans_known, spans_on
from gamification.leaderboards.section_parts import Kept
from gamification.leaderboards.service_persons import Crowd, Table, crowd_of, listed_in
from gamification.leaderboards.store_scores import LAST_DAY, DayRow, Moved, Stretch
from gamification.leaderboards.store_windows import Key
from kit.calendar import EARLIEST, day_end, day_start
from kit.db import Session

CLUSTERS_MAX = 4
"""Histories are loaded for so many stretches of days at most, two statements each."""
OTHERS_MAX = 5_000
"""A new window in which so many did something before is filled later, part by part."""


@dataclass(frozen=True)
class Told:
    """Whom something happened to: on which ``days``; who may have come, gone or moved.

    Of ``people`` only where they are listed may have changed, of ``completed`` only what
    challenges they completed, of ``whole`` everything.
    """

    days: Mapping[UUID, Collection[date]] = field(default_factory=dict)
    people: Collection[UUID] = ()
    completed: Collection[UUID] = ()
    whole: Collection[UUID] = ()

    @property
    def members(self) -> set[UUID]:
        """All of them."""
        return {*self.days, *self.people, *self.completed, *self.whole}


async def count(
    session: Session,
    table: Table,
    told: Told,
    *,
    since: datetime = EARLIEST,
    again: Collection[str] | None = None,
) -> int:
    """Count anew what was told; return how many scores have changed.

    The caller has the lock (`store_scores.lock`). Of ``whole`` the days from ``since`` on are
    counted anew; their windows of the boards ``again`` (None: all), whether or not a day has
    changed. A constant number of statements for each way in which boards keep scores.
    """
    if not table.shapes or not told.members:
        return 0
    days = {day for mine in told.days.values() for day in mine}
    crowd = await crowd_of(session, table, told.members)
    told = _by_now(table, told, crowd)
    there, moved = await _put_done(session, table, crowd, told, since)
    more, moved_more = await _put_completed(session, table, crowd, told)
    moved += moved_more
    anew = {*told.people, *told.whole}
    moved += await _move_teams(session, table, crowd, anew)
    moved += await _put_teams(session, table, moved)
    scores = _Scores(table, crowd)
    scores.ask(each for each in (*there, *more) if each.day in days)
    scores.add((each, each.day in days) for each in moved)
    codes = set(table.shapes if again is None else table.shapes.keys() & set(again))
    if anew and codes:
        every = await store.days_of(session, table.brand.id, codes, anew)
        scores.add((each, False) for each in every)
        scores.look_at(await store_windows.of_entities(session, table.brand.id, codes, anew))
    return await scores.put(session)


def _by_now(table: Table, told: Told, crowd: Crowd) -> Told:
    """Return what was told, of who those members are by now; of who was merged all goes."""
    completed = set(told.completed) if table.boards.challenges else set()
    whole = set(told.whole)
    if not table.boards.challenges_only:
        whole, completed = whole | completed, set()
    merged = {id_: kept for id_, kept in crowd.kept.items() if id_ != kept}
    whole = {*(each for each in whole if each in crowd.kept), *merged}
    whole |= {crowd.kept[each] for each in told.whole if each in crowd.kept}
    days: dict[UUID, set[date]] = {}
    for member_id, mine in told.days.items():
        kept = crowd.kept.get(member_id)
        if kept is not None and kept not in whole:
            days.setdefault(kept, set()).update(mine)
    return Told(
        days,
        people={crowd.kept[each] for each in told.people if each in crowd.kept},
        completed={crowd.kept[each] for each in completed if each in crowd.kept} - whole,
        whole=whole,
    )


async def _put_done(
    session: Session, table: Table, crowd: Crowd, told: Told, since: datetime
) -> tuple[list[DayRow], list[Moved]]:
    """Write what was done on the days that are to be counted; return it, and what has changed."""
    if not told.days and not told.whole:
        return [], []
    first = table.brand.day(since)
    stretches = [Stretch(each, first, LAST_DAY) for each in told.whole]
    stretches += [Stretch(each, day, day) for each, mine in told.days.items() for day in mine]
    history = await _histories(session, table, told, since)
    done: Mapping[UUID, list[Completed]] = {}
    if table.boards.challenges:
        start = day_start(table.brand.zone, min(each.first_day for each in stretches))
        done = await store.completed(session, table.brand.id, list(history), start)
    counts = {
        id_: counted(table.boards, table.brand, mine, done.get(id_, ()))
        for id_, mine in history.items()
    }
    return await _put(session, table, crowd, (list(table.shapes), stretches), counts, told.days)


async def _put_completed(
    session: Session, table: Table, crowd: Crowd, told: Told
) -> tuple[list[DayRow], list[Moved]]:
    """Write which challenges members completed; return it, and what has changed."""
    if not told.completed:
        return [], []
    done = await store.completed(session, table.brand.id, told.completed, EARLIEST)
    first = table.brand.day(EARLIEST)
    stretches = [Stretch(each, first, LAST_DAY) for each in told.completed]
    counts = {id_: counted(table.boards, table.brand, (), mine) for id_, mine in done.items()}
    asked = list(table.boards.challenges), stretches
    return await _put(session, table, crowd, asked, counts, {})


async def _put(
    session: Session,
    table: Table,
    crowd: Crowd,
    asked: tuple[Collection[str], Collection[Stretch]],
    counts: Mapping[UUID, Mapping[str, Sequence[Counted]]],
    days: Mapping[UUID, Collection[date]],
) -> tuple[list[DayRow], list[Moved]]:
    """Write the scores of ``asked`` boards and stretches; of ``days`` only where they are given."""
    rows: list[DayRow] = []
    teams: dict[UUID, str] = {}
    for member_id, mine in counts.items():
        for code, each in mine.items():
            shape = table.shapes.get(code)
            if shape is None:
                continue
            name = crowd.team(shape, member_id)
            team = None if name is None else team_id(table.brand.id, name)
            if team is not None and name is not None:
                teams[team] = name
            rows += (
                DayRow(code, member_id, day, scope, *score, team)
                for (day, scope), score in day_scores(shape, each, days.get(member_id)).items()
            )
    await store.name_teams(session, table.brand.id, teams)
    return rows, await store.put_days(session, table.brand.id, *asked, rows)


async def _histories(
    session: Session, table: Table, told: Told, since: datetime
) -> dict[UUID, list[Happening]]:
    """Return what is known of the days that are to be counted, and of some days between."""
    zone, brand_id = table.brand.zone, table.brand.id
    load = partial(histories, lines=table.boards.asks_lines)
    found: dict[UUID, list[Happening]] = {each: [] for each in told.days}
    if told.whole:
        start = day_start(zone, table.brand.day(since))
        found |= await load(session, brand_id, list(told.whole), start)
    every = [day for mine in told.days.values() for day in mine]
    for first, last in clusters(every, CLUSTERS_MAX):
        asked = [
            each for each, mine in told.days.items() if any(first <= day <= last for day in mine)
        ]
        stretch = day_start(zone, first), day_end(zone, last)
        for member_id, mine in (await load(session, brand_id, asked, *stretch)).items():
            found[member_id] += mine
    return found


async def _move_teams(
    session: Session, table: Table, crowd: Crowd, member_ids: Collection[UUID]
) -> list[Moved]:
    """Let all days of members count for the teams that they are in by now."""
    names = {
        (code, member_id): crowd.team(shape, member_id)
        for code, shape in table.shapes.items()
        for member_id in member_ids
        if table.boards.teams
    }
    if not names:
        return []
    brand_id = table.brand.id
    ids = {key: None if name is None else team_id(brand_id, name) for key, name in names.items()}
    teams = {ids[key]: name for key, name in names.items()}
    named = {id_: name for id_, name in teams.items() if id_ is not None and name is not None}
    await store.name_teams(session, brand_id, named)
    return await store.move(session, brand_id, ids)


async def _put_teams(session: Session, table: Table, moved: Iterable[Moved]) -> list[Moved]:
    asked: dict[Kept, set[tuple[str, UUID, date]]] = {}
    for each in moved:
        for team in (each.before, each.after):
            if team is not None:
                keep = table.shapes[each.board].keep
                asked.setdefault(keep, set()).add((each.board, team, each.day))
    found = []
    for keep, days in asked.items():
        found += await store.put_teams(session, table.brand.id, keep, days)
    return found


class _Scores:
    """Which scores are to be counted anew: those of the windows that hold days."""

    def __init__(self, table: Table, crowd: Crowd) -> None:
        self._table = table
        self._crowd = crowd
        # Whether a window that is over may be opened for it.
        self._asked: dict[tuple[str, str, date], bool] = {}
        self._days: list[tuple[Moved, str, bool]] = []
        self._pairs: dict[Kept, dict[tuple[int, UUID], bool]] = {}

    def add(self, days: Iterable[tuple[Moved, bool]]) -> None:
        """Add the windows of days; ``True``: open those too that are over and not there."""
        for each, over in days:
            for scope, listed in self._scopes(each):
                key = each.board, scope, each.day
                self._asked[key] = over or self._asked.get(key, False)
                self._days.append((each, scope, listed))

    def ask(self, rows: Iterable[DayRow]) -> None:
        """Have the windows of days opened that are not there, though nothing may have changed.

        Where members are counted anew as a whole, before what they did is told, none is opened.
        """
        for row in rows:
            entity = row.entity if row.team is None else row.team
            for scope, _ in self._scopes(Moved(row.board, entity, row.day, row.scope, None, None)):
                self._asked[row.board, scope, row.day] = True

    def look_at(self, there: Iterable[tuple[Window, UUID]]) -> None:
        """Add windows in which members have rows."""
        for window, member_id in there:
            shape = self._table.shapes[window.board]
            self._of(window)[window.id, member_id] = self._crowd.lists(shape, window, member_id)

    async def put(self, session: Session) -> int:
        """Count them anew; return how many have changed."""
        found, opened = await _windows(session, self._table, self._asked)
        holding = _holding(found, self._asked)
        for each, scope, listed in self._days:
            for window in holding.get((each.board, scope, each.day), ()):
                present = listed and self._crowd.present(window, each.entity)
                self._of(window)[window.id, each.entity] = present
        await self._add_others(session, opened)
        return sum(
            [await store.put_scores(session, keep, pairs) for keep, pairs in self._pairs.items()]
        )

    async def _add_others(self, session: Session, opened: Sequence[Window]) -> None:
        """Add to new windows who did something there that was no reason to open them then."""
        if not opened:
            return
        there = await store_windows.found_in(session, opened, OTHERS_MAX)
        rows = [
            (window, entity)
            for window in opened
            for entity in there[window.id]
            if (window.id, entity) not in self._of(window)
        ]
        too_many = [id_ for id_, entities in there.items() if len(entities) >= OTHERS_MAX]
        await store_windows.fill_later(session, too_many)
        if rows:
            listed = await listed_in(session, self._table, rows)
            for window, entity in rows:
                self._of(window)[window.id, entity] = listed[window.id, entity]

    def _of(self, window: Window) -> dict[tuple[int, UUID], bool]:
        return self._pairs.setdefault(self._table.shapes[window.board].keep, {})

    def _scopes(self, day: Moved) -> Sequence[tuple[str, bool]]:
        """Return the scopes of a day's windows, and whether its entity is listed there."""
        shape = self._table.shapes[day.board]
        if day.entity not in self._crowd.people:
            return ((day.scope, True),)
        if shape.team is not None:
            # On a board of teams a member has days, but is in no window.
            return ()
        mine = self._crowd.scopes(shape, day.entity)
        if day.scope or not mine:
            return ((day.scope, bool(mine)),)
        return [(scope, True) for scope in mine]


def _holding(
    windows: Iterable[Window], days: Iterable[tuple[str, str, date]]
) -> dict[tuple[str, str, date], list[Window]]:
    """Return the windows that hold each of these days of boards and scopes."""
    by_scope: dict[tuple[str, str], list[tuple[Window, Span]]] = {}
    for window in windows:
        by_scope.setdefault((window.board, window.scope), []).append((window, window.span))
    return {
        (board, scope, day): [
            window for window, span in by_scope.get((board, scope), ()) if span.holds(day)
        ]
        for board, scope, day in days
    }


async def _windows(
    session: Session, table: Table, asked: Mapping[tuple[str, str, date], bool]
) -> tuple[list[Window], list[Window]]:
    """Return the windows that take scores and hold any of these days; open those missing.

    Of the second list are those that were opened now, without the rolling ones.
    """
    keys: set[Key] = set()
    wanted: dict[tuple[str, str, Span], None] = {}
    today = table.today
    known = {
        day: spans_known(table.boards.rolling, table.boards.seasons, day, today)
        for _, _, day in asked
    }
    for (board, scope, day), over in asked.items():
        keys.update((board, scope, span) for span in known[day])
        for span in spans_on(table.shapes[board].spans, day, today):
            if over or span.ends_on is None or span.ends_on > today:
                wanted[board, scope, span] = None
    found = await store_windows.find(session, table.brand.id, keys) if keys else []
    there = {(each.board, each.scope, each.span.name) for each in found}
    missing = [key for key in wanted if (*key[:2], key[2].name) not in there]
    opened: list[Window] = []
    if missing:
        states = ((key, _state(table, key)) for key in missing)
        opened = await store_windows.open_(session, table.now, table.brand.id, states)
    live = [each for each in found if each.state in ("filling", "open")]
    return [*live, *opened], [each for each in opened if each.period != "rolling"]


def _state(table: Table, key: Key) -> str:
    board, _, span = key
    return "filling" if span.period == "rolling" or board in table.filling else "open"
