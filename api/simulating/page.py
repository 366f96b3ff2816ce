"""A simulation's report as one page: no script, nothing from the network, for phones and paper."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import accumulate
from string import Template
from typing import Any, NamedTuple

from api.simulating import plots
from api.simulating.findings import Finding, beside_name, findings
from api.simulating.plots import BESIDE, DRAFT, TIERS, Series
from api.simulating.style import STYLE
from api.simulating.told import amount

_NONE = "\u2013"
_TELLING = 2
"""Of so many tiers there must be members for a plot to say anything."""

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<p class="eyebrow">Programme simulation</p>
<h1>$title</h1>
<p class="lead">$lead</p>
<p class="sides">$sides</p>
</header>
<main>
<section aria-labelledby="summary">
<h2 id="summary">In short</h2>
<ul class="findings">$findings</ul>
<div class="cards">$cards</div>
</section>
<div class="plots">$plots</div>
$members
<section aria-labelledby="assumed">
<h2 id="assumed">What this assumes</h2>
<ul class="plain">$assumed</ul>
</section>
</main>
<footer><p>$footer</p></footer>
</body>
</html>
""")


class _Words(NamedTuple):
    """What stands over a plot, and by what name it is referred to."""

    key: str
    title: str
    caption: str


class _Table(NamedTuple):
    """The numbers of a plot: names of rows and columns with their cells, written out."""

    head: str
    rows: Sequence[str]
    columns: Sequence[tuple[str, Sequence[str]]]


class _Side(NamedTuple):
    """A side of the report: its key, name, colour, and numbers."""

    key: str
    name: str
    colour: str
    numbers: dict[str, Any]

    @property
    def is_beside(self) -> bool:
        return self.key == "beside"


def page(numbers: dict[str, Any]) -> str:
    """Return a report's document as a page. Whatever comes from outside is escaped."""
    sides = [_Side("draft", "Draft", DRAFT, numbers["draft"])]
    if numbers["beside"] is not None:
        sides.append(_Side("beside", beside_name(numbers), BESIDE, numbers["beside"]))
    history = numbers["history"]
    told = findings(numbers)
    title = f"{numbers['brand']['name']}: what the draft would have done"
    lead = (
        f"{history['baskets']:,} baskets of {history['members']:,} members, {history['from']} to"
        f" {history['until'][:10]}, replayed basket by basket."
    )
    return _PAGE.substitute(
        title=escape(title),
        style=STYLE,
        lead=escape(lead),
        sides=" ".join(_chip(side) for side in sides),
        findings="".join(f"<li>{escape(each)}</li>" for each in told.summary),
        cards="".join(_cards(numbers, sides)),
        plots="".join(_plots(numbers, sides, told)),
        members=_members(numbers),
        assumed="".join(f"<li>{escape(each)}</li>" for each in told.assumed),
        footer=escape(_source(numbers)),
    )


def _chip(side: _Side) -> str:
    what = side.numbers["source"] or _version(side.numbers)
    return (
        f'<span class="chip">{_swatch(side.colour, is_beside=side.is_beside)}'
        f"<b>{escape(side.name)}</b> {escape(what)}</span>"
    )


def _version(numbers: dict[str, Any]) -> str:
    version = numbers["version"]
    return f"{numbers['name']}, version {version}" if version else str(numbers["name"])


def _cards(numbers: dict[str, Any], sides: Sequence[_Side]) -> Iterator[str]:
    exponent, currency = numbers["currency"]["exponent"], numbers["currency"]["code"]
    for label, key, is_money in (
        ("Points issued", "issued", False),
        ("Points outstanding", "outstanding", False),
        ("Points expired", "expired", False),
        ("Reward cost", "rewardCost", True),
    ):
        values = []
        for side in sides:
            decimals = exponent if is_money else side.numbers["scale"]
            value = amount(side.numbers["totals"][key], decimals)
            unit = currency if is_money else ""
            values.append(
                f"<dd>{_swatch(side.colour, is_beside=side.is_beside)}"
                f'<span class="hidden">{escape(side.name)}: </span>{value}'
                f" <small>{escape(unit)}</small></dd>"
            )
        yield f"<dl><dt>{label}</dt>{''.join(values)}</dl>"


