"""The verb that changes what is known of members, and what it means for when their points end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.brands.rules import Brand
from domain.expiry.service import follows, redate
from domain.members import queries, service
from domain.members.queries import Member
from domain.members.rules import MemberChange
from domain.programmes.rules import Timeline
from domain.wallets.queries import books
from domain.wallets.store import lock_named
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.facts import Fact, record
from kit.texts import usable


@dataclass(frozen=True, slots=True)
class Amended:
    """A member as they are after a change; ``new`` is False if all of it was known already."""

    member: Member
    new: bool


async def amend(
    session: Session,
    now: datetime,
    brand: Brand,
    timeline: Timeline,
    changes: Sequence[MemberChange],
) -> list[Amended | LaurelError]:
    """Change what is known of members; return each as they then are, or why it was refused.

    The law of another region holds at once for points that have not ended; those of who moves
    away from it count their time as if they were earned on that day, if that is longer.
    Refusals: UNKNOWN_MEMBER and those of `members.rules.check`.
    """
    sound = [each for each in changes if usable(each.external_id)]
    accounts = await books(session, brand.id)
    names = {each.external_id for each in sound}
    if accounts is not None:
        await lock_named(session, brand.id, accounts.asset_id, sorted(names))
    named = await queries.by_external_ids(session, brand.id, sorted(names))
    before = {each.id: each for each in named.values()}
    done = iter(await service.update(session, now, brand, sound))
    outcomes: list[Amended | LaurelError] = []
    latest = dict(before)
    for each in changes:
        outcome = next(done) if usable(each.external_id) else None
        if isinstance(outcome, Member):
            new = outcome != latest[outcome.id]
            latest[outcome.id] = outcome
            outcomes.append(Amended(outcome, new))
        elif outcome is None or outcome.code == "MEMBER_NOT_FOUND":
            outcomes.append(_unknown())
        else:
            outcomes.append(outcome)
    changed = [each for each in latest.values() if each != before[each.id]]
    moved = {each.id for each in changed if each.region != before[each.id].region}
    if moved and follows(timeline):
        await redate(session, now, brand, timeline, moved, since=brand.day(now))
    facts = [Fact(brand.id, "MemberAmended", str(each.id)) for each in changed]
    await record(session, now, facts)
    return outcomes


def _unknown() -> InvalidInputError:
    message = "member is nobody's id; enrol the member first"
    return InvalidInputError(message, code="UNKNOWN_MEMBER", path=("member",))
