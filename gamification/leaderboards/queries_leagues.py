"""Where members stand in their leagues, and what became of their weeks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from gamification.leaderboards import store_leagues as store
from gamification.leaderboards.rules_leagues import Outcome, Player, ends, league_now, week_of
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.section_people import Leagues
from kit.calendar import period_start
from kit.db import Session

# Who is not on the board is seen by nobody else, and is behind all who are.
_COHORTS = """
WITH mine AS (
    SELECT t.member_id, t.window_id, t.league, t.cohort FROM league_seat t
    JOIN league_week w ON w.window_id = t.window_id AND w.ended_at IS NULL
    WHERE t.brand_id = $1 AND t.member_id = ANY ($2)
)
SELECT m.member_id, m.window_id, m.league, m.cohort, w.ends_on, t.member_id,
       coalesce(s.score, 0), s.entity IS NOT NULL
FROM mine m
JOIN board_window w ON w.id = m.window_id
JOIN league_seat t ON t.window_id = m.window_id AND t.league = m.league AND t.cohort = m.cohort
LEFT JOIN board_score s ON s.window_id = t.window_id AND s.entity = t.member_id AND s.listed
ORDER BY m.member_id, s.entity IS NULL, s.score DESC, s.reached_at, s.entity DESC, t.member_id
"""


NEVER = (Player(None, None), False)
"""What holds for who never played and never left."""


class _Row(NamedTuple):
    window_id: int
    league: str
    cohort: int
    ends_on: date
    entity: UUID
    score: int
    listed: bool


class Seated(NamedTuple):
    """A member of a cohort; ``outcome`` is what would come of the week if it ended now."""

    entity: UUID
    place: int
    score: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Standing:
    """In which league a member plays, and the cohort of this week, the first place first.

    ``promote`` of a cohort rise, ``relegate`` fall. Without a score in a week there is no cohort:
    ``window_id``, ``cohort`` and ``ends_on``, the first day after the week, are None then.
    """

    league: str
    away: bool
    promote: int
    relegate: int
    window_id: int | None = None
    cohort: int | None = None
    ends_on: date | None = None
    rows: tuple[Seated, ...] = ()


@dataclass(frozen=True, slots=True)
class PastWeek:
    """What became of a member's week in a league."""

    window_id: int
    starts_on: date
    league: str
    cohort: int
    place: int
    outcome: Outcome


def section_at(timeline: Timeline, instant: datetime) -> LeaderboardsSection | None:
    """Return what a brand says of boards at an instant, None if nothing."""
    programme = timeline.at(instant)
    return programme.document.find(LeaderboardsSection) if programme else None


def leagues_at(timeline: Timeline, instant: datetime) -> Leagues | None:
    """Return the leagues that a brand has at an instant, None if it has none."""
    section = section_at(timeline, instant)
    return section.leagues if section else None


async def standings(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    member_ids: Collection[UUID],
) -> dict[UUID, Standing]:
    """Return where these members stand, all of them if the brand has leagues. Two statements.

    A week whose late reports still count is shown until it has ended.
    """
    leagues = leagues_at(timeline, now)
    if leagues is None:
        return {}
    players = await store.players(session, member_ids)
    cohorts: dict[UUID, list[_Row]] = {}
    for member_id, *row in await session.fetch(_COHORTS, brand.id, list(member_ids)):
        cohorts.setdefault(member_id, []).append(_Row(*row))
    week = week_of(period_start("week", brand.day(now)))
    found = {}
    for member_id in member_ids:
        player, away = players.get(member_id, NEVER)
        rows = cohorts.get(member_id, [])
        league = rows[0].league if rows else league_now(leagues, player, week)
        found[member_id] = _standing(leagues, member_id, league, rows, away=away)
    return found


def _standing(
    leagues: Leagues,
    member_id: UUID,
    league: str,
    rows: Sequence[_Row],
    *,
    away: bool,
) -> Standing:
    rules = {each.code: each for each in leagues.league}.get(league, leagues.league[0])
    alone = Standing(rules.code, away, rules.promote, rules.relegate)
    if not rows:
        return alone
    listed = {row.entity: row.score for row in rows if row.listed or row.entity == member_id}
    over = ends(leagues, league, [(row.entity, row.score) for row in rows])
    return replace(
        alone,
        window_id=rows[0].window_id,
        cohort=rows[0].cohort,
        ends_on=rows[0].ends_on,
        rows=tuple(
            Seated(each.member_id, each.place, listed[each.member_id], each.outcome)
            for each in over
            if each.member_id in listed
        ),
    )


async def past_weeks(
    session: Session, brand_id: int, member_ids: Collection[UUID], first: int
) -> dict[UUID, list[PastWeek]]:
    """Return up to ``first`` weeks of each of these members that have ended, newest first."""
    rows = await session.fetch(
        "SELECT m.id AS member_id, t.* FROM unnest($2::uuid[]) AS m(id) CROSS JOIN LATERAL ("
        " SELECT t.window_id, w.starts_on, t.league, t.cohort, t.place, t.outcome"
        " FROM league_seat t JOIN board_window w ON w.id = t.window_id"
        " WHERE t.brand_id = $1 AND t.member_id = m.id AND t.outcome IS NOT NULL"
        " ORDER BY w.starts_on DESC LIMIT $3) AS t",
        brand_id,
        list(member_ids),
        first,
    )
    found: dict[UUID, list[PastWeek]] = {member_id: [] for member_id in member_ids}
    for member_id, *week in rows:
        found[member_id].append(PastWeek(*week))
    return found
