"""The verb that counts scores anew for those to whom something happened.

Days are counted from what is known of them now, windows from their days: nothing is added to
what was there. So it makes no difference how often, how late and in which order it is told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from domain.earning.queries_history import histories
from domain.earning.rules_history import Happening
from gamification.leaderboards import store_scores as store
from gamification.leaderboards import store_windows
from gamification.leaderboards.queries_scores import Window
from gamification.leaderboards.rules_scores import (
    Completed,
    counted,
    day_scores,
    team_id,
)
from gamification.leaderboards.rules_windows import Span, clusters, spans_known, spans_on
from gamification.leaderboards.section_parts import Kept
from gamification.leaderboards.service_persons import Crowd, Table, crowd_of
from gamification.leaderboards.store_scores import LAST_DAY, DayRow, Moved, Stretch
from gamification.leaderboards.store_windows import Key
from kit.calendar import EARLIEST, day_end, day_start
from kit.db import Session

CLUSTERS_MAX = 4
"""Histories are loaded for so many stretches of days at most, two statements each."""


@dataclass(frozen=True)
class Told:
    """Whom something happened to: on which ``days``; who may have come, gone or moved.

    Of ``people`` only where they are listed may have changed, of ``whole`` everything.
    """

    days: Mapping[UUID, Collection[date]] = field(default_factory=dict)
    people: Collection[UUID] = ()
    whole: Collection[UUID] = ()


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
    if not table.shapes or not (told.days or told.people or told.whole):
        return 0
    crowd = await crowd_of(session, table, {*told.days, *told.people, *told.whole})
    told = _by_now(told, crowd)
    moved = await _put_days(session, table, crowd, told, since)
    anew = {*told.people, *told.whole}
    moved += await _move_teams(session, table, crowd, anew)
    moved += await _put_teams(session, table, moved)
    scores = _Scores(table, crowd)
    days = {day for mine in told.days.values() for day in mine}
    scores.add((each, each.day in days) for each in moved)
    codes = set(table.shapes if again is None else table.shapes.keys() & set(again))
    if anew and codes:
        more = await store.days_of(session, table.brand.id, codes, anew)
        scores.add((each, False) for each in more)
        there = await store_windows.of_entities(session, table.brand.id, codes, anew)
        scores.look_at(there)
    return await scores.put(session)


def _by_now(told: Told, crowd: Crowd) -> Told:
    """Return what was told, of who those members are by now; of who was merged all goes."""
    days: dict[UUID, set[date]] = {}
    whole = set()
    for member_id, kept in crowd.kept.items():
        days.setdefault(kept, set()).update(told.days.get(member_id, ()))
        if member_id in told.whole:
            whole |= {member_id, kept}
        if member_id != kept:
            whole.add(member_id)
    people = {crowd.kept[each] for each in told.people if each in crowd.kept}
    days = {kept: mine for kept, mine in days.items() if mine and kept not in whole}
    return Told(days, people, whole)


async def _put_days(
    session: Session, table: Table, crowd: Crowd, told: Told, since: datetime
) -> list[Moved]:
    history = await _histories(session, table, told, since)
    first = table.brand.day(since)
    days = [day for mine in told.days.values() for day in mine]
    start = day_start(table.brand.zone, min([*days, *([first] if told.whole else [])]))
    completed: Mapping[UUID, list[Completed]] = {}
    if table.boards.challenges:
        completed = await store.completed(session, table.brand.id, list(history), start)
    rows: list[DayRow] = []
    teams: dict[UUID, str] = {}
    for member_id, happenings in history.items():
        done = completed.get(member_id, ())
        wanted = told.days.get(member_id)
        for code, counts in counted(table.boards, table.brand, happenings, done).items():
            shape = table.shapes.get(code)
            if shape is None:
                continue
            name = crowd.team(shape, member_id)
            team = None if name is None else team_id(table.brand.id, name)
            if team is not None and name is not None:
                teams[team] = name
            rows += (
                DayRow(code, member_id, day, scope, *score, team)
                for (day, scope), score in day_scores(shape, counts, wanted).items()
            )
    stretches = [Stretch(each, first, LAST_DAY) for each in told.whole]
    stretches += [Stretch(each, day, day) for each, mine in told.days.items() for day in mine]
    await store.name_teams(session, table.brand.id, teams)
    return await store.put_days(session, table.brand.id, list(table.shapes), stretches, rows)


async def _histories(
    session: Session, table: Table, told: Told, since: datetime
) -> dict[UUID, list[Happening]]:
    """Return what is known of the days that are to be counted, and of some days between."""
    zone, brand_id = table.brand.zone, table.brand.id
    found: dict[UUID, list[Happening]] = {each: [] for each in told.days}
    if told.whole:
        start = day_start(zone, table.brand.day(since))
        found |= await histories(session, brand_id, list(told.whole), start)
    every = [day for mine in told.days.values() for day in mine]
    for first, last in clusters(every, CLUSTERS_MAX):
        asked = [
            each for each, mine in told.days.items() if any(first <= day <= last for day in mine)
        ]
        stretch = day_start(zone, first), day_end(zone, last)
        for member_id, mine in (await histories(session, brand_id, asked, *stretch)).items():
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
        self._days: list[tuple[str, str, UUID, date]] = []
        self._pairs: dict[Kept, dict[tuple[int, UUID], bool]] = {}

    def add(self, days: Iterable[tuple[Moved, bool]]) -> None:
        """Add the windows of days; ``True``: open those too that are over and not there."""
        for each, over in days:
            for scope in self._scopes(each):
                key = each.board, scope, each.day
                self._asked[key] = over or self._asked.get(key, False)
                self._days.append((each.board, scope, each.entity, each.day))

    def look_at(self, there: Iterable[tuple[Window, UUID]]) -> None:
        """Add windows in which members have rows."""
        for window, member_id in there:
            shape = self._table.shapes[window.board]
            listed = self._crowd.lists(shape, window, member_id)
            self._pairs.setdefault(shape.keep, {})[window.id, member_id] = listed

    async def put(self, session: Session) -> int:
        """Count them anew; return how many have changed."""
        windows = await _windows(session, self._table, self._asked)
        for board, scope, entity, day in self._days:
            pairs = self._pairs.setdefault(self._table.shapes[board].keep, {})
            for window in windows.get((board, scope), ()):
                if window.span.holds(day):
                    pairs[window.id, entity] = self._crowd.present(window, entity)
        return sum(
            [await store.put_scores(session, keep, pairs) for keep, pairs in self._pairs.items()]
        )

    def _scopes(self, day: Moved) -> Collection[str]:
        shape = self._table.shapes[day.board]
        if day.entity not in self._crowd.people:
            return (day.scope,)
        # On a board of teams a member has days, but is in no window.
        mine = self._crowd.scopes(shape, day.entity) if shape.team is None else ()
        return (day.scope,) if mine and day.scope else mine


async def _windows(
    session: Session, table: Table, asked: Mapping[tuple[str, str, date], bool]
) -> dict[tuple[str, str], list[Window]]:
    """Return the windows that take scores and hold any of these days; open those missing."""
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
    if missing:
        states = ((key, _state(table, key)) for key in missing)
        found += await store_windows.open_(session, table.now, table.brand.id, states)
    by_scope: dict[tuple[str, str], list[Window]] = {}
    for window in found:
        if window.state in ("filling", "open"):
            by_scope.setdefault((window.board, window.scope), []).append(window)
    return by_scope


def _state(table: Table, key: Key) -> str:
    board, _, span = key
    return "filling" if span.period == "rolling" or board in table.filling else "open"
