"""What readers of boards are told."""

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID

import pytest
import redis.asyncio

from gamification.leaderboards.rules_keys import Element, root_key
from gamification.leaderboards.rules_places import Answer, Page, merged, placed
from gamification.leaderboards.showing import Shower
from gamification.leaderboards.views import PLACES_MAX, Boards
from kit.db import Database
from kit.valkey import Call, Nodes
from tests.gamification.leaderboards.test_showing import dense
from tests.support.boards import Change, change, entity, rows_of, shown, truth, window

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


async def test_pages_ranks_and_neighbours(database: Database, nodes: Nodes) -> None:
    board = await window(database, "dense")
    random_ = random.Random(1)
    await change(database, board, [Change(n, random_.randrange(25), n % 9) for n in range(200)])
    await shown(Shower(database, nodes, dense=dense))
    expected = await truth(database, board)
    boards = Boards(nodes)
    asked = [Page(board, first, count) for first, count in ((0, 3), (7, 20), (195, 20), (300, 5))]
    for page, answer in zip(asked, await boards.page(asked), strict=True):
        wanted = expected[page.first : page.first + page.count]
        assert rows_of(answer, dense=True) == wanted
        assert (answer.state, answer.size, answer.off_by) == ("live", 200, 0)
    for rank in (0, 2, 100, 198, 199):
        answer = await boards.around(board, expected[rank][0], 4)
        assert rows_of(answer, dense=True) == expected[max(rank - 4, 0) : rank + 5]
        place = answer.place(expected[rank][0])
        assert place is not None
        assert (place.ordinal, answer.percent(place)) == (
            rank + 1,
            -(-100 * expected[rank][4] // 200),
        )
    some = [row[0] for row in random_.sample(expected, 30)]
    answer = await boards.ranks(board, [*some, entity(999)])
    assert rows_of(answer, dense=True) == [
        next(row for row in expected if row[0] == each) for each in some
    ]
    friends = await boards.among(board, some)
    assert rows_of(friends, dense=True) == [row for row in expected if row[0] in some]
    assert (await boards.ranks(board, [])).size == 200
    nobody = await boards.around(board, entity(999), 4)
    assert (nobody.state, nobody.places, nobody.place(entity(999))) == ("live", (), None)


async def test_an_answer_says_which_version_it_is(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    shower, boards = Shower(database, nodes), Boards(nodes)
    for score in (1, 2):
        await change(database, board, [Change(1, score)])
        await shown(shower)
        async with database.read() as session:
            head = await session.value("SELECT head FROM board_window WHERE id = $1", board)
        (answer,) = await boards.sizes([board])
        assert (answer.state, answer.version, answer.size) == ("live", head, 1)


async def test_no_answer_has_more_places_than_it_may(database: Database, nodes: Nodes) -> None:
    board = await window(database)
    await change(database, board, [Change(n, n) for n in range(PLACES_MAX + 50)])
    await shown(Shower(database, nodes))
    (answer,) = await Boards(nodes).page([Page(board, 0, 10**6)])
    assert len(answer.places) == PLACES_MAX
    everybody = [entity(n) for n in range(PLACES_MAX + 50)]
    assert len((await Boards(nodes).among(board, everybody)).places) == PLACES_MAX


async def test_questions_of_one_moment_go_together(
    database: Database, nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = await window(database)
    await change(database, board, [Change(1, 1)])
    await shown(Shower(database, nodes))
    boards = Boards(nodes)
    pipelines: list[int] = []
    home = nodes.node(b"x")
    real = home.ask

    async def counted(calls: list[Call], seconds: float) -> list[object]:
        pipelines.append(len(calls))
        return await real(calls, seconds)

    monkeypatch.setattr(home, "ask", counted)

    await asyncio.gather(*(boards.around(board, entity(1), 5) for _ in range(50)))
    assert pipelines == [50]


async def test_a_script_that_fails_is_no_answer_and_no_error(
    nodes: Nodes, home: redis.asyncio.Redis
) -> None:
    await home.set(root_key(5), "no hash")
    (answer,) = await Boards(nodes).sizes([5])
    assert answer == Answer("away")


def test_places_of_what_stands_one_behind_another() -> None:
    elements = [Element(UUID(int=n), score, NOON) for n, score in enumerate((9, 9, 4, 4, 2))]
    places = placed(elements, 10, 8, 3)
    assert [place.ordinal for place in places] == [11, 12, 13, 14, 15]
    assert [place.competition for place in places] == [9, 9, 13, 13, 15]
    assert [place.dense for place in places] == [4, 4, 5, 5, 6]
    assert [place.dense for place in placed(elements, 0, 0, None)] == [None] * 5
    assert placed([], 3, 3, 3) == ()


def test_percent_is_rounded_up_and_never_nought() -> None:
    elements = [Element(UUID(int=n), -n, NOON) for n in range(3)]
    answer = Answer("live", size=201, places=placed(elements, 0, 0, None))
    assert [answer.percent(place) for place in answer.places] == [1, 1, 2]
    assert Answer("live").percent(answer.places[0]) == 100


def test_ordered_parts_are_merged() -> None:
    parts = [
        [Element(UUID(int=1), 9, NOON), Element(UUID(int=2), 5, NOON)],
        [Element(UUID(int=3), 7, NOON), Element(UUID(int=4), 5, NOON)],
    ]
    assert [each.entity.int for each in merged(parts, 0, None)] == [1, 3, 4, 2]
    assert [each.entity.int for each in merged(parts, 1, 2)] == [3, 4]
