"""Reads in batches of where members stand: places, friends, leagues, names, flags."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.board_places import Listed, Look, Seen, entities_of, entity_of, faces, frozen, live, named
from api.boards import boards_in, periods_of
from api.graphql.loaders import Loaders
from api.graphql.paging import Window as PageWindow
from api.graphql.reads import Reads
from api.graphql.shared import Shared, batched
from api.graphql.spending import Place, id_at, within
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.members.queries import Member
from domain.programmes.rules import Programme
from gamification.leaderboards import queries_fairness as fairness
from gamification.leaderboards import queries_leagues as leagues
from gamification.leaderboards import queries_people as people
from gamification.leaderboards import queries_scores as scores
from gamification.leaderboards.queries_fairness import Flag
from gamification.leaderboards.queries_people import Absence, Change
from gamification.leaderboards.queries_scores import Window
from gamification.leaderboards.rules_people import Face
from gamification.leaderboards.section_parts import Board
from gamification.leaderboards.views import Boards as Views
from kit.db import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """Places to look for, on a board that ranks in one way."""

    board: str
    ranking: str
    look: Look


@dataclass(frozen=True, slots=True)
class Places:
    """What is found: the window's state and size, and the places, named."""

    state: str
    size: int
    places: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class OnBoard:
    """Where somebody stands on a board; ``window`` None: nobody is on it yet."""

    programme: Programme
    board: Board
    window: Window | None
    state: str
    size: int
    place: Listed | None


@dataclass(frozen=True, slots=True)
class InLeague:
    """Where a member stands in a league, and the names of the cohort."""

    standing: leagues.Standing
    faces: Mapping[UUID, Face]


@dataclass(frozen=True, slots=True)
class ChangesWanted:
    """A page of the changes of one member."""

    member_id: UUID
    page: PageWindow[Place]


