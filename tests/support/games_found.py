"""What games say by now: read from PostgreSQL and Valkey, put as `games_model` puts it."""

from collections import defaultdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from api.sections import SECTIONS
from domain.programmes import queries as programmes
from gamification.challenges import queries as challenges
from gamification.challenges.queries import ChallengeView
from gamification.leaderboards.rules_places import Page
from gamification.leaderboards.views import Boards
from gamification.streaks.queries import Streak, streaks
from kit.valkey import Nodes
from tests.support.games_model import Key, Place, Window
from tests.support.shop import Shop

_KEPT = (
    "JOIN member m ON m.id = {row}.member_id JOIN member k ON k.id = coalesce(m.merged_into, m.id)"
)
_PLACES = """
SELECT window_id, entity, score, reached_at FROM board_score
WHERE window_id = ANY ($1) AND listed ORDER BY window_id, score DESC, reached_at, entity DESC
"""


async def _rows(shop: Shop, sql: str, *values: object) -> list[Any]:
    async with shop.database.read() as session:
        return await session.fetch(sql, *values)


async def completions(shop: Shop) -> dict[UUID, list[tuple[Key, datetime]]]:
    """Return what members have completed by now, by id."""
    found: dict[UUID, list[tuple[Key, datetime]]] = defaultdict(list)
    for id_, at, *key in await _rows(
        shop,
        "SELECT k.id, reached_at, challenge, window_key, level, round FROM challenge_completion c "
        + _KEPT.format(row="c")
        + " WHERE state = 'living'",
    ):
        found[id_].append((tuple(key), at))
    return found


async def progress(shop: Shop, ids: list[UUID]) -> dict[UUID, dict[str, ChallengeView]]:
    """Return how far members are with each challenge."""
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        now = shop.clock.now()
        found = await challenges.progress(session, now, shop.brand, timeline, ids)
    return {id_: {each.code: each for each in mine} for id_, mine in found.items()}


async def streaks_of(shop: Shop, ids: list[UUID]) -> dict[UUID, dict[str, Streak]]:
    """Return members' streaks by code."""
    async with shop.database.read() as session:
        timeline = await programmes.timeline(session, shop.brand.id, SECTIONS)
        found = await streaks(session, shop.clock.now(), shop.brand, timeline, ids)
    return {id_: {each.code: each for each in mine} for id_, mine in found.items()}


async def milestones(shop: Shop) -> dict[tuple[UUID, str], list[tuple[int, date]]]:
    """Return which lengths stand, each with the period that it was reached with."""
    found: dict[tuple[UUID, str], list[tuple[int, date]]] = defaultdict(list)
    for id_, streak, length, period in await _rows(
        shop,
        "SELECT k.id, streak, length, period FROM streak_milestone s "
        + _KEPT.format(row="s")
        + " WHERE undone_at IS NULL ORDER BY length, period",
    ):
        found[id_, streak].append((length, period))
    return found


async def badges(shop: Shop) -> dict[UUID, list[tuple[str, int, date | None]]]:
    """Return which badges members hold."""
    found: dict[UUID, list[tuple[str, int, date | None]]] = defaultdict(list)
    for id_, *slot in await _rows(
        shop,
        "SELECT k.id, badge, level, period FROM badge_award a "
        + _KEPT.format(row="a")
        + " WHERE revoked_at IS NULL",
    ):
        found[id_].append(tuple(slot))
    return found


async def windows(shop: Shop) -> list[Window]:
    """Return all windows of boards."""
    return [
        Window(*row)
        for row in await _rows(
            shop,
            "SELECT id, board, period, scope, starts_on, ends_on, state, opened_at"
            " FROM board_window ORDER BY id",
        )
    ]


async def teams(shop: Shop) -> dict[str, UUID]:
    """Return the teams there are."""
    return {row["name"]: row["entity"] for row in await _rows(shop, "SELECT * FROM board_team")}


async def places(
    shop: Shop, window_ids: list[int], names: dict[UUID, str]
) -> dict[int, list[Place]]:
    """Return who is on windows, in order."""
    found: dict[int, list[Place]] = {id_: [] for id_ in window_ids}
    for window_id, entity, score, at in await _rows(shop, _PLACES, window_ids):
        found[window_id].append((names[entity], score, at))
    return found


async def results(shop: Shop, names: dict[UUID, str]) -> dict[int, list[Place]]:
    """Return what windows that are frozen say."""
    found: dict[int, list[Place]] = defaultdict(list)
    for window_id, entity, score, at in await _rows(
        shop, "SELECT window_id, entity, score, reached_at FROM board_result ORDER BY 1, place"
    ):
        found[window_id].append((names[entity], score, at))
    return found


async def shown(
    nodes: Nodes, window_ids: list[int], names: dict[UUID, str]
) -> dict[int, list[Place]]:
    """Return what Valkey shows of windows; the board must be live."""
    answers = await Boards(nodes).page([Page(id_, 0, 100) for id_ in window_ids])
    assert {answer.state for answer in answers} <= {"live"}
    return {
        id_: [(names[each.entity], each.score, each.reached_at) for each in answer.places]
        for id_, answer in zip(window_ids, answers, strict=True)
    }


async def paid(shop: Shop) -> dict[tuple[UUID, str], int]:
    """Return how many points of prizes members have, by what they are for."""
    rows = await _rows(
        shop,
        "SELECT k.id, source, sum(amount)::bigint AS points FROM prize_due p "
        + _KEPT.format(row="p")
        + " WHERE p.state = 'paid' AND amount > 0 GROUP BY 1, 2",
    )
    return {(row["id"], row["source"]): row["points"] for row in rows}


async def kept(shop: Shop) -> list[tuple[str, str]]:
    """Return of whom and in which week the prize is paid that stays, once for each."""
    rows = await _rows(
        shop,
        "SELECT m.external_id, window_key FROM challenge_completion c"
        " JOIN member m ON m.id = c.member_id JOIN prize_due p ON p.id = ANY (c.prize_ids)"
        " WHERE challenge = 'keeper' AND p.state = 'paid' AND m.erased_at IS NULL",
    )
    return [tuple(row) for row in rows]
