"""What people see who open a badge, an award or a brand's badges in a browser."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

STYLE = (Path(__file__).parent / "badge.css").read_text(encoding="utf-8")
_PAGE = Template((Path(__file__).parent / "badge.html").read_text(encoding="utf-8"))
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# Pictures may be anywhere: brands name them by their addresses.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src 'self' https:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)


class Words(NamedTuple):
    """The words of the pages in one language."""

    badges: str
    rare: str
    criteria: str
    awarded_to: str
    awarded_on: str
    valid_until: str
    rarity: str
    revoked: str
    expired: str
    levels: str
    check: str
    credential: str
    token: str
    picture: str
    keys: str
    other: str


WORDS = {
    "en": Words(
        badges="Badges",
        rare="Rarity",
        criteria="What it takes",
        awarded_to="Awarded to",
        awarded_on="Awarded on",
        valid_until="Valid until",
        rarity="Held by {share} of members",
        revoked="This award was revoked.",
        expired="This award has expired.",
        levels="Levels",
        check="Check it yourself",
        credential="Credential (Open Badges 3.0)",
        token="Signed credential (JWT)",  # noqa: S106 - words for a link
        picture="Picture with the credential in it",
        keys="Keys of {brand}",
        other="Tiếng Việt",
    ),
    "vi": Words(
        badges="Huy hiệu",
        rare="Độ hiếm",
        criteria="Điều kiện",
        awarded_to="Trao cho",
        awarded_on="Ngày trao",
        valid_until="Có giá trị đến hết",
        rarity="{share} thành viên có huy hiệu này",
        revoked="Huy hiệu này đã bị thu hồi.",
        expired="Huy hiệu này đã hết hạn.",
        levels="Các bậc",
        check="Tự kiểm tra",
        credential="Chứng nhận (Open Badges 3.0)",
        token="Chứng nhận đã ký (JWT)",  # noqa: S106 - words for a link
        picture="Hình có chứng nhận bên trong",
        keys="Khóa của {brand}",
        other="English",
    ),
}
_OTHER = {"en": "vi", "vi": "en"}


class Link(NamedTuple):
    """Something to go on to."""

    address: str
    text: str
    picture: str = ""


@dataclass(frozen=True)
class Shown:
    """What a page says. Texts are in ``language``; ``facts`` are pairs of a name and a value."""

    language: str
    address: str
    brand: str
    brand_address: str
    title: str
    text: str
    picture: str = ""
    warning: str = ""
    facts: Sequence[tuple[str, str]] = ()
    criteria: str = ""
    heading: str = ""
    tiles: Sequence[Link] = ()
    links: Sequence[Link] = field(default=())


def page(shown: Shown) -> str:
    """Return a page, whole without any script."""
    words, other = WORDS[shown.language], _OTHER[shown.language]
    return _PAGE.substitute(
        language=shown.language,
        style=STYLE,
        title=escape(shown.title),
        text=escape(shown.text),
        brand=escape(shown.brand),
        brand_address=escape(shown.brand_address),
        address=escape(shown.address),
        card="summary" if shown.picture else "summary_large_image",
        image=_meta("og:image", shown.picture) if shown.picture else "",
        picture=_picture(shown.picture) if shown.picture else "",
        warning=f'<p class="warning" role="status">{escape(shown.warning)}</p>'
        if shown.warning
        else "",
        facts="".join(_fact(*each) for each in shown.facts),
        criteria=_part(words.criteria, f"<p>{escape(shown.criteria)}</p>")
        if shown.criteria
        else "",
        tiles=_tiles(shown),
        links=_part(words.check, _list(shown.links)) if shown.links else "",
        other=f'<a href="?lang={other}" lang="{other}" hreflang="{other}">{words.other}</a>',
    )


def day_of(day: date, language: str) -> str:
    """Return a day as it is written in a language."""
    if language == "vi":
        return f"{day.day}/{day.month}/{day.year}"
    return f"{day.day} {day:%B} {day.year}"


def share(permille: int, language: str) -> str:
    """Return a share of members as percent with one decimal."""
    text = f"{permille // 10}.{permille % 10} %"
    return text.replace(".", ",") if language == "vi" else text


def _meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{escape(content)}">'


def _picture(address: str) -> str:
    return f'<img src="{escape(address)}" alt="" width="240" height="240">'


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _part(heading: str, content: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{content}</section>"


def _list(links: Sequence[Link]) -> str:
    items = "".join(
        f'<li><a href="{escape(each.address)}">{escape(each.text)}</a></li>' for each in links
    )
    return f"<ul>{items}</ul>"


def _tiles(shown: Shown) -> str:
    if not shown.tiles:
        return ""
    items = "".join(
        f'<li><a href="{escape(each.address)}"><img src="{escape(each.picture)}" alt=""'
        f' width="96" height="96" loading="lazy"><span>{escape(each.text)}</span></a></li>'
        for each in shown.tiles
    )
    return _part(shown.heading, f'<ul class="tiles">{items}</ul>')
