"""What a simulation found, as one JSON document and as the numbers that a page shows."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

from api.simulating.asked import Version, timeline_of
from api.simulating.run import Simulated
from domain.brands.section import BrandSection
from domain.programmes.rules import Programme
from domain.rewards.rules_catalogue import offers_of
from domain.simulation.rules_months import Comparison, Mine, Sums, running
from domain.simulation.rules_simulation import Side
from domain.tiers.section import TiersSection
from domain.wallets.section import PointsSection

VERSION = 1
"""Of the document's shape; it grows when a name changes its meaning or goes."""

BINS = 21
"""At most so many groups show how members' differences are spread."""


def document(done: Simulated) -> dict[str, Any]:
    """Return everything that is known of a simulation; the same one leads to the same document.

    Points are in the smallest unit of their side's ``scale``, money in that of the currency.
    """
    asked, wish, found = done.asked, done.wish, done.found
    brand, months = asked.brand, asked.months
    draft = _side(done, asked.draft[-1].id, found.draft, asked.draft)
    beside = None
    if found.beside is not None and asked.beside is not None:
        last = timeline_of(asked.beside).at(months.ends[-1])
        beside = _side(done, last.version_id if last else 0, found.beside, asked.beside)
    return {
        "report": VERSION,
        "brand": {"code": brand.code, "name": brand.name, "timeZone": brand.time_zone},
        "currency": {"code": brand.currency, "exponent": brand.currency_exponent},
        "history": {
            "source": "database" if wish.history is None else wish.history.name,
            "from": brand.local(months.starts[0]).date().isoformat(),
            "until": brand.local(months.ends[-1]).isoformat(),
            "draftFrom": None if wish.begins is None else wish.begins.isoformat(),
            "members": sum(found.draft.sums.joined),
            "baskets": sum(found.draft.sums.purchases),
            "leftOut": _left_out(done),
        },
        "months": [brand.local(start).strftime("%Y-%m") for start in months.starts],
        "draft": draft,
        "beside": beside,
        "members": _members(done, found.comparison),
    }


def _left_out(done: Simulated) -> dict[str, int] | None:
    taken = done.taken
    if taken is None:
        return None
    return {"repeated": taken.repeated, "refused": taken.refused, "later": taken.later}


def _side(
    done: Simulated, version_id: int, side: Side, versions: tuple[Version, ...]
) -> dict[str, Any]:
    is_draft = versions is done.asked.draft
    given = done.wish.draft if is_draft else done.wish.beside
    source = None if given is None else Path(given.source).name
    timeline = timeline_of(versions)
    programme = next(each for each in timeline.programmes if each.version_id == version_id)
    points = programme.document.section(PointsSection)
    rates = _rates(done, programme)
    sums = side.sums
    left = sums.outstanding()
    return {
        "name": programme.document.section(BrandSection).name,
        "source": source,
        "isInForce": not is_draft and source is None,
        "version": version_id if version_id > 0 else None,
        "unit": points.name,
        "scale": points.scale,
        "totals": _totals(sums, left),
        "months": [_month(done, sums, left, rates, place) for place in range(sums.months)],
        "tiers": _ladders(programme, sums),
        "costPerPoint": None
        if rates is None
        else {
            "lowest": _decimal(rates[0] * 10**points.scale),
            "highest": _decimal(rates[1] * 10**points.scale),
        },
        "notAllowed": {
            "events": side.failures.events,
            "redemptions": side.failures.redemptions,
            "redemptionsWithoutReward": side.failures.gone_rewards,
            "redemptionPoints": side.failures.redeemed_points,
            "corrections": side.failures.corrections,
        },
    }


def _totals(sums: Sums, left: Sequence[int]) -> dict[str, int]:
    return {
        "issued": sum(sums.issued),
        "spent": sum(sums.spent),
        "expired": sum(sums.expired),
        "reversed": sum(sums.reversed),
        "outstanding": left[-1],
        "redemptions": sum(sums.redemptions),
        "rewardCost": sum(sums.cost),
        "purchases": sum(sums.purchases),
        "spend": sum(sums.spend),
        "refunded": sum(sums.refunded),
        "members": sum(sums.joined),
    }


