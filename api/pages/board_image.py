"""The picture of a board that is shown where its page is shared: 1200 by 630 points."""

import io
from typing import TYPE_CHECKING

from api.boards import Shown
from api.pages.board_words import WORDS, span_of, written

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLACES = 5
_WIDTH, _HEIGHT, _DPI = 1200, 630, 100
_GROUND, _INK, _SOFT, _LEAF = "#f7f6f1", "#1f2a24", "#56655c", "#2f6b4a"
_NAME_MAX = 26
_TITLE_MAX = 40


def pictured(shown: Shown) -> tuple[object, ...]:
    """Return all that a picture is made of, but for the language."""
    places = shown.places[:_PLACES]
    return shown.brand, shown.programme, shown.board, shown.window and shown.window.id, places


def drawn(shown: Shown, language: str) -> bytes:
    """Return the picture as PNG: the board's name and its first places."""
    # A second of work for every process, and most never draw.
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(_WIDTH / _DPI, _HEIGHT / _DPI), dpi=_DPI, facecolor=_GROUND)
    _text(figure, 70, 90, shown.brand.name, 22, _SOFT)
    _text(figure, 70, 150, _cut(shown.name(language), _TITLE_MAX), 36, _INK, "bold")
    _text(figure, 70, 205, span_of(shown, language), 19, _SOFT)
    if not shown.places:
        _text(figure, 70, 320, WORDS[language].nobody, 24, _SOFT)
    for number, place in enumerate(shown.places[:_PLACES]):
        line = 285 + number * 66
        colour, weight = (_LEAF, "bold") if place.rank == 1 else (_INK, "normal")
        _text(figure, 110, line, str(place.rank), 26, colour, weight, "right")
        _text(figure, 150, line, _cut(place.name, _NAME_MAX), 26, colour, weight)
        score = written(shown.quantity(place.score), language)
        _text(figure, _WIDTH - 70, line, score, 26, colour, weight, "right")
    content = io.BytesIO()
    figure.savefig(content, format="png", facecolor=_GROUND)
    return content.getvalue()


def _text(  # noqa: PLR0913, PLR0917 - where, what and how
    figure: "Figure",
    left: float,
    top: float,
    text: str,
    size: float,
    colour: str,
    weight: str = "normal",
    align: str = "left",
) -> None:
    # Names are anybody's text: nothing in them is a formula.
    figure.text(
        left / _WIDTH,
        1 - top / _HEIGHT,
        text,
        fontsize=size,
        color=colour,
        fontweight=weight,
        ha=align,
        va="baseline",
        parse_math=False,
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
