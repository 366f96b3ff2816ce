"""A board as anybody may read it: resolved, ranked, named, and read once for all who ask together.

Page, picture, query and subscription of a process share one reading for `KEPT_SECONDS`, so that
readers in their thousands cost a few statements a second.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, get_args

from api.board_places import Listed, Look, Seen, faces, frozen, live, named
from api.live import Live
from api.sections import SECTIONS
from domain.brands import queries as brands
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.programmes.rules import Programme
from domain.wallets.section import PointsSection
from gamification.leaderboards import queries_scores as scores
from gamification.leaderboards.queries_scores import Window
from gamification.leaderboards.rules_keys import channel
from gamification.leaderboards.rules_windows import WindowPeriod
from gamification.leaderboards.section import LeaderboardsSection
from gamification.leaderboards.section_parts import Board, Season
from gamification.leaderboards.views import Boards as Views
from kit.clock import Clock
from kit.db import Database, Session
from kit.texts import usable
from kit.words import in_language

KEPT_SECONDS = 0.25
"""How long one reading serves all who ask for the same."""

PERIODS: tuple[WindowPeriod, ...] = get_args(WindowPeriod)
_SCOPES_MAX = 12
_SCOPES_READ = 200
_OF_A_DAY_MAX = 1_000
"""Rolling windows that hold a day: one for each day of their length."""
_NEWCOMER_SECONDS = 3
"""How often it is looked whether there is a window by now: nobody announces a first one."""
_LOOK_SECONDS = 10
"""How often a board of which nothing is heard is looked at: it may be over, or have come back."""
_KEPT_MAX = 2_000

_Key = tuple["Asked", int, int, str]
"""What a reading is of: which board, how many places after how many, in which language."""


class Asked(NamedTuple):
    """Which window of which board: ``period`` None is the board's first, ``on`` None is now."""

    brand: str
    code: str
    period: WindowPeriod | None = None
    scope: str = ""
    on: date | None = None

    @classmethod
    def read(cls, brand: str, code: str, given: Mapping[str, str]) -> "Asked":
        """Return what an address asks for; what makes no sense in it is left out."""
        period = next((each for each in PERIODS if each == given.get("period")), None)
        scope, day = given.get("scope", ""), given.get("on", "")
        try:
            on = date.fromisoformat(day) if day else None
        except ValueError:
            on = None
        return cls(brand, code, period, scope if usable(scope) else "", on)


@dataclass(frozen=True, slots=True)
class Amount:
    """A score as people read it; ``currency`` is None for what is no money."""

    value: Decimal
    currency: str | None


@dataclass(frozen=True)
class Shown:
    """A board with some of its places, as of ``read_at``. ``window`` None: nobody is on it yet."""

    brand: Brand
    programme: Programme
    board: Board
    period: WindowPeriod
    scope: str
    window: Window | None
    state: str
    version: int
    size: int
    places: tuple[Listed, ...]
    scopes: tuple[tuple[str, str], ...]
    read_at: datetime
    begun: float
    """When it was begun to be read, as `time.monotonic` counts."""

    @property
    def periods(self) -> tuple[WindowPeriod, ...]:
        """The kinds of windows that the board has."""
        return periods_of(self.board)

    @property
    def is_frozen(self) -> bool:
        """Whether nothing changes any more."""
        return self.window is not None and self.window.state == "frozen"

    @property
    def starts_on(self) -> date | None:
        """The first day that counts; None for the beginning of all time."""
        return self.window.starts_on if self.window and self.window.ends_on else None

    @property
    def ends_on(self) -> date | None:
        """The first day after it; None for no end."""
        return self.window.ends_on if self.window else None

    def name(self, language: str) -> str:
        """Return the board's name."""
        return in_language(self.board.name, language)

    def description(self, language: str) -> str | None:
        """Return what the programme says about it."""
        about = self.board.description
        return None if about is None else in_language(about, language)

    def season(self, language: str) -> str | None:
        """Return the name of the season that the window is of, if it is of one."""
        found = season_of(self.programme, self.window)
        return None if found is None else in_language(found.name, language)

    def quantity(self, score: int) -> Amount:
        """Return a score in the unit of what the board counts."""
        return amount(self.brand, self.programme, self.board, score)


