"""What a purchase would earn: the same decision as when it is recorded, and nothing written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.earning.rules import Purchase
from domain.earning.rules_check import check
from domain.earning.rules_decide import enrols
from domain.earning.rules_given import Given
from domain.earning.service import parts_of
from domain.earning.service_record import (
    Decided,
    Ground,
    decide,
    ground_of,
    judge,
    stranger,
)
from domain.expiry.rules import Ends, active_days, policies_of
from domain.programmes.rules import Timeline
from domain.tiers.rules import courses, tiers_at
from domain.wallets.queries import books
from domain.wallets.store import named
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError

_NOBODY = UUID(int=0)
_UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a purchase would earn, in the asset's smallest unit, and where it would lead.

    ``tiers_before`` and ``tiers_after`` are the member's at the instant of asking, by ladder.
    """

    points: int
    awards: tuple[Given, ...]
    tiers_before: Mapping[str, str]
    tiers_after: Mapping[str, str]


async def preview_purchase(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, purchase: Purchase
) -> Preview:
    """Return what ``purchase`` would earn if it were recorded now. Locks and writes nothing.

    A rule that draws lots gives what the purchase's external id will draw, and nothing without
    one. Raises LaurelError with the code that recording it would be refused with.
    """
    named_so = replace(purchase, external_id=purchase.external_id or _UNNAMED)
    item = check(named_so, brand.currency, now) or judge(brand, timeline, purchase)
    accounts = await books(session, brand.id)
    if isinstance(item, LaurelError):
        raise item
    assert accounts is not None, "whoever applies a programme opens its books"
    wallets = await named(session, brand.id, accounts.asset_id, [purchase.member])
    if not wallets and enrols(item):
        wallets = {purchase.member: stranger(purchase.member, purchase.occurred_at)}
    ground = await ground_of(session, brand, timeline, wallets, {}, [item], lock=False)
    before = _tiers(brand, ground, now)
    decided = decide(brand, ground, item)
    if not isinstance(decided, Decided):
        raise InvalidInputError(decided.message or "", code=decided.code or "", path=decided.path)
    awards = _dated(brand, timeline, ground, decided)
    return Preview(decided.verdict.points, awards, before, _tiers(brand, ground, now))


def _dated(brand: Brand, timeline: Timeline, ground: Ground, decided: Decided) -> tuple[Given, ...]:
    awards = tuple(points for _, points in parts_of(brand, decided))
    policies = policies_of(timeline)
    if not policies.follow:
        return awards
    begins = [part.carried_to for award in decided.verdict.awards for part in award.parts]
    member_id = decided.wallet.member_id
    done = ground.tallies.get(member_id, {})
    own = ground.grants.get(member_id, ())
    course = courses(ground.ladders, ground.joined[member_id], done, own, brand.zone)
    ends = Ends(policies, brand.zone, decided.wallet.region, course, active_days(done))
    at, version = decided.item.event.occurred_at, decided.item.programme.version_id
    return tuple(
        each if each.fixed else each._replace(expires_at=ends.of(since or at, version))
        for each, since in zip(awards, begins, strict=True)
    )


def _tiers(brand: Brand, ground: Ground, now: datetime) -> Mapping[str, str]:
    if not ground.ladders or not ground.joined:
        return {}
    ((member_id, joined_at),) = ground.joined.items()
    own = ground.grants.get(member_id, ())
    tallies = ground.tallies.get(member_id, {})
    return tiers_at(ground.ladders, joined_at, tallies, own, brand.zone, now)