def _month(
    done: Simulated,
    sums: Sums,
    left: Sequence[int],
    rates: tuple[Fraction, Fraction] | None,
    place: int,
) -> dict[str, Any]:
    money = 10**done.asked.brand.currency_exponent
    liability = None
    if rates is not None:
        low, high = (int(left[place] * rate * money) for rate in rates)
        liability = {"lowest": low, "highest": high}
    return {
        "issued": sums.issued[place],
        "spent": sums.spent[place],
        "expired": sums.expired[place],
        "reversed": sums.reversed[place],
        "outstanding": left[place],
        "liability": liability,
        "redemptions": sums.redemptions[place],
        "rewardCost": sums.cost[place],
        "purchases": sums.purchases[place],
        "spend": sums.spend[place],
        "refunded": sums.refunded[place],
        "members": list(running(sums.joined))[place],
        "tiers": _nested(sums.tiers[place]),
    }


def _nested(tiers: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (ladder, tier), members in sorted(tiers.items()):
        found.setdefault(ladder, {})[tier] = members
    return found


def _ladders(programme: Programme, sums: Sums) -> list[dict[str, Any]]:
    """Return the ladders with their tiers, lowest first; tiers of earlier versions come last."""
    section = programme.document.find(TiersSection)
    found = {
        ladder.code: {"name": ladder.name, "tiers": [tier.name for tier in ladder.tier]}
        for ladder in (section.ladder if section else ())
    }
    for month in sums.tiers:
        for code, tier in month:
            ladder = found.setdefault(code, {"name": None, "tiers": []})
            if tier not in ladder["tiers"]:  # type: ignore[operator]
                ladder["tiers"].append(tier)  # type: ignore[union-attr]
    return [{"code": code, **each} for code, each in found.items()]


def _rates(done: Simulated, programme: Programme) -> tuple[Fraction, Fraction] | None:
    """Return what a smallest unit of points costs the brand, in whole money, at least and most.

    By the rewards that members can ask for and that say what one costs; None if none does.
    """
    money = 10**done.asked.brand.currency_exponent
    found = [
        Fraction(offer.cost, offer.points * money)
        for offer in offers_of(programme, done.asked.brand).values()
        if offer.points and offer.reward.cost is not None and offer.reward.listed
    ]
    return (min(found), max(found)) if found else None


def _decimal(rate: Fraction) -> str:
    return f"{float(rate):.4f}"


def _members(done: Simulated, comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None or not comparison.differences:
        return None
    differences = comparison.differences
    scale = max(
        timeline_of(versions).programmes[-1].document.section(PointsSection).scale
        for versions in (done.asked.draft, done.asked.beside or ())
        if versions
    )
    return {
        "scale": scale,
        "gain": sum(each > 0 for each in differences),
        "lose": sum(each < 0 for each in differences),
        "same": sum(each == 0 for each in differences),
        "median": int(median(differences)),
        "sum": sum(differences),
        "spread": _spread(differences, 10**scale),
        "most": [_fate(comparison, *each) for each in comparison.best],
        "least": [_fate(comparison, *each) for each in comparison.worst],
        "tiers": [
            {"beside": old, "draft": new, "members": members}
            for (old, new), members in sorted(comparison.moves.items())
        ],
    }


def _fate(comparison: Comparison, difference: int, draft: Mine, beside: Mine) -> dict[str, Any]:
    return {
        "member": draft.external_id,
        "difference": difference,
        "draft": draft.worth * comparison.factors[0],
        "beside": beside.worth * comparison.factors[1],
        "draftTier": draft.tier or None,
        "besideTier": beside.tier or None,
    }


def _spread(differences: Sequence[int], unit: int) -> list[dict[str, int]]:
    """Return members by how much their points differ, in groups of a round width, zero apart.

    The outermost groups hold the last hundredth of either side as well.
    """
    ordered = sorted(differences)
    low, high = ordered[len(ordered) // 100], ordered[-1 - len(ordered) // 100]
    width = _round_width(max(high - low, BINS * unit), unit)
    counts: dict[int, int] = {}
    first, last = low // width, high // width
    for each in differences:
        place = min(max(each // width, first), last)
        if each == 0:
            continue
        counts[place] = counts.get(place, 0) + 1
    return [
        {"from": place * width, "to": (place + 1) * width, "members": counts.get(place, 0)}
        for place in range(first, last + 1)
    ]


def _round_width(reach: int, unit: int) -> int:
    width = unit
    while True:
        for step in (1, 2, 5):
            if reach <= width * step * BINS:
                return width * step
        width *= 10
