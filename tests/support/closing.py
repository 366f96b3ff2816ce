"""A shop with boards whose scores are said by the test: windows that close, leagues, people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from api.sections import SECTIONS
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from gamification.leaderboards.invariants_people import INVARIANTS
from gamification.leaderboards.jobs_close import tick
from gamification.leaderboards.service_close import Disqualify, DisqualifyOutcome, disqualify
from gamification.leaderboards.service_people import PersonChange, PersonOutcome, change
from gamification.prizes import queries as prizes_queries
from gamification.prizes.queries import Paid
from kit.clock import MovableClock
from kit.db import Database, Session
from tests.support.automatic import facts_are_ready, until_done
from tests.support.games import programme
from tests.support.shop import Shop, opened_shop

MONDAY = date(2026, 3, 2)
EVENING = datetime(2026, 3, 3, 20, tzinfo=UTC)

BOARD = """
[leaderboards]

[[leaderboards.board]]
code = "spend"
name = "Spend"
score = "spend"
periods = ["week", "month"]
scopes = ["brand", "store"]
{settings}

[[leaderboards.board.prize]]
period = "week"
points = "100"

[[leaderboards.board.prize]]
period = "week"
from = 2
to = 3
points = "50"

[[leaderboards.board.prize]]
period = "month"
badge = "hero"
"""


def board(settings: str = "", more: str = "") -> str:
    """Return a programme with a board of weeks and months, the first three of a week win."""
    return programme(BOARD.format(settings=settings) + more)


@dataclass(frozen=True)
class Boards:
    """A shop with boards. Each verb is one transaction at the clock's instant."""

    shop: Shop

    @property
    def database(self) -> Database:
        """The shop's database."""
        return self.shop.database

    async def window(
        self,
        starts_on: date = MONDAY,
        days: int = 7,
        *,
        code: str = "spend",
        period: str = "week",
        scope: str = "",
    ) -> int:
        """Open a window of so many days; return its id."""
        async with self.database.transaction() as session:
            found: int = await session.value(
                "INSERT INTO board_window (brand_id, board, period, scope, starts_on, ends_on,"
                " state, opened_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7) RETURNING id",
                self.shop.brand.id,
                code,
                period,
                scope,
                starts_on,
                starts_on + timedelta(days=days),
                self.shop.clock.now(),
            )
        return found

    async def score(
        self,
        window_id: int,
        scores: Mapping[str, int],
        at: datetime | None = None,
        *,
        listed: bool = True,
    ) -> None:
        """Let members have scores, all reached at one instant unless told one by one."""
        ids = await self.shop.member_ids(*scores)
        async with self.database.transaction() as session:
            await session.fetch(
                "INSERT INTO board_score (window_id, entity, score, reached_at, listed, seq)"
                " SELECT $1, e, s, $4, $5, nextval('board_change_seq')"
                " FROM unnest($2::uuid[], $3::bigint[]) AS n(e, s)"
                " ON CONFLICT (window_id, entity) DO UPDATE SET score = excluded.score,"
                " reached_at = excluded.reached_at, listed = excluded.listed, seq = excluded.seq",
                window_id,
                ids,
                list(scores.values()),
                at or self.shop.clock.now(),
                listed,
            )

    async def heard(self) -> None:
        """Let the scores say all that was told by now."""
        await facts_are_ready(self.shop)
        async with self.database.transaction() as session:
            await session.fetch(
                "INSERT INTO fact_cursor (subscriber, xid, fact_id)"
                " (SELECT 'boards', xid, id FROM fact UNION ALL SELECT 'boards', '0', 0)"
                " ORDER BY 2 DESC, 3 DESC LIMIT 1 ON CONFLICT (subscriber)"
                " DO UPDATE SET xid = excluded.xid, fact_id = excluded.fact_id"
            )

    async def work(self) -> int:
        """Let the worker do all that there is to do."""
        await self.heard()
        return await until_done(self.shop, tick)

    async def change(self, *items: PersonChange) -> list[PersonOutcome]:
        """Change who is listed and how, in one batch."""

        async def work(session: Session) -> list[PersonOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await change(session, self.shop.clock.now(), self.shop.brand, timeline, items)

        return await self.database.write(work)

    async def disqualify(self, *items: Disqualify) -> list[DisqualifyOutcome]:
        """Disqualify places, in one batch."""

        async def work(session: Session) -> list[DisqualifyOutcome]:
            timeline = await programmes.timeline_to_write(session, self.shop.brand.id, SECTIONS)
            return await disqualify(
                session, self.shop.clock.now(), self.shop.brand, timeline, items
            )

        return await self.database.write(work)

    async def member(self, name: str) -> UUID:
        """Return a member's id."""
        return (await self.shop.member_ids(name))[0]

    async def results(self, window_id: int) -> list[tuple[str, int, int]]:
        """Return member, score and rank of each place of a frozen window."""
        async with self.database.read() as session:
            rows = await session.fetch(
                "SELECT m.external_id, r.score, r.rank FROM board_result r"
                " JOIN member m ON m.id = r.entity WHERE r.window_id = $1 ORDER BY r.place",
                window_id,
            )
        return [tuple(row) for row in rows]

    async def state(self, window_id: int) -> str:
        """Return the state of a window."""
        async with self.database.read() as session:
            found: str = await session.value(
                "SELECT state FROM board_window WHERE id = $1", window_id
            )
        return found

    async def prizes(self, *names: str) -> list[list[tuple[str, int]]]:
        """Return state and points of the prizes of members, the oldest first."""
        ids = await self.shop.member_ids(*names)
        async with self.database.read() as session:
            found = await prizes_queries.prizes_of(session, self.shop.brand.id, ids, 100)
        return [[(each.state, each.points) for each in _oldest(found[id_])] for id_ in ids]

    async def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        async with self.database.read() as session:
            return [tuple(row) for row in await session.fetch(sql, *values)]

    async def assert_coherent(self) -> None:
        """Fail if an invariant of results, people or leagues is broken."""
        async with self.database.read() as session:
            found = {code: await session.fetch(sql) for code, sql in INVARIANTS.items()}
        assert not {code: rows for code, rows in found.items() if rows}


def _oldest(prizes: Sequence[Paid]) -> list[Paid]:
    return list(reversed(prizes))


async def opened(
    database: Database, clock: MovableClock, *names: str, text: str | None = None
) -> Boards:
    """Open a shop with boards and members."""
    shop = await opened_shop(database, clock, text or board())
    joined_at = clock.now() - timedelta(days=60)
    await shop.enrol(*(NewMember(name, joined_at) for name in names))
    return Boards(shop)
