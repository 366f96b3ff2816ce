"""What a brand gives and takes in games by hand: badges, freezes, prizes that were refused."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids
from api.graphql.acting import known
from api.graphql.gaming import NOBODY, Done, award_key, taken
from api.graphql.prizes import KIND
from api.graphql.requests import KEY, checked_text, done_once, key_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from gamification.badges.queries import awards
from gamification.badges.service import HAND, Award, Revoke, award, revoke
from gamification.prizes.service import retry
from gamification.streaks.section_parts import FREEZES_MAX
from gamification.streaks.service import Grant, grant_freezes
from kit.db import Session

_MEMBER = "Your id of the member, 1 to 200 characters."
_PRIZE = "The prize's id in this API."
_REASON = "Why, 1 to 200 characters."


@strawberry.input(description="A badge for a member.")
class AwardBadgeInput:
    """The input of awardBadge."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_MEMBER)
    badge: str = strawberry.field(description="The badge's code, as the programme has it.")
    level: int = strawberry.field(default=1, description="Which level of it, from 1.")


@strawberry.input(description="An award to be taken back for good.")
class RevokeBadgeInput:
    """The input of revokeBadge."""

    idempotency_key: str = strawberry.field(description=KEY)
    award: strawberry.ID = strawberry.field(description="The award's id in this API.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="Freezes of a streak for a member.")
class GrantFreezesInput:
    """The input of grantFreezes."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str = strawberry.field(description=_MEMBER)
    streak: str = strawberry.field(description="The streak's code, as the programme has it.")
    freezes: int = strawberry.field(
        default=1,
        description=f"How many, 1 to {FREEZES_MAX}; those for which there is no room wait.",
    )
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="A refused prize to be paid after all.")
class RetryPrizeInput:
    """The input of retryPrize."""

    idempotency_key: str = strawberry.field(description=KEY)
    prize: strawberry.ID = strawberry.field(description=_PRIZE)


async def give_badge(info: Info, given: AwardBadgeInput) -> Done:
    """Award a badge as one transaction. Raises LaurelError if it is refused."""
    actor = info.context.principal.account
    member = await known(info, given.member, "member")

    async def work(
        session: Session, now: datetime, brand: Brand, given: AwardBadgeInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        # Prizes have keys of their own.
        key = f"{HAND} {given.idempotency_key}"
        wanted = Award(key, member.id, given.badge, given.level, HAND, actor, now)
        (done,) = await award(session, now, brand, timeline, [wanted])
        return stored(done)

    done = taken(await done_once(info.context, "awardBadge", given, work), "badge")
    return Done(member.id, key=key_of(done["award_id"]))


async def take_badge(info: Info, given: RevokeBadgeInput) -> Done:
    """Revoke a badge as one transaction. Raises LaurelError if it is refused."""
    actor = info.context.principal.account

    async def work(
        session: Session, now: datetime, brand: Brand, given: RevokeBadgeInput
    ) -> dict[str, Any]:
        key = award_key(given.award)
        (done,) = await revoke(session, now, brand, [Revoke(key, actor, given.reason)])
        found = await awards(session, brand.id, [key])
        return stored(done) | {"member_id": str(found[key].member_id) if found else None}

    done = taken(await done_once(info.context, "revokeBadge", given, work), "award")
    return Done(UUID(done["member_id"]), key=key_of(done["award_id"]))


async def give_freezes(info: Info, given: GrantFreezesInput) -> Done:
    """Grant freezes as one transaction. Raises LaurelError if it is refused."""
    reason = checked_text(given.reason, "reason")
    actor = info.context.principal.account
    member = await known(info, given.member, "member")

    async def work(
        session: Session, now: datetime, brand: Brand, given: GrantFreezesInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        # Prizes have keys of their own.
        key = f"{HAND} {given.idempotency_key}"
        wanted = Grant(key, member.id, given.streak, given.freezes, reason, actor)
        (done,) = await grant_freezes(session, now, brand, timeline, [wanted])
        return stored(done)

    done = await done_once(info.context, "grantFreezes", given, work)
    taken(done, "freezes" if done["code"] == "INVALID_FREEZES" else "streak")
    return Done(member.id, given.streak)


async def pay_again(info: Info, given: RetryPrizeInput) -> UUID | None:
    """Owe a refused prize again as one transaction. Raises LaurelError if it is refused."""

    async def work(
        session: Session, now: datetime, brand: Brand, given: RetryPrizeInput
    ) -> dict[str, Any]:
        await programmes.timeline_to_write(session, brand.id, SECTIONS)
        (done,) = await retry(session, now, brand, [_prize_key(given.prize)])
        return stored(done)

    return key_of(taken(await done_once(info.context, "retryPrize", given, work), "prize")["id"])


def _prize_key(text: str) -> UUID:
    return ids.uuid_in(text, KIND) or NOBODY
