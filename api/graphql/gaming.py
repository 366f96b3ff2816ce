"""What members do in games, by themselves or in their names: join, leave, repair, share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.acting import MEMBER, acting
from api.graphql.badges import KIND
from api.graphql.requests import KEY, brands_key, done_once, key_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.members.queries import Member
from domain.programmes import queries as programmes
from domain.programmes.rules import Timeline
from gamification.badges.service import Share, share
from gamification.challenges.service_join import Joining, JoinOutcome, join, leave
from gamification.streaks.service import Repair, repair
from kit.db import Session
from kit.errors import IdempotencyConflictError, LaurelError

NOBODY = UUID(int=0)
_CHALLENGE = "The challenge's code, as the programme has it."
_STREAK = "The streak's code, as the programme has it."
_AWARD = "The award's id in this API."


@strawberry.input(description="A challenge that a member takes on.")
class JoinChallengeInput:
    """The input of joinChallenge."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    challenge: str = strawberry.field(description=_CHALLENGE)


@strawberry.input(description="A challenge that a member gives up.")
class LeaveChallengeInput:
    """The input of leaveChallenge."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    challenge: str = strawberry.field(description=_CHALLENGE)


@strawberry.input(description="A streak that broke and is to go on.")
class RepairStreakInput:
    """The input of repairStreak."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    streak: str = strawberry.field(description=_STREAK)


@strawberry.input(description="An award that everybody may see.")
class ShareBadgeInput:
    """The input of shareBadge."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    award: strawberry.ID = strawberry.field(description=_AWARD)
    name: str | None = strawberry.field(
        default=None,
        description="The name to show with it, 1 to 200 characters; none without it. Who shares"
        " again may change it.",
    )


@strawberry.input(description="An award that nobody else may see any more.")
class UnshareBadgeInput:
    """The input of unshareBadge."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    award: strawberry.ID = strawberry.field(description=_AWARD)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: by whom, and to what: a code, or the key of an object."""

    member: UUID
    code: str = ""
    key: UUID | None = None


class _Enters(Protocol):
    async def __call__(
        self,
        session: Session,
        now: datetime,
        brand: Brand,
        timeline: Timeline,
        items: Sequence[Joining],
    ) -> list[JoinOutcome]: ...


async def enter(info: Info, given: JoinChallengeInput) -> Done:
    """Join a challenge as one transaction. Raises LaurelError if it is refused."""
    return await _enter(info, "joinChallenge", given, join)


async def give_up(info: Info, given: LeaveChallengeInput) -> Done:
    """Leave a challenge as one transaction. Raises LaurelError if it is refused."""
    return await _enter(info, "leaveChallenge", given, leave)


async def _enter(
    info: Info, verb: str, given: JoinChallengeInput | LeaveChallengeInput, service: _Enters
) -> Done:
    context = info.context
    member = await acting(info, given.member)

    async def work(
        session: Session,
        now: datetime,
        brand: Brand,
        given: JoinChallengeInput | LeaveChallengeInput,
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        key = brands_key(context, given.idempotency_key)
        wanted = Joining(key, member.external_id, given.challenge)
        (done,) = await service(session, now, brand, timeline, [wanted])
        return stored(done)

    taken(await done_once(context, verb, given, work), "challenge")
    return Done(member.id, given.challenge)


async def mend(info: Info, given: RepairStreakInput) -> Done:
    """Repair a streak as one transaction. Raises LaurelError if it is refused."""
    context = info.context
    member = await acting(info, given.member)

    async def work(
        session: Session, now: datetime, brand: Brand, given: RepairStreakInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        key = brands_key(context, given.idempotency_key)
        wanted = Repair(key, member.external_id, given.streak)
        (done,) = await repair(session, now, brand, timeline, [wanted])
        return stored(done)

    done = taken(await done_once(context, "repairStreak", given, work), "streak")
    return Done(member.id, given.streak, key_of(done["redemption_id"]))


async def show(info: Info, given: ShareBadgeInput) -> Done:
    """Make an award public as one transaction. Raises LaurelError if it is refused."""
    member = await acting(info, given.member)

    async def work(
        session: Session, now: datetime, brand: Brand, given: ShareBadgeInput
    ) -> dict[str, Any]:
        wanted = Share(award_key(given.award), member.id, shared=True, shown_name=given.name)
        return await _share(session, now, brand, wanted)

    return _shared(member, await done_once(info.context, "shareBadge", given, work))


async def hide(info: Info, given: UnshareBadgeInput) -> Done:
    """Let an award be public no more as one transaction. Raises LaurelError if it is refused."""
    member = await acting(info, given.member)

    async def work(
        session: Session, now: datetime, brand: Brand, given: UnshareBadgeInput
    ) -> dict[str, Any]:
        wanted = Share(award_key(given.award), member.id, shared=False)
        return await _share(session, now, brand, wanted)

    return _shared(member, await done_once(info.context, "unshareBadge", given, work))


async def _share(session: Session, now: datetime, brand: Brand, wanted: Share) -> dict[str, Any]:
    (done,) = await share(session, now, brand, [wanted])
    return stored(done)


def _shared(member: Member, done: dict[str, Any]) -> Done:
    return Done(member.id, key=key_of(taken(done, "award")["award_id"]))


def award_key(text: str) -> UUID:
    """Return the key of the award that an id names, one that nothing has if it names none."""
    return ids.uuid_in(text, KIND) or NOBODY


def taken(done: dict[str, Any], what: str) -> dict[str, Any]:
    """Return an outcome as it was kept; ``what`` is the input that a refusal is about.

    Raises LaurelError if it is a refusal.
    """
    code, message = done["code"], done["message"]
    if code in {"KEY_CONFLICT", "IDEMPOTENCY_CONFLICT"}:
        raise IdempotencyConflictError(message, path=("idempotency_key",))
    if code:
        path = tuple(done.get("path") or ()) or (what,)
        raise LaurelError(message, code=code, path=path)
    return done
