"""Who becomes a member and what is known of them, as the brand tells it."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import dates, members
from api.graphql.attributes import ATTRIBUTES_MAX, AttributeInput, said
from api.graphql.fields import BRAND, attribute, resolver
from api.graphql.members import Member
from api.graphql.outcomes import OutcomeStatus, UserError, user_error
from api.graphql.pricing import directives
from api.graphql.requests import ITEMS_MAX, KEY, checked_number, done_once, key_of
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.expiry.service_member import amend as amended
from domain.members import queries
from domain.members.rules import KEPT, MemberChange, check
from domain.members.service import NewMember
from domain.programmes import queries as programmes
from domain.wallets.queries import books
from domain.wallets.service import enrol as enrolled
from kit.db import Session
from kit.errors import InvalidInputError, LaurelError
from kit.texts import TEXT_LENGTH_MAX, usable

AHEAD_MAX = timedelta(hours=24)


@strawberry.input(description="Somebody who becomes a member.")
class NewMemberInput:
    """A member as told."""

    external_id: str = strawberry.field(
        description="Your id of the member, 1 to 200 characters. Known by it, they join once."
    )
    joined_at: datetime | None = strawberry.field(
        default=None, description="When they joined, since 1970; now without it."
    )
    display_name: str | None = strawberry.field(
        default=None, description="The name to greet them with, 1 to 200 characters."
    )
    birthday: date | None = strawberry.field(default=None, description="The day of their birth.")
    region: str | None = strawberry.field(
        default=None,
        description="Where the law that protects their points applies, as the programme names it:"
        " `CA-ON`, for example.",
    )
    attributes: list[AttributeInput] = strawberry.field(
        default_factory=list,
        description=f"What the programme's rules may ask of them, {ATTRIBUTES_MAX} at most.",
        directives=directives(weight=0.1),
    )


@strawberry.input(description="People to enrol, many at once.")
class EnrolMembersInput:
    """The input of enrolMembers."""

    idempotency_key: str = strawberry.field(description=KEY)
    members: list[NewMemberInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} people; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.input(
    description="What is to be known of a member. What is left out stays; null forgets it."
)
class MemberChangeInput:
    """A change as told."""

    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    display_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The name to greet them with, 1 to 200 characters."
    )
    birthday: date | None = strawberry.field(
        default=strawberry.UNSET, description="The day of their birth."
    )
    region: str | None = strawberry.field(
        default=strawberry.UNSET, description="Where the law that protects their points applies."
    )
    attributes: list[AttributeInput] = strawberry.field(
        default_factory=list,
        description=f"What the programme's rules may ask of them, {ATTRIBUTES_MAX} at most; others"
        " stay.",
        directives=directives(weight=0.1),
    )
    forget: list[str] = strawberry.field(
        default_factory=list,
        description=f"Names of attributes to forget, {ATTRIBUTES_MAX} at most.",
    )


@strawberry.input(description="Members of whom something else is to be known, many at once.")
class AmendMembersInput:
    """The input of amendMembers."""

    idempotency_key: str = strawberry.field(description=KEY)
    members: list[MemberChangeInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} members; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.type(description="What became of one member.")
class MemberOutcome:
    """An outcome as shown."""

    member_key: strawberry.Private[UUID | None]
    external_id: str = attribute(BRAND, "Your id of the member.")
    status: OutcomeStatus = attribute(
        BRAND, "Whether something was written down; `REPLAYED` if it was known already."
    )
    error: UserError | None = attribute(BRAND, "Why it was refused; null if it was not.")

    @resolver(BRAND, "The member as they are then; null for a refused one.")
    async def member(self, info: Info) -> Member | None:
        return await members.changed(info, self.member_key)


async def enrol(info: Info, given: EnrolMembersInput) -> list[MemberOutcome]:
    """Enrol people as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.members), "members", code="TOO_MANY_MEMBERS")
    done = await done_once(info.context, "enrolMembers", given, _enrol)
    return [_outcome(each, str(place)) for place, each in enumerate(done)]