class Resolved(NamedTuple):
    """A board that somebody asked for, before anything of Valkey is read."""

    brand: Brand
    programme: Programme
    board: Board
    period: WindowPeriod
    window: Window | None
    scopes: tuple[tuple[str, str], ...]


class Boards:
    """Boards as one process reads them: once for all who ask, of every brand.

    One that is not public is there for those alone who give its brand's id as ``insider``.
    """

    def __init__(self, database: Database, views: Views, clock: Clock) -> None:
        self._database = database
        self._views = views
        self._clock = clock
        self._kept: dict[_Key, tuple[float, asyncio.Task[Shown | None]]] = {}

    async def shown(
        self,
        asked: Asked,
        count: int,
        offset: int = 0,
        language: str = "en",
        insider: int | None = None,
        *,
        since: float = 0,
    ) -> Shown | None:
        """Return a board with ``count`` places after ``offset``; None if there is none to see.

        It is as of ``since`` at least, a moment of `time.monotonic`.
        """
        key = (asked, count, offset, language)
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is None or kept[0] < max(since, now - KEPT_SECONDS):
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            reading = asyncio.create_task(self._read(key, now))
            kept = self._kept[key] = now, reading
        # Who leaves must not take the reading from the others.
        found = await asyncio.shield(kept[1])
        # What is kept is for all: who may see it is decided for each.
        return found if found and (found.board.public or found.brand.id == insider) else None

    async def codes(self, brand_code: str, insider: int | None = None) -> list[str]:
        """Return the codes of a brand's boards to see, in the order of its programme."""
        now = self._clock.now()
        async with self._database.read() as session:
            brand = await brands.by_code(session, brand_code) if usable(brand_code) else None
            if brand is None:
                return []
            programme = (await programmes.timeline(session, brand.id, SECTIONS)).at(now)
        return [each.code for each in boards_in(programme) if each.public or brand.id == insider]

    async def followed(
        self, asked: Asked, language: str, live: Live, insider: int | None = None
    ) -> AsyncGenerator[Shown | None, None]:
        """Yield a board, without places, at once and then whenever it has changed.

        The first change is told at once, and what comes close after it as one more. When a window
        is over it goes on with the next.
        """
        shown = await self.shown(asked, 0, 0, language, insider)
        yield shown
        while not live.is_closed:
            window = None if shown is None else shown.window
            async with aclosing(_marks(live, window)) as marks:
                async for since in marks:
                    told = news(shown)
                    await self._rested((asked, 0, 0, language), since)
                    shown = await self.shown(asked, 0, 0, language, insider, since=since)
                    if news(shown) != told:
                        yield shown
                    if news(shown)[:1] != told[:1]:
                        break

    async def _rested(self, key: _Key, since: float) -> None:
        """Wait until what is read of a board may be read again, as of ``since``."""
        kept = self._kept.get(key)
        if kept is not None and kept[0] < since:
            await asyncio.sleep(kept[0] + KEPT_SECONDS - time.monotonic())

    async def _read(self, key: _Key, begun: float) -> Shown | None:
        asked, count, offset, language = key
        now = self._clock.now()
        async with self._database.read() as session:
            found = await resolve(session, now, asked)
            look = found and found.window and Look(found.window, offset, count)
            seen = Seen()
            if found and look and look.window.state == "frozen":
                seen = await frozen(session, found.brand, found.board.rank, look)
        if found is None:
            return None
        if look and look.window.state != "frozen":
            seen = await live(self._views, found.board.rank, look)
        return Shown(
            found.brand,
            found.programme,
            found.board,
            found.period,
            asked.scope,
            found.window,
            seen.state,
            seen.version,
            seen.size,
            await self._named(found, seen, language),
            found.scopes,
            now,
            begun,
        )

    async def _named(self, of: Resolved, seen: Seen, language: str) -> tuple[Listed, ...]:
        if not seen.places:
            return ()
        async with self._database.read() as session:
            known = await faces(session, of.brand, [seen], language)
        return named(of.board.code, seen, known, language)


