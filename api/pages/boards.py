"""The community page of a board: whole without JavaScript, live with it, and what is shared of it.

One reading of a board serves all who ask within its moment (`api.boards`), and a page is made of
it once: readers in their thousands cost one query.
"""

import asyncio
import hashlib
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.boards import Asked, Boards, Shown
from api.http.visitors import DRAWING_COST, Visitors
from api.language import chosen
from api.pages.board_image import drawn, pictured
from api.pages.board_words import WORDS, Words, span_of, written

ROWS = 50
_PODIUM = 3
_PLACES_MAX = 100_000
_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "public, max-age=1, stale-while-revalidate=10",
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "referrer-policy": "strict-origin-when-cross-origin",
}
_IMAGE_HEADERS = {"content-type": "image/png", "cache-control": "public, max-age=60"}
_PAGE = Template((Path(__file__).parent / "board.html").read_text(encoding="utf-8"))


class _View(NamedTuple):
    """What a reader asked to see."""

    asked: Asked
    page: int
    language: str
    origin: str

    def address(self, **others: object) -> str:
        """Return the address of this view with other settings; None leaves one out."""
        given: dict[str, object] = {
            "period": self.asked.period,
            "scope": self.asked.scope or None,
            "on": self.asked.on,
            "page": self.page if self.page > 1 else None,
            "lang": self.language,
        }
        query = {name: str(value) for name, value in (given | others).items() if value is not None}
        return f"{self.path}?{urlencode(query)}" if query else self.path

    @property
    def path(self) -> str:
        """The address without settings."""
        return f"/boards/{quote(self.asked.brand)}/{quote(self.asked.code)}"


_Key = tuple[_View, bool]
_Made = tuple[Shown, bytes, str]