def _plots(numbers: dict[str, Any], sides: Sequence[_Side], told: Finding) -> Iterator[str]:
    def over(key: str, caption: str, draw: Any) -> str:
        return _over_months(numbers, sides, _Words(key, told.titles[key], caption), draw)

    yield over("issued", "Points issued each month", plots.bars)
    yield over("outstanding", "Points that members have at each month's end", plots.lines)
    if any(side.numbers["costPerPoint"] for side in sides):
        yield _liability(numbers, sides, told)
    yield over("expired", "Points that had ended by each month's end (breakage)", plots.lines)
    if _differ(numbers["members"]):
        yield _spread(numbers, told)
    yield from _tiers(numbers, sides, told)
    if any(side.numbers["totals"]["redemptions"] for side in sides):
        caption = f"What redeemed rewards cost each month ({numbers['currency']['code']})"
        yield over("rewardCost", caption, plots.bars)


def _over_months(numbers: dict[str, Any], sides: Sequence[_Side], words: _Words, draw: Any) -> str:
    key, months = words.key, numbers["months"]
    if all(side.numbers["totals"][words.key] == 0 for side in sides):
        return _nothing(words)
    series, columns = [], []
    for side in sides:
        is_money = key == "rewardCost"
        scale = numbers["currency"]["exponent"] if is_money else side.numbers["scale"]
        values = [month[key] for month in side.numbers["months"]]
        if key == "expired":
            values = list(accumulate(values))
        plotted = [value / 10**scale for value in values]
        series.append(Series(side.name, side.colour, plotted, side.is_beside))
        columns.append((side.name, [amount(value, scale) for value in values]))
    drawn = draw(months, series, key)
    return _figure(words, drawn, series, _Table("Month", months, columns))


def _liability(numbers: dict[str, Any], sides: Sequence[_Side], told: Finding) -> str:
    exponent, code = numbers["currency"]["exponent"], numbers["currency"]["code"]
    series, columns = [], []
    for side in sides:
        if side.numbers["costPerPoint"] is None:
            continue
        for bound in ("lowest", "highest"):
            values = [month["liability"][bound] for month in side.numbers["months"]]
            columns.append((f"{side.name}, {bound}", [amount(each, exponent) for each in values]))
            if bound == "highest":
                plotted = [value / 10**exponent for value in values]
                series.append(Series(side.name, side.colour, plotted, side.is_beside))
    caption = (
        f"What all points at each month's end would cost at most ({code}): all of them spent on the"
        " listed reward that costs most per point"
    )
    drawn = plots.lines(numbers["months"], series, "liability")
    words = _Words("liability", told.titles["liability"], caption)
    return _figure(words, drawn, series, _Table("Month", numbers["months"], columns))


def _tiers(numbers: dict[str, Any], sides: Sequence[_Side], told: Finding) -> Iterator[str]:
    months = numbers["months"]
    for side in sides:
        for ladder in side.numbers["tiers"]:
            code = ladder["code"]
            counts = [month["tiers"].get(code, {}) for month in side.numbers["months"]]
            series = [
                Series(tier, _shade(place), [each.get(tier, 0) for each in counts])
                for place, tier in enumerate(ladder["tiers"])
            ]
            if sum(any(each.values) for each in series) < _TELLING:
                continue
            columns = [(each.name, [f"{value:,}" for value in each.values]) for each in series]
            name = ladder["name"] or code
            words = _Words(
                f"tiers-{side.key}-{code}",
                told.tiers.get((side.key, code), f"{side.name}: {name}"),
                f"{side.name}: members by tier at each month's end, {name}",
            )
            drawn = plots.layers(months, series, f"{side.key} {code}")
            yield _figure(words, drawn, series, _Table("Month", months, columns))


def _shade(place: int) -> str:
    return TIERS[place % len(TIERS)]