def amount(brand: Brand, programme: Programme, board: Board, score: int) -> Amount:
    """Return a score of a board in the unit of what it counts."""
    if board.score == "spend":
        return Amount(Decimal(score).scaleb(-brand.currency_exponent), brand.currency)
    scale = 0
    if board.score == "points":
        scale = programme.document.section(PointsSection).scale
    return Amount(Decimal(score).scaleb(-scale), None)


async def resolve(session: Session, now: datetime, asked: Asked) -> Resolved | None:
    """Return which window of which board is meant, public or not; None if there is none."""
    if not (usable(asked.brand) and usable(asked.code)):
        return None
    brand = await brands.by_code(session, asked.brand)
    if brand is None:
        return None
    programme = (await programmes.timeline(session, brand.id, SECTIONS)).at(now)
    board = next((each for each in boards_in(programme) if each.code == asked.code), None)
    if programme is None or board is None:
        return None
    period = asked.period or periods_of(board)[0]
    if period not in periods_of(board):
        return None
    day = asked.on or brand.day(now)
    wish = scores.Asked(boards=[board.code], periods=[period], day=day)
    # There may be thousands of scopes; the one that is meant must be among what is read.
    own = replace(wish, scopes=[asked.scope])
    mine = _shown_on(await scores.windows(session, brand.id, own, first=_OF_A_DAY_MAX), day)
    window = next(iter(mine), None)
    if window is None and asked.scope:
        return None
    found = _shown_on(await scores.windows(session, brand.id, wish, first=_SCOPES_READ), day)
    return Resolved(brand, programme, board, period, window, _scopes(found))


def _shown_on(windows: Sequence[Window], day: date) -> list[Window]:
    """Return those that are shown on ``day``: of rolling ones, those that end with it."""
    last = day + timedelta(days=1)
    return [each for each in windows if each.period != "rolling" or each.ends_on == last]


def boards_in(programme: Programme | None) -> Sequence[Board]:
    """Return the boards of a programme, in the order of the file."""
    section = programme and programme.document.find(LeaderboardsSection)
    return section.board if section else ()


def periods_of(board: Board) -> tuple[WindowPeriod, ...]:
    """Return the kinds of windows that a board has."""
    return (*board.periods, *(("rolling",) if board.rolling_days else ()))


def season_of(programme: Programme, window: Window | None) -> Season | None:
    """Return the season that a window is of, if it is of one."""
    section = programme.document.find(LeaderboardsSection)
    if window is None or section is None:
        return None
    return next((each for each in section.season if each.code == window.season), None)


async def _marks(live: Live, window: Window | None) -> AsyncGenerator[float, None]:
    """Yield whenever a window may have changed, or might be there by now: since which moment."""
    if window is None:
        await asyncio.sleep(_NEWCOMER_SECONDS)
        yield 0
        return
    with live.heard(channel(window.brand_id, window.id)) as changes:
        while not live.is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await anext(changes, None)
            if not live.is_closed:
                yield changes.marked_at


def news(shown: Shown | None) -> tuple[object, ...]:
    """Return what makes another answer of a board: its window first."""
    if shown is None or shown.window is None:
        return (None, shown is None)
    return shown.window.id, shown.window.state, shown.state, shown.version


def _scopes(windows: Sequence[Window]) -> tuple[tuple[str, str], ...]:
    names = sorted(each.scope for each in windows if each.scope)
    return ("", ""), *((each, each.partition(":")[2]) for each in names[:_SCOPES_MAX])
