"""Draws a report's plots as SVG that takes its text colour and font from the page around it.

Two colours that people of any colour sight tell apart (Okabe and Ito, jfly.uni-koeln.de/color),
and the programme in force is dashed or hatched besides: nothing is told by colour alone.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAFT = "#0072b2"
BESIDE = "#e69f00"
INK = "#123456"
"""Stands for the page's own text colour."""
FAINT = "#654321"
"""Stands for the page's colour of lines in the background."""

OF_THE_PAGE = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    DRAFT: "var(--draft)",
    BESIDE: "var(--beside)",
}
"""What the page's style says instead: it knows whether it is dark."""

# Neighbours differ in lightness as well; readable on white and on black.
TIERS = ("#56b4e9", "#2271b2", "#cc79a7", "#f0a30a", "#009e73", "#d55e00", "#999999")

WIDTH, HEIGHT = 5.2, 3.3
_HATCH = "////"
_LABELS = 6


@dataclass(frozen=True)
class Series:
    """One line, bar or layer: its name, colour, and a value for each month."""

    name: str
    colour: str
    values: Sequence[float]
    is_beside: bool = False


def lines(months: Sequence[str], series: Sequence[Series], salt: str) -> str:
    """Return lines over months."""

    def draw(axes: "Axes") -> None:
        for each in series:
            dashes = (0, (4, 2)) if each.is_beside else "solid"
            axes.plot(
                range(len(months)),
                each.values,
                color=each.colour,
                linestyle=dashes,
                linewidth=2.2,
                marker="o" if len(months) == 1 else None,
                zorder=3 if each.is_beside else 2,
            )
        axes.set_ylim(bottom=min(0, *(min(each.values) for each in series)))
        _months(axes, months)

    return _drawn(draw, salt)


def bars(months: Sequence[str], series: Sequence[Series], salt: str) -> str:
    """Return bars over months, side by side."""

    def draw(axes: "Axes") -> None:
        width = 0.8 / len(series)
        for place, each in enumerate(series):
            offset = (place - (len(series) - 1) / 2) * width
            axes.bar(
                [month + offset for month in range(len(months))],
                each.values,
                width,
                color=each.colour,
                hatch=_HATCH if each.is_beside else None,
                edgecolor=INK if each.is_beside else each.colour,
                linewidth=0,
                zorder=2,
            )
        _months(axes, months)

    return _drawn(draw, salt)


def layers(months: Sequence[str], series: Sequence[Series], salt: str) -> str:
    """Return what parts make a whole over months, the first at the bottom."""

    def draw(axes: "Axes") -> None:
        if len(months) == 1:
            bottom = 0.0
            for each in series:
                axes.bar([0], each.values, 0.5, bottom=bottom, color=each.colour)
                bottom += each.values[0]
        else:
            axes.stackplot(
                range(len(months)),
                [list(each.values) for each in series],
                colors=[each.colour for each in series],
            )
        _months(axes, months)

    return _drawn(draw, salt)


def spread(
    edges: Sequence[tuple[float, float]], counts: Sequence[int], colours: tuple[str, str], salt: str
) -> str:
    """Return how many there are in each group; groups below and above zero differ in colour."""

    def draw(axes: "Axes") -> None:
        for (start, end), count in zip(edges, counts, strict=True):
            loses = end <= 0
            axes.bar(
                (start + end) / 2,
                count,
                (end - start) * 0.9,
                color=colours[0] if loses else colours[1],
                hatch=_HATCH if loses else None,
                edgecolor=INK if loses else colours[1],
                linewidth=0,
                zorder=2,
            )
        axes.axvline(0, color=INK, linewidth=1, zorder=3)
        axes.xaxis.set_major_formatter(lambda value, _: short(value))
        axes.tick_params(axis="x", labelsize=10)

    return _drawn(draw, salt)


def short(value: float) -> str:
    """Return a number in a few characters: 1.2M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}".replace("-", "\u2212")
    return f"{value:.3g}".replace("-", "\u2212")


def _months(axes: "Axes", months: Sequence[str]) -> None:
    step = max(1, -(-len(months) // _LABELS))
    places = list(range(0, len(months), step))
    axes.set_xticks(places, [months[place] for place in places])
    axes.margins(x=0.02 if len(months) > 1 else 0.5)


def _drawn(draw: Callable[["Axes"], None], salt: str) -> str:
    # Loaded here: it takes half a second, which no other command should wait for.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: Any = {
        "svg.fonttype": "none",
        "text.parse_math": False,
        "svg.hashsalt": salt,
        "font.size": 11,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.edgecolor": FAINT,
        "grid.color": FAINT,
        "hatch.linewidth": 0.7,
        "axes.unicode_minus": True,
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=True, axis="y", linewidth=0.7, zorder=0)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.tick_params(length=0)
        axes.tick_params(axis="x", pad=6)
        axes.yaxis.set_major_formatter(lambda value, _: short(value))
        draw(axes)
        return _plain(figure)


def _plain(figure: "Figure") -> str:
    """Return a figure as an element of a page: no prolog, no own font, colours of the page."""
    text = StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'aria-hidden="true"', svg, count=1)
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, count=1, flags=re.DOTALL)
    svg = re.sub(r" font-family: [^;]*;", "", svg)
    # Pages have several plots, and only what is referred to needs a name.
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    svg = re.sub(r"<!--.*?-->\n?", "", svg)
    for colour, name in OF_THE_PAGE.items():
        svg = svg.replace(colour, name)
    return svg
