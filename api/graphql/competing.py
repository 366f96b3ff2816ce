"""Boards and leagues as fields of each member: places, names, and what was changed of them."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID

import strawberry

from api.auth import Role
from api.boards import amount, periods_of
from api.context import Info
from api.graphql import leagues, paging
from api.graphql.board_places import BoardPlace, quantity, shown_place
from api.graphql.board_reads import ChangesWanted, OnBoard
from api.graphql.boards import BOARDS_USUAL, BoardPeriod, BoardState
from api.graphql.fields import SIGNED_IN, STAFF, attribute, resolver
from api.graphql.leagues import LeagueStanding
from api.graphql.paging import After, Before, Connection, First, Last, paged
from api.graphql.scalars import BigInt
from api.graphql.spending import read, written
from gamification.leaderboards.queries_people import ALL, Change
from kit.words import in_language


@strawberry.type(description="Where a member stands on a board, in the window of now.")
class BoardStanding:
    """A standing: of the board's first period, in the whole brand."""

    code: str = attribute(SIGNED_IN, "The board's short name, for `board`.")
    name: str = attribute(
        SIGNED_IN, "What it is called, in the language that `Accept-Language` asks for."
    )
    is_public: bool = attribute(SIGNED_IN, "Whether anybody may see the board.")
    period: BoardPeriod = attribute(SIGNED_IN, "Over which days the window counts.")
    starts_on: date | None = attribute(SIGNED_IN, "The first day; null since the beginning.")
    ends_on: date | None = attribute(SIGNED_IN, "The first day after it; null for no end.")
    state: BoardState = attribute(SIGNED_IN, "Whether its places can be shown.")
    size: BigInt = attribute(SIGNED_IN, "How many are on it.")
    place: BoardPlace | None = attribute(
        SIGNED_IN, "The place of the member, or of their team; null for who is not on it."
    )


@strawberry.enum(description="What was changed of a member on boards.")
class BoardChangeKind(Enum):
    """The kinds of changes."""

    ALIAS_CHOSEN = strawberry.enum_value(
        "set_alias", description="Another alias was chosen, or none."
    )
    ALIAS_REMOVED = strawberry.enum_value("moderate", description="Staff removed the alias.")
    HIDDEN = strawberry.enum_value("hide", description="The member is not listed, by choice.")
    SHOWN = strawberry.enum_value("show", description="The member is listed again.")
    LEAGUES_LEFT = strawberry.enum_value("leave_leagues", description="The leagues were left.")
    LEAGUES_ENTERED = strawberry.enum_value("enter_leagues", description="They were entered again.")
    BANNED = strawberry.enum_value("ban", description="Staff took the member off.")
    BAN_LIFTED = strawberry.enum_value("lift", description="Staff let the member back on.")
    EXCLUDED = strawberry.enum_value(
        "exclude", description="The member is left out of all boards, as somebody of the brand."
    )
    INCLUDED = strawberry.enum_value("include", description="The member is no longer left out.")


@strawberry.type(description="A change of how a member is listed on boards.")
class BoardChange:
    """A change as shown."""

    change: strawberry.Private[Change]
    kind: BoardChangeKind = attribute(STAFF, "What was changed.")
    board: str | None = attribute(STAFF, "The code of the board; null for all of them.")
    is_of_one_window: bool = attribute(
        STAFF, "Whether it is about one window of the board alone, such as the one of a flag."
    )
    changed_by: str = attribute(STAFF, 'Which key of the brand did it; "member" for the member.')
    reason: str | None = attribute(STAFF, "Why; null if nothing was said.")
    changed_at: datetime = attribute(STAFF, "When.")


@strawberry.type
class Competes:
    """The part of a member that is about boards and leagues."""

    key: strawberry.Private[UUID]

    @resolver(
        SIGNED_IN,
        "Where the member stands on each board of the programme, in its order, also on those that"
        " are not public.",
        size=BOARDS_USUAL,
    )
    async def boards(self, info: Info) -> list[BoardStanding] | None:
        found = await info.context.boards.standings.load(self.key)
        return [_standing(info, each) for each in found]

    @resolver(
        SIGNED_IN,
        "In which league the member plays, and against whom; null if the programme has none.",
    )
    async def league(self, info: Info) -> LeagueStanding | None:
        return await leagues.of_member(info, self.key)

    @resolver(SIGNED_IN, "The name that the member chose for boards; null for a made-up one.")
    async def board_alias(self, info: Info) -> str | None:
        return await info.context.boards.aliases.load(self.key)

    @resolver(SIGNED_IN, "Whether the member is listed on no board: by choice, or banned.")
    async def is_hidden(self, info: Info) -> bool:
        found = await info.context.boards.absences.load(self.key) or []
        return any(each.board == ALL for each in found)

    @resolver(
        SIGNED_IN,
        "The codes of single boards on which the member is not listed, whether or not they are"
        " listed on others: by choice, or banned.",
    )
    async def hidden_from(self, info: Info) -> list[str]:
        found = await info.context.boards.absences.load(self.key) or []
        return sorted({each.board for each in found if each.board != ALL and not each.window_id})

    @paged(STAFF, "What was changed of how the member is listed, the latest first.")
    async def board_changes(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[BoardChange] | None:
        cursors = info.context.cursors(f"Member.boardChanges:{self.key}")
        asked = paging.window(cursors, first, after, last, before, read)
        wanted = ChangesWanted(self.key, asked)
        found = await info.context.boards.changes.load(wanted) or []
        return paging.connection(cursors, asked, [_change(each) for each in found], _written)


def _standing(info: Info, on: OnBoard) -> BoardStanding:
    brand, board, window, place = info.context.principal.brand, on.board, on.window, on.place
    shown = None
    if place is not None:
        score = quantity(board.score, amount(brand, on.programme, board, place.score))
        mine = info.context.principal.role is Role.MEMBER
        shown = shown_place(place, score, place.entity if mine else None)
    return BoardStanding(
        code=board.code,
        name=in_language(board.name, info.context.language),
        is_public=board.public,
        period=BoardPeriod(periods_of(board)[0]),
        starts_on=window.starts_on if window and window.ends_on else None,
        ends_on=window.ends_on if window else None,
        state=BoardState(on.state),
        size=BigInt(on.size),
        place=shown,
    )


def _change(found: Change) -> BoardChange:
    return BoardChange(
        change=found,
        kind=BoardChangeKind(found.kind),
        board=found.board or None,
        is_of_one_window=bool(found.window_id),
        changed_by=found.actor,
        reason=found.reason or None,
        changed_at=found.changed_at,
    )


def _written(each: BoardChange) -> str:
    return written((each.change.changed_at, each.change.id))