class BoardReads:
    """The batched reads of one brand's boards at one instant, as `api.graphql.loaders.Loaders`."""

    def __init__(
        self,
        reads: Reads,
        loaders: Loaders,
        views: Views,
        brand: Brand,
        now: datetime,
        language: str,
    ) -> None:
        self._reads = reads
        self._loaders = loaders
        self._views = views
        self._brand = brand
        self._now = now
        self._language = language
        self.places: DataLoader[Wish, Places] = Shared(load_fn=self._places)
        self.standings: DataLoader[UUID, list[OnBoard]] = Shared(load_fn=self._standings)
        self.leagues: DataLoader[UUID, InLeague | None] = Shared(load_fn=self._leagues)
        self.friends: DataLoader[UUID, list[Member] | None] = batched(reads, self._friends)
        self.aliases: DataLoader[UUID, str | None] = batched(reads, self._aliases)
        self.absences: DataLoader[UUID, list[Absence] | None] = batched(reads, self._absences)
        self.changes: DataLoader[ChangesWanted, list[Change] | None] = batched(reads, self._changes)
        self.flags: DataLoader[UUID, Flag | None] = batched(reads, self._flags)

    async def programme(self) -> Programme | None:
        """Return the programme in force now."""
        return (await self._loaders.programmes()).timeline.at(self._now)

    async def _places(self, wishes: list[Wish]) -> list[Places]:
        running = [each for each in wishes if each.look.window.state != "frozen"]
        # Before the session opens: nobody holds a connection and waits for Valkey.
        answers = await asyncio.gather(
            *(live(self._views, each.ranking, each.look) for each in running)
        )
        found = dict(zip(running, answers, strict=True))
        async with self._reads.session() as session:
            for each in wishes:
                if each not in found:
                    found[each] = await frozen(session, self._brand, each.ranking, each.look)
            known = await faces(session, self._brand, found.values(), self._language)
        return [self._shown(each, found[each], known) for each in wishes]

    def _shown(self, wish: Wish, seen: Seen, known: Mapping[UUID, Face]) -> Places:
        places = named(wish.board, seen, known, self._language)
        return Places(seen.state, seen.size, places)

    async def _standings(self, ids: list[UUID]) -> list[list[OnBoard]]:
        known = await self._loaders.programmes()
        programme = known.timeline.at(self._now)
        boards = boards_in(programme)
        if programme is None or not boards:
            return [[] for _ in ids]
        who = dict(zip(ids, await self._loaders.members.load_many(ids), strict=True))
        async with self._reads.session() as session:
            current = await scores.current_windows(
                session, self._now, self._brand, known.timeline, [each.code for each in boards]
            )
        windows = {(each.board, each.period): each for each in current}
        first = {each.code: windows.get((each.code, periods_of(each)[0])) for each in boards}
        found = await self._stand(boards, first, [each for each in who.values() if each])
        nothing = Seen(), None
        shown: list[list[OnBoard]] = []
        for member in who.values():
            mine = []
            for board in boards if member else ():
                assert member is not None
                seen, places = found.get(board.code, (nothing[0], {}))
                entity = entity_of(self._brand, board, member)
                place = places.get(entity) if entity else None
                mine.append(
                    OnBoard(programme, board, first[board.code], seen.state, seen.size, place)
                )
            shown.append(mine)
        return shown

    async def _stand(
        self, boards: Sequence[Board], windows: Mapping[str, Window | None], who: Sequence[Member]
    ) -> dict[str, tuple[Seen, dict[UUID, Listed]]]:
        """Return of each board that has a window what is seen of these members there."""
        looks = {}
        for board in boards:
            window = windows[board.code]
            if window is not None:
                mine = entities_of(self._brand, board, who)
                looks[board.code] = board, Look(window, entities=mine)
        answers = await asyncio.gather(
            *(live(self._views, board.rank, look) for board, look in looks.values())
        )
        async with self._reads.session() as session:
            known = await faces(session, self._brand, answers, self._language)
        return {
            code: (seen, {each.entity: each for each in named(code, seen, known, self._language)})
            for code, seen in zip(looks, answers, strict=True)
        }

    async def _leagues(self, ids: list[UUID]) -> list[InLeague | None]:
        timeline = (await self._loaders.programmes()).timeline
        async with self._reads.session() as session:
            found = await leagues.standings(session, self._now, self._brand, timeline, ids)
            rows = chain.from_iterable(each.rows for each in found.values())
            entities = {each.entity for each in rows}
            known = await people.faces(session, self._brand, entities, self._language)
        return [InLeague(found[each], known) if each in found else None for each in ids]

    async def _friends(self, session: Session, ids: list[UUID]) -> dict[UUID, list[Member]]:
        found = await people.friends(session, self._brand.id, ids)
        wanted = {each for friends in found.values() for each in friends}
        who = await members.by_ids(session, self._brand.id, list(wanted))
        return {
            id_: [who[each] for each in sorted(friends) if each in who]
            for id_, friends in found.items()
        }

    async def _aliases(self, session: Session, ids: list[UUID]) -> dict[UUID, str]:
        return await people.aliases_of(session, self._brand.id, ids)

    async def _absences(self, session: Session, ids: list[UUID]) -> dict[UUID, list[Absence]]:
        return await people.absences(session, self._brand.id, ids)

    async def _flags(self, session: Session, ids: list[UUID]) -> dict[UUID, Flag]:
        return await fairness.flags(session, self._brand.id, ids)

    async def _changes(
        self, session: Session, wanted: list[ChangesWanted]
    ) -> dict[ChangesWanted, list[Change]]:
        found = {}
        for page in dict.fromkeys(each.page for each in wanted):
            ids = [each.member_id for each in wanted if each.page == page]
            by_member = await people.changes_of(
                session,
                self._brand.id,
                ids,
                first=page.size + 1,
                before=id_at(page.before if page.backwards else page.after),
                oldest_first=page.backwards,
            )
            for member_id, mine in by_member.items():
                found[ChangesWanted(member_id, page)] = within(page, mine, changed_at)
        return found


def changed_at(found: Change) -> Place:
    """Return where a change stands in a list."""
    return found.changed_at, found.id