async def _enrol(
    session: Session, now: datetime, brand: Brand, given: EnrolMembersInput
) -> list[dict[str, Any]]:
    wanted = [_newcomer(brand, now, each) for each in given.members]
    sound = [each for each in wanted if isinstance(each, NewMember)]
    names = [each.external_id for each in sound]
    before = await queries.by_external_ids(session, brand.id, names)
    accounts = await books(session, brand.id)
    assert accounts is not None  # Whoever applies a programme opens its books.
    found = await enrolled(session, now, brand, accounts, sound)
    outcomes = []
    seen = set(before)
    for each, item in zip(wanted, given.members, strict=True):
        if isinstance(each, LaurelError):
            outcomes.append(_refused(item.external_id, each))
            continue
        status = "replayed" if each.external_id in seen else "recorded"
        seen.add(each.external_id)
        outcomes.append(_done(each.external_id, status, found[each.external_id].id))
    return outcomes


async def amend(info: Info, given: AmendMembersInput) -> list[MemberOutcome]:
    """Change what is known of members. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.members), "members", code="TOO_MANY_MEMBERS")
    done = await done_once(info.context, "amendMembers", given, _amend)
    return [_outcome(each, str(place)) for place, each in enumerate(done)]


async def _amend(
    session: Session, now: datetime, brand: Brand, given: AmendMembersInput
) -> list[dict[str, Any]]:
    timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
    wanted = [_change(each) for each in given.members]
    sound = [each for each in wanted if isinstance(each, MemberChange)]
    done = iter(await amended(session, now, brand, timeline, sound))
    outcomes = []
    for each, item in zip(wanted, given.members, strict=True):
        outcome = next(done) if isinstance(each, MemberChange) else each
        if isinstance(outcome, LaurelError):
            outcomes.append(_refused(item.member, outcome))
        else:
            status = "recorded" if outcome.new else "replayed"
            outcomes.append(_done(item.member, status, outcome.member.id))
    return outcomes


def _change(given: MemberChangeInput) -> MemberChange | LaurelError:
    if len(given.forget) > ATTRIBUTES_MAX:
        message = f"forget has more than {ATTRIBUTES_MAX} names; leave some out"
        return InvalidInputError(message, code="TOO_MANY_ATTRIBUTES", path=("forget",))
    try:
        attributes = said(given.attributes)
    except LaurelError as error:
        return error
    return MemberChange(
        given.member,
        KEPT if given.display_name is strawberry.UNSET else given.display_name,
        KEPT if given.birthday is strawberry.UNSET else given.birthday,
        KEPT if given.region is strawberry.UNSET else given.region,
        {**dict.fromkeys(given.forget), **attributes},
    )


def _newcomer(brand: Brand, now: datetime, given: NewMemberInput) -> NewMember | LaurelError:
    if not usable(given.external_id):
        message = f"external_id must be 1 to {TEXT_LENGTH_MAX} printable characters"
        return InvalidInputError(message, path=("external_id",))
    joined_at = given.joined_at or now
    if not dates.EARLIEST <= joined_at <= now + AHEAD_MAX:
        message = "joined_at must be an instant from 1970 to 24 hours ahead"
        return InvalidInputError(message, code="INVALID_DATE", path=("joined_at",))
    try:
        attributes = said(given.attributes)
    except LaurelError as error:
        return error
    return check(
        brand.day(now),
        display_name=given.display_name,
        birthday=given.birthday,
        region=given.region,
        attributes=attributes,
    ) or NewMember(
        external_id=given.external_id,
        joined_at=joined_at,
        display_name=given.display_name,
        birthday=given.birthday,
        region=given.region,
        attributes=attributes,
    )


def _refused(external_id: str, error: LaurelError) -> dict[str, Any]:
    return _done(external_id, "refused", None) | {
        "code": error.code,
        "message": error.message,
        "path": list(error.path),
    }


def _done(external_id: str, status: str, member_id: UUID | None) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "status": status,
        "member_id": str(member_id) if member_id else None,
        "code": None,
    }


def _outcome(done: dict[str, Any], place: str) -> MemberOutcome:
    code = done["code"]
    within = ("input", "members", place)
    return MemberOutcome(
        member_key=key_of(done["member_id"]),
        external_id=done["external_id"],
        status=OutcomeStatus(done["status"]),
        error=user_error(code, done["message"], (*within, *done["path"])) if code else None,
    )
