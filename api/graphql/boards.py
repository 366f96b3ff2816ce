"""Boards as anybody may see them: their windows, places and what is counted."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.boards import PERIODS, Asked, Shown
from api.context import Info
from api.graphql.board_places import BoardPlace, Mine, own, place
from api.graphql.fields import EVERYONE, attribute
from api.graphql.paging import (
    After,
    Before,
    Connection,
    First,
    Last,
    connection,
    paged,
    window,
)
from api.graphql.scalars import BigInt

BOARDS_USUAL = 5
SCOPES_USUAL = 3
PERIODS_USUAL = 4


@strawberry.enum(description="Over which days a board counts.")
class BoardPeriod(Enum):
    """The kinds of windows."""

    DAY = strawberry.enum_value("day", description="A day of the brand's clock.")
    WEEK = strawberry.enum_value("week", description="A week, from Monday on.")
    MONTH = strawberry.enum_value("month", description="A calendar month.")
    SEASON = strawberry.enum_value("season", description="A season of the programme.")
    ROLLING = strawberry.enum_value("rolling", description="The last days, today included.")
    ALL = strawberry.enum_value("all", description="All time.")


@strawberry.enum(description="Whether a board's places can be shown now.")
class BoardState(Enum):
    """The states of a board."""

    LIVE = strawberry.enum_value("live", description="They are what is known.")
    REBUILDING = strawberry.enum_value(
        "rebuilding", description="They are being counted again; none is shown until that is done."
    )
    AWAY = strawberry.enum_value("away", description="They can't be read now; ask again.")


@strawberry.enum(description="How places with the same score are numbered.")
class BoardRanking(Enum):
    """The ways to rank."""

    ORDINAL = strawberry.enum_value("ordinal", description="1, 2, 3, 4: who was first is before.")
    COMPETITION = strawberry.enum_value("competition", description="1, 2, 2, 4.")
    DENSE = strawberry.enum_value("dense", description="1, 2, 2, 3.")


@strawberry.type(description="A part of a brand that a board counts apart.")
class BoardScope:
    """A scope of a board."""

    code: str = attribute(EVERYONE, 'What `scope` takes, such as "store:12"; "" is everything.')
    name: str = attribute(EVERYONE, "What it is called; empty for everything.")


@strawberry.type(description="One window of a brand's board: who did most from when to when.")
class Board(Mine):
    """A board."""

    shown: strawberry.Private[Shown]
    asked: strawberry.Private[Asked]

    code: str = attribute(EVERYONE, "The board's short name in the programme.")
    name: str = attribute(
        EVERYONE, "What it is called, in the language that `Accept-Language` asks for."
    )
    description: str | None = attribute(EVERYONE, "More of it, in that language.")
    period: BoardPeriod = attribute(EVERYONE, "Over which days this window counts.")
    scope: str = attribute(EVERYONE, 'Which part of the brand it counts; "" for all of it.')
    season: str | None = attribute(EVERYONE, "The season's name; null for other periods.")
    starts_on: date | None = attribute(EVERYONE, "The first day; null since the beginning.")
    ends_on: date | None = attribute(EVERYONE, "The first day after it; null for no end.")
    is_frozen: bool = attribute(EVERYONE, "Whether it is over, so that nothing changes any more.")
    state: BoardState = attribute(EVERYONE, "Whether its places can be shown.")
    ranking: BoardRanking = attribute(EVERYONE, "How places with the same score are numbered.")
    updated_at: datetime = attribute(EVERYONE, "As of when this is.")
    version: BigInt = attribute(
        EVERYONE, "Grows with each change of a score; the same number is the same board."
    )
    size: BigInt = attribute(EVERYONE, "How many are on it.")
    periods: list[BoardPeriod] = attribute(EVERYONE, "The periods that the board has.")
    scopes: list[BoardScope] = attribute(
        EVERYONE, "Parts of the brand that it counts apart, everything first.", size=SCOPES_USUAL
    )

    @paged(
        EVERYONE,
        "The places, the best first. The board moves on between two pages; `key` tells whether a"
        " place was on the one before.",
    )
    async def places(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[BoardPlace] | None:
        cursors = info.context.cursors(f"Board.places:{self.code}", self.shown.brand)
        pages = window(cursors, first, after, last, before, _place)
        low = 0 if pages.after is None else pages.after
        high = self.shown.size if pages.before is None else pages.before - 1
        if pages.backwards:
            low = max(low, high - pages.size - 1)
        count = max(0, min(pages.size + 1, high - low))
        # Not from before what is said of the board itself.
        since = self.shown.begun
        found = await _read(info, self.asked, count, low, since) if count else None
        if found is not None and found.state != "live":
            # It went away behind what is said of it: not to be known is not to be empty.
            return None
        me = await own(info, self.shown)
        items = [place(self.shown, each, me) for each in found.places] if found else []
        numbers = {each.key: low + place for place, each in enumerate(items, 1)}
        return connection(cursors, pages, items, lambda each: numbers[each.key])


def _place(text: str) -> int:
    place = int(text)
    if place < 1:
        raise ValueError
    return place


async def board(info: Info, asked: Asked) -> Board | None:
    """Return a board, None if there is none that the caller may see."""
    shown = await _read(info, asked)
    return None if shown is None else _board(info, asked, shown)


async def followed(info: Info, asked: Asked) -> AsyncGenerator[Board | None, None]:
    """Yield a board at once and after each change of it."""
    runtime, language = info.context.runtime, info.context.language
    following = runtime.boards.followed(asked, language, runtime.live, _insider(info))
    async with aclosing(following):
        async for shown in following:
            await info.context.refresh()
            yield None if shown is None else _board(info, asked, shown)
            await info.context.close()


async def boards(info: Info, brand: str) -> list[Board]:
    """Return a brand's boards that the caller may see, each with its first window."""
    codes = await info.context.runtime.boards.codes(brand, _insider(info))
    found = [await board(info, Asked(brand, code)) for code in codes]
    return [each for each in found if each is not None]


