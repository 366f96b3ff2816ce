"""What one event earns and counts, decided on what is known of its member: values in and out.

Whatever records events or replays them decides here, so that both say the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules import CapKey, Event, Purchase, Verdict
from domain.earning.rules_award import award
from domain.earning.rules_compile import EarningRules, compile_rules
from domain.earning.rules_facts import OF_TIERS, Person, facts_of
from domain.earning.rules_given import Given, given, qualifies
from domain.earning.section import EarningSection
from domain.members.section import EnrolmentSection
from domain.programmes.rules import Programme, Timeline
from domain.tallies.rules import Count, Tallies
from domain.tiers.rules import Grant, Ladders, tiers_at
from domain.wallets.section import PointsSection
from kit.errors import InvalidInputError, LaurelError

HITS = "hits"
"""Where the context of an event keeps the rules for whose turn it was."""

Uses = dict[CapKey, int]
"""How much of caps and counters is used up; whoever decides counts on in it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A sound event with the programme that judges it; ``hash`` is of what was reported."""

    event: Event
    programme: Programme
    rules: EarningRules
    local: datetime
    hash: bytes


class Earned(NamedTuple):
    """What an event earns and counts. ``context`` is what its rules knew, if they asked."""

    verdict: Verdict
    context: Mapping[str, Any] | None
    change: Count


@lru_cache(maxsize=1000)
def rules_of(programme: Programme, exponent: int) -> EarningRules:
    """Return a programme's earning rules made ready, once per version."""
    document = programme.document
    return compile_rules(
        document.section(EarningSection), document.section(PointsSection), exponent
    )


def judged(
    brand: Brand, timeline: Timeline, event: Event, content_hash: bytes = b""
) -> Judged | LaurelError:
    """Return a sound event with the programme in force when it happened, or NO_PROGRAMME."""
    programme = timeline.at(event.occurred_at)
    if programme is None:
        return InvalidInputError(
            f"no programme of {brand.code} was in force then; apply one that starts earlier",
            code="NO_PROGRAMME",
            path=("occurred_at",),
        )
    rules = rules_of(programme, brand.currency_exponent)
    return Judged(event, programme, rules, brand.local(event.occurred_at), content_hash)


def enrols(item: Judged) -> bool:
    """Whether the programme makes a member of whoever an event is about."""
    section = item.programme.document.section(EnrolmentSection)
    return isinstance(item.event, Purchase) and section.on_first_purchase


def known_facts(
    brand: Brand,
    item: Judged,
    person: Person,
    tallies: Tallies,
    ladders: Ladders,
    grants: Sequence[Grant],
) -> dict[str, Any]:
    """Return what the rules need to know of a member before the event counts."""
    if not item.rules.needs:
        return {}
    tiers: Mapping[str, str] = {}
    if ladders and item.rules.needs & OF_TIERS:
        at = item.event.occurred_at
        main = "tiers" not in item.rules.needs
        tiers = tiers_at(ladders, person.joined_at, tallies, grants, brand.zone, at, only_main=main)
    return facts_of(item.rules, person, tallies, tiers, item.local)


def earn(
    item: Judged, member_id: UUID, facts: Mapping[str, Any], mine: Uses, shared: Uses
) -> Earned:
    """Return what an event earns, and use up what it takes of ``mine`` and the ``shared`` caps.

    Raises LaurelError as `rules_award.award` does; then nothing is used up.
    """
    used = {**mine, **shared} if shared else mine
    verdict = award(item.rules, item.event, item.local, facts, used)
    for key, taken in verdict.uses.items():
        uses = shared if key.shared else mine
        uses[key] = uses.get(key, 0) + taken
    context = {**facts, HITS: verdict.hits} if facts or verdict.hits else None
    points = sum(each.points for each in verdict.awards if qualifies(item.rules, each.rule))
    day = item.local.date()
    count = Count(member_id, item.event.kind, day, item.event.amount, points, 1)
    return Earned(verdict, context, count)


def parts_given(
    brand: Brand, item: Judged, verdict: Verdict, region: str | None
) -> list[tuple[int, Given]]:
    """Return all that an event earned, each with its number among the parts of its rule."""
    return [
        (place, given(item.rules, each.rule, part, brand.zone, item.event.occurred_at, region))
        for each in verdict.awards
        for place, part in enumerate(each.parts)
    ]