def _figure(words: _Words, svg: str, series: Sequence[Series], table: _Table) -> str:
    legend = "".join(
        f"<li>{_swatch(each.colour, is_beside=each.is_beside)}{escape(each.name)}</li>"
        for each in series
    )
    details = f"<details><summary>The numbers</summary>{_drawn(table)}</details>"
    key = escape(words.key)
    return (
        f'<section class="plot" aria-labelledby="{key}"><h2 id="{key}">{escape(words.title)}</h2>'
        f'<p class="caption">{escape(words.caption)}</p>'
        f'<ul class="legend">{legend}</ul>{svg}{details}</section>'
    )


def _nothing(words: _Words) -> str:
    """Return what stands where a plot would show nothing but zeros."""
    key = escape(words.key)
    return (
        f'<section class="plot" aria-labelledby="{key}"><h2 id="{key}">{escape(words.title)}</h2>'
        f'<p class="caption">{escape(words.caption)}</p></section>'
    )


def _swatch(colour: str, *, is_beside: bool) -> str:
    kind = "swatch beside" if is_beside else "swatch"
    return f'<i class="{kind}" style="--c:{plots.OF_THE_PAGE.get(colour, colour)}"></i>'


def _drawn(table: _Table) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name, _ in table.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row)}</th>'
        + "".join(f"<td>{escape(values[place])}</td>" for _, values in table.columns)
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    return (
        '<div class="scroll" tabindex="0"><table><thead><tr>'
        f'<th scope="col">{escape(table.head)}</th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _spread(numbers: dict[str, Any], told: Finding) -> str:
    members = numbers["members"]
    scale, groups = members["scale"], members["spread"]
    edges = [(each["from"] / 10**scale, each["to"] / 10**scale) for each in groups]
    counts = [each["members"] for each in groups]
    names = [f"{amount(each['from'], scale)} to {amount(each['to'], scale)}" for each in groups]
    series = [Series("gain", DRAFT, ()), Series("lose", BESIDE, (), is_beside=True)]
    caption = (
        "Members by how many points more (right) or fewer (left) they could use; who has the same"
        " is not shown, and the outermost bars hold all beyond"
    )
    drawn = plots.spread(edges, counts, (BESIDE, DRAFT), "members")
    columns = [("Members", [f"{count:,}" for count in counts])]
    words = _Words("members", told.titles["members"], caption)
    return _figure(words, drawn, series, _Table("Points", names, columns))


def _differ(members: dict[str, Any] | None) -> bool:
    """Whether anybody fares otherwise."""
    return members is not None and bool(members["gain"] or members["lose"])


def _members(numbers: dict[str, Any]) -> str:
    members = numbers["members"]
    if not _differ(members):
        return ""
    scale, beside = members["scale"], beside_name(numbers)
    return (
        "<section aria-labelledby='fates'><h2 id='fates'>Who gains and loses most</h2>"
        f"<div class='two'>{_fates('Gain most', members['most'], scale, beside)}"
        f"{_fates('Lose most', members['least'], scale, beside)}</div></section>"
    )


def _fates(title: str, fates: Sequence[dict[str, Any]], scale: int, beside: str) -> str:
    if not fates:
        return f"<div><h3>{title}</h3><p>Nobody.</p></div>"
    columns = [
        ("Difference", [_signed(each["difference"], scale) for each in fates]),
        ("Draft", [amount(each["draft"], scale) for each in fates]),
        (beside, [amount(each["beside"], scale) for each in fates]),
        ("Tier", [_tier(each) for each in fates]),
    ]
    names = [each["member"] for each in fates]
    return f"<div><h3>{title}</h3>{_drawn(_Table('Member', names, columns))}</div>"


def _tier(fate: dict[str, Any]) -> str:
    before, after = fate["besideTier"] or _NONE, fate["draftTier"] or _NONE
    return before if before == after else f"{before} \u2192 {after}"


def _signed(value: int, scale: int) -> str:
    return ("+" if value > 0 else "") + amount(value, scale).replace("-", "\u2212")


def _source(numbers: dict[str, Any]) -> str:
    history = numbers["history"]
    source = "the database" if history["source"] == "database" else history["source"]
    begins = history["draftFrom"]
    since = f" The draft judges from {begins[:10]} on." if begins else ""
    return f"History: {source}.{since} Made by laurel programme simulate; nothing was changed."