class BoardPages:
    """Answers for boards' pages and pictures in one process."""

    def __init__(self, boards: Boards, visitors: Visitors) -> None:
        self._boards = boards
        self._visitors = visitors
        self._made: dict[_Key, _Made] = {}

    async def page(self, request: Request) -> Response:
        """Return the page of a board; 404 if there is none to be seen."""
        await self._visitors.charge(request)
        view = _view(request)
        shown = await self._shown(view)
        content, tag = self._page(view, shown)
        spoken = {"vary": "accept-language", "content-language": view.language}
        headers = _HEADERS | spoken | {"etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers)

    async def image(self, request: Request) -> Response:
        """Return the picture that is shown where the page is shared."""
        await self._visitors.charge(request)
        view = _view(request)._replace(page=1)
        shown = await self._shown(view)
        key = (view, True)
        kept = self._made.get(key)
        # It takes a tenth of a second to draw: once for each board that looks another way.
        if kept is None or pictured(kept[0]) != pictured(shown):
            await self._visitors.charge(request, DRAWING_COST)
            content = await asyncio.to_thread(drawn, shown, view.language)
            kept = self._keep(key, shown, content)
        return Response(kept[1], headers=_IMAGE_HEADERS | {"etag": kept[2]})

    async def _shown(self, view: _View) -> Shown:
        first = (view.page - 1) * ROWS
        shown = await self._boards.shown(view.asked, ROWS, first, view.language)
        if shown is None:
            raise HTTPException(404, WORDS[view.language].missing)
        return shown

    def _page(self, view: _View, shown: Shown) -> tuple[bytes, str]:
        key = (view, False)
        kept = self._made.get(key)
        if kept is None or kept[0] is not shown:
            kept = self._keep(key, shown, rendered(view, shown).encode())
        return kept[1], kept[2]

    def _keep(self, key: _Key, shown: Shown, content: bytes) -> _Made:
        if len(self._made) >= 1_000:  # noqa: PLR2004 - a few megabytes
            self._made.clear()
        kept = shown, content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        self._made[key] = kept
        return kept


def routes() -> list[Route]:
    """Return the addresses of boards; the application's state has the `BoardPages`."""
    return [
        Route("/boards/{brand}/{board}", _page),
        Route("/boards/{brand}/{board}/image.png", _image),
    ]


async def _page(request: Request) -> Response:
    pages: BoardPages = request.app.state.boards
    return await pages.page(request)


async def _image(request: Request) -> Response:
    pages: BoardPages = request.app.state.boards
    return await pages.image(request)


def rendered(view: _View, shown: Shown) -> str:
    """Return a board's page."""
    words = WORDS[view.language]
    name = shown.name(view.language)
    about = shown.description(view.language)
    leader = shown.places[0] if shown.places and view.page == 1 else None
    summary = about or words.of_brand.format(brand=shown.brand.name)
    if leader is not None:
        summary = words.leads.format(name=leader.name, score=_score(view, shown, leader.score))
    other = "vi" if view.language == "en" else "en"
    return _PAGE.substitute(
        language=view.language,
        locale={"en": "en_US", "vi": "vi_VN"}[view.language],
        title=escape(f"{name} · {shown.brand.name}"),
        summary=escape(summary),
        canonical=escape(view.origin + view.address()),
        alternates=_alternates(view),
        image=escape(f"{view.origin}{view.path}/image.png{view.address()[len(view.path) :]}"),
        brand=escape(shown.brand.name),
        name=escape(name),
        about=f'<p class="about">{escape(about)}</p>' if about else "",
        choose=escape(words.choose),
        periods=_choices(view, shown, words),
        span=escape(span_of(shown, view.language)),
        table=_board(view, shown, words),
        pages=_pages(view, shown, words),
        embed_title=escape(words.embed_title),
        embed_text=escape(words.embed_text),
        embed=escape(_embed(view)),
        footer=escape(words.footer),
        other=f'<a href="{escape(view.address(lang=other))}" hreflang="{other}" lang="{other}">'
        f"{WORDS[other].language}</a>",
    )


def _view(request: Request) -> _View:
    given = request.query_params
    language = given.get("lang", "")
    page = given.get("page", "1")
    if not (page.isascii() and page.isdigit() and 1 <= int(page) <= _PLACES_MAX // ROWS):
        raise HTTPException(404, "There is no such page.")
    return _View(
        Asked.read(request.path_params["brand"], request.path_params["board"], given),
        int(page),
        language if language in WORDS else chosen(request.headers.get("accept-language", "")),
        f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
    )


def _score(view: _View, shown: Shown, score: int) -> str:
    return written(shown.quantity(score), view.language)


def _alternates(view: _View) -> str:
    addresses = {each: escape(view.origin + view.address(lang=each)) for each in WORDS}
    return "\n".join(
        f'<link rel="alternate" hreflang="{each}" href="{address}">'
        for each, address in addresses.items()
    )


def _choices(view: _View, shown: Shown, words: Words) -> str:
    periods = [
        (view.address(period=each, on=None, page=None), words.periods[each], each == shown.period)
        for each in shown.periods
    ]
    scopes = [
        (
            view.address(scope=code or None, page=None),
            name or words.everywhere,
            code == view.asked.scope,
        )
        for code, name in shown.scopes
    ]
    lists = [each for each in (periods, scopes) if len(each) > 1]
    return "\n".join(f"<ul>{''.join(map(_choice, each))}</ul>" for each in lists)


def _choice(choice: tuple[str, str, bool]) -> str:
    address, text, is_current = choice
    current = ' aria-current="page"' if is_current else ""
    return f'<li><a href="{escape(address)}"{current}>{escape(text)}</a></li>'


def _podium(view: _View, shown: Shown) -> str:
    if len(shown.places) < _PODIUM:
        return ""
    items = [
        f"<li><b>{each.rank}</b><span>{escape(each.name)}</span>"
        f"<small>{escape(_score(view, shown, each.score))}</small></li>"
        for each in shown.places[:_PODIUM]
    ]
    return f'<ol class="podium" aria-hidden="true">{"".join(items)}</ol>'


def _board(view: _View, shown: Shown, words: Words) -> str:
    state = words.states["frozen" if shown.is_frozen else shown.state]
    status = f'<p class="status">{escape(state)} · {escape(words.members(shown.size))}</p>'
    head = "".join(
        f'<th scope="col" class="{column}">{escape(text)}</th>'
        for column, text in zip(("rank", "name", "score"), words.columns, strict=True)
    )
    rows = "".join(
        f'<tr{" class=top" if each.rank <= _PODIUM else ""}><td class="rank">{each.rank}</td>'
        f'<td class="name">{escape(each.name)}</td>'
        f'<td class="score">{escape(_score(view, shown, each.score))}</td></tr>'
        for each in shown.places
    )
    table = (
        f"<table><caption>{escape(shown.name(view.language))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )
    nobody = f'<p class="nobody">{escape(words.nobody)}</p>'
    card = f'<div class="card">{table if shown.places else nobody}{status}</div>'
    if view.page > 1:
        return card
    whole = _podium(view, shown) + card
    # What is finished changes no more.
    if shown.is_frozen:
        return whole
    return f"<laurel-board{_element(view, ROWS)} podium>{whole}</laurel-board>"


def _element(view: _View, rows: int) -> str:
    asked = view.asked
    settings = {"brand": asked.brand, "board": asked.code, "period": asked.period or ""}
    settings |= {"scope": asked.scope, "rows": str(rows), "lang": view.language}
    return "".join(f' {name}="{escape(value)}"' for name, value in settings.items() if value)


def _pages(view: _View, shown: Shown, words: Words) -> str:
    links: list[str] = []
    if view.page > 1:
        links.append(_link("prev", view.address(page=view.page - 1), words.back))
    if shown.size > view.page * ROWS:
        links.append(_link("next", view.address(page=view.page + 1), words.on))
    return f'<p class="pages">{"".join(links)}</p>' if links else ""


def _link(relation: str, address: str, text: str) -> str:
    return f'<a rel="{relation}" href="{escape(address)}">{escape(text)}</a>'


def _embed(view: _View) -> str:
    return (
        f'<script type="module" src="{view.origin}/static/laurel-board.js"></script>\n'
        f"<laurel-board{_element(view, 10)}></laurel-board>"
    )
