"""Who the members of a batch are by now, and where boards list them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.programmes.rules import Timeline
from domain.tallies import queries as tallies
from domain.tiers.queries import grants
from domain.tiers.rules import courses, ladders_of
from gamification.leaderboards import store_fill
from gamification.leaderboards import store_scores as store
from gamification.leaderboards.queries_people import Absence, absences, is_absent
from gamification.leaderboards.queries_scores import Window, team_names
from gamification.leaderboards.rules_boards import Boards, Shape, boards_of
from gamification.leaderboards.rules_scores import Person, is_store, scopes_of, team_of
from gamification.leaderboards.store_scores import Known
from kit.db import Session

_NOBODY = Person(listed=False)


@dataclass(frozen=True)
class Table:
    """What a batch of a brand is judged by. ``filling`` are the boards that are being filled."""

    now: datetime
    brand: Brand
    timeline: Timeline
    boards: Boards
    shapes: Mapping[str, Shape]
    filling: Collection[str] = ()

    @property
    def today(self) -> date:
        """The brand's day."""
        return self.brand.day(self.now)


@dataclass(frozen=True)
class Crowd:
    """The members of a batch: who they are, and where they are not listed.

    ``kept`` says who each asked for is by now. Whoever was merged into another one, or erased,
    is listed nowhere.
    """

    people: Mapping[UUID, Person]
    kept: Mapping[UUID, UUID]
    absent: Mapping[UUID, Sequence[Absence]]

    def scopes(self, shape: Shape, member_id: UUID) -> list[str]:
        """Return in which scopes besides stores a member is on a board."""
        return scopes_of(shape, self.people.get(member_id, _NOBODY))

    def team(self, shape: Shape, member_id: UUID) -> str | None:
        """Return the team of a board for which a member counts."""
        if is_absent(self.absent.get(member_id, ()), shape.code):
            return None
        return team_of(shape, self.people.get(member_id, _NOBODY))

    def present(self, window: Window, entity: UUID) -> bool:
        """Whether nobody wanted an entity off a window."""
        where = self.absent.get(entity)
        return not where or not is_absent(where, window.board, window.id)

    def lists(self, shape: Shape, window: Window, member_id: UUID) -> bool:
        """Whether a member with days in a window is listed there."""
        mine = self.scopes(shape, member_id) if shape.team is None else []
        there = window.scope in mine or (bool(mine) and is_store(window.scope))
        return there and self.present(window, member_id)


def table_of(
    now: datetime, brand: Brand, timeline: Timeline, filling: Collection[str] = ()
) -> Table:
    """Return what a batch of a brand is judged by."""
    boards = boards_of(timeline, brand)
    return Table(now, brand, timeline, boards, boards.shapes_at(now), filling)


async def crowd_of(session: Session, table: Table, member_ids: Collection[UUID]) -> Crowd:
    """Return these members, and those whom they were merged into. Ids of nobody are left out.

    Two statements, five if a board has scopes of tiers.
    """
    known = await store.people(session, table.brand.id, member_ids)
    living = {each.kept: each for each in known.values() if not each.erased}
    tiers: dict[UUID, str] = {}
    if any(shape.tiers for shape in table.shapes.values()):
        tiers = await _tiers(session, table, living)
    people = dict.fromkeys([*known, *(each.kept for each in known.values())], _NOBODY)
    people |= {
        id_: Person(tier=tiers.get(id_), attributes=each.attributes) for id_, each in living.items()
    }
    kept = {id_: each.kept for id_, each in known.items()}
    return Crowd(people, kept, await absences(session, table.brand.id, list(people)))


async def listed_in(
    session: Session, table: Table, rows: Collection[tuple[Window, UUID]]
) -> dict[tuple[int, UUID], bool]:
    """Return whether entities, members or teams, may be listed in windows."""
    entities = {entity for _, entity in rows}
    crowd = await crowd_of(session, table, entities)
    teams = await team_names(session, entities) if table.boards.teams else {}
    found = {}
    for window, entity in rows:
        shape = table.shapes[window.board]
        listed = shape.team is not None if entity in teams else crowd.lists(shape, window, entity)
        found[window.id, entity] = listed
    return found


async def _tiers(session: Session, table: Table, people: Mapping[UUID, Known]) -> dict[UUID, str]:
    """Return members' tiers on the main ladder; remember when time alone will change them."""
    ladders, brand = ladders_of(table.timeline, table.brand), table.brand
    main = ladders.main(table.now)
    done = await tallies.tallies(session, brand.id, list(people))
    granted = await grants(session, brand.id, list(people))
    found: dict[UUID, str] = {}
    looks: dict[UUID, datetime | None] = {}
    for id_, each in people.items():
        course = courses(ladders, each.joined_at, done[id_], granted[id_], brand.zone)
        runs = [run for runs in course.values() for run in runs]
        looks[id_] = min((run.starts_at for run in runs if run.starts_at > table.now), default=None)
        passed = [run for run in course.get(main or "", ()) if run.starts_at <= table.now]
        if passed and passed[-1].tier:
            found[id_] = passed[-1].tier
    await store_fill.look_later(session, brand.id, looks)
    return found
