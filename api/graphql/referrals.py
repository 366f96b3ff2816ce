"""Referrals: members who bring friends, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.auth import Role
from api.context import Info
from api.graphql import ids, paging
from api.graphql.codes import ErrorCode
from api.graphql.fields import BRAND, SIGNED_IN, STAFF, attribute, resolver
from api.graphql.node import Node
from api.graphql.outcomes import code_of
from api.graphql.paging import Connection
from api.graphql.requests import checked_number
from api.graphql.sharing import SHOWN, brought_at
from api.graphql.spending import Wanted, id_at, read, within, written
from api.graphql.vouchers import Pages
from domain.referrals import queries
from domain.referrals.queries import Referral as Record
from domain.referrals.section import ReferralsSection

if TYPE_CHECKING:
    from api.graphql.members import Member

KIND = "Referral"
STATES_MAX = 5


@strawberry.enum(description="What became of a friend who named a member's code.")
class ReferralState(Enum):
    """The states of referrals."""

    REVIEW = strawberry.enum_value(
        "review", description="Somebody of the brand's staff must look at it first."
    )
    PENDING = strawberry.enum_value(
        "pending", description="It counts once the friend has done what the programme asks for."
    )
    QUALIFIED = strawberry.enum_value(
        "qualified", description="The friend has; both get theirs when it can't be undone any more."
    )
    REWARDED = strawberry.enum_value("rewarded", description="Both have what they get.")
    REFUSED = strawberry.enum_value("refused", description="It counts for nobody.")


ReferralStates = Annotated[
    list[ReferralState] | None,
    strawberry.argument(
        description=f"Only those in these states, {STATES_MAX} at most; those that wait for staff"
        " without it."
    ),
]


@strawberry.type(description="That a friend named a member's code, and what came of it.")
class Referral(Node):
    """A referral as shown. Of each other the two see their names alone."""

    key: strawberry.Private[UUID]
    record: strawberry.Private[Record]
    state: ReferralState = attribute(SIGNED_IN, "What became of it.")
    claimed_at: datetime = attribute(SIGNED_IN, "When the friend named the code.")
    expires_at: datetime = attribute(
        SIGNED_IN, "The first instant at which it is too late to do what the programme asks for."
    )
    qualified_at: datetime | None = attribute(
        SIGNED_IN, "When the friend had done it; null if not, or if it was undone."
    )
    rewards_at: datetime | None = attribute(
        SIGNED_IN, "From when on both get theirs; null before the friend has done it."
    )
    rewarded_at: datetime | None = attribute(
        SIGNED_IN, "When both got theirs; null if they have not."
    )
    reason: ErrorCode | None = attribute(
        STAFF, "Why it is refused, or why staff look at it; null if neither."
    )
    reviewed_at: datetime | None = attribute(STAFF, "When staff decided; null if they did not.")
    reviewed_by: str | None = attribute(STAFF, "Which key of the brand decided, if one did.")
    review_note: str | None = attribute(STAFF, "What was noted then; null for nothing.")

    @resolver(SIGNED_IN, "The name to greet the member with who brought the friend, if known.")
    def referrer_name(self, info: Info) -> str | None:
        return _name(info, self.record.referrer_id)

    @resolver(SIGNED_IN, "The name to greet the friend with, if known.")
    def friend_name(self, info: Info) -> str | None:
        return _name(info, self.record.friend_id)

    @resolver(BRAND, "The member who brought the friend.")
    def referrer(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        return _member(info, self.record.referrer_id)

    @resolver(BRAND, "The friend.")
    def friend(
        self, info: Info
    ) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
        return _member(info, self.record.friend_id)


def referral(found: Record) -> Referral:
    """Return a referral as it is shown."""
    return Referral(
        id=ids.encode(KIND, str(found.id)),
        key=found.id,
        record=found,
        state=ReferralState(found.state),
        claimed_at=found.claimed_at,
        expires_at=found.expires_at,
        qualified_at=found.qualified_at,
        rewards_at=found.rewards_at,
        rewarded_at=found.rewarded_at,
        reason=code_of(found.reason) if found.reason else None,
        reviewed_at=found.reviewed_at,
        reviewed_by=found.reviewed_by,
        review_note=found.review_note or None,
    )


async def by_key(info: Info, key: UUID | None) -> Referral | None:
    """Return a referral of the caller's brand, None if there is none."""
    found = await info.context.loaders.sharing.referrals.load(key) if key else None
    return referral(found) if found else None