async def _read(
    info: Info, asked: Asked, count: int = 0, offset: int = 0, since: float = 0
) -> Shown | None:
    boards, language = info.context.runtime.boards, info.context.language
    return await boards.shown(asked, count, offset, language, _insider(info), since=since)


def _insider(info: Info) -> int | None:
    """Return to which brand the caller belongs, None for anybody."""
    home = info.context.principal.home
    return None if home is None else home.id


def _board(info: Info, asked: Asked, shown: Shown) -> Board:
    language = info.context.language
    return Board(
        shown=shown,
        asked=asked,
        code=shown.board.code,
        name=shown.name(language),
        description=shown.description(language),
        period=BoardPeriod(shown.period),
        scope=shown.scope,
        season=shown.season(language),
        starts_on=shown.starts_on,
        ends_on=shown.ends_on,
        is_frozen=shown.is_frozen,
        state=BoardState(shown.state),
        ranking=BoardRanking(shown.board.rank),
        updated_at=shown.read_at,
        version=BigInt(shown.version),
        size=BigInt(shown.size),
        periods=[BoardPeriod(each) for each in shown.periods],
        scopes=[BoardScope(code=code, name=name) for code, name in shown.scopes],
    )


BrandCode = Annotated[str, strawberry.argument(description="The brand's code.")]
BoardCode = Annotated[str, strawberry.argument(description="The board's code.")]
InPeriod = Annotated[
    BoardPeriod | None,
    strawberry.argument(description="Over which days; the board's first period without it."),
]
InScope = Annotated[
    str | None, strawberry.argument(description="Which part of the brand; all of it without it.")
]
OnDay = Annotated[
    date | None,
    strawberry.argument(description="The window that holds this day; that of now without it."),
]


def asked_for(
    brand: str, code: str, period: BoardPeriod | None, scope: str | None, on: date | None = None
) -> Asked:
    """Return what the arguments ask for."""
    wanted = next((each for each in PERIODS if period and each == str(period.value)), None)
    return Asked(brand, code, wanted, scope or "", on)
