"""The verbs that give status by hand and take it back, and with it when points end."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service import redate
from domain.programmes.rules import Timeline
from domain.tiers import service_grant
from domain.tiers.rules_grant import NewGrant
from domain.tiers.service_grant import GrantOutcome
from kit.db import Session


async def grant_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[NewGrant]
) -> list[GrantOutcome]:
    """Give members status by hand; an outcome for each, in order.

    Points that follow the tier do so from when the status counts. Refusals: see
    `tiers.service_grant.grant_status`.
    """
    outcomes = await service_grant.grant_status(session, now, brand, timeline, items)
    new = [each for each in outcomes if each.status == "done"]
    members = {each.member_id for each in new if each.member_id is not None}
    starts = [brand.day(each.grant.starts_at) for each in new if each.grant is not None]
    if members:
        await redate(session, now, brand, timeline, members, since=min(starts))
    return outcomes


async def revoke_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, ids: Sequence[UUID]
) -> list[GrantOutcome]:
    """Let the grants ``ids`` count no more from ``now`` on; an outcome for each, in order.

    Points that follow the tier fall with it. Refusal: see `tiers.service_grant.revoke_status`.
    """
    outcomes = await service_grant.revoke_status(session, now, brand, timeline, ids)
    members = {
        each.member_id for each in outcomes if each.status == "done" and each.member_id is not None
    }
    await redate(session, now, brand, timeline, members, since=brand.day(now))
    return outcomes
