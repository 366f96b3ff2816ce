"""What a report's numbers say, in words: the titles of its plots and what it is based on."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from api.simulating.told import amount

_HARDLY = Fraction(5, 1000)
_WHOLE_FROM = 10


@dataclass(frozen=True)
class Finding:
    """A report in words. ``titles`` by plot, ``tiers`` by side and ladder."""

    summary: tuple[str, ...]
    titles: dict[str, str]
    tiers: dict[tuple[str, str], str]
    assumed: tuple[str, ...]


def findings(numbers: dict[str, Any]) -> Finding:
    """Return what the numbers say."""
    titles = {
        "issued": _title(numbers, "issued", "points", "issues", "issued"),
        "outstanding": _title(
            numbers, "outstanding", "points", "leaves members", "left with members"
        ),
        "expired": _title(numbers, "expired", "points", "lets end", "expired"),
        "rewardCost": _cost(numbers),
        "liability": _liability(numbers),
        "members": _members(numbers),
    }
    summary = [titles["issued"], titles["outstanding"]]
    if any(_totals(numbers, "expired")):
        summary.append(titles["expired"])
    if any(_totals(numbers, "rewardCost")):
        summary.append(titles["rewardCost"])
    if numbers["members"] is not None:
        summary.append(titles["members"])
    summary += _refused(numbers)
    return Finding(tuple(summary), titles, _tiers(numbers), tuple(_assumed(numbers)))


def beside_name(numbers: dict[str, Any]) -> str:
    """Return what the other side is called."""
    return "In force" if numbers["beside"]["isInForce"] else "Beside it"


def change(draft: Fraction, beside: Fraction) -> str | None:
    """Return how much more or less the draft has, None if it is hardly anything."""
    if draft == beside:
        return None
    if not beside:
        return "more"
    part = (draft - beside) / beside
    if abs(part) < _HARDLY:
        return None
    percent = abs(float(part)) * 100
    if part > 1:
        return f"{float(draft / beside):,.1f} times as many"
    shown = f"{percent:.0f}" if percent >= _WHOLE_FROM else f"{percent:.1f}"
    return f"{shown} % {'more' if part > 0 else 'fewer'}"


def _value(numbers: dict[str, Any], side: str, key: str) -> Fraction:
    each = numbers[side]
    scale = numbers["currency"]["exponent"] if key == "rewardCost" else each["scale"]
    return Fraction(each["totals"][key], 10**scale)


def _totals(numbers: dict[str, Any], key: str) -> tuple[Fraction, Fraction]:
    beside = Fraction(0) if numbers["beside"] is None else _value(numbers, "beside", key)
    return _value(numbers, "draft", key), beside


def _title(numbers: dict[str, Any], key: str, noun: str, verb: str, alone: str) -> str:
    draft, beside = _totals(numbers, key)
    shown = amount(numbers["draft"]["totals"][key], numbers["draft"]["scale"])
    if numbers["beside"] is None:
        return f"{shown} {noun} {alone}"
    if not draft and not beside:
        return f"No {noun} {alone} under either programme"
    told = change(draft, beside)
    was = amount(numbers["beside"]["totals"][key], numbers["beside"]["scale"])
    if told is None and draft == beside:
        return f"The draft {verb} exactly as many {noun}: {shown}"
    if told is None:
        return f"The draft {verb} about as many {noun}: {shown} instead of {was}"
    return f"The draft {verb} {told} {noun}: {shown} instead of {was}"


def _cost(numbers: dict[str, Any]) -> str:
    draft, beside = _totals(numbers, "rewardCost")
    exponent, code = numbers["currency"]["exponent"], numbers["currency"]["code"]
    shown = f"{amount(numbers['draft']['totals']['rewardCost'], exponent)} {code}"
    if numbers["beside"] is None:
        return f"Redeemed rewards cost {shown}"
    was = f"{amount(numbers['beside']['totals']['rewardCost'], exponent)} {code}"
    if draft == beside:
        return f"Rewards cost the same: {shown}"
    way = "more" if draft > beside else "less"
    return f"Rewards cost {way}: {shown} instead of {was}"


def _liability(numbers: dict[str, Any]) -> str:
    exponent, code = numbers["currency"]["exponent"], numbers["currency"]["code"]
    last = numbers["draft"]["months"][-1]["liability"]
    if last is None:
        return ""
    low, high = (amount(last[bound], exponent) for bound in ("lowest", "highest"))
    if low == high:
        return f"All points left under the draft would cost {high} {code}"
    return f"All points left under the draft would cost {low} to {high} {code}"


def _members(numbers: dict[str, Any]) -> str:
    members = numbers["members"]
    if members is None:
        return ""
    gain, lose, same = members["gain"], members["lose"], members["same"]
    if not gain and not lose:
        return f"All {same:,} members have the same points under both"
    parts = (
        f"{_people(gain)} gain{'s' * (gain <= 1)} points",
        f"{_people(lose)} lose{'s' * (lose <= 1)} some",
        f"{_people(same)} {'has' if same <= 1 else 'have'} the same",
    )
    told = ", ".join(parts)
    return told[0].upper() + told[1:]


def _people(count: int) -> str:
    if not count:
        return "nobody"
    return f"{count:,} member" + "s" * (count > 1)


def _tiers(numbers: dict[str, Any]) -> dict[tuple[str, str], str]:
    found = {}
    for key in ("draft", "beside"):
        side = numbers[key]
        name = "Draft" if key == "draft" or side is None else beside_name(numbers)
        for ladder in side["tiers"] if side else ():
            code, tiers = ladder["code"], ladder["tiers"]
            last = side["months"][-1]["tiers"].get(code, {})
            everybody = sum(last.values())
            if not everybody or not tiers:
                continue
            top = next((tier for tier in reversed(tiers) if last.get(tier)), tiers[-1])
            part = f"{last.get(top, 0) / everybody:.0%}".replace("%", " %")
            where = f" on {ladder['name']}" if ladder["name"] else ""
            found[key, code] = f"{name}: {part} of members end up {top}{where}"
    return found


def _refused(numbers: dict[str, Any]) -> Iterator[str]:
    failed = numbers["draft"]["notAllowed"]
    if failed["redemptions"]:
        yield (
            f"{failed['redemptions']:,} of the redemptions that members made could not have been"
            " made under the draft"
        )
    if failed["events"]:
        yield f"The draft refuses {failed['events']:,} of the purchases and activities"
    if failed["corrections"]:
        yield f"{failed['corrections']:,} corrections by staff would have failed"


def _assumed(numbers: dict[str, Any]) -> Iterator[str]:
    yield "Members bought and did what they really bought and did, whatever they earned for it."
    yield (
        "Members redeemed what they really redeemed, at the draft's prices, as far as they had the"
        " points; nobody redeems more because there is more, and stock and limits are not asked."
    )
    if numbers["history"]["source"] == "database":
        yield (
            "Status that was granted and points that staff gave or took are as they were. A"
            " member's birthday and attributes are those of today."
        )
        yield (
            "What the draft gives by itself is given as it would have been, and its cost is"
            " counted; the programme in force gave what it really gave."
        )
    yield (
        "Points that members could use are those issued less those expired and taken back: those"
        " spent and those left."
    )
    if numbers["draft"]["costPerPoint"] is not None:
        rates, code = numbers["draft"]["costPerPoint"], numbers["currency"]["code"]
        yield (
            "What points left would cost is a range: all of them spent on the listed reward that"
            f" costs the brand least per point ({rates['lowest']} {code}), or most"
            f" ({rates['highest']} {code}). Points that will expire are in it."
        )
    left_out = numbers["history"]["leftOut"]
    if left_out and any(left_out.values()):
        yield (
            f"Of the file {left_out['refused']:,} purchases no import would take,"
            f" {left_out['repeated']:,} that came twice and {left_out['later']:,} after the end"
            " were left out."
        )