async def by_id(info: Info, text: str) -> Referral | None:
    """Return the brand's referral with that key; members see those that count, and their own."""
    found = await by_key(info, ids.uuid_of(text))
    principal = info.context.principal
    if found is None or principal.role is not Role.MEMBER:
        return found
    me = await info.context.loaders.members_by_external_id.load(principal.external_id)
    sides = {found.record.referrer_id, found.record.friend_id}
    return found if me and me.id in sides and found.record.state in SHOWN else None


async def code(info: Info, member_id: UUID) -> str | None:
    """Return the code by which a member brings friends, None if nobody may."""
    if await _section(info) is None:
        return None
    return await info.context.loaders.sharing.codes.load(member_id)


async def link(info: Info, member_id: UUID) -> str | None:
    """Return what a member shares with friends, None if the programme has no address."""
    section = await _section(info)
    if section is None or section.link is None:
        return None
    found = await code(info, member_id)
    return section.link.replace("{code}", found) if found else None


async def _section(info: Info) -> ReferralsSection | None:
    programme = (await info.context.loaders.programmes()).timeline.at(info.context.now)
    return programme.document.find(ReferralsSection) if programme else None


async def of_friend(info: Info, member_id: UUID) -> Referral | None:
    """Return by whom a member was brought."""
    found = await info.context.loaders.sharing.brought_by.load(member_id)
    return referral(found) if found else None


async def page_of(info: Info, member_id: UUID, pages: Pages) -> Connection[Referral]:
    """Return a page of the friends whom a member brought, newest first; refused ones are hidden."""
    cursors = info.context.cursors(f"Member.referrals:{member_id}")
    asked = paging.window(cursors, *pages, read)
    wanted = Wanted(member_id, asked, SHOWN)
    found = await info.context.loaders.sharing.referral_pages.load(wanted) or []
    return paging.connection(cursors, asked, [referral(each) for each in found], _written)


async def page(
    info: Info, pages: Pages, states: Sequence[ReferralState] | None
) -> Connection[Referral]:
    """Return a page of the brand's referrals in these states, newest first."""
    checked_number(len(states or ()), "states", code="TOO_MANY_STATES", maximum=STATES_MAX)
    cursors = info.context.cursors("Query.referrals")
    asked = paging.window(cursors, *pages, read)
    wanted = {str(each.value) for each in states or (ReferralState.REVIEW,)}
    brand = info.context.principal.brand
    only: dict[str, Any] = {"first": asked.size + 1, "states": wanted}
    async with info.context.reads.session() as session:
        if asked.backwards:
            found = await queries.oldest_of_brand(
                session, brand.id, after=id_at(asked.before), **only
            )
        else:
            found = await queries.of_brand(session, brand.id, before=id_at(asked.after), **only)
        await info.context.loaders.sharing.meet_both(session, found)
    shown = [referral(each) for each in within(asked, found, brought_at)]
    return paging.connection(cursors, asked, shown, _written)


def _name(info: Info, key: UUID) -> str | None:
    found = info.context.loaders.sharing.met.get(key)
    return found.display_name if found else None


def _member(
    info: Info, key: UUID
) -> Annotated["Member", strawberry.lazy("api.graphql.members")] | None:
    from api.graphql import members  # noqa: PLC0415 - each leads to the other

    return members.met(info, key)


def _written(each: Referral) -> str:
    return written((each.claimed_at, each.key))
