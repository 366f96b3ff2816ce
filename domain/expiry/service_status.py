"""The verbs that give and take status by hand, and what they mean for when points end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.brands.rules import Brand
from domain.expiry.service import redate
from domain.members import queries as members
from domain.programmes.rules import Timeline
from domain.tiers import service_grant
from domain.tiers.rules import ladders_of
from domain.tiers.rules_grant import NewGrant
from domain.tiers.service_grant import GrantOutcome
from kit.calendar import datable
from kit.db import Session
from kit.texts import usable

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Status:
    """A tier to give to a member by hand, known by ``key``; see `tiers.rules_grant.NewGrant`.

    ``ladder`` None is the main one.
    """

    key: str
    member: str
    tier: str
    reason: str
    actor: str
    ladder: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


async def grant_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, items: Sequence[Status]
) -> list[GrantOutcome]:
    """Give members status by hand and date their points anew; an outcome for each, in order.

    Refusals: UNKNOWN_MEMBER and those of `tiers.service_grant.grant_status`.
    """
    names = [each.member for each in items if usable(each.member)]
    people = await members.by_external_ids(session, brand.id, names)
    ladders = ladders_of(timeline, brand)
    wanted = [
        NewGrant(
            key=each.key,
            member_id=people[each.member].id if each.member in people else _NOBODY,
            ladder=each.ladder or ladders.main(_start(each, now)) or "",
            tier=each.tier,
            reason=each.reason,
            actor=each.actor,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
        )
        for each in items
    ]
    done = await service_grant.grant_status(session, now, brand, timeline, wanted)
    await _redate(session, now, brand, timeline, done)
    return [_told(each) for each in done]


def _start(status: Status, now: datetime) -> datetime:
    start = status.starts_at
    # What is no date will be refused, whatever the ladder.
    return start if start is not None and datable(start) else now


async def revoke_status(
    session: Session, now: datetime, brand: Brand, timeline: Timeline, ids: Sequence[UUID]
) -> list[GrantOutcome]:
    """Let grants count no more and date the points anew; an outcome for each, in order."""
    done = await service_grant.revoke_status(session, now, brand, timeline, ids)
    await _redate(session, now, brand, timeline, done)
    return done


async def _redate(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    done: Sequence[GrantOutcome],
) -> None:
    moved = {each.member_id for each in done if each.status == "done" and each.member_id}
    await redate(session, now, brand, timeline, moved, since=brand.day(now))


def _told(outcome: GrantOutcome) -> GrantOutcome:
    if outcome.code != "MEMBER_NOT_FOUND":
        return outcome
    message = "member is nobody's id; enrol the member first"
    return replace(outcome, code="UNKNOWN_MEMBER", message=message)
