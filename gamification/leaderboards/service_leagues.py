"""The verbs by which members are seated in cohorts, and rise and fall at the end of a week."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.queries_history import histories
from domain.programmes.rules import Timeline
from gamification.leaderboards import store_leagues as store
from gamification.leaderboards.queries_leagues import NEVER, leagues_at, section_at
from gamification.leaderboards.rules_boards import boards_of
from gamification.leaderboards.rules_close import ends_at, in_time, last_instant
from gamification.leaderboards.rules_leagues import (
    Ended,
    Newcomer,
    ends,
    league_now,
    seats,
    unmoved,
    week_of,
)
from gamification.leaderboards.section_people import Leagues
from gamification.leaderboards.store_leagues import Scored, Week
from kit.calendar import day_start
from kit.db import Session
from kit.facts import Fact, record


async def seat(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int = 5_000
) -> int:
    """Give a seat to those who scored in a week of leagues and have none; 0: all done.

    Looks at up to ``limit`` changes of scores, and returns how many there were. Those whom one
    batch sees are seated in the order of their first score in the week; nobody changes the seat
    afterwards. Nobody is seated in a week before the week before has ended, as nobody knows who
    rises until then, and in weeks that are brought in as history.
    """
    section = section_at(timeline, now)
    leagues = section.leagues if section else None
    if section is None or leagues is None:
        return 0
    board = next(each for each in section.board if each.code == leagues.board)
    for week in await store.weeks(session, brand.id, leagues.board, brand.day(now)):
        number = week_of(week.starts_on)
        if not in_time(brand.zone, week.ends_on, board, week.opened_at):
            continue
        after = await store.lock_week(session, brand.id, week.window_id, number)
        if after is None:
            continue
        changed = await store.scored(session, week.window_id, after, limit)
        if not changed:
            continue
        new = [each for each in changed if each.seats]
        newcomers = await _newcomers(session, brand, timeline, leagues, week, new)
        filling = await store.filling(session, week.window_id)
        seated = seats(leagues.size, filling, newcomers)
        await store.seat(session, now, brand.id, week.window_id, seated, changed[-1].seq)
        return len(changed)
    return 0


async def _newcomers(
    session: Session,
    brand: Brand,
    timeline: Timeline,
    leagues: Leagues,
    week: Week,
    new: Sequence[Scored],
) -> list[Newcomer]:
    ids = [each.member_id for each in new]
    players = await store.players(session, ids)
    first = await _first_scores(session, brand, timeline, leagues.board, week, ids)
    number = week_of(week.starts_on)
    return [
        Newcomer(
            each.member_id,
            league_now(leagues, players.get(each.member_id, NEVER)[0], number),
            first.get(each.member_id, each.reached_at),
        )
        for each in new
    ]


async def _first_scores(
    session: Session,
    brand: Brand,
    timeline: Timeline,
    board: str,
    week: Week,
    member_ids: Sequence[UUID],
) -> dict[UUID, datetime]:
    """Return when each did the first thing in a week that counts, as it is known now."""
    boards = boards_of(timeline, brand)
    since, until = day_start(brand.zone, week.starts_on), ends_at(brand.zone, week.ends_on)
    found: dict[UUID, datetime] = {}
    for member_id, mine in (await histories(session, brand.id, member_ids, since, until)).items():
        for each in mine:
            scorings = boards.scorings_at(each.occurred_at)
            if each.counts and any(one.code == board and one.of(each) > 0 for one in scorings):
                found[member_id] = each.occurred_at
                break
    return found


async def end_week(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, limit: int = 300
) -> int:
    """Let up to ``limit`` cohorts of a brand's frozen week rise and fall; 0: all done.

    Once none is left the week has ended. Each is one transaction that locks the week: a cohort
    moves once, whoever dies on the way. Records the fact LeagueChanged about who rises or falls.
    The programme in force at the week's end says how many; without leagues in it nobody moves.
    """
    week = await store.lock_ending(session, brand.id)
    if week is None:
        return 0
    leagues = leagues_at(timeline, last_instant(brand.zone, week.ends_on))
    over: list[Ended] = []
    told: list[Fact] = []
    standings = await store.standings(session, week.window_id, limit)
    for (league, _), scores in standings.items():
        mine = ends(leagues, league, scores) if leagues else unmoved(league, scores)
        over += mine
        told += [_fact(brand, league, each) for each in mine if each.outcome != "stayed"]
    if over:
        await store.end(session, brand.id, week_of(week.starts_on), week.window_id, over)
        await record(session, now, told)
    else:
        await store.end_week(session, now, week.window_id)
    return 1


def _fact(brand: Brand, league: str, each: Ended) -> Fact:
    what = {"from": league, "to": each.league, "outcome": each.outcome, "place": each.place}
    return Fact(brand.id, "LeagueChanged", str(each.member_id), what)
