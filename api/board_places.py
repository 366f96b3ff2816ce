"""Places of a window, wherever they are kept: in Valkey while it runs, in its results once frozen.

Who is named how is decided here as well, for everybody who shows a place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.members.queries import Member
from gamification.leaderboards import queries_close, queries_results
from gamification.leaderboards import queries_people as people
from gamification.leaderboards.queries_close import Result
from gamification.leaderboards.queries_people import Face
from gamification.leaderboards.queries_scores import Window
from gamification.leaderboards.rules_people import nameless
from gamification.leaderboards.rules_places import Answer, Page, Place, percent
from gamification.leaderboards.rules_scores import team_id
from gamification.leaderboards.section_parts import Board
from gamification.leaderboards.views import Boards as Views
from kit.db import Session
from kit.ids import derived_id


class Listed(NamedTuple):
    """One place as it is shown. ``key`` says nothing of who it is, and stays the same.

    ``percent``: it is among the first so many percent. ``is_out``: staff took its prize.
    """

    key: str
    rank: int
    ordinal: int
    name: str
    score: int
    percent: int
    entity: UUID
    is_out: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """Which places of a window: a page (``first``, ``count``), or those of ``entities``.

    ``reach``: of the one entity also so many on each side.
    """

    window: Window
    first: int = 0
    count: int = 0
    entities: tuple[UUID, ...] | None = None
    reach: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """One place before it is named; ``told`` is what the results say of the name then."""

    entity: UUID
    rank: int
    ordinal: int
    higher: int
    score: int
    told: Result | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a window shows."""

    state: str = "live"
    version: int = 0
    size: int = 0
    places: tuple[Standing, ...] = ()


async def live(views: Views, ranking: str, look: Look) -> Seen:
    """Return what Valkey shows of a window that is not frozen."""
    window_id = look.window.id
    if look.entities is None:
        (answer,) = await views.page([Page(window_id, look.first, look.count)])
    elif look.reach:
        answer = await views.around(window_id, look.entities[0], look.reach)
    else:
        answer = await views.among(window_id, look.entities)
    return _seen(answer, ranking)


async def frozen(session: Session, brand: Brand, ranking: str, look: Look) -> Seen:
    """Return what the results of a frozen window say."""
    of = session, brand.id, look.window.id
    size = await queries_results.size(*of)
    found: Sequence[Result]
    if look.entities is None:
        found = await queries_close.results(*of, first=look.count, after=look.first)
    elif look.reach:
        found = await _around(*of, look.entities[0], look.reach)
    else:
        found = await queries_results.among(*of, look.entities)
    places = tuple(
        Standing(
            each.entity,
            each.rank,
            each.place,
            each.place if ranking == "dense" else each.rank,
            each.score,
            each,
        )
        for each in found
    )
    return Seen("live", look.window.head, size, places)


async def faces(
    session: Session, brand: Brand, seen: Iterable[Seen], language: str
) -> dict[UUID, Face]:
    """Return the names of all who are seen, and nothing without asking if nobody is."""
    entities = {place.entity for each in seen for place in each.places}
    return await people.faces(session, brand, entities, language) if entities else {}


def named(board: str, seen: Seen, known: Mapping[UUID, Face], language: str) -> tuple[Listed, ...]:
    """Return the places of a board as they are shown.

    In a frozen window stands the alias of then; who had none, or is forgotten, has a made-up name,
    and who has hidden since, or is banned, none at all.
    """
    return tuple(
        _named(board, seen.size, each, known[each.entity], language) for each in seen.places
    )


def entity_of(brand: Brand, board: Board, member: Member) -> UUID | None:
    """Return who stands on a board for a member: the own team, or nobody, where teams do."""
    if board.of != "teams":
        return member.id
    team = member.attributes.get(board.team or "")
    if team is None:
        return None
    return team_id(brand.id, str(team).lower() if isinstance(team, bool) else str(team))


def entities_of(brand: Brand, board: Board, members: Collection[Member]) -> tuple[UUID, ...]:
    """Return who stands on a board for members, each once."""
    found = (entity_of(brand, board, each) for each in members)
    return tuple(sorted({each for each in found if each is not None}))


async def _around(
    session: Session, brand_id: int, window_id: int, entity: UUID, reach: int
) -> Sequence[Result]:
    place = await queries_results.place_of(session, brand_id, window_id, entity)
    if place is None:
        return []
    first = max(0, place - reach - 1)
    return await queries_close.results(
        session, brand_id, window_id, first=place + reach - first, after=first
    )


def _seen(answer: Answer, ranking: str) -> Seen:
    places = tuple(_standing(each, ranking) for each in answer.places)
    return Seen(answer.state, answer.version, answer.size, places)


def _standing(place: Place, ranking: str) -> Standing:
    ranks = {"ordinal": place.ordinal, "competition": place.competition, "dense": place.dense}
    rank = ranks[ranking] or place.ordinal
    return Standing(place.entity, rank, place.ordinal, place.competition, place.score)


def _named(board: str, size: int, place: Standing, face: Face, language: str) -> Listed:
    told, name = place.told, face.name
    if told is not None and told.hidden:
        name = nameless(language)
    elif told is not None:
        # What is no alias is a team's name or made up, and the same as then.
        name = told.name or (face.neutral if face.is_alias else face.name)
    return Listed(
        key=derived_id("place", board, face.key).hex[:16],
        rank=place.rank,
        ordinal=place.ordinal,
        name=name,
        score=place.score,
        percent=percent(place.higher, size),
        entity=place.entity,
        is_out=told is not None and told.disqualified,
    )
