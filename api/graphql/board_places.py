"""Places on boards as callers see them, and the part of a board that is about who asks."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.auth import Role
from api.board_places import Listed, Look, entities_of, entity_of
from api.boards import Amount, Shown
from api.context import Info
from api.graphql.board_reads import Places, Wish
from api.graphql.fields import BRAND, EVERYONE, MEMBERS, attribute, resolver
from api.graphql.quantities import Quantity, Unit
from domain.members.queries import Member as Record
from kit.errors import InvalidInputError

if TYPE_CHECKING:
    from api.graphql.members import Member

REACH_MAX = 50
REACH_USUAL = 5
FRIENDS_USUAL = 10
FRIENDS_SHOWN = 100


@strawberry.type(description="One place on a board, as anybody may see it.")
class BoardPlace:
    """A place. Whose it is, is for the brand alone."""

    entity: strawberry.Private[UUID]
    key: str = attribute(
        EVERYONE, "Tells the places of a board apart, also later; it says nothing of who it is."
    )
    rank: int = attribute(EVERYONE, "The rank, as the board numbers those with the same score.")
    name: str = attribute(
        EVERYONE,
        "The alias that the member chose, or a made-up name in the language that `Accept-Language`"
        " asks for; a team's own name.",
    )
    score: Quantity = attribute(EVERYONE, "How much was counted.", weight=0)
    percent: int = attribute(
        EVERYONE, "Among the first how many percent of the board it is: 1 for the best hundredth."
    )
    is_me: bool = attribute(
        EVERYONE, "Whether it is the place of the member who calls, or of their team."
    )
    is_disqualified: bool = attribute(
        BRAND, "Whether staff took the prize from the place once the window was over."
    )

    @resolver(BRAND, "Whose place it is; null for a team, for who is erased, and to other brands.")
    async def member(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        from api.graphql import members  # noqa: PLC0415 - each leads to the other

        return await members.changed(info, self.entity)


Reach = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many on each side: 1 to {REACH_MAX}, {REACH_USUAL} without it."
    ),
]


@strawberry.type
class Mine:
    """The part of a board that is about the member who calls."""

    shown: strawberry.Private[Shown]

    @resolver(
        MEMBERS,
        "The own place, or that of the own team; null for who is not on it, and on boards of other"
        " brands.",
    )
    async def my_place(self, info: Info) -> BoardPlace | None:
        me = await own(info, self.shown)
        found = await _found(info, self.shown, (me,) if me else ())
        return next(iter(_places(self.shown, found, me) or ()), None)

    @resolver(
        MEMBERS,
        "The own place with those before and behind it; empty where `myPlace` is null.",
        # As many on each side as the list counts.
        weight=2,
        size=REACH_USUAL,
        sized_by=("reach",),
    )
    async def around(self, info: Info, reach: Reach = None) -> list[BoardPlace] | None:
        wide = REACH_USUAL if reach is None else reach
        if not 1 <= wide <= REACH_MAX:
            message = f"`reach` is 1 to {REACH_MAX}."
            raise InvalidInputError(message, code="PAGE_SIZE_OUT_OF_RANGE", path=("reach",))
        me = await own(info, self.shown)
        found = await _found(info, self.shown, (me,) if me else (), wide)
        return _places(self.shown, found, me)

    @resolver(
        MEMBERS,
        "The own place and those of friends: who shares a household with the member, brought them"
        f" or was brought by them. The best {FRIENDS_SHOWN}; empty on boards of other brands.",
        size=FRIENDS_USUAL,
    )
    async def friends(self, info: Info) -> list[BoardPlace] | None:
        member = await _caller(info, self.shown)
        if member is None:
            return []
        friends = await info.context.boards.friends.load(member.id) or []
        brand, board = self.shown.brand, self.shown.board
        found = await _found(info, self.shown, entities_of(brand, board, [member, *friends]))
        me = entity_of(brand, board, member)
        places = _places(self.shown, found, me)
        return None if places is None else places[:FRIENDS_SHOWN]


async def own(info: Info, shown: Shown) -> UUID | None:
    """Return who stands on a board for the member who calls, None for other callers."""
    member = await _caller(info, shown)
    return entity_of(shown.brand, shown.board, member) if member else None


def place(board: Shown, found: Listed, me: UUID | None) -> BoardPlace:
    """Return a place of a board as it is shown."""
    score = quantity(board.board.score, board.quantity(found.score))
    return shown_place(found, score, me)


def shown_place(found: Listed, score: Quantity, me: UUID | None) -> BoardPlace:
    """Return a place as it is shown."""
    return BoardPlace(
        entity=found.entity,
        key=found.key,
        rank=found.rank,
        name=found.name,
        score=score,
        percent=found.percent,
        is_me=found.entity == me,
        is_disqualified=found.is_out,
    )


def quantity(score: str, amount: Amount) -> Quantity:
    """Return a score with what it counts."""
    unit = {"spend": Unit.MONEY, "points": Unit.POINTS}.get(score, Unit.COUNT)
    return Quantity(value=amount.value, unit=unit, currency=amount.currency)


async def _caller(info: Info, shown: Shown) -> Record | None:
    principal = info.context.principal
    if principal.role is not Role.MEMBER or principal.brand.id != shown.brand.id:
        return None
    return await info.context.loaders.members_by_external_id.load(principal.external_id)


async def _found(
    info: Info, shown: Shown, entities: tuple[UUID, ...], reach: int = 0
) -> Places | None:
    # What is said of the board may be a moment older: it must not be contradicted.
    if shown.window is None or shown.state != "live" or not entities:
        return None
    look = Look(shown.window, entities=entities, reach=reach)
    wish = Wish(shown.board.code, shown.board.rank, look)
    return await info.context.boards.places.load(wish)


def _places(shown: Shown, found: Places | None, me: UUID | None) -> list[BoardPlace] | None:
    """Return places as they are shown; None if the board went away in the meantime."""
    if found is not None and found.state != "live":
        return None
    return [place(shown, each, me) for each in (found.places if found else ())]
